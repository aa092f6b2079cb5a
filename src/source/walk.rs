//! From the paths a user gave to the files below them.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::{Counters, SourceError};

/// The path that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// All inputs in order: paths as given, the content of folders sorted by name. A file that is
/// reached by several paths is read by the first of them: detections would be doubled otherwise.
pub(super) fn inputs(
    paths: &[PathBuf],
    counters: &Counters,
    refuse: &mut dyn FnMut(SourceError),
) -> Vec<PathBuf> {
    let mut walk = Walk {
        root: PathBuf::new(),
        folders: HashSet::new(),
        files: HashSet::new(),
        inputs: Vec::new(),
        counters,
        refuse,
    };
    for path in paths {
        walk.given(path);
    }
    walk.inputs
}

struct Walk<'a> {
    /// The folder given, as the file system knows it.
    root: PathBuf,
    /// Folders outside of `root` that links led to, so that no two of them lead on for ever.
    folders: HashSet<PathBuf>,
    /// Files as the file system knows them, and standard input.
    files: HashSet<PathBuf>,
    inputs: Vec<PathBuf>,
    counters: &'a Counters,
    refuse: &'a mut dyn FnMut(SourceError),
}

impl Walk<'_> {
    fn given(&mut self, path: &Path) {
        if path == Path::new(STANDARD_INPUT) {
            if self.files.insert(path.to_owned()) {
                self.inputs.push(path.to_owned());
            }
            return;
        }
        let found = fs::metadata(path).and_then(|data| {
            if data.is_dir() {
                self.root = fs::canonicalize(path)?;
                self.folders.clear();
                self.folders.insert(self.root.clone());
                self.folder(path);
            } else {
                self.add(path, &data);
            }
            Ok(())
        });
        self.check(path, found);
    }

    fn folder(&mut self, folder: &Path) {
        let mut below = Vec::new();
        let listed = fs::read_dir(folder).and_then(|entries| {
            for entry in entries {
                below.push(entry?.path());
            }
            Ok(())
        });
        self.check(folder, listed);
        below.sort();
        for path in below {
            let found = self.found(&path);
            self.check(&path, found);
        }
    }

    fn found(&mut self, path: &Path) -> io::Result<()> {
        let is_link = fs::symlink_metadata(path)?.is_symlink();
        let data = fs::metadata(path)?;
        if is_link {
            let target = fs::canonicalize(path)?;
            // What lies below the root is found by itself; following the link as well would
            // read it twice, or go round in circles.
            let is_new =
                !target.starts_with(&self.root) && (!data.is_dir() || self.folders.insert(target));
            if !is_new {
                return Ok(());
            }
        }
        if data.is_dir() {
            self.folder(path);
        } else if data.is_file() {
            self.add(path, &data);
        } else {
            // A pipe or a device that nobody named may never end.
            let what = "not a regular file, skipped";
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, data: &Metadata) {
        if data.is_file() {
            // A path that cannot be resolved is tried as it is, which says what is wrong with it.
            let known = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            if !self.files.insert(known) {
                return;
            }
            let total = &self.counters.total_bytes;
            total.fetch_add(data.len(), Ordering::Relaxed);
        }
        self.inputs.push(path.to_owned());
    }

    fn check(&mut self, path: &Path, result: io::Result<()>) {
        if let Err(error) = result {
            (self.refuse)(SourceError::new(path, &error));
        }
    }
}
