//! One event against the plan of its class.

use std::io::Write;

use yagura_parsers::{Event, Value, ValueKind};
use yagura_rules::pattern::Case;

use crate::engine::RuleIndex;
use crate::fold::fold_into;
use crate::matcher::check::{Check, relates};
use crate::matcher::memo::{Key, Memo, Record};
use crate::matcher::plan::{
    Certainty, ClassPlan, ClassRuleId, Finding, Hit, NO_SLOT, PredicateId, Slot, Source, Way,
};
use crate::matcher::texts::Texts;
use crate::number::{Numeric, parse_hexadecimal};

/// Space that is used again for every event. Entries of an earlier event count as empty,
/// because their stamp is another.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Counts events, up to [`STAMP_MAX`]; never 0 in use.
    stamp: u32,
    /// By predicate: `stamp << 1 | holds`.
    truth: Vec<u32>,
    /// Counts values.
    value: u64,
    /// By predicate: the value for which it was decided last.
    tested: Vec<u64>,
    /// By rule: the event for which it was opened last.
    opened: Vec<u32>,
    pub(crate) candidates: Vec<ClassRuleId>,
    /// What the value at hand satisfies.
    holding: Vec<PredicateId>,
    memo: Memo,
    /// Values of the event that the memo may know: place in its values, slot, key.
    asked: Vec<(u32, u16, Key)>,
    /// What the memo knew of the event's values; not learnt yet.
    recalled: Vec<Record>,
    /// A text that had to be decoded.
    text: Vec<u8>,
    folded: Vec<u8>,
    other: Vec<u8>,
    verify: Vec<u8>,
    decimal: Vec<u8>,
}

impl Scratch {
    /// Room for plans of at most so many predicates and rules, and so many slots in all plans.
    pub(crate) fn new(predicates: usize, rules: usize, slots: usize) -> Self {
        Self {
            stamp: 0,
            truth: vec![0; predicates],
            value: 0,
            tested: vec![0; predicates],
            opened: vec![0; rules],
            candidates: Vec::new(),
            holding: Vec::new(),
            memo: Memo::new(slots),
            asked: Vec::new(),
            recalled: Vec::new(),
            text: Vec::new(),
            folded: Vec::new(),
            other: Vec::new(),
            verify: Vec::new(),
            decimal: Vec::new(),
        }
    }

    fn next_event(&mut self) {
        self.candidates.clear();
        self.recalled.clear();
        self.stamp += 1;
        if self.stamp > STAMP_MAX {
            self.truth.fill(0);
            self.opened.fill(0);
            self.stamp = 1;
        }
    }

    pub(crate) fn known(&self, predicate: PredicateId) -> Option<bool> {
        let entry = self.truth[predicate.index()];
        (entry >> 1 == self.stamp).then_some(entry & 1 == 1)
    }

    fn learn(&mut self, predicate: PredicateId, holds: bool) {
        self.truth[predicate.index()] = self.stamp << 1 | u32::from(holds);
    }
}

/// The stamp shares its word with a bit.
const STAMP_MAX: u32 = u32::MAX >> 1;

/// A field reference compares so many values of a field with as many of the other: all with
/// all, so there has to be an end.
const RELATED_VALUES_MAX: usize = 256;

/// An event under evaluation.
pub(crate) struct EventMatch<'m> {
    pub(crate) plan: &'m ClassPlan,
    pub(crate) event: Event<'m>,
    pub(crate) texts: &'m Texts,
    pub(crate) scratch: &'m mut Scratch,
}

impl<'m> EventMatch<'m> {
    pub(crate) fn new(
        plan: &'m ClassPlan,
        event: Event<'m>,
        texts: &'m Texts,
        scratch: &'m mut Scratch,
    ) -> Self {
        scratch.next_event();
        Self::resume(plan, event, texts, scratch)
    }

    /// Goes on with an event and a plan that were looked up last.
    pub(crate) fn resume(
        plan: &'m ClassPlan,
        event: Event<'m>,
        texts: &'m Texts,
        scratch: &'m mut Scratch,
    ) -> Self {
        Self {
            plan,
            event,
            texts,
            scratch,
        }
    }

