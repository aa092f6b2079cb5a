//! The `yagura` command: logs in, detections out.
//!
//! ```text
//!  bench/     how fast all this is: rounds, findings, report
//!  command/   one file a subcommand: what it does, step by step
//!  scan/      files → blocks → detections, in order, in bounded memory
//!  rule_test/ tests that stand beside rules
//!  detection/ what a detection is made of: identity, fields
//!  explain/   why a rule did or did not match an event
//!  generate/  logs of a made-up company
//!  render/    how results look: table, JSON lines, CSV, diagnostics, summary
//!  source     paths → blocks of whole records
//! ```

mod api_client;
mod bench;
mod cli;
mod command;
mod coverage;
mod detection;
mod explain;
mod failure;
mod generate;
mod memory;
mod render;
mod rule_set;
mod rule_test;
mod scan;
mod serve;
mod sort;
mod source;
mod standard_output;
mod terminal;
mod top;

use std::process::ExitCode;

/// See `docs/decisions/006-allocator.md`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
