//! Paths with `*` and `?` in any of their components.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Ends of names of compressed files: rotation made them of what was read already.
const COMPRESSED: [&str; 5] = ["gz", "zst", "xz", "bz2", "lz4"];
/// More files than that are not looked at.
const FOUND_MAX: usize = 10_000;

/// The files that a pattern stands for now, by name.
pub(super) fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in Path::new(pattern).components() {
        let Component::Normal(name) = component else {
            for path in &mut found {
                path.push(component);
            }
            continue;
        };
        let name = name.to_string_lossy();
        if name.contains(['*', '?']) {
            found = found
                .iter()
                .flat_map(|folder| matching(folder, &name))
                .collect();
            found.truncate(FOUND_MAX);
        } else {
            for path in &mut found {
                path.push(&*name);
            }
        }
    }
    found.retain(|path| path.is_file() && !is_compressed(path));
    found.sort_unstable();
    found
}

fn matching(folder: &Path, name: &str) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| matches(name.as_bytes(), entry.file_name().as_encoded_bytes()))
        .take(FOUND_MAX)
        .map(|entry| entry.path())
        .collect()
}

fn is_compressed(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| COMPRESSED.iter().any(|known| end == *known))
}

/// Whether one of the patterns stands for the file's name.
pub(super) fn is_excluded(path: &Path, patterns: &[String]) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    patterns
        .iter()
        .any(|pattern| matches(pattern.as_bytes(), name))
}

/// Greedy, going back to the last `*` only, which is enough and never exponential.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else {
                    return false;
                };
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("*.log", "app.log", true),
            ("*.log", "app.log.1", false),
            ("app*", "app.log.1", true),
            ("a?p*l*g", "app.l.log", true),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbX", false),
        ] {
            let got = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(got, expected, "{pattern} {name}");
        }
    }
}
