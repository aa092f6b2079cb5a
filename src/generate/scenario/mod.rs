//! A scenario: some days of a whole company, with an attack among them or without.
//!
//! ```text
//!  Company: who, where ─▶ plan: acts of the attack, acts of ordinary life that look like it
//!                                            │
//!  lane windows ◀──────┬─────────────────────┘
//!  lane web     ◀──────┤   each with a world and a clock of its own: ordinary traffic,
//!  lane linux   ◀──────┘   acts that are due, lines that are late ─▶ slices of a few minutes
//! ```
//!
//! Lanes know nothing of each other, so that each of them is the same whether it is written to a
//! file of its own or read together with the others.

mod act;
mod company;
mod lane;
mod late;
mod plan;
#[cfg(test)]
mod tests;
mod traffic;

pub use lane::{Lane, LaneKind};

use yagura_parsers::Timestamp;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Lines lie at most so far behind the newest one of their lane: late ones, and clocks that are
/// off.
pub const LATENESS_MAX_NANOS: i64 = 4 * MINUTE + 2 * company::CLOCK_ERROR_MAX_NANOS;

/// Monday, 2 March 2026, midnight.
pub const START: Timestamp = Timestamp(1_772_409_600_000_000_000);

/// Whether the attack takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// It does.
    Included,
    /// Everything else only.
    LeftOut,
}

/// What a scenario is made of.
#[derive(Clone, Copy, Debug)]
pub struct ScenarioOptions {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// How long it lasts; the attack takes the first five days.
    pub days: u32,
    /// Whether the attack takes place.
    pub attack: Attack,
    /// Ordinary traffic, in percent of the usual. What acts do is always whole.
    pub scale_percent: u32,
}

impl ScenarioOptions {
    /// The time at which it ends.
    pub fn end(&self) -> i64 {
        START.0 + i64::from(self.days) * 24 * HOUR
    }
}
