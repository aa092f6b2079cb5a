//! Literals without which a regular expression cannot match.

use regex_syntax::hir::{Hir, HirKind};

use crate::fold::{fold, folded};

/// More alternatives than this are not worth looking for.
const LITERALS_MAX: usize = 64;
/// Shorter literals are found nearly everywhere.
const LITERAL_BYTES_MIN: usize = 3;

/// Folded literals of which any match of the expression contains at least one. `None` where
/// there is no such set worth having.
pub(crate) fn required_literals(expression: &Hir) -> Option<Vec<Vec<u8>>> {
    let found = best(expression)?;
    (found.shortest() >= LITERAL_BYTES_MIN).then_some(found.0)
}

struct Literals(Vec<Vec<u8>>);

impl Literals {
    fn shortest(&self) -> usize {
        self.0.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// Longer is rarer; fewer alternatives are rarer.
    fn is_better_than(&self, other: &Self) -> bool {
        let rank = |l: &Self| (l.shortest().min(8), usize::MAX - l.0.len());
        rank(self) > rank(other)
    }
}

fn best(expression: &Hir) -> Option<Literals> {
    match expression.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => {
            exact(expression).map(|text| Literals(vec![text]))
        }
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Concat(parts) => best_of_sequence(parts),
        HirKind::Alternation(parts) => best_of_alternatives(parts),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

fn best_of_alternatives(parts: &[Hir]) -> Option<Literals> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(best(part)?.0);
        if all.len() > LITERALS_MAX {
            return None;
        }
    }
    Some(Literals(all))
}

/// Neighbouring literals are joined; of all, the best is taken.
fn best_of_sequence(parts: &[Hir]) -> Option<Literals> {
    let mut winner: Option<Literals> = None;
    let mut offer = |candidate: Option<Literals>| {
        if let Some(candidate) = candidate
            && winner.as_ref().is_none_or(|w| candidate.is_better_than(w))
        {
            winner = Some(candidate);
        }
    };
    let mut run = Vec::new();
    for part in parts {
        if let Some(text) = exact(part) {
            run.extend(text);
            continue;
        }
        offer(take_run(&mut run));
        offer(best(part));
    }
    offer(take_run(&mut run));
    winner
}

fn take_run(run: &mut Vec<u8>) -> Option<Literals> {
    (!run.is_empty()).then(|| Literals(vec![std::mem::take(run)]))
}

/// The folded text that an expression stands for, if it is one text up to case.
fn exact(expression: &Hir) -> Option<Vec<u8>> {
    match expression.kind() {
        HirKind::Literal(literal) => Some(fold(std::str::from_utf8(&literal.0).ok()?)),
        HirKind::Class(class) => one_letter(class),
        HirKind::Capture(capture) => exact(&capture.sub),
        _ => None,
    }
}

/// The letter of a class that holds one letter in its cases: what `(?i)` makes of `k`.
fn one_letter(class: &regex_syntax::hir::Class) -> Option<Vec<u8>> {
    let regex_syntax::hir::Class::Unicode(class) = class else {
        return None;
    };
    let mut letters = class.iter().flat_map(|range| range.start()..=range.end());
    let first = folded(letters.next()?);
    // Classes may be huge; a letter has few cases.
    let mut few = letters.by_ref().take(8);
    let same = few.all(|letter| folded(letter) == first);
    (same && letters.next().is_none()).then(|| first.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::required_literals;

    fn literals(expression: &str) -> Option<Vec<String>> {
        let hir = regex_syntax::parse(expression).expect("valid");
        let found = required_literals(&hir)?;
        Some(
            found
                .into_iter()
                .map(|l| String::from_utf8(l).expect("text"))
                .collect(),
        )
    }

    #[test]
    fn finds_what_must_occur() {
        let some = |l: &[&str]| Some(l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(literals(r"\\Users\\[^\\]+\\AppData"), some(&["\\appdata"]));
        assert_eq!(literals("(?i)powershell.*-enc"), some(&["powershell"]));
        assert_eq!(literals("(wget|curl)\\s+http"), some(&["http"]));
        assert_eq!(literals("abc|de[fg]x"), None);
        assert_eq!(literals("abc|defx?"), some(&["abc", "def"]));
        assert_eq!(literals("(abc)*"), None);
        assert_eq!(literals("[a-z]{3}"), None);
        assert_eq!(literals("(?:foo|bar){2,}"), some(&["foo", "bar"]));
    }
}
