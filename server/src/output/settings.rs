use std::path::Path;

use serde::Deserialize;
use yagura_rules::Level;

use super::{
    FileOutput, FileSettings, Filter, FilterSettings, LineOutput, Output, StdoutSettings,
    SyslogOutput, SyslogSettings, WebhookOutput, WebhookSettings,
};
use crate::finding::{Kind, State};
use crate::store::{StoreOutput, StoreSettings};

/// One output in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputSettings {
    /// Its name in metrics and messages, and of its files: letters, digits, `-` and `_`.
    pub name: String,
    /// What it gets.
    #[serde(default)]
    pub filter: FilterSettings,
    /// What it is.
    pub to: SinkSettings,
}

/// What an output is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkSettings {
    /// JSON lines in a file.
    File(FileSettings),
    /// JSON lines on standard output.
    Stdout(StdoutSettings),
    /// Syslog messages.
    Syslog(SyslogSettings),
    /// HTTP requests.
    Webhook(WebhookSettings),
    /// The `SQLite` store.
    Store(StoreSettings),
}

/// Why an output cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("output {name}: {reason}")]
pub struct SetUpError {
    /// Which.
    pub name: String,
    /// What is wrong and what helps.
    pub reason: String,
}

impl OutputSettings {
    /// Makes the output. Relative paths are below `folder`.
    pub fn set_up(&self, folder: &Path) -> Result<(Box<dyn Output>, Filter), SetUpError> {
        let failed = |reason: String| SetUpError {
            name: self.name.clone(),
            reason,
        };
        if !is_name(&self.name) {
            let reason = "a name has 1 to 64 letters, digits, '-' and '_'";
            return Err(failed(reason.to_owned()));
        }
        let output: Box<dyn Output> = match &self.to {
            SinkSettings::File(file) => Box::new(FileOutput::open(file, folder).map_err(failed)?),
            SinkSettings::Stdout(stdout) => {
                Box::new(LineOutput::new(std::io::stdout(), stdout.format))
            }
            SinkSettings::Syslog(syslog) => {
                Box::new(SyslogOutput::new(syslog, folder).map_err(failed)?)
            }
            SinkSettings::Webhook(webhook) => {
                Box::new(WebhookOutput::new(webhook, folder).map_err(failed)?)
            }
            SinkSettings::Store(store) => {
                let opened = StoreOutput::open(store, folder);
                Box::new(opened.map_err(|error| failed(error.to_string()))?)
            }
        };
        Ok((output, self.filter.filter(self.default_kinds())))
    }

    fn default_kinds(&self) -> &'static [Kind] {
        match self.to {
            SinkSettings::Store(_) => &[Kind::Detection, Kind::Alert, Kind::Incident],
            _ => &[Kind::Alert, Kind::Incident],
        }
    }
}

/// It becomes part of file names.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident of $of:ident { $($variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "as those of what it names")]
        pub enum $name { $($variant),+ }

        impl From<$name> for $of {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

names!(
    /// A [`Kind`] in the configuration.
    KindName of Kind { Detection, Alert, Incident }
);
names!(
    /// A [`State`] in the configuration.
    StateName of State { Open, Update, Closed }
);
names!(
    /// A [`Level`] in the configuration.
    LevelName of Level { Informational, Low, Medium, High, Critical }
);
