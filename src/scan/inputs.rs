//! The names of the inputs, as results show them and as identities hash them.

use std::path::{MAIN_SEPARATOR, PathBuf};
use std::sync::Arc;

/// Shown paths by `Block::input`.
#[derive(Debug)]
pub struct Inputs {
    paths: Vec<Arc<str>>,
    /// What identities hash, where it is not what is shown.
    #[cfg(unix)]
    bytes: Vec<Vec<u8>>,
}

impl Inputs {
    /// Paths with `/` between folders on every platform, so that identities agree.
    pub fn new(paths: &[PathBuf]) -> Self {
        let shown = |path: &PathBuf| {
            let path = path.to_string_lossy();
            if MAIN_SEPARATOR == '/' {
                path.into()
            } else {
                path.replace(MAIN_SEPARATOR, "/").into()
            }
        };
        Self {
            paths: paths.iter().map(shown).collect(),
            #[cfg(unix)]
            bytes: paths
                .iter()
                .map(|path| path.as_os_str().as_encoded_bytes().to_vec())
                .collect(),
        }
    }

    /// Sources that have names and no paths.
    pub fn of_names(names: Vec<Arc<str>>) -> Self {
        Self {
            paths: names,
            #[cfg(unix)]
            bytes: Vec::new(),
        }
    }

    /// The names.
    pub fn names(&self) -> &[Arc<str>] {
        &self.paths
    }

    /// The bytes of a path that identities hash: on Unix those of the name, since names that
    /// differ in what is no UTF-8 look the same; elsewhere those that are shown.
    pub fn identity(&self, input: u32) -> &[u8] {
        #[cfg(unix)]
        if let Some(bytes) = self.bytes.get(input as usize) {
            return bytes;
        }
        self.path(input).as_bytes()
    }

    /// The path of an input.
    pub fn path(&self, input: u32) -> &str {
        self.paths.get(input as usize).map_or("?", |path| path)
    }

    /// Whether standard input is among them.
    pub fn has_standard_input(&self) -> bool {
        self.paths.iter().any(|path| &**path == "-")
    }
}
