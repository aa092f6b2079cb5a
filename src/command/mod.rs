//! The subcommands, one file each.

pub mod bench;
mod choices;
pub mod completions;
pub mod demo;
mod ending;
pub mod events;
pub mod generate;
pub mod rules;
pub mod scan;
pub mod test;
