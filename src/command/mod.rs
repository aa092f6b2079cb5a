//! The subcommands, one file each.

pub mod bench;
mod bench_server;
mod choices;
pub mod completions;
pub mod coverage;
pub mod demo;
mod ending;
pub mod events;
pub mod explain;
pub mod format;
pub mod generate;
pub mod lint;
pub mod rules;
pub mod scan;
pub mod serve;
pub mod test;
pub mod top;
