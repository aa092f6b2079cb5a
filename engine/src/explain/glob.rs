//! Wildcards, character by character.
//!
//! Letters are compared through the `regex` crate, not through the folding that the matcher uses,
//! so that the two check each other.

use std::cell::RefCell;
use std::collections::HashMap;

use yagura_rules::pattern::{Case, Pattern, Piece};

/// So many pairs of letters are remembered.
const PAIRS_MAX: usize = 4_096;

/// A character, or a byte that is part of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Char(char),
    Byte(u8),
}

pub(super) fn units(text: &[u8]) -> Vec<Unit> {
    let mut out = Vec::new();
    for chunk in text.utf8_chunks() {
        out.extend(chunk.valid().chars().map(Unit::Char));
        out.extend(chunk.invalid().iter().map(|b| Unit::Byte(*b)));
    }
    out
}

/// Whether two characters are the same, up to simple case folding as the `regex` crate has it.
pub(super) fn equal(a: Unit, b: Unit, case: Case) -> bool {
    if a == b {
        return true;
    }
    match (a, b) {
        (Unit::Char(a), Unit::Char(b)) if case == Case::Insensitive => same_letter(a, b),
        _ => false,
    }
}

fn same_letter(a: char, b: char) -> bool {
    thread_local! {
        static KNOWN: RefCell<HashMap<(char, char), bool>> = RefCell::default();
    }
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(&b);
    }
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= PAIRS_MAX {
            known.clear();
        }
        *known.entry((a, b)).or_insert_with(|| {
            let regex = format!("(?i)^{}$", regex::escape(&a.to_string()));
            regex::Regex::new(&regex).is_ok_and(|r| r.is_match(&b.to_string()))
        })
    })
}

enum Wild {
    One(char),
    AnyOne,
    AnyRun,
}

/// Whether the whole text fits a pattern.
pub(super) fn glob(pattern: &Pattern, text: &[Unit]) -> bool {
    let mut wild = Vec::new();
    for piece in &pattern.pieces {
        match piece {
            Piece::Literal(literal) => wild.extend(literal.chars().map(Wild::One)),
            Piece::AnyOne => wild.push(Wild::AnyOne),
            Piece::AnyRun => wild.push(Wild::AnyRun),
        }
    }
    let (mut p, mut t) = (0, 0);
    // Where to go on if the last `*` takes one character more.
    let mut back: Option<(usize, usize)> = None;
    while let Some(unit) = text.get(t) {
        let fits = match wild.get(p) {
            Some(Wild::AnyRun) => {
                back = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(Wild::AnyOne) => true,
            Some(Wild::One(c)) => equal(Unit::Char(*c), *unit, pattern.case),
            None => false,
        };
        if fits {
            (p, t) = (p + 1, t + 1);
        } else if let Some((after, taken)) = back {
            back = Some((after, taken + 1));
            (p, t) = (after, taken + 1);
        } else {
            return false;
        }
    }
    wild.iter().skip(p).all(|w| matches!(w, Wild::AnyRun))
}
