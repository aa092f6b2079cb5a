//! `yagura demo --extract`: sample logs of a made-up break-in, and sample rules, in a folder.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::failure::{Exit, Failure};
use crate::render::escape::visible;
use crate::standard_output::print_error;

static LOGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo/logs");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/demo");

/// Writes logs and rules, and tells what to try on them.
pub fn extract(folder: &Path) -> Result<Exit, Failure> {
    let failure = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    // A new folder, so that nothing of the user's is overwritten.
    fs::create_dir(folder).map_err(failure)?;
    unpack(folder).map_err(failure)?;
    let shown = folder.to_string_lossy();
    print_error(&told(&visible(&shown)));
    Ok(Exit::Success)
}

fn told(folder: &str) -> String {
    let program = env::args_os().next().unwrap_or_default();
    let program = program.to_string_lossy();
    let yagura = visible(&program);
    format!(
        "\
wrote {folder}/logs and {folder}/rules: a day at Aster Ridge Systems, which exists only here
To look at it:
  {yagura} scan {folder}/logs --rules {folder}/rules --count
  {yagura} scan {folder}/logs --rules {folder}/rules --min-level high
  {yagura} rules show \"Memory of LSASS read\" --rules {folder}/rules
  {yagura} events {folder}/logs/web01/auth.log | head -n 3
"
    )
}

fn unpack(folder: &Path) -> io::Result<()> {
    for (name, dir) in [("logs", &LOGS), ("rules", &RULES)] {
        let target = folder.join(name);
        fs::create_dir_all(&target)?;
        dir.extract(target)?;
    }
    Ok(())
}
