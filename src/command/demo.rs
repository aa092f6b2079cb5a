//! `yagura demo`: sample logs of a made-up break-in, sample rules, and the same scan as ever.
//!
//! Logs and rules are part of the program. They are written to a temporary folder, which is gone
//! when the command ends, or with `--extract` to one of the user's.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};
use yagura_rules::Level;

use super::scan::{self, CaseArgs, ScanArgs};
use crate::failure::{Exit, Failure};
use crate::render::OutputFormat;
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::standard_output::print_error;
use crate::terminal::Terminal;

static LOGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo/logs");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/demo");

const STORY: &str = "\
17 February 2026 at Aster Ridge Systems, which exists only here. Somebody tries passwords against
the web server, gets in, moves on to Windows machines, packs what is worth taking and sends it
out. The logs of that day lie in a folder `logs`, and a few Sigma rules in a folder `rules`.
";

const EXAMPLES: &str = "\
Examples:
  yagura demo
  yagura demo --output jsonl | jq -r .rule.title | sort | uniq -c
  yagura demo --extract yagura-demo       logs and rules, to try commands on";

/// The folder that the commands shown at the end write to and read from.
const FOLDER: &str = "yagura-demo";

/// The arguments of `yagura demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// What results look like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: OutputFormat,
    /// Scan nothing, write the sample logs and rules to a new folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    extract: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &DemoArgs, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(folder) = &args.extract {
        return extract(folder);
    }
    let folder = tempfile::tempdir().map_err(Failure::Spill)?;
    unpack(folder.path()).map_err(|source| Failure::File {
        path: folder.path().to_owned(),
        source,
    })?;
    // Short paths in results, and identities that do not depend on where the folder is.
    let before = env::current_dir().map_err(Failure::Spill)?;
    env::set_current_dir(folder.path()).map_err(Failure::Spill)?;
    let ended = match args.output {
        OutputFormat::Table => tell(terminal),
        format => scan::run(&scan_args(format), terminal),
    };
    // Some systems do not remove the folder that a process stands in.
    let _ = env::set_current_dir(before);
    ended
}

/// The story for people: an overview, what is grave, and how to go on.
fn tell(terminal: Terminal) -> Result<Exit, Failure> {
    let colour = terminal.err.colour;
    let command = |options: &str| {
        let line = format!("$ yagura scan logs --rules rules {options}");
        print_error(&format!("\n{}\n", paint(&line, Style::Heading, colour)));
    };
    print_error(STORY);
    command("--count");
    let overview = ScanArgs {
        count: true,
        ..scan_args(OutputFormat::Table)
    };
    scan::run(&overview, terminal)?;
    command("--min-level high");
    let grave = ScanArgs {
        min_level: Some(Level::High),
        ..scan_args(OutputFormat::Table)
    };
    let exit = scan::run(&grave, terminal)?;
    print_error(&next());
    Ok(exit)
}

fn next() -> String {
    let program = env::args_os().next().unwrap_or_default();
    let program = program.to_string_lossy();
    let yagura = visible(&program);
    format!(
        "
To look further:
  {yagura} demo --extract {FOLDER}
  {yagura} scan {FOLDER}/logs --rules {FOLDER}/rules --output jsonl
  {yagura} rules show \"Memory of LSASS read\" --rules {FOLDER}/rules
  {yagura} events {FOLDER}/logs/web01/auth.log | head -n 3
  {yagura} scan /var/log --rules {FOLDER}/rules --count
Sigma rules by the thousand: https://github.com/SigmaHQ/sigma
"
    )
}

fn extract(folder: &Path) -> Result<Exit, Failure> {
    let failure = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    // A new folder, so that nothing of the user's is overwritten.
    fs::create_dir(folder).map_err(failure)?;
    unpack(folder).map_err(failure)?;
    let shown = folder.to_string_lossy();
    print_error(&format!("wrote {0}/logs and {0}/rules\n", visible(&shown)));
    Ok(Exit::Success)
}

fn scan_args(output: OutputFormat) -> ScanArgs {
    ScanArgs {
        paths: vec![PathBuf::from("logs")],
        rules: vec![PathBuf::from("rules")],
        format: None,
        output,
        count: false,
        min_level: None,
        threads: None,
        show_unparsed: false,
        placeholders: None,
        stats: None,
        full_event: false,
        fail_on_detection: None,
        keep_going: true,
        cases: CaseArgs::default(),
    }
}

fn unpack(folder: &Path) -> io::Result<()> {
    for (name, dir) in [("logs", &LOGS), ("rules", &RULES)] {
        let target = folder.join(name);
        fs::create_dir_all(&target)?;
        dir.extract(target)?;
    }
    Ok(())
}
