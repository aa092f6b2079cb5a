//! What a run of tests looks like.

use std::fmt::Write as _;

use super::{Outcome, Verdict};
use crate::render::escape::visible;

/// The cases that did not pass, then the figures.
pub fn text(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    let (mut passed, mut failed, mut broken) = (0, 0, 0);
    for Outcome { name, verdict } in outcomes {
        let name = visible(name);
        let _ = match verdict {
            Verdict::Pass => {
                passed += 1;
                writeln!(out, "test {name} ... ok")
            }
            Verdict::Fail { expected, got } => {
                failed += 1;
                writeln!(
                    out,
                    "test {name} ... FAILED\n  - expected: {expected}\n  + got:      {got}"
                )
            }
            Verdict::Broken(why) => {
                broken += 1;
                writeln!(out, "test {name} ... BROKEN\n  {}", visible(why))
            }
        };
    }
    let _ = writeln!(out, "\n{passed} passed, {failed} failed, {broken} broken");
    out
}
