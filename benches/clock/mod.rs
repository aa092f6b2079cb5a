//! Processor time of the calling thread.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What this thread used so far, in nanoseconds; elapsed time where the system does not tell.
pub fn thread_time() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    // The first figure is time on a processor: Linux, Documentation/scheduler/sched-stats.
    let on_processor = || {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanos = text.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanos))
    };
    on_processor().unwrap_or_else(|| BEGIN.elapsed())
}
