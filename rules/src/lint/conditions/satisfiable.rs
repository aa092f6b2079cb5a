//! Whether a rule can match, can fail to match, and has something to be looked up by.
//!
//! Only what is certain is told: an expression that none of these understands is taken as one
//! that may hold or not.

use hashbrown::HashMap;

use crate::detection::Detection;
use crate::diagnostic::Span;
use crate::lint::report::Report;
use crate::pattern::{Case, Pattern, Piece};
use crate::predicate::{Expr, Predicate, Subject, Test};

/// Comparing all parts of a conjunction with each other is quadratic.
const PARTS_MAX: usize = 64;

pub(super) fn check(rule: &Detection, span: Span, report: &mut Report) {
    if never(&rule.matches) {
        report
            .find(
                401,
                span,
                "this condition cannot hold for an event whose fields have one value each",
            )
            .help("a field is asked to have two different values, or to match and not to match");
    } else if always(&rule.matches) {
        report
            .find(402, span, "this condition holds for every event")
            .help("one alternative is the negation of another");
    } else if !is_anchored(&rule.matches) {
        report
            .find(403, span, "nothing has to be there for this condition to hold")
            .help("it consists of negations: every event of the logsource has to be evaluated, and most will match; ask for something that is there");
    }
}

/// Whether it holds for no event.
fn never(expr: &Expr) -> bool {
    match expr {
        Expr::Any(parts) => parts.iter().all(never),
        Expr::All(_) => {
            let mut parts = Vec::new();
            flatten(expr, &mut parts);
            parts.iter().any(|part| never(part)) || contradict(&parts)
        }
        Expr::AtLeast(count, parts) => parts.iter().filter(|part| !never(part)).count() < *count,
        Expr::Not(inner) => always(inner),
        Expr::Is(_) => false,
    }
}

/// Whether it holds for every event.
fn always(expr: &Expr) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(always),
        Expr::Any(parts) => {
            let parts: Vec<&Expr> = parts.iter().take(PARTS_MAX).collect();
            parts.iter().any(|part| always(part)) || opposites(&parts)
        }
        Expr::Not(inner) => never(inner),
        Expr::AtLeast(..) | Expr::Is(_) => false,
    }
}

/// The parts of conjunctions within conjunctions.
fn flatten<'e>(expr: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match expr {
        Expr::All(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        other => parts.push(other),
    }
}

/// Whether one part is the negation of another.
fn opposites(parts: &[&Expr]) -> bool {
    parts.iter().any(|part| {
        let Expr::Not(inner) = part else { return false };
        parts.iter().any(|other| **other == **inner)
    })
}

/// Whether parts that must all hold exclude each other.
fn contradict(parts: &[&Expr]) -> bool {
    let parts = parts.get(..PARTS_MAX).unwrap_or(parts);
    if opposites(parts) {
        return true;
    }
    let mut of_field: HashMap<&str, Vec<Constraint<'_>>> = HashMap::new();
    for part in parts {
        if let Some((field, constraint)) = Constraint::of(part) {
            of_field.entry(field).or_default().push(constraint);
        }
    }
    of_field.values().any(|constraints| {
        let Some(values) = constraints.iter().find_map(Constraint::values) else {
            return false;
        };
        let fits = |value: &&str| constraints.iter().all(|c| c.admits(value));
        !values.iter().any(fits)
    })
}

/// What an expression asks of the only field that it is about.
struct Constraint<'e> {
    tests: Vec<&'e Test>,
    excluded: bool,
}

