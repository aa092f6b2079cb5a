//! Figures for people: three digits and a unit.

use indicatif::HumanCount;

/// `1.23 M`, `162 k`, `12.0`.
pub fn compact(figure: f64) -> String {
    let (scaled, unit) = match figure {
        f if f >= 1e9 => (f / 1e9, " G"),
        f if f >= 1e6 => (f / 1e6, " M"),
        f if f >= 1e3 => (f / 1e3, " k"),
        f => (f, ""),
    };
    format!("{}{unit}", three_digits(scaled))
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// Nanoseconds in the unit that suits them: `812 ns`, `1.23 ms`.
pub fn duration_ns(ns: f64) -> String {
    let (scaled, unit) = match ns {
        f if f >= 1e9 => (f / 1e9, "s"),
        f if f >= 1e6 => (f / 1e6, "ms"),
        f if f >= 1e3 => (f / 1e3, "µs"),
        f => (f, "ns"),
    };
    format!("{} {unit}", three_digits(scaled))
}

/// Seconds as rules write them, in the largest unit that leaves no rest: `90s`, `5m`, `1h`, `7d`.
pub fn length_of_time(seconds: u64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let fits = units
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = fits.unwrap_or((1, 's'));
    format!("{}{name}", seconds / unit)
}

/// `0.123 %`, `13.0 %`, `100 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", three_digits(share * 100.0))
}

fn three_digits(figure: f64) -> String {
    match figure {
        f if f >= 99.95 => format!("{f:.0}"),
        f if f >= 9.995 => format!("{f:.1}"),
        0.0 => "0".to_owned(),
        f => format!("{f:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, duration_ns, length_of_time, percent};

    #[test]
    fn the_largest_unit_without_a_rest() {
        let shown = [30, 90, 300, 3_600, 86_400, 604_800].map(length_of_time);
        assert_eq!(shown, ["30s", "90s", "5m", "1h", "1d", "7d"]);
    }

    #[test]
    fn three_digits_and_a_unit() {
        assert_eq!(compact(1_234_567.0), "1.23 M");
        assert_eq!(compact(162_400.0), "162 k");
        assert_eq!(compact(0.0), "0");
        assert_eq!(duration_ns(812.4), "812 ns");
        assert_eq!(duration_ns(1_230_000.0), "1.23 ms");
        assert_eq!(percent(0.13), "13.0 %");
    }
}
