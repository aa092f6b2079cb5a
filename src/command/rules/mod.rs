//! `yagura rules`: for those who write and look after rules.

mod check;
mod list;
pub(super) mod show;

use clap::{Args, Subcommand};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// The arguments of `yagura rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// List rules
    List(list::ListArgs),
    /// Show one rule in full: what it says, which events it looks at, what it means
    Show(show::ShowArgs),
    /// Say what is wrong with rules, where, and what to do about it
    Check(check::CheckArgs),
}

/// Runs the command.
pub fn run(args: &RulesArgs, terminal: Terminal) -> Result<Exit, Failure> {
    match &args.command {
        RulesCommand::List(args) => list::run(args, terminal),
        RulesCommand::Show(args) => show::run(args, terminal),
        RulesCommand::Check(args) => check::run(args, terminal),
    }
}
