//! Which checks run and how grave their findings are: `.yagura-lint.yml`.

use std::collections::BTreeMap;
use std::path::Path;

use hashbrown::{HashMap, HashSet};

use super::catalogue::{Code, SeverityName, checks};
use crate::diagnostic::Severity;
use crate::suggestion::nearest;

/// How large a configuration may be.
const BYTES_MAX: u64 = 1 << 20;

/// What a configuration says.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    disabled: HashSet<Code>,
    severities: HashMap<Code, Severity>,
}

/// Why a configuration is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is larger than any configuration.
    #[error("it is larger than {} KiB", BYTES_MAX / 1024)]
    TooLarge,
    /// It is not YAML, or not of the form that it must have.
    #[error("{0}")]
    Form(#[from] serde_yaml::Error),
    /// It names a check that does not exist.
    #[error("there is no check `{name}`{}", .meant.as_ref().map_or_else(String::new, |m| format!("; did you mean `{m}`?")))]
    UnknownCheck {
        /// As written.
        name: String,
        /// The name that is near.
        meant: Option<String>,
    },
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    disable: Vec<String>,
    #[serde(default)]
    severity: BTreeMap<String, SeverityName>,
}

impl Configuration {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigurationError> {
        if std::fs::metadata(path)?.len() > BYTES_MAX {
            return Err(ConfigurationError::TooLarge);
        }
        Self::parse(&std::fs::read_to_string(path)?)
    }

    /// Reads `disable: [YG101, …]` and `severity: {YG102: error, …}`; names of checks do as well
    /// as codes.
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let file: Option<File> = serde_yaml::from_str(text)?;
        let File { disable, severity } = file.unwrap_or_default();
        let disabled = disable.iter().map(|name| known(name));
        let severities = severity
            .iter()
            .map(|(name, severity)| Ok((known(name)?, (*severity).into())));
        Ok(Self {
            disabled: disabled.collect::<Result<_, ConfigurationError>>()?,
            severities: severities.collect::<Result<_, ConfigurationError>>()?,
        })
    }

    /// Disables a check.
    pub fn disable(&mut self, code: Code) {
        self.disabled.insert(code);
    }

    /// How grave findings of a check are; `None` where it is disabled. What refuses a rule
    /// stays an error.
    pub(super) fn judge(&self, code: Code, by_default: Severity) -> Option<Severity> {
        if by_default == Severity::Error {
            return Some(by_default);
        }
        (!self.disabled.contains(&code))
            .then(|| self.severities.get(&code).copied().unwrap_or(by_default))
    }
}

fn known(name: &str) -> Result<Code, ConfigurationError> {
    name.parse().map_err(|()| ConfigurationError::UnknownCheck {
        name: name.to_owned(),
        meant: nearest(name, checks().iter().map(|check| check.name.as_str())).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, ConfigurationError};
    use crate::diagnostic::Severity;

    #[test]
    fn disables_and_weighs() {
        let text = "disable: [YG101]\nseverity: {title-too-long: error}\n";
        let configuration = Configuration::parse(text).unwrap();
        let judge = |code: &str| configuration.judge(code.parse().unwrap(), Severity::Info);
        assert_eq!(judge("YG101"), None);
        assert_eq!(judge("title-too-long"), Some(Severity::Error));
        assert_eq!(judge("YG102"), Some(Severity::Info));
        assert!(Configuration::parse("").is_ok());
    }

    #[test]
    fn unknown_checks_are_an_error() {
        let error = Configuration::parse("disable: [title-to-long]").unwrap_err();
        assert!(matches!(error, ConfigurationError::UnknownCheck { .. }));
        assert!(
            error
                .to_string()
                .ends_with("did you mean `title-too-long`?")
        );
        assert!(Configuration::parse("disabled: []").is_err());
    }
}
