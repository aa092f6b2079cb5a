//! All literals to be found in the values of one field.
//!
//! Those that may stand anywhere are looked for in one pass; those that have to stand at the
//! beginning or at the end by tries, which look at a few bytes there.

use hashbrown::HashMap;

use crate::matcher::plan::{Certainty, Hit, PredicateId};
use crate::matcher::substrings::Substrings;
use crate::matcher::trie::Trie;

/// Where a literal has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Anywhere,
    Start,
    End,
}

/// What the literals of one structure mean, by their number.
#[derive(Debug, Default)]
struct Hits {
    ends: Vec<u32>,
    hits: Vec<Hit>,
}

impl Hits {
    fn add(&mut self, of_literal: Vec<Hit>) {
        self.hits.extend(of_literal);
        self.ends.push(self.hits.len() as u32);
    }

    #[inline]
    fn of(&self, literal: usize) -> &[Hit] {
        let start = literal.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.hits[start as usize..self.ends[literal] as usize]
    }
}

/// The literals of a field, over folded text.
#[derive(Debug)]
pub(crate) struct Literals {
    anywhere: Option<(Substrings, Hits)>,
    start: Option<(Trie, Hits)>,
    end: Option<(Trie, Hits)>,
}

impl Literals {
    /// Calls `found` for each literal that stands where it has to. May repeat itself.
    #[inline]
    pub(crate) fn scan(&self, folded: &[u8], mut found: impl FnMut(Hit)) {
        if let Some((substrings, hits)) = &self.anywhere {
            substrings.scan(folded, |literal| {
                for hit in hits.of(literal as usize) {
                    found(*hit);
                }
            });
        }
        if let Some((trie, hits)) = &self.start {
            let bytes = folded.iter().copied();
            trie.walk(bytes, |literal| {
                for hit in hits.of(literal as usize) {
                    found(*hit);
                }
            });
        }
        if let Some((trie, hits)) = &self.end {
            let bytes = folded.iter().rev().copied();
            trie.walk(bytes, |literal| {
                for hit in hits.of(literal as usize) {
                    found(*hit);
                }
            });
        }
    }
}

type HitsByLiteral = HashMap<Box<[u8]>, Vec<Hit>>;

/// Collects literals.
#[derive(Debug, Default)]
pub(crate) struct LiteralsBuilder {
    anywhere: HitsByLiteral,
    start: HitsByLiteral,
    /// Backwards.
    end: HitsByLiteral,
}

impl LiteralsBuilder {
    /// Adds a folded literal, which is not empty.
    pub(crate) fn add(
        &mut self,
        mut literal: Vec<u8>,
        anchor: Anchor,
        predicate: PredicateId,
        certainty: Certainty,
    ) {
        let literals = match anchor {
            Anchor::Anywhere => &mut self.anywhere,
            Anchor::Start => &mut self.start,
            Anchor::End => {
                literal.reverse();
                &mut self.end
            }
        };
        let hits = literals.entry(literal.into()).or_default();
        hits.push(Hit {
            predicate,
            certainty,
        });
    }

    /// The structures to look them up in, if there is anything to look for.
    pub(crate) fn build(self) -> Option<Literals> {
        let literals = Literals {
            anywhere: build(self.anywhere, |literals| Substrings::new(bytes(literals))),
            start: build(self.start, |literals| Trie::new(bytes(literals))),
            end: build(self.end, |literals| Trie::new(bytes(literals))),
        };
        let Literals {
            anywhere,
            start,
            end,
        } = &literals;
        (anywhere.is_some() || start.is_some() || end.is_some()).then_some(literals)
    }
}

fn build<T>(
    literals: HitsByLiteral,
    structure: impl FnOnce(&[(Box<[u8]>, Vec<Hit>)]) -> T,
) -> Option<(T, Hits)> {
    let mut sorted: Vec<_> = literals.into_iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    if sorted.is_empty() {
        return None;
    }
    let structure = structure(&sorted);
    let mut hits = Hits::default();
    for (_, of_literal) in sorted {
        hits.add(of_literal);
    }
    Some((structure, hits))
}

fn bytes(literals: &[(Box<[u8]>, Vec<Hit>)]) -> impl Iterator<Item = &[u8]> {
    literals.iter().map(|(literal, _)| &**literal)
}
