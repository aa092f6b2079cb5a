//! The memory of this process.

use std::fs;

/// Peak resident set size in bytes; `None` where the system does not tell (`/proc` is Linux).
pub fn peak_rss_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Resident set size in bytes; `None` where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

fn parse(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_the_kernel_tells() {
        let status = "Name:\tyagura\nVmPeak:\t 9000 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(parse(status, "VmHWM:"), Some(1_263_616));
        assert_eq!(parse(status, "VmRSS:"), Some(1_024_000));
        assert_eq!(parse("Name:\tyagura\n", "VmHWM:"), None);
        assert_eq!(parse("VmHWM:\t 99999999999999999999 kB\n", "VmHWM:"), None);
    }
}
