//! A file of cases: our own, or the `info.yml` of `SigmaHQ`'s regression data.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::exemplars;
use super::expectation::Expectation;
use super::folder;
use super::instant::Instant;

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
    /// What relative times count from.
    pub start: Option<Instant>,
    /// Time goes on until then without events.
    pub until: Option<Instant>,
    /// Events in place.
    #[serde(default)]
    pub events: Vec<Inline>,
    /// A file of events, from the folder of the test file.
    pub file: Option<PathBuf>,
    /// Further ones.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// What is to come of it.
    pub expect: Expectation,
}

/// An event in place.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Inline {
    /// With a time, and perhaps again and again.
    Timed(Timed),
    /// Lines of text.
    Text(String),
    /// A JSON object.
    Object(serde_json::Map<String, serde_json::Value>),
}

/// An event whose time the case sets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// When it happens, whatever it says itself.
    pub at: Instant,
    /// The event.
    pub event: Content,
    /// How often it happens.
    #[serde(default = "once")]
    pub repeat: u32,
    /// The time from one to the next, such as `1s`.
    pub every: Option<String>,
}

/// What an event is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A line of text.
    Text(String),
    /// A JSON object.
    Object(serde_json::Map<String, serde_json::Value>),
}

fn once() -> u32 {
    1
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
    }) || folder::is_case(path)
}

/// Reads a file of cases. The error says where it is.
pub fn read(path: &Path) -> Result<TestFile, String> {
    if folder::is_case(path) {
        return folder::read(path);
    }
    let bytes = read_bounded(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("{}: not UTF-8: {error}", path.display()))?;
    if path.file_name().is_some_and(|name| name == "info.yml") {
        return Ok(regression(parse(path, &text)?));
    }
    if exemplars::may_be_in(text.as_bytes()) && !is_test_file(path) {
        let cases = exemplars::read(&text);
        let cases = cases.map_err(|error| format!("{}: {error}", path.display()))?;
        let rules = Some(path.to_owned());
        return Ok(TestFile { rules, cases });
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
        start: None,
        until: None,
        events: Vec::new(),
        // The path is one of the repository; the events lie beside `info.yml`.
        file: case.path.file_name().map(PathBuf::from),
        files: Vec::new(),
        expect: Expectation {
            fires: Some(case.match_count != Some(0)),
            // More events than those may be in the file: the number is that of a query's rows.
            count: None,
            ..Expectation::default()
        },
    });
    TestFile {
        rules: None,
        cases: cases.collect(),
    }
}
