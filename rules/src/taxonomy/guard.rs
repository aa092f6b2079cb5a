//! Guards: the small part of Sigma's selections that tables need.

use serde_yaml::{Mapping, Value};

use crate::pattern::{Case, Pattern, Piece};
use crate::predicate::{Expr, Predicate, Subject, Test};

/// A mapping (all its items) or a list of them (any).
pub(super) fn read(selection: &Value) -> Result<Expr, String> {
    match selection {
        Value::Mapping(items) => all(items),
        Value::Sequence(any) => Ok(Expr::Any(any.iter().map(read).collect::<Result<_, _>>()?)),
        _ => Err("must be a mapping or a list of mappings".to_owned()),
    }
}

fn all(items: &Mapping) -> Result<Expr, String> {
    let each = |(key, value): (&Value, &Value)| match key {
        Value::String(key) => item(key, value),
        _ => Err("has a key that is no text".to_owned()),
    };
    let mut items: Vec<Expr> = items.iter().map(each).collect::<Result<_, _>>()?;
    match items.len() {
        1 => Ok(items.remove(0)),
        _ => Ok(Expr::All(items)),
    }
}

/// `field`, `field|exists`, `field|contains` or `field|startswith`, with a value or a list
/// (any). Without a field, as in `'|contains'`, it is a keyword.
fn item(key: &str, value: &Value) -> Result<Expr, String> {
    let (field, modifier) = key.split_once('|').unwrap_or((key, ""));
    let is = |test| {
        let subject = match field {
            "" => Subject::Anything,
            _ => Subject::Field(field.to_owned()),
        };
        Expr::Is(Predicate { subject, test })
    };
    if field.is_empty() && modifier != "contains" {
        return Err(format!("{key}: a keyword is contained"));
    }
    match (modifier, value) {
        ("exists", Value::Bool(true)) => Ok(is(Test::Exists)),
        ("exists", Value::Bool(false)) => Ok(Expr::Not(Box::new(is(Test::Exists)))),
        ("" | "contains" | "startswith", Value::Sequence(values)) => {
            let each = values.iter().map(|v| item(key, v));
            Ok(Expr::Any(each.collect::<Result<_, _>>()?))
        }
        ("" | "contains" | "startswith", Value::String(text)) => Ok(is(pattern(text, modifier))),
        ("", Value::Number(number)) => Ok(is(Test::Number {
            value: number.as_f64().unwrap_or(f64::NAN),
            text: number.to_string(),
        })),
        _ => Err(format!("{key}: this modifier or value is not known here")),
    }
}

/// `*` is a wildcard; tables need neither `?` nor escapes.
fn pattern(text: &str, modifier: &str) -> Test {
    let text = match modifier {
        "contains" => format!("*{text}*"),
        "startswith" => format!("{text}*"),
        _ => text.to_owned(),
    };
    let mut pieces = Vec::new();
    for (i, literal) in text.split('*').enumerate() {
        if i > 0 && pieces.last() != Some(&Piece::AnyRun) {
            pieces.push(Piece::AnyRun);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
    }
    Test::Text(Pattern {
        pieces,
        case: Case::Insensitive,
    })
}
