//! The table of all checks: `catalogue.yml`, read once.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::LazyLock;

use crate::diagnostic::Severity;

/// The number of a check, written `YG101`. Numbers are never given to another check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// What loading finds and no other code is about.
    pub(super) const OTHER: Self = Self(0);

    pub(super) const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The check; `None` for a number that no check has.
    pub fn check(self) -> Option<&'static Check> {
        let at = checks().binary_search_by_key(&self, |check| check.code);
        at.ok().and_then(|at| checks().get(at))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("YG{:03}", self.0))
    }
}

/// Reads `YG101`, in any case, or the name of a check.
impl FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = |check: &&Check| {
            check.name == text || check.code.to_string().eq_ignore_ascii_case(text)
        };
        checks()
            .iter()
            .find(known)
            .map(|check| check.code)
            .ok_or(())
    }
}

/// A check, for those who want to know what it is about.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its number.
    pub code: Code,
    /// Its name: `title-missing`.
    pub name: String,
    /// How bad it is unless configured otherwise.
    pub severity: Severity,
    /// What it finds, in a sentence.
    pub summary: String,
    /// Why that matters and what to do.
    pub why: String,
    /// A piece of a rule that it complains about.
    pub bad: Option<String>,
    /// The same, mended.
    pub good: Option<String>,
    /// Whether `--fix` mends it.
    pub fixable: bool,
    /// Phrases of the messages of loading that it stands for, with names as `_`.
    pub(super) says: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: u16,
    name: String,
    severity: SeverityName,
    summary: String,
    #[serde(default)]
    why: String,
    bad: Option<String>,
    good: Option<String>,
    #[serde(default)]
    fix: bool,
    #[serde(default)]
    says: Vec<String>,
}

/// A severity as configuration and catalogue write it.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SeverityName {
    Info,
    Warning,
    Error,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Info => Self::Info,
            SeverityName::Warning => Self::Warning,
            SeverityName::Error => Self::Error,
        }
    }
}

static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
    let read = |text: &str| serde_yaml::from_str::<Vec<Entry>>(text);
    let mut checks: Vec<Check> = TABLES
        .iter()
        .flat_map(|text| read(text).expect("the embedded catalogue is well-formed"))
        .map(|entry| Check {
            code: Code(entry.code),
            name: entry.name,
            severity: entry.severity.into(),
            summary: entry.summary,
            why: entry.why,
            bad: entry.bad,
            good: entry.good,
            fixable: entry.fix,
            says: entry.says,
        })
        .collect();
    checks.sort_by_key(|check| check.code);
    checks
});

/// One table a group; a group is the hundreds of the code.
const TABLES: [&str; 7] = [
    include_str!("catalogue/0-loading.yml"),
    include_str!("catalogue/1-attributes.yml"),
    include_str!("catalogue/2-logsource.yml"),
    include_str!("catalogue/3-values.yml"),
    include_str!("catalogue/4-conditions.yml"),
    include_str!("catalogue/5-rule-sets.yml"),
    include_str!("catalogue/7-layout.yml"),
];

/// All checks, by code.
///
/// # Panics
///
/// Never: the table is part of the program, and a test reads it.
pub fn checks() -> &'static [Check] {
    &CHECKS
}

const GROUPS: [(u16, &str, &str); 7] = [
    (
        0,
        "loading",
        "Loading: what a rule may not or should not say",
    ),
    (1, "attributes", "Attributes: what a rule says about itself"),
    (2, "logsource", "Logsources and their fields"),
    (3, "values", "Fields, modifiers and values"),
    (4, "conditions", "Conditions"),
    (5, "rule-sets", "Several rules together, and correlations"),
    (7, "layout", "Layout and suppression"),
];

/// The pages of `docs/lint/`: file name and text, made of the catalogue.
pub fn documentation() -> Vec<(String, String)> {
    let mut index = String::from(
        "# Checks of `yagura lint`\n\n\
         Made of `rules/src/lint/catalogue/`: change it there; `YAGURA_BLESS=1 cargo test -p \
         yagura-rules --test lint` writes these pages.\n",
    );
    let mut pages = Vec::new();
    for (group, file, title) in GROUPS {
        let _ = write!(index, "\n## [{title}]({file}.md)\n\n");
        index.push_str("| code | name | severity | fix | finds |\n|---|---|---|---|---|\n");
        let mut page = format!("# {title}\n");
        for check in checks().iter().filter(|check| check.group() == group) {
            let fix = if check.fixable { "yes" } else { "" };
            let anchor = format!("{}-{}", check.code, check.name).to_lowercase();
            let _ = writeln!(
                index,
                "| [{}]({file}.md#{anchor}) | `{}` | {} | {fix} | {} |",
                check.code,
                check.name,
                severity_name(check.severity),
                check.summary
            );
            section(&mut page, check);
        }
        pages.push((format!("{file}.md"), page));
    }
    pages.push(("README.md".to_owned(), index));
    pages
}

impl Check {
    /// Checks of correlations stand with those of several rules.
    fn group(&self) -> u16 {
        match self.code.0 / 100 {
            6 => 5,
            group => group,
        }
    }
}

fn section(page: &mut String, check: &Check) {
    let fix = if check.fixable {
        ", mended by `--fix`"
    } else {
        ""
    };
    let _ = write!(
        page,
        "\n## {} {}\n\n*{}{fix}*: {}.\n",
        check.code,
        check.name,
        severity_name(check.severity),
        check.summary,
    );
    if !check.why.is_empty() {
        let _ = write!(page, "\n{}\n", check.why.trim_end());
    }
    for (what, text) in [("Instead of", &check.bad), ("write", &check.good)] {
        if let Some(text) = text {
            let _ = write!(page, "\n{what}\n\n```yaml\n{}\n```\n", text.trim_end());
        }
    }
}

pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, checks};

    #[test]
    fn codes_and_names_are_unique() {
        for pair in checks().windows(2) {
            assert!(pair[0].code < pair[1].code, "{} occurs twice", pair[1].code);
        }
        let mut names: Vec<&str> = checks().iter().map(|check| check.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), checks().len());
    }

    #[test]
    fn codes_are_read_back() {
        for check in checks() {
            assert_eq!(check.code.to_string().parse(), Ok(check.code));
            assert_eq!(check.name.parse(), Ok(check.code));
        }
        assert_eq!("YG999".parse::<Code>(), Err(()));
    }
}
