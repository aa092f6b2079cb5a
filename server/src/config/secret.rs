//! Values that do not belong into a file that people copy around.

use std::{env, fmt, fs};

use serde::Deserialize;
use serde::de::{self, Deserializer};

/// A token or key: written as it is, as `${NAME}` for a variable of the environment, or as
/// `${file:PATH}` for the content of a file (as systemd's credentials are). Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// From a text as it stands in a configuration.
    ///
    /// # Errors
    /// What is missing, as a sentence.
    pub fn resolve(text: &str) -> Result<Self, String> {
        let inner = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        let value = match inner.map(|inner| (inner, inner.strip_prefix("file:"))) {
            None => text.to_owned(),
            Some((_, Some(path))) => fs::read_to_string(path)
                .map(|content| content.trim_end().to_owned())
                .map_err(|error| format!("the secret in {path} cannot be read: {error}"))?,
            Some((name, None)) => {
                env::var(name).map_err(|_| format!("the environment has no variable {name}"))?
            }
        };
        if value.is_empty() {
            return Err("a secret must not be empty".to_owned());
        }
        Ok(Self(value))
    }

    /// The value, for whoever compares or sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::resolve(&text).map_err(de::Error::custom)
    }
}
