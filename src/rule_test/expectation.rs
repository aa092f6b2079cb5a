//! What a case expects, beside what came of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use super::Verdict;
use super::instant::Instant;

/// What is to come of a case. What is left out may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Whether the rule matches, or alerts.
    pub fires: Option<bool>,
    /// How often it does.
    pub count: Option<u64>,
    /// The alerts of a correlation or sequence, in the order in which they open; all of them.
    pub alerts: Option<Vec<ExpectedAlert>>,
    /// Whether an incident is told, or what it is to be.
    pub incident: Option<ExpectedIncident>,
}

/// An alert.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExpectedAlert {
    /// Fields of the key and their values; others may be there.
    #[serde(default)]
    pub key: BTreeMap<String, serde_yaml::Value>,
    /// Matches in all.
    pub count: Option<u64>,
    /// By stage: matches.
    #[serde(default)]
    pub stages: BTreeMap<String, u64>,
    /// When it opens: the time of the match, or of the decision.
    pub opens: Option<Instant>,
    /// When it closes; `null` is not told apart from left out.
    pub closes: Option<Instant>,
}

/// An incident.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ExpectedIncident {
    /// Whether there is one.
    Any(bool),
    /// What the gravest is to be.
    Of(IncidentParts),
}

/// Parts of an incident.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IncidentParts {
    /// Its title.
    pub title: Option<String>,
    /// Its level.
    pub level: Option<String>,
    /// Its risk, at least.
    pub risk_at_least: Option<f64>,
    /// By kind: entities that it has to name; others may be there.
    #[serde(default)]
    pub entities: BTreeMap<String, Vec<String>>,
}

/// What came of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Happened {
    /// Matches of a detection, or alerts of a correlation or sequence.
    pub count: u64,
    /// The alerts, in the order in which they opened.
    pub alerts: Vec<SeenAlert>,
    /// The gravest incident.
    pub incident: Option<SeenIncident>,
}

/// An alert that opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenAlert {
    /// Its key.
    pub key: Vec<(String, String)>,
    /// Matches in the end.
    pub count: u64,
    /// Stages and their matches in the end.
    pub stages: Vec<(String, u64)>,
    /// When it opened, in nanoseconds since 1970.
    pub opened: i64,
    /// When it closed by time; `None`: only because there was no more to come.
    pub closed: Option<i64>,
}

/// An incident that was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenIncident {
    /// Its title.
    pub title: String,
    /// Its level.
    pub level: &'static str,
    /// Its risk.
    pub risk: f64,
    /// Kinds and values.
    pub entities: Vec<(String, String)>,
}

/// Lines of what was expected and what came, where the two differ.
#[derive(Default)]
struct Difference {
    expected: String,
    got: String,
}

impl Difference {
    fn add(&mut self, what: &str, expected: impl std::fmt::Display, got: impl std::fmt::Display) {
        for (text, value) in [
            (&mut self.expected, expected.to_string()),
            (&mut self.got, got.to_string()),
        ] {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = write!(text, "{what}{value}");
        }
    }

    fn check<T: PartialEq + std::fmt::Display>(&mut self, what: &str, expected: Option<T>, got: T) {
        if let Some(expected) = expected
            && expected != got
        {
            self.add(what, expected, got);
        }
    }
}

impl Expectation {
    /// Whether what came is what was expected; times are from `start` on.
    pub fn judge(&self, got: &Happened, start: i64) -> Verdict {
        if let Some(why) = self.nonsense() {
            return Verdict::Broken(why);
        }
        let mut difference = Difference::default();
        match (self.fires, self.count) {
            (_, Some(count)) if got.count != count => {
                difference.add("", fires(count), fires(got.count));
            }
            (Some(true), None) if got.count == 0 => difference.add("", "fires", fires(0)),
            (Some(false), None) if got.count > 0 => difference.add("", fires(0), fires(got.count)),
            _ => {}
        }
        if let Some(alerts) = &self.alerts {
            if alerts.len() != got.alerts.len() {
                difference.add("alerts: ", alerts.len(), got.alerts.len());
            }
            for (number, (expected, seen)) in (1..).zip(alerts.iter().zip(&got.alerts)) {
                expected.compare(number, seen, start, &mut difference);
            }
        }
        if let Some(incident) = &self.incident {
            incident.compare(got.incident.as_ref(), &mut difference);
        }
        if difference.expected.is_empty() {
            return Verdict::Pass;
        }
        Verdict::Fail {
            expected: difference.expected,
            got: difference.got,
        }
    }

