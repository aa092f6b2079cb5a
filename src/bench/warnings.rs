//! What makes figures less than they seem. Told on the terminal and in every report.

use super::report::{Measurement, Report};

/// Half the span between slowest and fastest round; beyond this the machine was not quiet.
const NOISE_PERCENT_MAX: f64 = 10.0;
/// Smaller inputs are gone over several times within a round.
const INPUT_BYTES_MIN: u64 = 32 << 20;

/// All that applies.
pub fn of(report: &Report) -> Vec<String> {
    let mut warnings = Vec::new();
    let build = &report.yagura;
    if build.is_slow() {
        warnings.push(format!(
            "this is a {} build (opt-level {}): its figures say nothing about a released yagura",
            build.profile, build.opt_level
        ));
    }
    if report.input.is_cut {
        warnings.push("only the beginning of the input was used (--input-limit)".to_owned());
    }
    if report.input.bytes < INPUT_BYTES_MIN {
        warnings.push(
            "the input is small and was gone over several times a round: values recur more often \
             than in real logs, which flatters the matcher; 32 MB or more are better"
                .to_owned(),
        );
    }
    if report.rules.matched == 0 {
        warnings.push("no rule matched: the cost of matches is not measured".to_owned());
    }
    if let Some(load) = report
        .machine
        .load_average
        .filter(|_| report.machine.is_busy())
    {
        warnings.push(format!(
            "the machine was busy before the measurement began (load {load:.1}): others took \
             part of the processor"
        ));
    }
    let noise = report
        .measurements
        .iter()
        .map(|m: &Measurement| m.events_per_second.noise_percent())
        .fold(0.0, f64::max);
    if noise > NOISE_PERCENT_MAX {
        warnings.push(format!(
            "rounds of one measurement differ by up to ±{noise:.0} % from their middle: compare \
             with care, or measure longer on a quiet machine"
        ));
    }
    warnings
}
