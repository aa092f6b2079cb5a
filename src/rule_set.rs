//! Loads the rules that a command works with, and says what is wrong with them.

use std::path::{Path, PathBuf};

use yagura_rules::{LoadOptions, Loaded, Placeholders, Severity};

use crate::failure::Failure;
use crate::render::diagnostics;
use crate::standard_output::print_error;
use crate::terminal::Stream;

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
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    print_error(&diagnostics::render_all(errors, err));
    let refused = loaded.refused.len();
    if refused > 0 && on_refusal == OnRefusal::Stop {
        return Err(Failure::RefusedRules {
            refused,
            total: refused + rules_count(&loaded),
        });
    }
    Ok(loaded)
}

/// How many documents became something.
pub fn rules_count(loaded: &Loaded) -> usize {
    loaded.detections.len() + loaded.correlations.len() + loaded.filters.len()
}

fn read_placeholders(path: &Path) -> Result<Placeholders, Failure> {
    Placeholders::read(path).map_err(|error| Failure::Placeholders(error.to_string()))
}
