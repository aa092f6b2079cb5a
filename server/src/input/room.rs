//! Memory that all connections of an input share for what is large, so that many clients with a
//! large message each do not add up to more than there is.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::limits::Limits;

/// So many batches of the largest size fit in.
const LARGEST_BATCHES: usize = 16;
/// Room is counted in units, since a semaphore counts in 32 bits.
const UNIT: usize = 1024;

/// See the module; cheap to clone.
#[derive(Clone, Debug)]
pub struct Room {
    units: Arc<Semaphore>,
    limits: Limits,
}

/// Room that is taken, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Held(Option<OwnedSemaphorePermit>);

impl Room {
    /// As much as these limits allow.
    pub fn new(limits: &Limits) -> Self {
        let bytes = limits.batch_bytes.max(limits.line_bytes);
        let units = bytes.div_ceil(UNIT).saturating_mul(LARGEST_BATCHES);
        let units = units.min(u32::MAX as usize).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            limits: *limits,
        }
    }

    /// Changes what is held to so many bytes. Waits for more as long as any client has to wait
    /// for room; `false`: there is none, and what was held still is.
    pub(super) async fn resize(&self, held: &mut Held, bytes: usize) -> bool {
        let wanted = bytes.div_ceil(UNIT);
        let has = held.units();
        if wanted <= has {
            held.give_back(has - wanted);
            return true;
        }
        let Ok(more) = u32::try_from(wanted - has) else {
            return false;
        };
        let more = Arc::clone(&self.units).acquire_many_owned(more);
        match timeout(self.limits.room, more).await {
            Ok(Ok(more)) => {
                held.add(more);
                true
            }
            _ => false,
        }
    }
}

impl Held {
    pub(super) fn units(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(more),
            None => self.0 = Some(more),
        }
    }

    fn give_back(&mut self, units: usize) {
        if let Some(held) = &mut self.0 {
            drop(held.split(units));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Room};
    use crate::limits::Limits;

    #[tokio::test]
    async fn what_is_held_is_missing_to_others_until_it_is_given_back() {
        let limits = Limits {
            batch_bytes: 1 << 20,
            room: std::time::Duration::from_millis(10),
            ..Limits::default()
        };
        let room = Room::new(&limits);
        let (mut one, mut other) = (Held::default(), Held::default());
        assert!(room.resize(&mut one, 15 << 20).await);
        assert!(!room.resize(&mut other, 2 << 20).await);
        assert!(room.resize(&mut other, 1 << 20).await);
        assert!(room.resize(&mut one, 1 << 20).await);
        assert!(room.resize(&mut other, 15 << 20).await);
        drop((one, other));
        assert!(room.resize(&mut Held::default(), 16 << 20).await);
        assert!(!room.resize(&mut Held::default(), 17 << 20).await);
    }
}
