//! The names of the inputs, as results show them.

use std::path::{MAIN_SEPARATOR, PathBuf};

/// Shown paths by `Block::input`.
#[derive(Debug)]
pub struct Inputs {
    paths: Vec<String>,
}

impl Inputs {
    /// Paths with `/` between folders on every platform, so that identities agree.
    pub fn new(paths: &[PathBuf]) -> Self {
        let shown = |path: &PathBuf| {
            let path = path.to_string_lossy();
            if MAIN_SEPARATOR == '/' {
                path.into_owned()
            } else {
                path.replace(MAIN_SEPARATOR, "/")
            }
        };
        Self {
            paths: paths.iter().map(shown).collect(),
        }
    }

    /// The path of an input.
    pub fn path(&self, input: u32) -> &str {
        self.paths.get(input as usize).map_or("?", String::as_str)
    }

    /// Whether standard input is among them.
    pub fn has_standard_input(&self) -> bool {
        self.paths.iter().any(|path| path == "-")
    }
}
