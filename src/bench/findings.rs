//! What a pass over the input found, small enough to be compared after each.

use yagura_engine::Match;

/// Matches, counted and summed up in a number that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Events.
    pub events: u64,
    /// Pairs of event and rule.
    pub detections: u64,
    /// A sum over hashes of block, event and rule.
    pub digest: u64,
}

impl Findings {
    /// What one block has.
    pub fn of_block(block: u32, events: usize, found: &[Match]) -> Self {
        let digest = found.iter().fold(0u64, |sum, of| {
            let place = u64::from(block) << 32 | of.event as u64;
            sum.wrapping_add(mix(mix(place) ^ u64::from(of.rule.0)))
        });
        Self {
            events: events as u64,
            detections: found.len() as u64,
            digest,
        }
    }

    /// Adds those of another block.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.detections += other.detections;
        self.digest = self.digest.wrapping_add(other.digest);
    }

    /// What a stage that does not match sees of it.
    pub fn without_detections(self) -> Self {
        Self {
            events: self.events,
            ..Self::default()
        }
    }

    /// What so many passes find together.
    pub fn times(self, passes: u64) -> Self {
        Self {
            events: self.events * passes,
            detections: self.detections * passes,
            digest: self.digest.wrapping_mul(passes),
        }
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): each bit of the input changes
/// each bit of the output with even odds.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use yagura_engine::{Match, RuleIndex};

    use super::Findings;

    fn found(pairs: &[(usize, u32)]) -> Vec<Match> {
        let of = |(event, rule): &(usize, u32)| Match {
            rule: RuleIndex(*rule),
            event: *event,
        };
        pairs.iter().map(of).collect()
    }

    #[test]
    fn same_findings_in_any_order_are_equal() {
        let one = Findings::of_block(0, 3, &found(&[(0, 7), (2, 1)]));
        let two = Findings::of_block(1, 2, &found(&[(1, 7)]));
        let (mut forth, mut back) = (one, two);
        forth.add(two);
        back.add(one);
        assert_eq!(forth, back);
        let mut twice = forth;
        twice.add(forth);
        assert_eq!(twice, forth.times(2));
    }

    #[test]
    fn another_rule_event_or_block_differs() {
        let one = Findings::of_block(0, 3, &found(&[(0, 7)]));
        assert_ne!(one, Findings::of_block(0, 3, &found(&[(0, 8)])));
        assert_ne!(one, Findings::of_block(0, 3, &found(&[(1, 7)])));
        assert_ne!(one, Findings::of_block(1, 3, &found(&[(0, 7)])));
    }
}
