//! A case as a folder of a rule pack: `tests/PATTERN/` with `positive.*` and `negative.*`, logs of
//! whatever formats, beside what the whole pack makes of them (`expected.txt`, which the pack's
//! own test reads). It belongs to `PATTERN.yml` in the folder above `tests`, and the rule called
//! `PACK_PATTERN` alerts on the one and not on the other.

use std::fs;
use std::path::{Path, PathBuf};

use super::expectation::Expectation;
use super::file::{Case, TestFile};

/// Whether a file marks such a folder.
pub fn is_case(path: &Path) -> bool {
    let is_expected = path.file_name().is_some_and(|name| name == "expected.txt");
    is_expected && parts(path).is_some()
}

/// The pack's folder, and what the pattern is called.
fn parts(path: &Path) -> Option<(&Path, &str)> {
    let folder = path.parent()?;
    let pattern = folder.file_name()?.to_str()?;
    let tests = folder.parent()?;
    let pack = tests.parent()?;
    let is_pattern = pack.join(format!("{pattern}.yml")).is_file();
    (tests.file_name()? == "tests" && is_pattern).then_some((pack, pattern))
}

/// The two cases of a folder.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path) -> Result<TestFile, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (pack, pattern) = parts(path).ok_or_else(|| format!("{}: no pack", path.display()))?;
    let name = pack.file_name().unwrap_or_default().to_string_lossy();
    let rule = format!("{name}_{pattern}");
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("{}: cannot be read: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.file_name().into()).collect();
    files.sort();
    let case = |name: &str, fires: bool| {
        let stem = Some(std::ffi::OsStr::new(name));
        let files = files.iter().filter(|file| file.file_stem() == stem);
        Case {
            name: name.to_owned(),
            rule: Some(rule.clone()),
            format: None,
            start: None,
            until: None,
            events: Vec::new(),
            file: None,
            files: files.cloned().collect(),
            expect: Expectation {
                fires: Some(fires),
                ..Expectation::default()
            },
        }
    };
    Ok(TestFile {
        rules: Some(pack.to_owned()),
        cases: vec![case("positive", true), case("negative", false)],
    })
}
