//! How long events wait for their findings, as a histogram.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use yagura_server::api::Exposition;

/// Upper bounds of the buckets, in milliseconds; one more is without bound.
const BOUNDS_MS: [u64; 17] = [
    1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 250, 500, 1000, 2000, 5000, 10_000,
];

/// See the module.
#[derive(Debug, Default)]
pub struct Latency {
    /// Each alone, without those below.
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    nanos: AtomicU64,
}

impl Latency {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let within = |bound: &u64| took > Duration::from_millis(*bound);
        let bucket = BOUNDS_MS.partition_point(within);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Writes it as Prometheus has histograms.
    pub fn expose(&self, name: &str, help: &str, out: &mut Exposition) {
        out.metric(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            so_far += count.load(Ordering::Relaxed);
            let bound = BOUNDS_MS.get(at).map(|ms| {
                let seconds = Duration::from_millis(*ms).as_secs_f64();
                seconds.to_string()
            });
            let bound = bound.as_deref().unwrap_or("+Inf");
            out.value(&bucket, &[("le", bound)], so_far);
        }
        let nanos = Duration::from_nanos(self.nanos.load(Ordering::Relaxed));
        out.value(&format!("{name}_sum"), &[], nanos.as_secs_f64());
        out.value(&format!("{name}_count"), &[], so_far);
    }
}
