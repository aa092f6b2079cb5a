//! What a run of tests looks like.

use std::fmt::Write as _;

use serde_json::json;

use super::{Outcome, Verdict};
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::terminal::Colour;

/// The cases one by one, then the sums.
pub fn text(outcomes: &[Outcome], colour: Colour) -> String {
    let mut out = String::new();
    for Outcome {
        file,
        name,
        verdict,
        ..
    } in outcomes
    {
        let name = format!("{}: {}", visible(file), visible(name));
        let _ = match verdict {
            Verdict::Pass => writeln!(out, "test {name} ... ok"),
            Verdict::Fail { expected, got } => {
                let failed = paint("FAILED", Style::Error, colour);
                let _ = writeln!(out, "test {name} ... {failed}");
                difference(expected, got, &mut out)
            }
            Verdict::Broken(why) => {
                let broken = paint("BROKEN", Style::Error, colour);
                writeln!(out, "test {name} ... {broken}\n  {}", visible(why))
            }
        };
    }
    let [passed, failed, broken] = sums(outcomes);
    let _ = writeln!(out, "\n{passed} passed, {failed} failed, {broken} broken");
    out
}

/// Line by line what was expected and what came.
fn difference(expected: &str, got: &str, out: &mut String) -> std::fmt::Result {
    for (expected, got) in expected.lines().zip(got.lines()) {
        writeln!(out, "  - expected: {}", visible(expected))?;
        writeln!(out, "  + got:      {}", visible(got))?;
    }
    Ok(())
}

/// One object a case, then one of the sums.
pub fn jsonl(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    for of in outcomes {
        let mut case = json!({
            "kind": "case",
            "file": of.file,
            "name": of.name,
            "verdict": match of.verdict {
                Verdict::Pass => "passed",
                Verdict::Fail { .. } => "failed",
                Verdict::Broken(_) => "broken",
            },
            "seconds": of.took.as_secs_f64(),
        });
        match &of.verdict {
            Verdict::Pass => {}
            Verdict::Fail { expected, got } => {
                case["expected"] = expected.lines().collect::<Vec<_>>().into();
                case["got"] = got.lines().collect::<Vec<_>>().into();
            }
            Verdict::Broken(why) => case["why"] = why.as_str().into(),
        }
        let _ = writeln!(out, "{case}");
    }
    let [passed, failed, broken] = sums(outcomes);
    let sums = json!({"kind": "sums", "passed": passed, "failed": failed, "broken": broken});
    let _ = writeln!(out, "{sums}");
    out
}

fn sums(outcomes: &[Outcome]) -> [usize; 3] {
    let mut sums = [0; 3];
    for of in outcomes {
        sums[match of.verdict {
            Verdict::Pass => 0,
            Verdict::Fail { .. } => 1,
            Verdict::Broken(_) => 2,
        }] += 1;
    }
    sums
}
