//! Compiles the rules of one class into a [`ClassPlan`].

use std::hash::{Hash, Hasher};

use hashbrown::HashMap;
use yagura_parsers::{FieldId, ProjectionBuilder};
use yagura_rules::pattern::{Case, Pattern};
use yagura_rules::predicate::{Expr, Predicate as RulePredicate, Subject, Test};
use yagura_rules::taxonomy::{Rename, Route};

use crate::compile::access;
use crate::compile::fields;
use crate::compile::keywords;
use crate::compile::rarity::Share;
use crate::engine::RuleIndex;
use crate::fold::fold;
use crate::matcher::check::{Check, regex_hir};
use crate::matcher::literals::{Anchor, LiteralsBuilder};
use crate::matcher::pattern::{Simple, longest_literal, simple};
use crate::matcher::plan::{
    Certainty, ClassPlan, ClassRule, Finding, Hit, NO_SLOT, Predicate, PredicateId, Slot, Source,
};
use crate::matcher::program::{Node, NodeId};
use crate::matcher::raw_filter::KeywordParts;
use crate::matcher::required::required_literals;
use crate::number::Numeric;

/// Collects rules.
pub(crate) struct ClassBuilder<'a> {
    names: &'a ProjectionBuilder,
    plan: ClassPlan,
    known: HashMap<Key<'a>, PredicateId>,
    slots: HashMap<Source, u16>,
    literals: Vec<LiteralsBuilder>,
    triggers: Vec<Vec<u32>>,
    /// By predicate.
    shares: Vec<Share>,
}

/// Two predicates with equal keys are one.
struct Key<'a> {
    predicate: &'a RulePredicate,
    sources: Box<[Source]>,
    other: Box<[Source]>,
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.sources == other.sources
            && self.other == other.other
            && self.predicate == other.predicate
    }
}

// A test that holds a NaN is equal to no other and stands for itself, which is harmless.
impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sources.hash(state);
        match &self.predicate.test {
            Test::Text(pattern) => pattern.hash(state),
            Test::Number { text, .. } => text.hash(state),
            Test::Regex(regex) => regex.hash(state),
            Test::Network(network) => network.hash(state),
            // Few; equality tells them apart.
            other => std::mem::discriminant(other).hash(state),
        }
    }
}

impl<'a> ClassBuilder<'a> {
    pub(crate) fn new(names: &'a ProjectionBuilder) -> Self {
        Self {
            names,
            plan: ClassPlan::default(),
            known: HashMap::new(),
            slots: HashMap::new(),
            literals: Vec::new(),
            triggers: Vec::new(),
            shares: Vec::new(),
        }
    }

    /// Adds a rule as it reads on a route.
    pub(crate) fn add(&mut self, rule: RuleIndex, matches: &'a Expr, route: &'a Route) {
        let condition = self.lower(matches, &route.renames);
        let root = match &route.guard {
            None => condition,
            Some(guard) => {
                let guard = self.lower(guard, &[]);
                let list = self.plan.program.list(&[guard, condition]);
                self.plan.program.add(Node::All(list))
            }
        };
        let id = self.plan.rules.len() as u32;
        let entry = access::entry(&mut self.plan.program, &self.shares, root);
        let rest = entry.rest;
        self.plan.rules.push(ClassRule { rule, root, rest });
        match entry.opening {
            None => self.plan.always.push(id),
            Some(opening) => {
                for predicate in opening {
                    self.triggers[predicate.index()].push(id);
                }
            }
        }
    }

    fn lower(&mut self, expr: &'a Expr, renames: &[Rename]) -> NodeId {
        let node = match expr {
            Expr::Is(predicate) => Node::Is(self.predicate(predicate, renames)),
            Expr::Not(inner) => Node::Not(self.lower(inner, renames)),
            Expr::All(parts) | Expr::Any(parts) if parts.len() == 1 => {
                return self.lower(&parts[0], renames);
            }
            Expr::All(parts) if parts.is_empty() => Node::Constant(true),
            Expr::Any(parts) if parts.is_empty() => Node::Constant(false),
            Expr::All(parts) => Node::All(self.lower_list(parts, renames)),
            Expr::Any(parts) => Node::Any(self.lower_list(parts, renames)),
            Expr::AtLeast(count, parts) => {
                Node::AtLeast(*count as u32, self.lower_list(parts, renames))
            }
        };
        self.plan.program.add(node)
    }

    fn lower_list(&mut self, parts: &'a [Expr], renames: &[Rename]) -> std::ops::Range<u32> {
        let children: Vec<NodeId> = parts.iter().map(|part| self.lower(part, renames)).collect();
        self.plan.program.list(&children)
    }

    fn predicate(&mut self, predicate: &'a RulePredicate, renames: &[Rename]) -> PredicateId {
        let sources = match &predicate.subject {
            Subject::Anything => Box::new([Source::ANYTHING]) as Box<[Source]>,
            Subject::Field(name) => fields::sources(self.names, name, renames).into(),
        };
        let other: Box<[Source]> = match &predicate.test {
            Test::Field { other, .. } => fields::sources(self.names, other, renames).into(),
            _ => Box::default(),
        };
        let key = Key {
            predicate,
            sources: sources.clone(),
            other: other.clone(),
        };
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let id = PredicateId(self.plan.predicates.len() as u32);
        self.known.insert(key, id);
        let finding = self.index(id, predicate, &sources);
        self.triggers.push(Vec::new());
        let predicate = Predicate {
            name: match &predicate.subject {
                Subject::Anything => "".into(),
                Subject::Field(name) => name.as_str().into(),
            },
            sources,
            other,
            check: Check::new(&predicate.test),
            finding,
        };
        self.shares.push(Share::of(&predicate));
        self.plan.predicates.push(predicate);
        self.plan.findings.push(finding);
        id
    }

