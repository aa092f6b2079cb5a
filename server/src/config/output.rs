//! Where findings go.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess};

use super::typed::{Typed, typed};
use crate::output::{FilterSettings, OutputSettings, SinkSettings};
use crate::store::StoreSettings;

/// One output: `type`, `name`, `filter`, and what the type has for its own.
#[derive(Clone, Debug)]
pub struct OutputConfig(pub OutputSettings);

/// What all outputs have.
#[derive(Clone, Debug, Default)]
pub struct Common {
    name: Option<String>,
    filter: FilterSettings,
}

const TYPES: &[&str] = &["file", "stdout", "syslog", "webhook", "sqlite"];

impl OutputConfig {
    /// The store with nothing but defaults.
    pub fn store() -> Self {
        Self(OutputSettings {
            name: "store".to_owned(),
            filter: FilterSettings::default(),
            to: SinkSettings::Store(StoreSettings::default()),
        })
    }

    /// From `stdout` or `file=PATH`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn of_flag(text: &str) -> Result<Self, String> {
        let (kind, rest) = match text.split_once('=') {
            Some(("file", path)) => {
                // Of the folder where the command is given; of the data folder in a file.
                let path = std::path::absolute(path).map_err(|error| error.to_string())?;
                let path = serde_json::Value::from(path.to_string_lossy());
                ("file", format!("path: {path}"))
            }
            Some(("webhook", url)) => ("webhook", format!("url: {}", serde_json::Value::from(url))),
            None if text == "stdout" => ("stdout", String::new()),
            _ => {
                return Err(format!(
                    "`{text}` has to be stdout, file=PATH or webhook=URL"
                ));
            }
        };
        let yaml = format!("type: {kind}\n{rest}\n");
        serde_yaml::from_str(&yaml).map_err(|error| error.to_string())
    }

    /// Whether it is the store.
    pub fn is_store(&self) -> bool {
        matches!(self.0.to, SinkSettings::Store(_))
    }

    /// Where it is, if it is the store; relative paths are below the data folder.
    pub fn store_path(&self, folder: &Path) -> Option<PathBuf> {
        match &self.0.to {
            SinkSettings::Store(settings) => Some(folder.join(&settings.path)),
            _ => None,
        }
    }

    /// Its name in counters and messages.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl<'de> Deserialize<'de> for OutputConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        typed(deserializer)
    }
}

impl<'de> Typed<'de> for OutputConfig {
    type Common = Common;

    const TYPES: &'static [&'static str] = TYPES;

    fn common<A: MapAccess<'de>>(
        common: &mut Common,
        key: &str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match key {
            "name" => common.name = Some(map.next_value()?),
            "filter" => common.filter = map.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn own<D: Deserializer<'de>>(
        kind: &str,
        rest: D,
        common: impl FnOnce() -> Common,
    ) -> Result<Self, D::Error> {
        let to = match kind {
            "file" => SinkSettings::File(Deserialize::deserialize(rest)?),
            "stdout" => SinkSettings::Stdout(Deserialize::deserialize(rest)?),
            "syslog" => SinkSettings::Syslog(Deserialize::deserialize(rest)?),
            "webhook" => SinkSettings::Webhook(Deserialize::deserialize(rest)?),
            "sqlite" => SinkSettings::Store(Deserialize::deserialize(rest)?),
            other => return Err(de::Error::unknown_variant(other, TYPES)),
        };
        let Common { name, filter } = common();
        let name = name.unwrap_or_else(|| match kind {
            "sqlite" => "store".to_owned(),
            other => other.to_owned(),
        });
        Ok(Self(OutputSettings { name, filter, to }))
    }
}
