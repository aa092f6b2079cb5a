//! Loads the rules that a command works with, and says what is wrong with them.

use std::path::{Path, PathBuf};

use yagura_rules::{Diagnostic, LoadOptions, Loaded, Placeholders, Severity};

use crate::failure::Failure;
use crate::render::diagnostics;
use crate::render::summary::plural;
use crate::standard_output::print_error;
use crate::terminal::Stream;

/// So many errors are shown in full.
const ERRORS_SHOWN_MAX: usize = 5;

/// What to do when rules are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefusal {
    /// Stop before anything is scanned.
    Stop,
    /// Go on with the others.
    KeepGoing,
}

/// Loads rules without judging them.
pub fn load(paths: &[PathBuf], placeholders: Option<&Path>) -> Result<Loaded, Failure> {
    let placeholders = match placeholders {
        Some(path) => read_placeholders(path)?,
        None => Placeholders::default(),
    };
    Ok(yagura_rules::load(paths, &LoadOptions { placeholders }))
}

/// Loads rules to scan with. Errors are printed to `err`; what else there is to say about rules
/// is left to `rules check`.
pub fn load_to_scan(
    paths: &[PathBuf],
    placeholders: Option<&Path>,
    on_refusal: OnRefusal,
    err: Stream,
) -> Result<Loaded, Failure> {
    let loaded = load(paths, placeholders)?;
    print_errors(&loaded, err);
    let refused = loaded.refused.len();
    if refused > 0 && on_refusal == OnRefusal::Stop {
        return Err(Failure::RefusedRules {
            refused,
            total: refused + rules_count(&loaded),
        });
    }
    Ok(loaded)
}

/// Prints the errors among the diagnostics: the first few, since more would scroll away whatever
/// else there is to see.
pub fn print_errors(loaded: &Loaded, err: Stream) {
    let is_error = |d: &&Diagnostic| d.severity == Severity::Error;
    let errors: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(is_error).collect();
    let shown = errors.iter().take(ERRORS_SHOWN_MAX).copied();
    print_error(&diagnostics::render_all(shown, err));
    let more = errors.len().saturating_sub(ERRORS_SHOWN_MAX);
    if more > 0 {
        let more = plural(more as u64, "more error");
        print_error(&format!("{more}; `yagura rules check` shows them all\n\n"));
    }
}

/// How many documents became something.
pub fn rules_count(loaded: &Loaded) -> usize {
    loaded.rules()
}

fn read_placeholders(path: &Path) -> Result<Placeholders, Failure> {
    Placeholders::read(path).map_err(|error| Failure::Placeholders(error.to_string()))
}
