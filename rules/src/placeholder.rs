//! Values for `|expand` placeholders, from a YAML file of names and lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

/// Placeholder name (without `%`) → the values that replace it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders {
    values: BTreeMap<String, Vec<String>>,
}

/// Why a file of placeholders could not be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceholderError {
    /// It could not be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML.
    #[error("{}: {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_yaml::Error,
    },
    /// It does not map names to values.
    #[error("{}: {what}; write `name: value` or `name: [value, value]`", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
}

impl Placeholders {
    /// Reads a YAML file that maps each name to a value or a list of values. Values are in the
    /// notation of rules: `*` and `?` are wildcards; with `re` and `cidr` they are regular
    /// expressions and networks.
    pub fn read(path: &Path) -> Result<Self, PlaceholderError> {
        let text = std::fs::read_to_string(path).map_err(|source| PlaceholderError::Read {
            path: path.to_owned(),
            source,
        })?;
        let value = serde_yaml::from_str(&text).map_err(|source| PlaceholderError::Syntax {
            path: path.to_owned(),
            source,
        })?;
        Self::from_yaml(&value).map_err(|what| PlaceholderError::Shape {
            path: path.to_owned(),
            what,
        })
    }

    fn from_yaml(value: &Value) -> Result<Self, String> {
        let mut placeholders = Self::default();
        let entries = match value {
            Value::Null => return Ok(placeholders),
            Value::Mapping(entries) => entries,
            _ => return Err("the file does not hold a mapping".to_owned()),
        };
        for (name, values) in entries {
            let name = scalar(name).ok_or("a name is not text")?;
            let name = name.trim_matches('%');
            if !is_name(name) {
                return Err(format!(
                    "`{}` is not a name of letters, digits, `_`, `-` and `.`",
                    name.escape_debug()
                ));
            }
            let values: Option<Vec<String>> = match values {
                Value::Sequence(items) => items.iter().map(scalar).collect(),
                single => scalar(single).map(|value| vec![value]),
            };
            let values = values
                .filter(|values| !values.is_empty())
                .ok_or_else(|| format!("`{name}` has no values, or some that are not text"))?;
            placeholders.insert(name, values);
        }
        Ok(placeholders)
    }

    /// Sets the values of one placeholder, with or without `%` around its name. No rule can ask
    /// for a name with other characters than letters, digits, `_`, `-` and `.`.
    pub fn insert(&mut self, name: &str, values: Vec<String>) {
        self.values
            .insert(name.trim_matches('%').to_owned(), values);
    }

    /// The values of one placeholder.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.values.get(name).map(Vec::as_slice)
    }
}

/// Whether a text may stand between percent signs: letters, digits, `_`, `-` and `.`. Blanks may
/// not, for `10% of 20%` holds no placeholder.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    fn read(text: &str) -> Result<Placeholders, String> {
        Placeholders::from_yaml(&serde_yaml::from_str(text).unwrap())
    }

    #[test]
    fn values_and_lists() {
        let read = read("admins: [root, 'adm*']\n'%port%': 22\n").unwrap();
        assert_eq!(read.get("admins").unwrap(), ["root", "adm*"]);
        assert_eq!(read.get("port").unwrap(), ["22"]);
        assert_eq!(read.get("other"), None);
    }

    #[test]
    fn wrong_shapes_are_refused() {
        for text in [
            "[a]",
            "a b: c",
            "'%%': c",
            "a: []",
            "a: {b: c}",
            "a: [[b]]",
            "a:",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
