//! What an input takes at most.

use std::time::Duration;

/// Limits of all inputs. The defaults are safe ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line or message; what is longer is cut there, marked and counted.
    pub line_bytes: usize,
    /// Bytes of a batch (a request, a window, a chunk) after decompression.
    pub batch_bytes: usize,
    /// How many times larger than what came a batch may become by decompression. Small batches
    /// may always grow to [`Self::line_bytes`].
    pub expansion: usize,
    /// Connections of one listener at a time.
    pub connections: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long a handshake or the head of a request may take.
    pub handshake: Duration,
    /// How long a request waits for room in the spool before it is told to come again.
    pub room: Duration,
    /// Sources that have counters of their own; further ones share those of their input.
    pub sources: usize,
}

impl Limits {
    /// How many bytes may become of so many by decompression: no more than a batch may be, and no
    /// more than may become of so few.
    pub(crate) fn expanded(&self, packed: usize) -> usize {
        let by_ratio = packed.saturating_mul(self.expansion);
        by_ratio.max(self.line_bytes).min(self.batch_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes: 64 << 10,
            batch_bytes: 16 << 20,
            expansion: 100,
            connections: 4096,
            idle: Duration::from_secs(300),
            handshake: Duration::from_secs(10),
            room: Duration::from_secs(5),
            sources: 10_000,
        }
    }
}
