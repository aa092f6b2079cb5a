//! Attacks, each a number of steps spread over event time among ordinary traffic.
//!
//! ```text
//!  order (name=count) ─▶ Attack: who, where, when ─▶ step 0, 1, … each an event
//! ```
//!
//! What an attack promises (how many failures, from where) is exact, so that whoever looks for
//! it can be checked against it.

mod order;
mod steps;

pub use order::{AttackOrder, AttackType};

use yagura_parsers::Timestamp;

use super::fleet::outside_address;
use super::kind::{Family, Kind};
use super::linux::Envelope;
use super::windows::WindowsEvent;
use super::world::World;

const SECOND: i64 = 1_000_000_000;

/// An attack under way.
#[derive(Debug)]
pub struct Attack {
    order: AttackOrder,
    start: i64,
    duration: i64,
    step: u32,
    /// The kind that it is written as.
    kind: Kind,
    /// Where it comes from.
    address: Box<[u8]>,
    /// Index of the machine it is aimed at, or begins on.
    host: usize,
    /// Index of the account it uses.
    user: usize,
    /// The process that acts.
    slot: usize,
    text: Vec<u8>,
}

/// Everything that a step writes with.
pub struct Stage<'a> {
    /// Who and what there is.
    pub world: &'a mut World,
    /// A Windows event to fill.
    pub event: &'a mut WindowsEvent,
    /// Where the line goes.
    pub out: &'a mut Vec<u8>,
    /// What stands around it.
    pub envelope: Envelope,
}

impl Attack {
    /// An attack somewhere in a stream that lasts so many nanoseconds; a kind of its family is
    /// given.
    pub fn new(
        order: AttackOrder,
        kind: Kind,
        start: Timestamp,
        span: i64,
        world: &mut World,
    ) -> Self {
        let random = &mut world.source.random;
        // Begins in the first half and ends before the last tenth.
        let span = span.max(0);
        let begin = span / 10 + span / 1000 * i64::from(random.below(400));
        let natural = order.natural_seconds().saturating_mul(SECOND);
        let mut address = Vec::new();
        // An even number, so that it is one of the short addresses.
        outside_address(&mut address, random.below(1000) * 8);
        Self {
            duration: natural.min(span / 10 * 4),
            start: start.0.saturating_add(begin),
            step: 0,
            kind,
            address: address.into(),
            host: world.fleet.any_host(&mut world.source.random),
            user: world.fleet.any_user(&mut world.source.random),
            slot: 0,
            text: Vec::new(),
            order,
        }
    }

    /// The time of the next step; none if all were made.
    pub fn due(&self) -> Option<i64> {
        (self.step < self.order.steps()).then(|| self.time_of(self.step))
    }

    fn time_of(&self, step: u32) -> i64 {
        let steps = i128::from(self.order.steps());
        let share = i128::from(self.duration) * i128::from(step) / steps;
        // A share of a duration is no longer than it.
        self.start.saturating_add(share as i64)
    }

    /// Makes the next step.
    pub fn perform(&mut self, stage: &mut Stage<'_>) {
        let step = self.step;
        self.step += 1;
        self.act(step, stage);
    }

    /// What it does, for whoever checks a detection against it.
    pub fn describe(&self, world: &World) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let order = self.order;
        let mut told = format!(
            "{}={}: {} events from {} to {}, host {}, address {}",
            order.attack.name(),
            order.count,
            order.steps(),
            Timestamp(self.start),
            Timestamp(self.time_of(order.steps() - 1)),
            text(&world.fleet.host(self.host).name),
            text(&self.address),
        );
        // The others have no account, or that of root.
        if order.attack.family() == Family::Windows {
            told.push_str(", user ");
            told.push_str(&text(&world.fleet.user(self.user).name));
        }
        told
    }
}
