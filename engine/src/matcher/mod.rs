//! Matches the events of a batch, many rules at once.
//!
//! Per event: find its class, look each value up in the tables of its field, evaluate the rules
//! whose access predicate holds. No allocation, lock or rule that cannot match: scratch space is
//! kept from event to event and cleared by counting up a stamp.

pub(crate) mod check;
mod class_memo;
pub(crate) mod event;
mod evidence;
pub(crate) mod literals;
mod memo;
pub(crate) mod pattern;
pub(crate) mod plan;
pub(crate) mod program;
pub(crate) mod raw_filter;
pub(crate) mod required;
mod substrings;
pub(crate) mod texts;
mod trie;

use std::sync::Arc;

use yagura_parsers::{Event, EventBatch, Format};

use crate::classes::{Class, Marks};
use crate::engine::{Engine, RuleIndex};
use crate::matcher::class_memo::ClassMemo;
use crate::matcher::event::{EventMatch, Scratch};
use crate::matcher::texts::Texts;

use evidence::Found;

pub use evidence::Evidence;

/// A rule that an event satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule.
    pub rule: RuleIndex,
    /// The event, as an index into its batch (see [`EventBatch::event`]).
    pub event: usize,
}

/// Matches batches; one for each thread.
pub struct Matcher {
    pub(crate) engine: Arc<Engine>,
    class_memo: ClassMemo,
    pub(crate) texts: Texts,
    pub(crate) scratch: Scratch,
    rules: Vec<RuleIndex>,
    /// The event of the last scan whose texts are loaded, and which of its plans was looked up.
    at_hand: Option<(usize, usize)>,
}

impl Matcher {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        let plans = &engine.classes.plans;
        let predicates = plans.iter().map(|p| p.predicates.len()).max().unwrap_or(0);
        let rules = plans.iter().map(|p| p.rules.len()).max().unwrap_or(0);
        let slots = plans.iter().map(|p| p.slots.len()).sum();
        Self {
            class_memo: ClassMemo::new(),
            texts: Texts::default(),
            scratch: Scratch::new(predicates, rules, slots),
            rules: Vec::new(),
            at_hand: None,
            engine,
        }
    }

    /// The rules that it matches by.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Adds to `found` each rule that each event satisfies, in the order of events, then of
    /// rules. `format` is the one that the batch was parsed with.
    pub fn scan(&mut self, batch: &EventBatch, format: Format, found: &mut Vec<Match>) {
        self.at_hand = None;
        let engine = Arc::clone(&self.engine);
        let classes = &engine.classes;
        for (index, event) in batch.events().enumerate() {
            self.rules.clear();
            let class = self.class_memo.class(classes, &Marks::of(event));
            self.load_texts(class, event, format);
            for plan in classes.plans(class) {
                if plan.needs_keyword && self.texts.are_nowhere() {
                    continue;
                }
                let mut run = EventMatch::new(plan, event, &self.texts, &mut self.scratch);
                run.look_up();
                run.matching_rules(&mut self.rules);
            }
            // A rule may come over several routes.
            self.rules.sort_unstable();
            self.rules.dedup();
            found.extend(self.rules.iter().map(|rule| Match {
                rule: *rule,
                event: index,
            }));
        }
    }

    /// The values that made a rule match, in the order of the rule, each once. Only for matches
    /// of the last [`Matcher::scan`]; those of one event cost least in a row.
    pub fn evidence(
        &mut self,
        batch: &EventBatch,
        format: Format,
        of: Match,
        mut each: impl FnMut(Evidence<'_>),
    ) {
        let Some(event) = batch.event(of.event) else {
            return;
        };
        let engine = Arc::clone(&self.engine);
        let class = engine.classes.class(&Marks::of(event));
        if self.at_hand.is_none_or(|(at, _)| at != of.event) {
            self.load_texts(class, event, format);
            self.at_hand = None;
        }
        for (number, plan) in engine.classes.plans(class).enumerate() {
            if !plan.rules.iter().any(|one| one.rule == of.rule) {
                continue;
            }
            let (texts, scratch) = (&self.texts, &mut self.scratch);
            let known = self.at_hand == Some((of.event, number));
            let mut run = if known {
                EventMatch::resume(plan, event, texts, scratch)
            } else {
                let mut run = EventMatch::new(plan, event, texts, scratch);
                run.look_up();
                run.learn();
                run
            };
            self.at_hand = Some((of.event, number));
            if run.evidence(of.rule, &mut each) == Found::Yes {
                return;
            }
        }
    }

    pub(crate) fn load_texts(&mut self, class: Class, event: Event<'_>, format: Format) {
        if let Some(filter) = self.engine.classes.raw_filter(class) {
            self.texts.load(event, format, &self.engine.whole, filter);
        }
    }
}
