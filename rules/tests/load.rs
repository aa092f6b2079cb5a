//! Which files are read, and what becomes of those that cannot be.

use std::fs;
use std::path::{Path, PathBuf};

use yagura_rules::{LoadOptions, Loaded, Severity, load};

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("yagura-load-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rule(title: &str) -> String {
    format!(
        "title: {title}\nlogsource: {{product: windows}}\ndetection: {{s: {{a: b}}, condition: s}}\n"
    )
}

fn read<P: AsRef<Path>>(paths: &[P]) -> Loaded {
    load(paths, &LoadOptions::default())
}

fn titles(loaded: &Loaded) -> Vec<&str> {
    loaded
        .detections
        .iter()
        .map(|d| d.meta.title.as_str())
        .collect()
}

#[test]
fn folders_are_read_in_order_and_tests_of_rules_are_not() {
    let folder = Folder::new("order");
    folder.write("b.yml", rule("b"));
    folder.write("a/z.yaml", rule("a/z"));
    folder.write("a/y.YML", rule("a/y"));
    folder.write("c.txt", rule("c"));
    folder.write("b_test.yml", "tests: []");
    let loaded = read(&[&folder.0]);
    assert_eq!(titles(&loaded), ["a/y", "a/z", "b"]);
    assert_eq!(loaded.files, 3);
    assert!(loaded.refused.is_empty() && loaded.diagnostics.is_empty());
}

#[test]
fn a_file_named_directly_may_have_any_name_and_is_read_once() {
    let folder = Folder::new("once");
    let file = folder.write("rule.txt", rule("text"));
    let yaml = folder.write("a_test.yml", rule("test"));
    let again = folder.0.join("./rule.txt");
    let loaded = read(&[&file, &yaml, &again, &yaml]);
    assert_eq!(titles(&loaded), ["text", "test"]);
}

#[test]
fn a_missing_path_is_refused_and_an_empty_folder_warned_of() {
    let folder = Folder::new("missing");
    let loaded = read(&[folder.0.join("none.yml"), folder.0.clone()]);
    assert_eq!(loaded.refused.len(), 1);
    let severities: Vec<Severity> = loaded.diagnostics.iter().map(|d| d.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Error]);
    assert!(loaded.diagnostics.iter().all(|d| d.file.is_some()));
}

#[test]
fn a_file_that_is_too_large_stops_no_other() {
    let folder = Folder::new("large");
    folder.write("a.yml", "# ".repeat(1 << 20));
    folder.write("b.yml", rule("b"));
    let loaded = read(&[&folder.0]);
    assert_eq!(titles(&loaded), ["b"]);
    assert_eq!(loaded.refused[0].reason, "the file is larger than 1024 KiB");
}

#[test]
fn references_cross_files_and_refusals_carry_titles() {
    let folder = Folder::new("cross");
    folder.write(
        "a.yml",
        "title: C\ncorrelation: {type: event_count, rules: [b], group-by: [x], timespan: 1m, condition: {gte: 2}}\n",
    );
    folder.write("b.yml", format!("name: b\n{}", rule("b")));
    folder.write(
        "c.yml",
        rule("broken").replace("condition: s", "condition: t"),
    );
    let loaded = read(&[&folder.0]);
    assert_eq!(loaded.correlations.len(), 1);
    assert_eq!(loaded.refused.len(), 1);
    assert_eq!(loaded.refused[0].title.as_deref(), Some("broken"));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let folder = Folder::new("circle");
    folder.write("a.yml", rule("a"));
    std::os::unix::fs::symlink(&folder.0, folder.0.join("again")).unwrap();
    assert_eq!(titles(&read(&[&folder.0])), ["a"]);
}

/// Each sequence refers to the one before it, the first to nothing that is there.
#[test]
fn a_refusal_goes_along_a_chain_without_growing() {
    use std::fmt::Write as _;
    let folder = Folder::new("chain");
    let mut text = String::new();
    for at in 0..300 {
        let before = if at == 0 {
            "nobody".to_owned()
        } else {
            format!("s{}", at - 1)
        };
        let _ = write!(
            text,
            "---\ntitle: S\nname: s{at}\nsequence: {{by: [a], within: 1h, stages: [{{name: x, match: {before}}}]}}\n"
        );
    }
    folder.write("chain.yml", text);
    let loaded = read(&[&folder.0]);
    assert_eq!(loaded.refused.len(), 300);
    assert!(loaded.sequences.is_empty());
    let cause = "there is no rule with the id or name `nobody`";
    for refusal in &loaded.refused {
        assert!(refusal.reason.ends_with(cause), "{}", refusal.reason);
        assert!(refusal.reason.len() < 100, "{}", refusal.reason);
    }
}
