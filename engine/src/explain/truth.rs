//! An expression with the truth of each of its parts.

use std::borrow::Cow;

use yagura_rules::predicate::{Expr, Predicate, Subject, Test};
use yagura_rules::taxonomy::Rename;

use super::event::SeenEvent;
use super::judge;
use super::value::SeenValue;

/// A part of a rule, and whether it holds. Every part is looked at, also where the ones before
/// it decide already.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth<'r> {
    /// Whether it holds.
    pub holds: bool,
    /// What it is.
    pub part: Part<'r>,
}

/// What a part of a rule is.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'r> {
    /// All of these.
    All(Vec<Truth<'r>>),
    /// Any of these.
    Any(Vec<Truth<'r>>),
    /// At least so many of these.
    AtLeast(usize, Vec<Truth<'r>>),
    /// Not this.
    Not(Box<Truth<'r>>),
    /// A selection or filter, by index into [`super::Body::named`].
    Named(usize),
    /// A field and the values asked of it.
    Item(Item<'r>),
}

/// How many of the tests of an [`Item`] have to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// One is enough, or there is only one.
    Any,
    /// Every one.
    All,
}

/// Tests of one field, or of the whole event.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<'r> {
    /// What is tested.
    pub subject: &'r Subject,
    /// How many of the tests have to hold.
    pub join: Join,
    /// The tests, and whether each holds.
    pub tests: Vec<(&'r Test, bool)>,
    /// The values that the event has there; for keywords, those in which one was found.
    pub values: Vec<Seen>,
    /// The values of fields that the tests compare with.
    pub others: Vec<Seen>,
    /// In how many texts keywords were looked for.
    pub searched: usize,
}

/// A value as the event has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The event's name of the field; empty for texts in which keywords are looked for.
    pub field: String,
    /// Its text, cut after [`TEXT_CHARS_MAX`] characters.
    pub text: String,
    /// How many characters were cut off.
    pub cut_chars: usize,
    /// Whether it is there without a value.
    pub is_null: bool,
}

/// So much of a value is kept.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// So many values of a field are kept.
const VALUES_MAX: usize = 32;

impl Seen {
    fn new((field, value): (&str, Cow<'_, SeenValue>)) -> Self {
        let mut text = value.shown();
        let mut cut_chars = 0;
        if let Some((at, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
            cut_chars = text.get(at..).map_or(0, |rest| rest.chars().count());
            text.truncate(at);
        }
        Self {
            field: field.to_owned(),
            text,
            cut_chars,
            is_null: value.is_null(),
        }
    }
}

/// Where parts of an expression have names.
pub(super) struct Evaluation<'r, 'e> {
    pub(super) named: &'e [(&'r str, &'r Expr)],
    pub(super) renames: &'e [Rename],
    pub(super) event: &'e SeenEvent,
}

impl<'r> Evaluation<'r, '_> {
    /// The truth of a condition, in which selections and filters are called by their names.
    ///
    /// The checked model has no names in it: what is equal to a selection is that selection, or
    /// as good as it.
    pub(super) fn condition(&self, expr: &'r Expr) -> Truth<'r> {
        match self.named.iter().position(|(_, named)| *named == expr) {
            Some(index) => Truth {
                holds: judge::holds(expr, self.renames, self.event),
                part: Part::Named(index),
            },
            None => self.parts(expr, |part| self.condition(part)),
        }
    }

    /// The truth of an expression, written out.
    pub(super) fn written_out(&self, expr: &'r Expr) -> Truth<'r> {
        self.parts(expr, |part| self.written_out(part))
    }

    fn parts(&self, expr: &'r Expr, each: impl Fn(&'r Expr) -> Truth<'r>) -> Truth<'r> {
        if let Some(item) = self.item(expr) {
            return item;
        }
        let all = |parts: &'r [Expr]| parts.iter().map(&each).collect::<Vec<_>>();
        let part = match expr {
            Expr::All(parts) => Part::All(all(parts)),
            Expr::Any(parts) => Part::Any(all(parts)),
            Expr::AtLeast(count, parts) => Part::AtLeast(*count, all(parts)),
            Expr::Not(inner) => Part::Not(Box::new(each(inner))),
            // Answered by `item`.
            Expr::Is(_) => Part::All(Vec::new()),
        };
        Truth {
            holds: judge::holds(expr, self.renames, self.event),
            part,
        }
    }

    /// A test, or a list of tests of one field, as one item.
    fn item(&self, expr: &'r Expr) -> Option<Truth<'r>> {
        let (join, parts) = match expr {
            Expr::Is(_) => (Join::Any, std::slice::from_ref(expr)),
            Expr::Any(parts) if parts.len() > 1 => (Join::Any, parts.as_slice()),
            Expr::All(parts) if parts.len() > 1 => (Join::All, parts.as_slice()),
            _ => return None,
        };
        let predicates: Vec<&'r Predicate> = parts
            .iter()
            .map(|part| match part {
                Expr::Is(predicate) => Some(predicate),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let subject = &predicates.first()?.subject;
        if predicates.iter().any(|p| p.subject != *subject) {
            return None;
        }
        let tests: Vec<(&Test, bool)> = predicates
            .iter()
            .map(|p| (&p.test, judge::is(p, self.renames, self.event)))
            .collect();
        Some(Truth {
            holds: match join {
                Join::Any => tests.iter().any(|(_, holds)| *holds),
                Join::All => tests.iter().all(|(_, holds)| *holds),
            },
            part: Part::Item(Item {
                values: self.values(subject, &tests),
                others: self.others(&tests),
                searched: match subject {
                    Subject::Anything => self.event.texts().len(),
                    Subject::Field(_) => 0,
                },
                subject,
                join,
                tests,
            }),
        })
    }

    fn values(&self, subject: &Subject, tests: &[(&Test, bool)]) -> Vec<Seen> {
        let Subject::Field(name) = subject else {
            let found = |text: &&SeenValue| {
                let mut holding = tests.iter().filter(|(_, holds)| *holds);
                holding.any(|(test, _)| text.satisfies(test))
            };
            let holding = self.event.texts().iter().filter(found).take(VALUES_MAX);
            return holding
                .map(|text| Seen::new(("", Cow::Borrowed(text))))
                .collect();
        };
        let values = self.event.field(name, self.renames);
        values.into_iter().take(VALUES_MAX).map(Seen::new).collect()
    }

    fn others(&self, tests: &[(&Test, bool)]) -> Vec<Seen> {
        let mut names: Vec<&str> = Vec::new();
        for (test, _) in tests {
            if let Test::Field { other, .. } = test
                && !names.contains(&other.as_str())
            {
                names.push(other);
            }
        }
        let values = names
            .into_iter()
            .flat_map(|name| self.event.field(name, self.renames));
        values.take(VALUES_MAX).map(Seen::new).collect()
    }
}
