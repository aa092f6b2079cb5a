//! The command line: what there is, and how a run ends.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::command;
use crate::terminal::{ColourChoice, Terminal};

const EXAMPLES: &str = "\
Examples:
  yagura demo                                  the whole story in a minute, no set-up
  yagura scan logs/ --rules rules/             detections in files and folders
  tail -f app.log | yagura scan - --rules r/   detections as they happen
  yagura events logs/ | head                   how yagura reads your logs
  yagura rules check rules/                    what is wrong with rules

Exit codes:
  0  done, whether something was found or not
  1  found what --fail-on-detection names
  2  wrong usage; rules refused; something could not be read or written";

/// Event correlation engine: logs in, incidents out
#[derive(Debug, Parser)]
#[command(name = "yagura", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// When to use colours; `auto`: on terminals, unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: ColourChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look for what rules describe in log files, folders or standard input
    Scan(command::scan::ScanArgs),
    /// Show events as yagura reads them, as JSON lines
    Events(command::events::EventsArgs),
    /// Take events from log shippers, and tell incidents as they happen
    Serve(command::serve::ServeArgs),
    /// Watch what a server does
    Top(command::top::TopArgs),
    /// List, show and check rules
    Rules(command::rules::RulesArgs),
    /// Say why a rule did or did not match events
    Explain(command::explain::ExplainArgs),
    /// Run the tests that stand beside rules (`*_test.yml`)
    Test(command::test::TestArgs),
    /// Say what could be better about rules: slips, waste, what can never match
    Lint(command::lint::LintArgs),
    /// Show what rules cover: tactics and techniques of ATT&CK, and the logs they need
    Coverage(command::coverage::CoverageArgs),
    /// Bring files of rules into the usual form: order, indentation, blanks
    Fmt(command::format::FormatArgs),
    /// Measure how fast yagura is with your logs and rules
    Bench(command::bench::BenchArgs),
    /// Watch five days of a made-up company become one incident
    Demo(command::demo::DemoArgs),
    /// Generate logs of a made-up company, with attacks among them if wanted
    Gen(command::generate::GenerateArgs),
    /// Print a script that completes commands in your shell
    Completions(command::completions::CompletionsArgs),
}

/// The definition of the command line, for completions.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::detect(cli.color);
    let ended = match &cli.command {
        Command::Scan(args) => command::scan::run(args, terminal),
        Command::Events(args) => command::events::run(args, terminal),
        Command::Serve(args) => command::serve::run(args, terminal),
        Command::Top(args) => command::top::run(args),
        Command::Rules(args) => command::rules::run(args, terminal),
        Command::Explain(args) => command::explain::run(args, terminal),
        Command::Test(args) => command::test::run(args, terminal),
        Command::Lint(args) => command::lint::run(args, terminal),
        Command::Coverage(args) => command::coverage::run(args, terminal),
        Command::Fmt(args) => command::format::run(args, terminal),
        Command::Bench(args) => command::bench::run(args, terminal),
        Command::Demo(args) => command::demo::run(args, terminal),
        Command::Gen(args) => command::generate::run(args),
        Command::Completions(args) => command::completions::run(args),
    };
    ended
        .unwrap_or_else(|failure| failure.report(terminal))
        .into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