    /// Finds out which rules need a look. Which predicates hold is known after [`Self::learn`].
    pub(crate) fn look_up(&mut self) {
        // First the places of all values in the memo, so that the processor can wait for the
        // memory of several at once; then what is there.
        let mut asked = std::mem::take(&mut self.scratch.asked);
        asked.clear();
        for (at, field) in (0u32..).zip(self.event.fields()) {
            let Some(slots) = self.plan.slots_of.get(field.index()) else {
                continue;
            };
            for slot in slots {
                if *slot != NO_SLOT {
                    self.ask(*slot, at, self.event.value(at), &mut asked);
                }
            }
        }
        for (at, slot, key) in &asked {
            let value = self.event.value(*at);
            let text = value.written().1;
            if let Some(record) = self.scratch.memo.recall(*key, text) {
                self.recall(record);
            } else {
                let slot = &self.plan.slots[usize::from(*slot)];
                self.find(slot, value, Some(*key));
            }
        }
        self.scratch.asked = asked;
        if let Some(slot) = self.plan.anything {
            let slot = &self.plan.slots[usize::from(slot)];
            let texts = self.texts;
            for value in texts.of(self.event) {
                self.look_up_value(slot, value);
            }
        }
    }

    /// Looks a value up, or puts it among those that the memo is asked for.
    #[inline]
    fn ask(&mut self, number: u16, at: u32, value: Value<'m>, asked: &mut Vec<(u32, u16, Key)>) {
        let head = self.plan.slot_heads[usize::from(number)];
        if head.way == Way::Special || value.kind == ValueKind::Null {
            self.look_up_value(&self.plan.slots[usize::from(number)], value);
        } else if head.way == Way::ByTables {
            let memo = &mut self.scratch.memo;
            if let Some(record) = memo.same_again(head.number, value.written()) {
                self.recall(record);
            } else if let Some(key) = memo.key(head.number, value.written()) {
                asked.push((at, number, key));
            } else {
                self.find(&self.plan.slots[usize::from(number)], value, None);
            }
        }
    }

    fn look_up_value(&mut self, slot: &Slot, value: Value<'m>) {
        if value.kind != ValueKind::Null {
            let mut decimal = std::mem::take(&mut self.scratch.decimal);
            if slot.hexadecimal
                && let Some(number) = parse_hexadecimal(value.text(&mut decimal))
            {
                write_decimal(number, &mut decimal);
                self.look_up_text(slot, Value::new(value.kind, &decimal));
            } else {
                self.look_up_text(slot, value);
            }
            self.scratch.decimal = decimal;
        }
        for predicate in &slot.on_presence {
            if self.holds(*predicate) {
                self.open(*predicate);
            }
        }
    }

    fn look_up_text(&mut self, slot: &Slot, value: Value<'_>) {
        if !slot.looks_at_value() {
            return;
        }
        let memo = &mut self.scratch.memo;
        let key = memo.key(slot.number, value.written());
        match key.and_then(|key| memo.recall(key, value.written().1)) {
            Some(record) => self.recall(record),
            None => self.find(slot, value, key),
        }
    }

    /// Opens the rules of what the memo knows of a value.
    #[inline]
    fn recall(&mut self, record: Record) {
        let scratch = &mut *self.scratch;
        scratch.recalled.push(record);
        for hit in scratch.memo.hits(record) {
            let rules = self.plan.opened_by(hit);
            if rules.is_empty() {
                break;
            }
            open(
                rules,
                &mut scratch.opened,
                scratch.stamp,
                &mut scratch.candidates,
            );
        }
    }

    /// Notes for each predicate that the memo told of that it holds.
    pub(crate) fn learn(&mut self) {
        let scratch = &mut *self.scratch;
        for record in scratch.recalled.drain(..) {
            for hit in scratch.memo.hits(record) {
                scratch.truth[hit.index()] = scratch.stamp << 1 | 1;
            }
        }
    }