    /// Whether alerts or incidents are asked for, which only a correlation or sequence makes, or
    /// which need times.
    pub fn needs_times(&self) -> bool {
        self.alerts.is_some() || self.incident.is_some()
    }

    fn nonsense(&self) -> Option<String> {
        match (self.fires, self.count) {
            (None, None) if self.alerts.is_none() && self.incident.is_none() => {
                Some("`expect` is empty: write `fires`, `count`, `alerts` or `incident`".to_owned())
            }
            (Some(fires), Some(count)) if fires != (count > 0) => {
                Some(format!("`fires: {fires}` contradicts `count: {count}`"))
            }
            _ => None,
        }
    }
}

fn fires(count: u64) -> String {
    match count {
        0 => "does not fire".to_owned(),
        1 => "fires once".to_owned(),
        count => format!("fires {count} times"),
    }
}

impl ExpectedAlert {
    fn compare(&self, number: usize, seen: &SeenAlert, start: i64, to: &mut Difference) {
        let what = |part: &str| format!("alert {number} {part}");
        for (field, value) in &self.key {
            let known = seen.key.iter().find(|(name, _)| name == field);
            let known = known.map_or("-", |(_, value)| value.as_str());
            to.check(
                &what(&format!("{field}=")),
                Some(scalar(value)),
                known.to_owned(),
            );
        }
        to.check(&what("count: "), self.count, seen.count);
        for (stage, count) in &self.stages {
            let known = seen.stages.iter().find(|(name, _)| name == stage);
            let label = what(&format!("stage {stage}: "));
            match known {
                Some((_, known)) => to.check(&label, Some(*count), *known),
                None => to.add(&label, count, "no such stage"),
            }
        }
        let opens = self.opens.as_ref().map(|at| shown(at.from(start), start));
        to.check(&what("opens "), opens, shown(seen.opened, start));
        let closes = self.closes.as_ref().map(|at| shown(at.from(start), start));
        let got = seen
            .closed
            .map_or_else(|| "never".to_owned(), |at| shown(at, start));
        to.check(&what("closes "), closes, got);
    }
}

impl ExpectedIncident {
    fn compare(&self, seen: Option<&SeenIncident>, to: &mut Difference) {
        let told = |is_told: bool| if is_told { "is told" } else { "is not told" };
        match (self, seen) {
            (Self::Any(wanted), seen) => {
                to.check("incident ", Some(told(*wanted)), told(seen.is_some()));
            }
            (Self::Of(_), None) => to.add("incident ", told(true), told(false)),
            (Self::Of(parts), Some(seen)) => parts.compare(seen, to),
        }
    }
}

impl IncidentParts {
    fn compare(&self, seen: &SeenIncident, to: &mut Difference) {
        to.check("incident title: ", self.title.as_deref(), &seen.title);
        to.check("incident level: ", self.level.as_deref(), seen.level);
        if let Some(least) = self.risk_at_least.filter(|least| seen.risk < *least) {
            to.add("incident risk: ", format!("{least} or more"), seen.risk);
        }
        for (kind, values) in &self.entities {
            let known = seen.entities.iter().filter(|(of, _)| of == kind);
            let known: Vec<&str> = known.map(|(_, value)| value.as_str()).collect();
            for value in values {
                if !known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
                    to.add(&format!("incident {kind}: "), value, known.join(", "));
                }
            }
        }
    }
}

/// From the start of the case, or as it is where that is long ago.
fn shown(at: i64, start: i64) -> String {
    Instant::shown(at, start)
}

fn scalar(value: &serde_yaml::Value) -> String {
    match value {
        serde_yaml::Value::String(text) => text.clone(),
        serde_yaml::Value::Null => String::new(),
        other => {
            serde_yaml::to_string(other).map_or_else(|_| String::new(), |t| t.trim().to_owned())
        }
    }
}
