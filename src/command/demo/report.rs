//! What the demo tells besides its report: what it is about to do, and what it took.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::HumanCount;

use crate::generate::scenario::{Attack, ScenarioOptions};
use crate::memory::peak_rss_bytes;
use crate::render::quantity::compact;
use crate::render::{Names, summary};
use crate::scan::{Findings, Statistics};
use crate::terminal::Colour;

/// What stands above everything.
pub fn opening(options: &ScenarioOptions) -> String {
    let attack = match options.attack {
        Attack::Included => "Somebody is after its drawings.",
        Attack::LeftOut => "The attack is left out: nothing should be found.",
    };
    format!(
        "{} days at Tidemark, a maker of naval equipment that exists only here: 2,000 machines at \
         five sites.\n{attack}\n\n",
        options.days
    )
}

/// What stands below: figures of the run.
pub fn closing(
    statistics: &Statistics,
    names: Names<'_>,
    findings: &Findings,
    elapsed: Duration,
    colour: Colour,
) -> String {
    let mut text = String::new();
    summary::throughput(&mut text, statistics, elapsed);
    if let Some(bytes) = peak_rss_bytes() {
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let bytes = compact(bytes as f64);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{bytes}B of memory at most");
    }
    summary::found(&mut text, statistics, colour);
    summary::left_out(&mut text, names.book, findings);
    let unparsed: u64 = statistics.unparsed.values().sum();
    if unparsed > 0 {
        let unparsed = HumanCount(unparsed);
        let _ = writeln!(text, "{unparsed} events were not understood");
    }
    text
}
