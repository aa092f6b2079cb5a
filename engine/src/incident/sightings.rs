//! On how many hosts an entity was seen within a day.
//!
//! Only whether they are more than the policy allows is asked, so only that many and one, the
//! latest, are kept: the answer is exact all the same.

use super::entities::HostRef;
use super::{DAY_NS, since};

/// Policies may ask for more; then so many are enough to be crowded.
pub(super) const CROWDED_MAX: u64 = 1_000;

/// When an entity was last seen on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) time: i64,
    pub(super) host: HostRef,
}

/// The latest sightings on different hosts, in no order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sightings(pub(super) Vec<Sighting>);

impl Sightings {
    /// `crowded`: as many as are allowed.
    pub(super) fn note(&mut self, host: HostRef, now: i64, crowded: usize) {
        let sighting = Sighting { time: now, host };
        if let Some(known) = self.0.iter_mut().find(|known| known.host == host) {
            known.time = now;
        } else if self.0.len() <= crowded {
            self.0.push(sighting);
        } else if let Some(oldest) = self.0.iter_mut().min_by_key(|known| known.time) {
            *oldest = sighting;
        }
    }

    pub(super) fn is_crowded(&self, now: i64, crowded: usize) -> bool {
        let fresh = |seen: &&Sighting| since(seen.time, now) <= DAY_NS;
        self.0.len() > crowded && self.0.iter().filter(fresh).count() > crowded
    }
}
