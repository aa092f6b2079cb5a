//! Acknowledgement ids. A request is answered when it is durable, so an id that was given out is
//! acknowledged at once; only which ones were, and not asked for yet, has to be kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// Channels that are kept; the one that was silent for longest goes first.
const CHANNELS_MAX: usize = 1024;
/// Ids of a channel that nobody has asked for; the oldest goes first. Whoever asks for it later
/// is told no, and sends its events again.
const IDS_MAX: usize = 4096;

/// The channels of a collector.
#[derive(Debug, Default)]
pub(super) struct Acks(Mutex<Channels>);

#[derive(Debug, Default)]
struct Channels {
    by_name: HashMap<Box<str>, Channel>,
    uses: u64,
}

#[derive(Debug, Default)]
struct Channel {
    next: u64,
    open: BTreeSet<u64>,
    last_use: u64,
}

impl Acks {
    /// A new id for a request that is durable.
    pub(super) fn next(&self, channel: &str) -> u64 {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.uses += 1;
        let uses = channels.uses;
        if !channels.by_name.contains_key(channel) {
            channels.make_room();
        }
        let channel = channels.by_name.entry(channel.into()).or_default();
        channel.last_use = uses;
        let id = channel.next;
        channel.next += 1;
        channel.open.insert(id);
        if channel.open.len() > IDS_MAX {
            channel.open.pop_first();
        }
        id
    }

    /// Which of these ids are acknowledged. Each is told once.
    pub(super) fn ask(&self, channel: &str, ids: &[u64]) -> BTreeMap<u64, bool> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut channel = channels.by_name.get_mut(channel);
        let mut acknowledged = |id: &u64| {
            let open = channel.as_mut().map(|channel| &mut channel.open);
            open.is_some_and(|open| open.remove(id))
        };
        // An id may stand twice in a question; it is asked once.
        let ids: BTreeSet<u64> = ids.iter().copied().collect();
        ids.iter().map(|id| (*id, acknowledged(id))).collect()
    }
}

impl Channels {
    fn make_room(&mut self) {
        if self.by_name.len() < CHANNELS_MAX {
            return;
        }
        let oldest = self
            .by_name
            .iter()
            .min_by_key(|(_, channel)| channel.last_use);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_acknowledged_once() {
        let acks = Acks::default();
        assert_eq!((acks.next("a"), acks.next("a"), acks.next("b")), (0, 1, 0));
        let first = acks.ask("a", &[0, 7, 0]);
        assert_eq!(first, BTreeMap::from([(0, true), (7, false)]));
        assert_eq!(
            acks.ask("a", &[0, 1]),
            BTreeMap::from([(0, false), (1, true)])
        );
        assert_eq!(acks.ask("c", &[0]), BTreeMap::from([(0, false)]));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let acks = Acks::default();
        for _ in 0..=IDS_MAX {
            acks.next("a");
        }
        assert_eq!(
            acks.ask("a", &[0, 1]),
            BTreeMap::from([(0, false), (1, true)])
        );
        for channel in 0..=CHANNELS_MAX {
            acks.next(&channel.to_string());
        }
        let channels = acks.0.lock().unwrap();
        assert_eq!(channels.by_name.len(), CHANNELS_MAX);
        assert!(!channels.by_name.contains_key("a"));
    }
}
