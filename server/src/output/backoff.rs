use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How long to wait before the next attempt: twice as long each time, up to a limit, and between
/// half and all of it by chance, so that many outputs do not come back at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
    attempts: u32,
    chance: RandomState,
}

impl Backoff {
    /// Nothing failed yet.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            attempts: 0,
            chance: RandomState::new(),
        }
    }

    /// It worked.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Whether the last attempt failed.
    pub fn is_waiting(&self) -> bool {
        self.attempts > 0
    }

    /// It failed: how long to wait, at least `after` (but no longer than ten times the longest:
    /// the other side does not decide how long findings stay here).
    pub fn next_delay(&mut self, after: Option<Duration>) -> Duration {
        let doubled = 1_u32.checked_shl(self.attempts.min(20)).unwrap_or(u32::MAX);
        let full = self.first.saturating_mul(doubled).min(self.longest);
        let draw = (self.chance.hash_one(self.attempts) % 1024) as u32;
        self.attempts = self.attempts.saturating_add(1);
        let delay = full / 2 + full / 2 * draw / 1024;
        let after = after.unwrap_or_default().min(self.longest * 10);
        delay.max(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_limit() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(3));
        let mut backoff = Backoff::new(first, longest);
        for attempt in 0..40 {
            let full = first.saturating_mul(1 << attempt.min(10)).min(longest);
            let delay = backoff.next_delay(None);
            assert!(delay >= full / 2 && delay <= full, "{attempt}: {delay:?}");
        }
        backoff.reset();
        assert!(backoff.next_delay(None) <= first);
    }

    #[test]
    fn waits_as_long_as_it_is_told_within_bounds() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(1));
        let hour = Duration::from_secs(3600);
        assert_eq!(backoff.next_delay(Some(hour)), Duration::from_secs(10));
        let second = Duration::from_secs(2);
        assert_eq!(backoff.next_delay(Some(second)), second);
    }
}
