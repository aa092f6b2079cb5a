//! Logs of a company that does not exist: deterministic, realistic, of any size.
//!
//! ```text
//!            seed ─▶ random
//!                      │
//!  fleet, processes ─ World ─ texts (templates, repetition)
//!                      │
//!  clock ─▶ time ─▶ kind: what happened, how it is written ─▶ line
//!                   attack: step by step, among the ordinary
//! ```
//!
//! The same options give the same bytes on every machine: integers only, no hash map, no clock.
//! After the first events nothing here allocates.

mod attack;
mod fleet;
mod kind;
mod linux;
mod moment;
mod pool;
mod process;
mod random;
mod repetition;
pub mod scenario;
mod stream;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod web;
mod windows;
mod world;

pub use attack::{AttackOrder, AttackType};
pub use kind::{Family, Kind};
pub use moment::Pace;
pub use random::MILLION;
pub use stream::{Invisible, Limit, Stream, StreamOptions};
pub use world::WorldOptions;
