//! Exemplars: events that a rule carries in itself, as rsigma has them.
//!
//! ```yaml
//! custom_attributes:
//!   rsigma.exemplars:
//!     - {name: a download, expect: match, event: {EventID: 1}}
//!     - {expect: no_match, events: [{offset: 10s, event: {EventID: 1}}]}   # of a correlation
//! ```

use serde::Deserialize;
use serde_yaml::Value;

use super::expectation::Expectation;
use super::file::{Case, Content, Inline, Timed};
use super::instant::{Instant, read_length};

const KEY: &str = "rsigma.exemplars";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exemplar {
    name: Option<String>,
    #[serde(default)]
    expect: Expect,
    event: Option<serde_json::Map<String, serde_json::Value>>,
    events: Option<Vec<Offset>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    #[default]
    #[serde(alias = "Match")]
    Match,
    #[serde(alias = "no-match", alias = "nomatch")]
    NoMatch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offset {
    offset: Option<Value>,
    event: serde_json::Map<String, serde_json::Value>,
}

/// Whether a file of rules may carry any.
pub fn may_be_in(text: &[u8]) -> bool {
    memchr::memmem::find(text, KEY.as_bytes()).is_some()
}

/// Those of all rules of a file.
///
/// # Errors
/// What is wrong with one of them.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let document = Value::deserialize(document).map_err(|error| error.to_string())?;
        let exemplars = document
            .get("custom_attributes")
            .and_then(|all| all.get(KEY));
        let Some(exemplars) = exemplars else {
            continue;
        };
        let rule = ["id", "name", "title"]
            .iter()
            .find_map(|key| document.get(key)?.as_str());
        let exemplars: Vec<Exemplar> = serde_yaml::from_value(exemplars.clone())
            .map_err(|error| format!("exemplars of {}: {error}", rule.unwrap_or("a rule")))?;
        for (number, exemplar) in (1..).zip(exemplars) {
            cases.push(exemplar.case(number, rule)?);
        }
    }
    Ok(cases)
}

impl Exemplar {
    fn case(self, number: usize, rule: Option<&str>) -> Result<Case, String> {
        let name = self.name.unwrap_or_else(|| format!("exemplar {number}"));
        let fires = matches!(self.expect, Expect::Match);
        let single = self.event.into_iter().map(Inline::Object);
        let mut events: Vec<Inline> = single.collect();
        for of in self.events.unwrap_or_default() {
            let at = of.offset.as_ref().map_or(Ok(0), offset)?;
            events.push(Inline::Timed(Timed {
                at: Instant::After(at),
                event: Content::Object(of.event),
                repeat: 1,
                every: None,
            }));
        }
        Ok(Case {
            name,
            rule: rule.map(str::to_owned),
            format: None,
            start: None,
            until: None,
            events,
            file: None,
            files: Vec::new(),
            expect: Expectation {
                fires: Some(fires),
                ..Expectation::default()
            },
        })
    }
}

/// `10s`, or a number of seconds.
fn offset(value: &Value) -> Result<i64, String> {
    let text = match value {
        Value::String(text) => text.trim_start_matches('+').to_owned(),
        Value::Number(seconds) => format!("{seconds}s"),
        _ => String::new(),
    };
    read_length(&text).ok_or_else(|| format!("`{text}` is no offset such as 10s"))
}
