//! All literals to be found within the values of one field, in one pass.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use hashbrown::HashMap;

use crate::matcher::plan::{Certainty, Hit, PredicateId};

/// Where a literal has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Anywhere,
    Start,
    End,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    anchor: Anchor,
    hit: Hit,
}

/// An automaton over folded text and what each of its literals means.
#[derive(Debug)]
pub(crate) struct Literals {
    automaton: AhoCorasick,
    /// By number of the literal: a range of `uses`.
    ranges: Vec<(u32, u32)>,
    uses: Vec<Use>,
}

impl Literals {
    /// Calls `found` for each literal that stands where it has to. May repeat itself.
    #[inline]
    pub(crate) fn scan(&self, folded: &[u8], mut found: impl FnMut(Hit)) {
        for at in self.automaton.find_overlapping_iter(folded) {
            let (from, to) = self.ranges[at.pattern().as_usize()];
            for one in &self.uses[from as usize..to as usize] {
                let stands = match one.anchor {
                    Anchor::Anywhere => true,
                    Anchor::Start => at.start() == 0,
                    Anchor::End => at.end() == folded.len(),
                };
                if stands {
                    found(one.hit);
                }
            }
        }
    }
}

/// Collects literals.
#[derive(Debug, Default)]
pub(crate) struct LiteralsBuilder {
    uses: HashMap<Box<[u8]>, Vec<Use>>,
}

/// Up to this many bytes of literals the automaton is a DFA: one table look-up a byte. Larger
/// ones would not fit the cache anyway.
const DFA_BYTES_MAX: usize = 2_000;

impl LiteralsBuilder {
    /// Adds a folded literal.
    pub(crate) fn add(
        &mut self,
        literal: Vec<u8>,
        anchor: Anchor,
        predicate: PredicateId,
        certainty: Certainty,
    ) {
        let hit = Hit {
            predicate,
            certainty,
        };
        self.uses
            .entry(literal.into())
            .or_default()
            .push(Use { anchor, hit });
    }

    /// The automaton, if there is anything to look for.
    pub(crate) fn build(self) -> Option<Literals> {
        if self.uses.is_empty() {
            return None;
        }
        let mut sorted: Vec<(Box<[u8]>, Vec<Use>)> = self.uses.into_iter().collect();
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let bytes: usize = sorted.iter().map(|(literal, _)| literal.len()).sum();
        let kind = if bytes <= DFA_BYTES_MAX {
            AhoCorasickKind::DFA
        } else {
            AhoCorasickKind::ContiguousNFA
        };
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .build(sorted.iter().map(|(literal, _)| literal))
            // Fails only beyond 2^31 states, which the limit on a rule file's size rules out.
            .ok()?;
        let mut ranges = Vec::with_capacity(sorted.len());
        let mut uses = Vec::new();
        for (_, mine) in sorted {
            let from = uses.len() as u32;
            uses.extend(mine);
            ranges.push((from, uses.len() as u32));
        }
        Some(Literals {
            automaton,
            ranges,
            uses,
        })
    }
}
