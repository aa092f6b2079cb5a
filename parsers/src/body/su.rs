//! su, in the words of its several makers.

use memchr::{memchr, memrchr};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, tag_no_case};
use nom::combinator::opt;
use nom::sequence::{delimited, preceded};

use super::facts::Facts;
use crate::time::text::{Parsed, no_match};
use crate::writer::EventWriter;

/// Adds the fields of a message of su; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let grammar = alt((for_by, to_on, signed, bad, quoted)).parse(text.trim_ascii());
    if let Ok((_, facts)) = &grammar {
        facts.emit(out);
    }
    grammar.is_ok()
}

fn switched<'a>(
    facts: Facts<'a>,
    user: &'a [u8],
    target: &'a [u8],
    tty: Option<&'a [u8]>,
) -> Facts<'a> {
    Facts {
        tty,
        ..facts.user(user).target_user(target)
    }
}

/// `Successful su for root by alice`, `FAILED su for root by alice`
fn for_by(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut outcome = alt((
        tag("Successful su for ").map(|_| Facts::success("su")),
        tag_no_case("FAILED su for ").map(|_| Facts::failure("su")),
    ));
    let (rest, facts) = outcome.parse(input)?;
    let (rest, target) = is_not(" ")(rest)?;
    let (rest, user) = preceded(tag(" by "), is_not(" ")).parse(rest)?;
    Ok((rest, switched(facts, user, target, None)))
}

/// `(to root) alice on pts/0`, `FAILED SU (to root) alice on pts/0`
fn to_on(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, failed) = opt(tag_no_case("FAILED SU ")).parse(input)?;
    let (rest, target) = delimited(tag("(to "), is_not(")"), tag(") ")).parse(rest)?;
    let (rest, user) = is_not(" ")(rest)?;
    let (rest, tty) = opt(preceded(tag(" on "), is_not(" "))).parse(rest)?;
    let facts = match failed {
        Some(_) => Facts::failure("su"),
        None => Facts::success("su"),
    };
    Ok((rest, switched(facts, user, target, tty)))
}

/// `+ pts/0 alice:root`, `- pts/0 alice:root` (or `alice-root`)
fn signed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut outcome = alt((
        tag("+ ").map(|_| Facts::success("su")),
        tag("- ").map(|_| Facts::failure("su")),
    ));
    let (rest, facts) = outcome.parse(input)?;
    let (rest, tty) = is_not(" ")(rest)?;
    let (rest, names) = preceded(tag(" "), is_not(" ")).parse(rest)?;
    let Some(at) = memchr(b':', names).or_else(|| memrchr(b'-', names)) else {
        return no_match(input);
    };
    Ok((
        rest,
        switched(facts, &names[..at], &names[at + 1..], Some(tty)),
    ))
}

/// `BAD SU alice to root on /dev/ttyp0`
fn bad(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, user) = preceded(tag("BAD SU "), is_not(" ")).parse(input)?;
    let (rest, target) = preceded(tag(" to "), is_not(" ")).parse(rest)?;
    let (rest, tty) = opt(preceded(tag(" on "), is_not(" "))).parse(rest)?;
    Ok((rest, switched(Facts::failure("su"), user, target, tty)))
}

/// `'su root' failed for alice on /dev/pts/8`, `'su root' succeeded for alice on …`
fn quoted(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, target) = delimited(tag("'su "), is_not("'"), tag("' ")).parse(input)?;
    let mut outcome = alt((
        tag("failed for ").map(|_| Facts::failure("su")),
        tag("succeeded for ").map(|_| Facts::success("su")),
    ));
    let (rest, facts) = outcome.parse(rest)?;
    let (rest, user) = is_not(" ")(rest)?;
    let (rest, tty) = opt(preceded(tag(" on "), is_not(" "))).parse(rest)?;
    Ok((rest, switched(facts, user, target, tty)))
}