impl<'e> Constraint<'e> {
    fn of(expr: &'e Expr) -> Option<(&'e str, Self)> {
        let (expr, excluded) = match expr {
            Expr::Not(inner) => (&**inner, true),
            other => (other, false),
        };
        let parts = match expr {
            Expr::Any(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut name = None;
        let mut tests = Vec::with_capacity(parts.len());
        for part in parts {
            let Expr::Is(Predicate {
                subject: Subject::Field(field),
                test,
            }) = part
            else {
                return None;
            };
            if *name.get_or_insert(field) != field {
                return None;
            }
            tests.push(test);
        }
        Some((name?, Self { tests, excluded }))
    }

    /// The values, where only whole values are asked for.
    fn values(&self) -> Option<Vec<&'e str>> {
        if self.excluded {
            return None;
        }
        self.tests.iter().map(|test| whole(test)).collect()
    }

    /// Whether a value may have what is asked; `true` where that is not certain.
    fn admits(&self, value: &str) -> bool {
        let verdicts = self.tests.iter().map(|test| holds(test, value));
        if self.excluded {
            !verdicts.into_iter().any(|verdict| verdict == Some(true))
        } else {
            verdicts.into_iter().any(|verdict| verdict != Some(false))
        }
    }
}

/// The value that a test asks for as a whole.
fn whole(test: &Test) -> Option<&str> {
    match test {
        Test::Text(pattern) => match pattern.pieces.as_slice() {
            [Piece::Literal(value)] => Some(value),
            _ => None,
        },
        Test::Number { text: value, .. } => Some(value),
        _ => None,
    }
}

/// Whether a test holds for a value; `None` where that is not certain.
fn holds(test: &Test, value: &str) -> Option<bool> {
    match test {
        Test::Number {
            text,
            value: number,
        } => Some(
            text == value
                || value
                    .trim()
                    .parse::<f64>()
                    .is_ok_and(|v| (v - number).abs() == 0.0),
        ),
        Test::Text(pattern) => Some(fits(pattern, value)),
        Test::Null => Some(false),
        Test::Exists => Some(true),
        _ => None,
    }
}

/// Whether a value fits a pattern. With case compared by characters' lower case, which is all
/// that a hint needs.
pub(in crate::lint) fn fits(pattern: &Pattern, value: &str) -> bool {
    let fold = |text: &str| match pattern.case {
        Case::Insensitive => text.to_lowercase(),
        Case::Sensitive => text.to_owned(),
    };
    let pieces: Vec<Piece> = pattern
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Piece::Literal(fold(text)),
            other => other.clone(),
        })
        .collect();
    fits_pieces(&pieces, &fold(value))
}

/// Greedy with one point to return to, as for shell patterns: a later run makes the points
/// before it needless.
fn fits_pieces(pieces: &[Piece], value: &str) -> bool {
    let (mut rest, mut value) = (pieces, value);
    let mut back: Option<(&[Piece], &str)> = None;
    loop {
        let advanced = match rest.split_first() {
            Some((Piece::AnyRun, after)) => {
                back = Some((after, value));
                rest = after;
                continue;
            }
            Some((Piece::Literal(text), after)) => {
                value.strip_prefix(text.as_str()).map(|left| (after, left))
            }
            Some((Piece::AnyOne, after)) => {
                let mut chars = value.chars();
                chars.next().map(|_| (after, chars.as_str()))
            }
            None if value.is_empty() => return true,
            None => None,
        };
        if let Some((after, left)) = advanced {
            (rest, value) = (after, left);
            continue;
        }
        let Some((after, from)) = back else {
            return false;
        };
        let mut chars = from.chars();
        if chars.next().is_none() {
            return false;
        }
        back = Some((after, chars.as_str()));
        (rest, value) = (after, chars.as_str());
    }
}

/// Whether something has to be there for it to hold.
fn is_anchored(expr: &Expr) -> bool {
    match expr {
        Expr::Is(predicate) => predicate.test != Test::Null,
        Expr::All(parts) => parts.iter().any(is_anchored),
        Expr::Any(parts) => parts.iter().all(is_anchored),
        Expr::AtLeast(count, parts) => {
            parts.iter().filter(|part| !is_anchored(part)).count() < *count
        }
        Expr::Not(inner) => is_anchored_negated(inner),
    }
}

/// Whether something has to be there for it not to hold.
fn is_anchored_negated(expr: &Expr) -> bool {
    match expr {
        Expr::Is(predicate) => predicate.test == Test::Null,
        Expr::All(parts) => parts.iter().all(is_anchored_negated),
        Expr::Any(parts) => parts.iter().any(is_anchored_negated),
        Expr::AtLeast(..) => false,
        Expr::Not(inner) => is_anchored(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::pattern::{Case, Pattern};

    #[test]
    fn patterns() {
        let fits =
            |pattern: &str, value: &str| fits(&Pattern::parse(pattern, Case::Insensitive), value);
        assert!(fits("*CMD*.exe", r"C:\a.exe\cmd.x.exe"));
        assert!(fits("a?c", "ABC"));
        assert!(fits("*", ""));
        assert!(!fits("a?c", "ac"));
        assert!(!fits("*b", "abc"));
        assert!(fits("*ab", "aab"));
        assert!(fits("", "") && !fits("", "x"));
    }
}
