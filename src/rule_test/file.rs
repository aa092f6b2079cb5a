//! A file of cases: our own, or the `info.yml` of `SigmaHQ`'s regression data.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// How large a file of cases, and a file of events, may be.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// The cases of a file.
#[derive(Debug)]
pub struct TestFile {
    /// The rules they are for; `None` where only the command line can tell.
    pub rules: Option<PathBuf>,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// A case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Id, name or title of the rule; may be left out where there is one rule only.
    pub rule: Option<String>,
    /// The format of all events that are text; recognised by content where not given.
    pub format: Option<String>,
    /// Events in place.
    #[serde(default)]
    pub events: Vec<Inline>,
    /// A file of events, from the folder of the test file.
    pub file: Option<PathBuf>,
    /// What is to come of it.
    pub expect: Expectation,
}

/// An event in place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Inline {
    /// Lines of text.
    Text(String),
    /// A JSON object.
    Object(serde_json::Map<String, serde_json::Value>),
}

/// What is to come of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Whether the rule matches, or alerts.
    pub fires: Option<bool>,
    /// How often it does.
    pub count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    rules: Option<PathBuf>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Regression {
    rule_metadata: Vec<RegressionRule>,
    regression_tests_info: Vec<RegressionCase>,
}

#[derive(Deserialize)]
struct RegressionRule {
    id: String,
}

#[derive(Deserialize)]
struct RegressionCase {
    name: String,
    match_count: Option<u64>,
    path: PathBuf,
}

/// Whether a file below a folder is one of tests.
pub fn is_test_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        name == "info.yml" || name.ends_with("_test.yml") || name.ends_with("_test.yaml")
    })
}

/// Reads a file of cases. The error says where it is.
pub fn read(path: &Path) -> Result<TestFile, String> {
    let bytes = read_bounded(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("{}: not UTF-8: {error}", path.display()))?;
    if path.file_name().is_some_and(|name| name == "info.yml") {
        return Ok(regression(parse(path, &text)?));
    }
    let own: Own = parse(path, &text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let rules = own
        .rules
        .map_or_else(|| beside(path), |rules| Some(folder.join(rules)));
    let cases = own.cases;
    if cases.is_empty() {
        return Err(format!("{}: `cases` is empty", path.display()));
    }
    Ok(TestFile { rules, cases })
}

/// All of a file, unless it is larger than a test has use for.
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let fail = |error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
    // Reading a pipe or a device may never end.
    if !fs::metadata(path).map_err(fail)?.is_file() {
        return Err(format!("{}: not a regular file", path.display()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let most = FILE_BYTES_MAX >> 20;
        return Err(format!("{}: larger than {most} MiB", path.display()));
    }
    Ok(bytes)
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| match error.location() {
        Some(at) => format!("{}:{}:{}: {error}", path.display(), at.line(), at.column()),
        None => format!("{}: {error}", path.display()),
    })
}

/// `x_test.yml` is for `x.yml`.
fn beside(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_str()?.strip_suffix("_test")?;
    let named = |extension| path.with_file_name(format!("{stem}.{extension}"));
    let rules = ["yml", "yaml"].map(named);
    rules.into_iter().find(|rules| rules.is_file())
}

fn regression(of: Regression) -> TestFile {
    let rule = of.rule_metadata.into_iter().next().map(|rule| rule.id);
    let cases = of.regression_tests_info.into_iter();
    let cases = cases.map(|case| Case {
        name: case.name,
        rule: rule.clone(),
        format: None,
        events: Vec::new(),
        // The path is one of the repository; the events lie beside `info.yml`.
        file: case.path.file_name().map(PathBuf::from),
        expect: Expectation {
            fires: Some(true),
            count: case.match_count,
        },
    });
    TestFile {
        rules: None,
        cases: cases.collect(),
    }
}
