//! `yagura completions`: a script for the user's shell.

use clap::Args;
use clap_complete::Shell;

use crate::cli;
use crate::failure::{Exit, Failure};
use crate::standard_output::print;

const EXAMPLES: &str = "\
Examples:
  yagura completions bash > ~/.local/share/bash-completion/completions/yagura
  yagura completions zsh > \"${fpath[1]}/_yagura\"
  yagura completions fish > ~/.config/fish/completions/yagura.fish";

/// The arguments of `yagura completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell to write for
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // The generator panics where its writer fails, so it gets one that cannot.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::definition(), "yagura", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
