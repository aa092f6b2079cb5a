//! The compiled form of all rules of one logsource class.
//!
//! ```text
//!  value of a field ─▶ Slot: exact table, automaton, numbers ─▶ predicates that hold
//!                                                                  │ triggers
//!  rules whose access predicate holds (or that have none) ◀────────┘
//!     └─▶ Program: boolean tree over predicates ─▶ matches
//! ```

use hashbrown::HashMap;
use yagura_parsers::FieldId;

use crate::engine::RuleIndex;
use crate::matcher::check::Check;
use crate::matcher::literals::Literals;
use crate::matcher::program::{NodeId, Program};
use crate::matcher::raw_filter::KeywordParts;

/// A predicate, as an index into [`ClassPlan::predicates`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PredicateId(pub(crate) u32);

impl PredicateId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A rule of the class, as an index into [`ClassPlan::rules`].
pub(crate) type ClassRuleId = u32;

/// Where the values of a subject are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) field: FieldId,
    /// Values are whole numbers in hexadecimal and count as decimal ones.
    pub(crate) hexadecimal: bool,
}

impl Source {
    /// Not a field: the texts that keywords are looked for in.
    pub(crate) const ANYTHING: Self = Self {
        field: FieldId::UNLISTED,
        hexadecimal: false,
    };
}

/// How the truth of a predicate is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// By the tables of its slots: it holds if and only if they say so.
    Indexed,
    /// By testing the values when a rule asks.
    Direct,
}

/// One distinct test.
#[derive(Debug)]
pub(crate) struct Predicate {
    /// The field's name in the rules; empty for keywords.
    pub(crate) name: Box<str>,
    /// The fields whose values are tested.
    pub(crate) sources: Box<[Source]>,
    /// For field references, the fields compared with.
    pub(crate) other: Box<[Source]>,
    pub(crate) check: Check,
    pub(crate) finding: Finding,
}

/// A rule within a class.
#[derive(Debug)]
pub(crate) struct ClassRule {
    pub(crate) rule: RuleIndex,
    /// The condition as the rule writes it.
    pub(crate) root: NodeId,
    /// What decides it once an access predicate holds.
    pub(crate) rest: NodeId,
}

/// What a table entry says about a predicate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) predicate: PredicateId,
    pub(crate) certainty: Certainty,
}

/// Whether an entry found decides the predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It holds.
    Holds,
    /// It may hold: the value has to be tested.
    MayHold,
}

/// All tables of one field.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Counts the slots of all plans.
    pub(crate) number: u32,
    pub(crate) hexadecimal: bool,
    /// By folded whole value.
    pub(crate) exact: HashMap<Box<[u8]>, Vec<Hit>>,
    /// By [`crate::number::Numeric::key`].
    pub(crate) numbers: HashMap<u64, Vec<PredicateId>>,
    pub(crate) literals: Option<Literals>,
    /// Direct predicates that open rules, to be tested when the field is there.
    pub(crate) on_presence: Vec<PredicateId>,
}

impl Slot {
    pub(crate) fn head(&self) -> SlotHead {
        let way = if self.hexadecimal || !self.on_presence.is_empty() {
            Way::Special
        } else if self.looks_at_value() {
            Way::ByTables
        } else {
            Way::Never
        };
        SlotHead {
            number: self.number,
            way,
        }
    }

    #[inline]
    pub(crate) fn looks_at_value(&self) -> bool {
        self.looks_at_text() || !self.numbers.is_empty()
    }

    #[inline]
    pub(crate) fn looks_at_text(&self) -> bool {
        !self.exact.is_empty() || self.literals.is_some()
    }
}

/// How the values of a slot are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Not at all: its predicates are tested directly when a rule asks.
    Never,
    /// By its tables.
    ByTables,
    /// By its tables, after and before other things.
    Special,
}

/// What decides first about a value, close together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotHead {
    /// [`Slot::number`].
    pub(crate) number: u32,
    pub(crate) way: Way,
}

/// No slot in [`ClassPlan::slots_of`].
pub(crate) const NO_SLOT: u16 = u16::MAX;

/// See the module's head.
#[derive(Debug, Default)]
pub(crate) struct ClassPlan {
    /// By field id: the slots for its values as they are, and as hexadecimal numbers.
    pub(crate) slots_of: Vec<[u16; 2]>,
    pub(crate) slots: Vec<Slot>,
    /// Parallel to `slots`.
    pub(crate) slot_heads: Vec<SlotHead>,
    /// The slot for keywords.
    pub(crate) anything: Option<u16>,
    /// Whether every rule needs a keyword: without any, none has to be looked at.
    pub(crate) needs_keyword: bool,
    /// What tells that no keyword that decides anything can be in an event. There whenever
    /// `anything` is.
    pub(crate) keyword_parts: Option<KeywordParts>,
    pub(crate) predicates: Vec<Predicate>,
    /// [`Predicate::finding`], close together.
    pub(crate) findings: Vec<Finding>,
    /// The rules that need a look when a predicate holds, predicate after predicate.
    pub(crate) triggers: Vec<ClassRuleId>,
    /// By predicate, where its rules end in `triggers`.
    pub(crate) trigger_ends: Vec<u32>,
    pub(crate) rules: Vec<ClassRule>,
    /// Rules without an access predicate.
    pub(crate) always: Vec<ClassRuleId>,
    pub(crate) program: Program,
}

impl ClassPlan {
    /// The rules that need a look when a predicate holds.
    #[inline]
    pub(crate) fn opened_by(&self, predicate: PredicateId) -> &[ClassRuleId] {
        let before = predicate.index().checked_sub(1);
        let start = before.map_or(0, |before| self.trigger_ends[before]);
        let end = self.trigger_ends[predicate.index()];
        &self.triggers[start as usize..end as usize]
    }

    /// Whether there are any.
    #[inline]
    pub(crate) fn opens(&self, predicate: PredicateId) -> bool {
        !self.opened_by(predicate).is_empty()
    }
}
