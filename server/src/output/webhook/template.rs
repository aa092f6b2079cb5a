//! Bodies with parts of the record in them.

use serde_json::Value;

/// JSON with `{{field.path}}` in it; numbers in a path count the members of lists from 0.
///
/// Within a JSON string the value is inserted as text (of a list, its members with commas
/// between), anywhere else as JSON. What the record does not have is an empty text, or `null`. So
/// the result is JSON whatever is in the record.
///
/// ```
/// use yagura_server::output::Template;
///
/// let template = Template::parse(r#"{"text": "{{title}} on {{entities.host}}", "risk": {{risk}}}"#)?;
/// let record = serde_json::json!({"title": "A \"B\"", "entities": {"host": ["a", "b"]}, "risk": 7});
/// assert_eq!(template.fill(&record), r#"{"text": "A \"B\" on a, b", "risk": 7}"#);
/// # Ok::<(), yagura_server::output::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// Within a string.
    Text(Vec<String>),
    Json(Vec<String>),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{` without `}}`.
    #[error("template: \"{{{{{0}\" is not closed by \"}}}}\"")]
    Open(String),
    /// No path, or an empty step of one.
    #[error("template: \"{{{{{0}}}}}\" is no path of a field")]
    Path(String),
    /// It gives no JSON.
    #[error("template: with all fields filled in it is no JSON: {0}")]
    NoJson(String),
}

impl Template {
    /// Reads a template and makes sure that it gives JSON.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut in_string = false;
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("{{") {
            in_string = ends_in_string(literal, in_string);
            let Some((path, after)) = after.split_once("}}") else {
                return Err(TemplateError::Open(after.chars().take(40).collect()));
            };
            let steps: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
            if steps.iter().any(String::is_empty) {
                return Err(TemplateError::Path(path.to_owned()));
            }
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(if in_string {
                Part::Text(steps)
            } else {
                Part::Json(steps)
            });
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        let template = Self(parts);
        match serde_json::from_str::<Value>(&template.fill(&Value::Null)) {
            Ok(_) => Ok(template),
            Err(error) => Err(TemplateError::NoJson(error.to_string())),
        }
    }

    /// The body for a record.
    pub fn fill(&self, record: &Value) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Json(path) => filled.push_str(&find(record, path).to_string()),
                Part::Text(path) => {
                    let quoted = Value::String(text_of(find(record, path))).to_string();
                    let within = quoted.strip_prefix('"').unwrap_or(&quoted);
                    filled.push_str(within.strip_suffix('"').unwrap_or(within));
                }
            }
        }
        filled
    }
}

fn find<'a>(record: &'a Value, path: &[String]) -> &'a Value {
    let found = path.iter().try_fold(record, |value, step| match value {
        Value::Object(members) => members.get(step),
        Value::Array(members) => members.get(step.parse::<usize>().ok()?),
        _ => None,
    });
    found.unwrap_or(&Value::Null)
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(members) => {
            let members: Vec<String> = members.iter().map(text_of).collect();
            members.join(", ")
        }
        other => other.to_string(),
    }
}

/// Whether the text after this piece is within a JSON string.
fn ends_in_string(piece: &str, mut in_string: bool) -> bool {
    let mut escaped = false;
    for byte in piece.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    in_string
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn wrong_ones_are_told() {
        let message = |text| Template::parse(text).map_err(|error| error.to_string());
        let wrong = [
            (
                r#"{"a": "{{b}"}"#,
                r#"template: "{{b}"}" is not closed by "}}""#,
            ),
            (
                r#"{"a": "{{}}"}"#,
                r#"template: "{{}}" is no path of a field"#,
            ),
        ];
        for (text, expected) in wrong {
            assert_eq!(message(text), Err(expected.to_owned()));
        }
        assert!(message(r#"{"a": "{{b}}""#).is_err());
    }

    #[test]
    fn paths_reach_into_lists() {
        let template = Template::parse("[{{a.1.b}}, {{a.x}}, {{a}}]").expect("a template");
        let record = json!({"a": [0, {"b": "c"}]});
        assert_eq!(template.fill(&record), r#"["c", null, [0,{"b":"c"}]]"#);
    }

    proptest! {
        #[test]
        fn gives_json_whatever_is_in_the_record(value: String, key: String) {
            let template = Template::parse(r#"{"x": "<{{v}}|{{o}}>", "y": {{v}}, "z": {{o}}}"#);
            let template = template.expect("a template");
            let filled = template.fill(&json!({"v": value, "o": {key: [1]}}));
            let body: Value = serde_json::from_str(&filled).expect("JSON");
            prop_assert_eq!(&body["y"], &Value::String(value));
        }
    }
}
