//! A clock that knows what it costs to read it.

/// Readings to find out the cost.
const CALIBRATION_READS: usize = 500;

pub(super) struct Stopwatch<C> {
    clock_ns: C,
    cost_ns: u64,
}

impl<C: FnMut() -> u64> Stopwatch<C> {
    pub(super) fn calibrated(mut clock_ns: C) -> Self {
        let mut last = clock_ns();
        let differences = (0..CALIBRATION_READS).map(|_| {
            let now = clock_ns();
            let difference = now.saturating_sub(last);
            last = now;
            difference
        });
        // The least: whatever was more was something else that happened in between.
        let cost_ns = differences.min().unwrap_or(0);
        Self { clock_ns, cost_ns }
    }

    pub(super) fn start(&mut self) -> u64 {
        (self.clock_ns)()
    }

    /// Nanoseconds since a start, without the reading itself.
    pub(super) fn since(&mut self, start: u64) -> u64 {
        let elapsed = (self.clock_ns)().saturating_sub(start);
        elapsed.saturating_sub(self.cost_ns)
    }

    pub(super) fn cost_ns(&self) -> u64 {
        self.cost_ns
    }
}