    fn slot(&mut self, source: Source) -> usize {
        let slots = &mut self.plan.slots;
        let index = *self.slots.entry(source).or_insert_with(|| {
            slots.push(Slot {
                hexadecimal: source.hexadecimal,
                ..Slot::default()
            });
            (slots.len() - 1) as u16
        });
        let index = usize::from(index);
        if self.literals.len() <= index {
            self.literals.resize_with(index + 1, Default::default);
        }
        index
    }

    /// Enters a predicate into the tables of its fields, if they can decide it.
    fn index(&mut self, id: PredicateId, predicate: &RulePredicate, sources: &[Source]) -> Finding {
        for source in sources {
            let slot = self.slot(*source);
            let indexed = match &predicate.test {
                Test::Text(pattern) => self.index_text(slot, id, pattern),
                Test::Number { value, text } => {
                    let number = Numeric::parse(text.as_bytes()).unwrap_or(Numeric::Real(*value));
                    let numbers = &mut self.plan.slots[slot].numbers;
                    numbers.entry(number.key()).or_default().push(id);
                    // The same text is the same number, unless it is none.
                    self.index_exact(slot, fold(text), id, Certainty::MayHold);
                    true
                }
                Test::Bool(value) => {
                    self.index_exact(slot, value.to_string().into(), id, Certainty::Holds);
                    true
                }
                Test::Regex(regex) => match regex_hir(regex).and_then(|h| required_literals(&h)) {
                    None => false,
                    Some(required) => {
                        for literal in required {
                            self.literals[slot].add(
                                literal,
                                Anchor::Anywhere,
                                id,
                                Certainty::MayHold,
                            );
                        }
                        true
                    }
                },
                _ => false,
            };
            if !indexed {
                return Finding::Direct;
            }
        }
        Finding::Indexed
    }

    fn index_exact(
        &mut self,
        slot: usize,
        folded: Vec<u8>,
        predicate: PredicateId,
        certainty: Certainty,
    ) {
        let entries = self.plan.slots[slot]
            .exact
            .entry(folded.into())
            .or_default();
        entries.push(Hit {
            predicate,
            certainty,
        });
    }

    fn index_text(&mut self, slot: usize, id: PredicateId, pattern: &Pattern) -> bool {
        let certainty = match pattern.case {
            Case::Insensitive => Certainty::Holds,
            Case::Sensitive => Certainty::MayHold,
        };
        let (anchor, literal, certainty) = match simple(pattern) {
            Some((Simple::Whole, text)) => {
                self.index_exact(slot, fold(text), id, certainty);
                return true;
            }
            Some((Simple::Prefix, text)) => (Anchor::Start, text, certainty),
            Some((Simple::Suffix, text)) => (Anchor::End, text, certainty),
            Some((Simple::Within, text)) => (Anchor::Anywhere, text, certainty),
            None => match longest_literal(pattern) {
                Some(text) => (Anchor::Anywhere, text, Certainty::MayHold),
                None => return false,
            },
        };
        self.literals[slot].add(fold(literal), anchor, id, certainty);
        true
    }

    /// The finished plan. `fields`: the number of field ids in the projection.
    pub(crate) fn build(mut self, fields: usize) -> ClassPlan {
        let plan = &mut self.plan;
        for rules in &self.triggers {
            plan.triggers.extend(rules);
            plan.trigger_ends.push(plan.triggers.len() as u32);
        }
        for (slot, literals) in plan.slots.iter_mut().zip(self.literals) {
            slot.literals = literals.build();
        }
        plan.slots_of = vec![[NO_SLOT; 2]; fields];
        for (source, index) in &self.slots {
            if source.field == FieldId::UNLISTED {
                plan.anything = Some(*index);
            } else if let Some(slots) = plan.slots_of.get_mut(source.field.index()) {
                slots[usize::from(source.hexadecimal)] = *index;
            }
        }
        let ids = (0u32..).map(PredicateId);
        let mut opening = ids.zip(&plan.predicates).filter(|(id, _)| plan.opens(*id));
        let by_keywords = opening.all(|(_, p)| keywords::is_keyword(p));
        plan.needs_keyword = plan.always.is_empty() && by_keywords;
        if plan.anything.is_some() {
            let decisive = keywords::decisive(plan);
            let keywords = self.known.iter().filter(|(_, id)| decisive[id.index()]);
            let tests = keywords.map(|(key, _)| &key.predicate.test);
            plan.keyword_parts = Some(KeywordParts::of(tests));
        }
        for id in (0..plan.predicates.len() as u32).map(PredicateId) {
            let predicate = &plan.predicates[id.index()];
            if predicate.finding == Finding::Direct && plan.opens(id) {
                for source in &predicate.sources {
                    let slot = &mut plan.slots[usize::from(self.slots[source])];
                    slot.on_presence.push(id);
                }
            }
        }
        self.plan
    }
}
