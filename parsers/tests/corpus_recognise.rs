//! Recognition against log files of others, where they are at hand (`YAGURA_CORPUS`).

use std::fs;
use std::path::{Path, PathBuf};

use yagura_parsers::{Format, recognise};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("YAGURA_CORPUS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no corpus at {}", folder.display());
    None
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

fn assert_recognised(folder: &Path, extension: &str, expected: &[Format]) {
    let mut found = Vec::new();
    files(folder, extension, &mut found);
    assert!(!found.is_empty(), "no {extension} in {}", folder.display());
    for path in found {
        let format = recognise(&fs::read(&path).expect("readable"));
        assert!(expected.contains(&format), "{}: {format:?}", path.display());
    }
}

#[test]
fn files_of_others_are_recognised() {
    let Some(corpus) = corpus() else { return };
    assert_recognised(&corpus.join("evtx"), "evtx", &[Format::Evtx]);
    let regression = corpus.join("sigma-regression");
    assert_recognised(&regression, "evtx", &[Format::Evtx]);
    assert_recognised(&regression, "json", &[Format::Json, Format::JsonLines]);
    for (name, expected) in [
        ("Linux_2k.log", Format::Syslog),
        ("OpenSSH_2k.log", Format::Syslog),
        ("Apache_2k.log", Format::AccessLog),
    ] {
        let text = fs::read(corpus.join("syslog").join(name)).expect("readable");
        assert_eq!(recognise(&text), expected, "{name}");
        let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let odd = lines.find(|line| recognise(line) != expected);
        assert_eq!(odd.map(String::from_utf8_lossy), None, "{name}");
    }
}
