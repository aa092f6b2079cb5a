//! Finds the files of rules below the paths that the user named.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashSet;

use super::Refusal;
use crate::diagnostic::{Diagnostic, Severity, SourceFile};

/// What was found.
#[derive(Default)]
pub(super) struct Walk {
    /// In order of their paths for each folder, and of the paths given.
    pub(super) files: Vec<PathBuf>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) refused: Vec<Refusal>,
    /// Canonical paths, so that no file is read twice.
    seen: HashSet<PathBuf>,
    folders: HashSet<PathBuf>,
}

/// All files of the paths. Files given directly may have any name; within folders they end in
/// `.yml` or `.yaml`, and `*_test.yml` are tests of rules and no rules.
pub(super) fn walk<P: AsRef<Path>>(paths: &[P]) -> Walk {
    let mut walk = Walk::default();
    for path in paths {
        let path = path.as_ref();
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let before = walk.seen.len();
                walk.folder(path);
                if walk.seen.len() == before {
                    let (message, help) = if before == 0 {
                        let help = "rules are files that end in `.yml` or `.yaml`";
                        ("the folder holds no rules", help)
                    } else {
                        let help = "name it once; a file is read once in any case";
                        ("the folder adds no rules to those named before it", help)
                    };
                    walk.diagnose(Severity::Warning, path, message.to_owned(), help);
                }
            }
            Ok(_) => walk.file(path.to_owned()),
            Err(error) => walk.refuse(path, &error),
        }
    }
    walk
}

impl Walk {
    /// A file named by the user, or a link within a folder.
    fn file(&mut self, path: PathBuf) {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        self.add(path, canonical);
    }

    fn add(&mut self, path: PathBuf, canonical: PathBuf) {
        if self.seen.insert(canonical) {
            self.files.push(path);
        }
    }

    fn folder(&mut self, folder: &Path) {
        // Resolved once a folder: for each file it would cost more than reading it. It also
        // ends circles of links.
        let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if !self.folders.insert(canonical.clone()) {
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.refuse(folder, &error),
        };
        let mut found = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => found.push((entry.path(), Entry::of(&entry))),
                Err(error) => self.refuse(folder, &error),
            }
        }
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (path, entry) in found {
            match entry {
                Entry::Folder => self.folder(&path),
                Entry::File | Entry::Link if !is_rule_file(&path) => {}
                // Reading a pipe or a device that nobody named may never end.
                Entry::Link if !path.is_file() => self.not_a_file(&path),
                Entry::Link => self.file(path),
                Entry::File => {
                    let canonical = canonical.join(path.file_name().unwrap_or_default());
                    self.add(path, canonical);
                }
            }
        }
    }

    fn not_a_file(&mut self, path: &Path) {
        match std::fs::metadata(path) {
            Err(error) => self.refuse(path, &error),
            Ok(_) => self.diagnose(
                Severity::Warning,
                path,
                "not a regular file, skipped".to_owned(),
                "give its path explicitly to read it as a stream",
            ),
        }
    }

    fn refuse(&mut self, path: &Path, error: &std::io::Error) {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let message = if missing {
            "there is no such file or folder".to_owned()
        } else {
            format!("it cannot be read: {error}")
        };
        self.refused.push(Refusal {
            path: path.to_owned(),
            title: None,
            reason: message.clone(),
        });
        let help = if missing {
            "check the path"
        } else {
            "check that it may be read"
        };
        self.diagnose(Severity::Error, path, message, help);
    }

    fn diagnose(&mut self, severity: Severity, path: &Path, message: String, help: &str) {
        self.diagnostics.push(Diagnostic {
            severity,
            message,
            help: Some(help.to_owned()),
            file: Some(Arc::new(SourceFile {
                path: path.to_owned(),
                text: String::new(),
            })),
            span: None,
            related: Vec::new(),
        });
    }
}

#[derive(Clone, Copy)]
enum Entry {
    File,
    Folder,
    /// A link to a file, or something else altogether.
    Link,
}

impl Entry {
    fn of(entry: &std::fs::DirEntry) -> Self {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => Self::Folder,
            Ok(kind) if kind.is_file() => Self::File,
            _ if entry.path().is_dir() => Self::Folder,
            _ => Self::Link,
        }
    }
}

fn is_rule_file(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let yaml = extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml");
    yaml && !stem.is_empty() && !stem.ends_with("_test")
}