    /// Looks a value up that the memo does not know.
    fn find(&mut self, slot: &Slot, value: Value<'_>, key: Option<Key>) {
        self.scratch.value += 1;
        self.scratch.holding.clear();
        let mut room = std::mem::take(&mut self.scratch.text);
        self.find_holding(slot, value.kind, value.text(&mut room));
        self.scratch.text = room;
        let mut holding = std::mem::take(&mut self.scratch.holding);
        for predicate in &holding {
            self.scratch.learn(*predicate, true);
            self.open(*predicate);
        }
        if let Some(key) = key {
            // The others need no look before a rule is open.
            holding.sort_by_key(|predicate| !self.plan.opens(*predicate));
            let text = value.written().1;
            // Records that wait to be learnt must not be forgotten meanwhile.
            if self.scratch.memo.is_full_for(text, &holding) {
                self.learn();
            }
            self.scratch.memo.remember(key, text, &holding);
        }
        self.scratch.holding = holding;
    }

    /// Collects the predicates of a slot that a value satisfies.
    fn find_holding(&mut self, slot: &Slot, kind: ValueKind, text: &[u8]) {
        if slot.looks_at_text() {
            // Taken out so that the tables can be walked while `self` collects.
            let mut folded = std::mem::take(&mut self.scratch.folded);
            folded.clear();
            fold_into(text, &mut folded);
            if let Some(hits) = slot.exact.get(folded.as_slice()) {
                for hit in hits {
                    self.collect(*hit, kind, text);
                }
            }
            if let Some(literals) = &slot.literals {
                literals.scan(&folded, |hit| self.collect(hit, kind, text));
            }
            self.scratch.folded = folded;
        }
        if !slot.numbers.is_empty()
            && let Some(number) = Numeric::parse(text)
            && let Some(predicates) = slot.numbers.get(&number.key())
        {
            for predicate in predicates {
                let hit = Hit {
                    predicate: *predicate,
                    certainty: Certainty::MayHold,
                };
                self.collect(hit, kind, text);
            }
        }
    }

    /// Decides a predicate for a value, once however often its literals occur.
    fn collect(&mut self, hit: Hit, kind: ValueKind, text: &[u8]) {
        let scratch = &mut *self.scratch;
        let index = hit.predicate.index();
        if std::mem::replace(&mut scratch.tested[index], scratch.value) == scratch.value {
            return;
        }
        let check = &self.plan.predicates[index].check;
        if hit.certainty == Certainty::Holds || check.holds(kind, text, &mut scratch.verify) {
            scratch.holding.push(hit.predicate);
        }
    }

    fn open(&mut self, predicate: PredicateId) {
        let scratch = &mut *self.scratch;
        let rules = self.plan.opened_by(predicate);
        open(
            rules,
            &mut scratch.opened,
            scratch.stamp,
            &mut scratch.candidates,
        );
    }

    /// Whether a predicate holds, after [`Self::learn`] (for direct ones at any time).
    pub(crate) fn holds(&mut self, id: PredicateId) -> bool {
        if let Some(known) = self.scratch.known(id) {
            return known;
        }
        if self.plan.findings[id.index()] == Finding::Indexed {
            return false;
        }
        let holds = self.test_directly(id);
        self.scratch.learn(id, holds);
        holds
    }

    fn test_directly(&mut self, id: PredicateId) -> bool {
        let predicate = &self.plan.predicates[id.index()];
        match &predicate.check {
            Check::Null => {
                let (event, texts) = (self.event, self.texts);
                predicate.sources.iter().all(|source| {
                    let mut absent = true;
                    let source = std::slice::from_ref(source);
                    let null = sourced_values(source, event, texts).any(|(_, value)| {
                        absent = false;
                        value.kind == ValueKind::Null
                    });
                    absent || null
                })
            }
            Check::Field(..) => self.first_related(id).is_some(),
            check => self.each_value(&predicate.sources, |kind, text, room| {
                check.holds(kind, text, room)
            }),
        }
    }

