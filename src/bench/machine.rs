//! What the figures were measured on. From `/proc` (Linux); elsewhere parts stay unknown.

use std::fs;
use std::thread;

use serde::Serialize;

/// The machine, as far as it tells.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Main memory.
    pub memory_bytes: Option<u64>,
    /// Operating system and architecture.
    pub system: String,
    /// Version of the kernel.
    pub kernel: Option<String>,
    /// Processes that wanted to run in the minute before the measurement, on average.
    pub load_average: Option<f64>,
}

impl Machine {
    /// Looks around.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).ok();
        Self {
            cpu: read("/proc/cpuinfo").and_then(|text| cpu_name(&text)),
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: read("/proc/meminfo").and_then(|text| memory_bytes(&text)),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            load_average: read("/proc/loadavg")
                .and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }

    /// Whether others were at work, so that figures are lower than they might be.
    pub fn is_busy(&self) -> bool {
        self.load_average.is_some_and(|load| load > 0.5)
    }
}

/// Lets the high-water mark of this process's memory begin anew, where the system can.
pub fn reset_peak_memory() {
    // See proc(5), /proc/pid/clear_refs. Without it the mark covers all that ran before.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let named = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    // x86, then ARM boards, then s390 and others.
    let keys = ["model name", "Hardware", "Processor", "cpu model"];
    let mut known = named.filter(|(key, _)| keys.contains(&key.trim()));
    known.next().map(|(_, name)| name.trim().to_owned())
}

fn memory_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{cpu_name, memory_bytes};

    #[test]
    fn reads_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: a b\n";
        assert_eq!(cpu_name(cpuinfo).as_deref(), Some("Some CPU @ 2.00GHz"));
        assert_eq!(cpu_name(""), None);
        assert_eq!(memory_bytes("MemTotal:  2 kB\nMemFree: 1 kB\n"), Some(2048));
        assert_eq!(memory_bytes("MemTotal: many\n"), None);
    }
}
