//! `yagura demo`: sample logs of a made-up break-in, sample rules, and the same scan as ever.
//!
//! Logs and rules are part of the program. They are written to a temporary folder, which is gone
//! when the command ends.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};

use super::scan::{self, ScanArgs};
use crate::failure::{Exit, Failure};
use crate::render::OutputFormat;
use crate::standard_output::print_error;
use crate::terminal::Terminal;

static LOGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo/logs");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/demo");

const STORY: &str = "\
A contractor's network, one morning. Somebody tries passwords against a server that faces the
internet, gets in, moves on to Windows machines, packs what is worth taking and sends it out.
The logs of that day lie in a temporary folder; yagura reads them with a few sample rules:

";

const NEXT: &str = "
To look further:
  yagura demo --output jsonl                    the same for programs
  yagura scan /var/log --rules RULES            your own logs, with a folder of Sigma rules
  yagura events /var/log/auth.log | head        how yagura reads them
  yagura rules check RULES                      what is wrong with rules
Sigma rules by the thousand: https://github.com/SigmaHQ/sigma
";

/// The arguments of `yagura demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// What results look like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: OutputFormat,
}

/// Runs the command.
pub fn run(args: &DemoArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::Spill)?;
    unpack(folder.path()).map_err(|source| Failure::File {
        path: folder.path().to_owned(),
        source,
    })?;
    print_error(STORY);
    // Short paths in results, and identities that do not depend on where the folder is.
    let before = env::current_dir().map_err(Failure::Spill)?;
    env::set_current_dir(folder.path()).map_err(Failure::Spill)?;
    let ended = scan::run(&scan_args(args), terminal);
    // Some systems do not remove the folder that a process stands in.
    let _ = env::set_current_dir(before);
    let exit = ended?;
    print_error(NEXT);
    Ok(exit)
}

fn scan_args(args: &DemoArgs) -> ScanArgs {
    ScanArgs {
        paths: vec![PathBuf::from("logs")],
        rules: vec![PathBuf::from("rules")],
        format: None,
        output: args.output,
        count: false,
        min_level: None,
        threads: None,
        show_unparsed: false,
        placeholders: None,
        stats: None,
        full_event: false,
        fail_on_detection: None,
        keep_going: true,
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