    /// The first value that satisfies a field reference.
    pub(crate) fn first_related(&mut self, id: PredicateId) -> Option<Value<'m>> {
        let predicate = &self.plan.predicates[id.index()];
        let Check::Field(relation, case) = predicate.check else {
            return None;
        };
        let (event, texts) = (self.event, self.texts);
        let mut mine = std::mem::take(&mut self.scratch.folded);
        let mut theirs = std::mem::take(&mut self.scratch.other);
        let mut room = std::mem::take(&mut self.scratch.text);
        let mut all = sourced_values(&predicate.sources, event, texts).take(RELATED_VALUES_MAX);
        let related = all.find(|(source, value)| {
            prepare(*source, *value, case, &mut room, &mut mine);
            let mut others = sourced_values(&predicate.other, event, texts);
            others
                .by_ref()
                .take(RELATED_VALUES_MAX)
                .any(|(source, other)| {
                    prepare(source, other, case, &mut room, &mut theirs);
                    let both = value.kind != ValueKind::Null && other.kind != ValueKind::Null;
                    both && relates(&mine, relation, &theirs)
                })
        });
        self.scratch.folded = mine;
        self.scratch.other = theirs;
        self.scratch.text = room;
        related.map(|(_, value)| value)
    }

    /// Shows the values of sources to `test` until it says yes.
    fn each_value(
        &mut self,
        sources: &[Source],
        mut test: impl FnMut(ValueKind, &[u8], &mut Vec<u8>) -> bool,
    ) -> bool {
        let (event, texts) = (self.event, self.texts);
        let mut decimal = std::mem::take(&mut self.scratch.decimal);
        let mut all = sourced_values(sources, event, texts);
        let held = all.any(|(source, value)| {
            let shown = as_decimal(source, value, &mut decimal);
            test(value.kind, shown, &mut self.scratch.verify)
        });
        self.scratch.decimal = decimal;
        held
    }

    /// Adds the rules that hold, in no order, perhaps repeatedly.
    pub(crate) fn matching_rules(&mut self, found: &mut Vec<RuleIndex>) {
        let plan = self.plan;
        if self.scratch.candidates.is_empty() && plan.always.is_empty() {
            return;
        }
        self.learn();
        let candidates = std::mem::take(&mut self.scratch.candidates);
        for id in candidates.iter().chain(&plan.always) {
            let rule = &plan.rules[*id as usize];
            if plan.program.holds(rule.rest, &mut |p| self.holds(p)) {
                found.push(rule.rule);
            }
        }
        self.scratch.candidates = candidates;
    }
}

/// Adds rules to the candidates, each once an event.
#[inline]
fn open(rules: &[ClassRuleId], opened: &mut [u32], stamp: u32, candidates: &mut Vec<ClassRuleId>) {
    for rule in rules {
        let opened = &mut opened[*rule as usize];
        if std::mem::replace(opened, stamp) != stamp {
            candidates.push(*rule);
        }
    }
}

/// The values of sources, in the order of the sources, then of the event.
pub(crate) fn sourced_values<'m>(
    sources: &[Source],
    event: Event<'m>,
    texts: &'m Texts,
) -> impl Iterator<Item = (Source, Value<'m>)> {
    sources.iter().flat_map(move |source| {
        let anything = *source == Source::ANYTHING;
        let texts = anything.then(|| texts.of(event)).into_iter().flatten();
        let values = (!anything).then(|| event.values()).into_iter().flatten();
        let values = values
            .filter(|(field, _)| *field == source.field)
            .map(|(_, value)| value);
        texts.chain(values).map(|value| (*source, value))
    })
}

/// The text of a value as tests see it: hexadecimal numbers as decimal ones.
pub(crate) fn as_decimal<'v>(source: Source, value: Value<'v>, room: &'v mut Vec<u8>) -> &'v [u8] {
    if source.hexadecimal
        && let Some(number) = parse_hexadecimal(value.text(room))
    {
        write_decimal(number, room);
        return room;
    }
    value.text(room)
}

fn write_decimal(number: u64, out: &mut Vec<u8>) {
    out.clear();
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}");
}

/// Puts the text of a value, as a comparison needs it, into `out`.
fn prepare(source: Source, value: Value<'_>, case: Case, room: &mut Vec<u8>, out: &mut Vec<u8>) {
    out.clear();
    let text = as_decimal(source, value, room);
    match case {
        Case::Insensitive => fold_into(text, out),
        Case::Sensitive => out.extend_from_slice(text),
    }
}
