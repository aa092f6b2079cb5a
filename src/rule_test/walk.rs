//! Finds files of tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::exemplars;
use super::file::{is_test_file, read_bounded};

/// The files of tests at and below some paths, and what could not be read. Files that are named
/// may have any name. Links to folders are not followed, so that no circle of them is endless.
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut errors) = (BTreeSet::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            below(path, &mut files, &mut errors);
        } else {
            files.insert(path.clone());
        }
    }
    (files.into_iter().collect(), errors)
}

fn below(folder: &Path, files: &mut BTreeSet<PathBuf>, errors: &mut Vec<String>) {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                errors.push(format!("{}: cannot be read: {error}", folder.display()));
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok((path, kind)) if kind.is_dir() => open.push(path),
                Ok((path, _)) if is_test_file(&path) && path.is_file() => {
                    files.insert(path);
                }
                Ok((path, _)) if carries_exemplars(&path) => {
                    files.insert(path);
                }
                Ok(_) => {}
                Err(error) => errors.push(format!("{}: {error}", folder.display())),
            }
        }
    }
}

/// What cannot be read is for whoever loads the rules to say.
fn carries_exemplars(path: &Path) -> bool {
    let is_rule = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
    is_rule && read_bounded(path).is_ok_and(|text| exemplars::may_be_in(&text))
}
