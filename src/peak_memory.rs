//! The most memory that this process ever had.

use std::fs;

/// Peak resident set size in bytes; `None` where the system does not tell (`/proc` is Linux).
pub fn peak_rss_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_the_high_water_mark() {
        let status = "Name:\tyagura\nVmPeak:\t 9000 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(parse(status), Some(1_263_616));
        assert_eq!(parse("Name:\tyagura\n"), None);
        assert_eq!(parse("VmHWM:\t 99999999999999999999 kB\n"), None);
    }
}
