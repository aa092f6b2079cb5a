//! The configuration: one YAML file, unknown keys are errors, `docs/server.md` describes it.

pub mod api;
pub mod input;
pub mod limits;
pub mod output;
pub mod quantity;
#[cfg(test)]
mod schema;
pub mod secret;
pub mod tls;
mod typed;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use yagura_rules::Level;

pub use api::ApiConfig;
pub use input::{InputConfig, InputKind};
pub use limits::LimitsConfig;
pub use output::OutputConfig;
pub use secret::Secret;
pub use tls::TlsSetting;

/// Everything that `yagura serve` can be told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Where spool, checkpoints and store are.
    pub data_dir: PathBuf,
    /// Rule files and folders; none: the rules that ship.
    pub rules: Vec<PathBuf>,
    /// A file with values for `|expand`.
    pub placeholders: Option<PathBuf>,
    /// Rules below it are not evaluated, unless others refer to them.
    #[serde(deserialize_with = "level")]
    pub min_level: Level,
    /// Whether a set with refused rules is taken, without them.
    pub keep_going: bool,
    /// Whether rules are loaded again when their files change.
    pub watch_rules: bool,
    /// Workers; none: one a core.
    pub threads: Option<NonZeroUsize>,
    /// How long matches wait for earlier ones.
    #[serde(deserialize_with = "quantity::time")]
    pub lateness: Duration,
    /// How far an event's time may be ahead of when it was received.
    #[serde(deserialize_with = "quantity::time")]
    pub max_future: Duration,
    /// Without events for so long, event time goes on by the clock.
    #[serde(deserialize_with = "quantity::time")]
    pub idle: Duration,
    /// How often the state is stored.
    #[serde(deserialize_with = "quantity::time")]
    pub checkpoint: Duration,
    /// The spool.
    pub spool: SpoolConfig,
    /// What inputs take at most.
    pub limits: LimitsConfig,
    /// Health, metrics, and what was found.
    pub api: ApiConfig,
    /// How events come in; none: the usual protocols on loopback.
    pub inputs: Option<Vec<InputConfig>>,
    /// Where findings go, besides the store.
    pub outputs: Vec<OutputConfig>,
}

/// How events are kept until a checkpoint holds what they did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SpoolConfig {
    /// What it may take on disk; then nothing more is accepted until events are processed.
    #[serde(deserialize_with = "quantity::bytes")]
    pub limit: u64,
    /// Size of a file.
    #[serde(deserialize_with = "quantity::bytes")]
    pub segment: u64,
    /// What is left free on the file system.
    #[serde(deserialize_with = "quantity::bytes")]
    pub reserve: u64,
    /// Bytes that wait in memory for the disk.
    #[serde(deserialize_with = "quantity::length")]
    pub memory: usize,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            limit: 8 << 30,
            segment: 64 << 20,
            reserve: 256 << 20,
            memory: 64 << 20,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("yagura-data"),
            rules: Vec::new(),
            placeholders: None,
            min_level: Level::Informational,
            keep_going: false,
            watch_rules: true,
            threads: None,
            lateness: Duration::from_secs(5),
            max_future: Duration::from_secs(3600),
            idle: Duration::from_secs(60),
            checkpoint: Duration::from_secs(10),
            spool: SpoolConfig::default(),
            limits: LimitsConfig::default(),
            api: ApiConfig::default(),
            inputs: None,
            outputs: Vec::new(),
        }
    }
}

/// What is wrong with a configuration, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", .path.display(), at(*.place))]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub message: String,
}

fn at(place: Option<(usize, usize)>) -> String {
    place.map_or(String::new(), |(line, column)| format!(":{line}:{column}"))
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            path: path.to_owned(),
            place: None,
            message: format!("cannot be read: {error}"),
        })?;
        Self::parse(&text, path)
    }

    /// Reads a text; `path` is for its errors.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let is_empty = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if text.lines().all(is_empty) {
            return Ok(Self::default());
        }
        let config: Self = serde_yaml::from_str(text).map_err(|error| ConfigError {
            path: path.to_owned(),
            place: error.location().map(|at| (at.line(), at.column())),
            message: without_place(&error.to_string()),
        })?;
        config.check().map_err(|message| ConfigError {
            path: path.to_owned(),
            place: None,
            message,
        })?;
        Ok(config)
    }
}

impl Config {
    /// What no single key is wrong about.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn check(&self) -> Result<(), String> {
        let mut names = Vec::new();
        for input in self.inputs.iter().flatten() {
            let name = input.name();
            if names.contains(&name) {
                return Err(format!(
                    "two inputs are called {name}: give one of them another `name`"
                ));
            }
            names.push(name);
        }
        let mut names = Vec::new();
        for output in &self.outputs {
            if names.contains(&output.name()) {
                return Err(format!(
                    "two outputs are called {}: give one of them another `name`",
                    output.name()
                ));
            }
            names.push(output.name());
        }
        Ok(())
    }
}

/// The place stands in front of the message already.
fn without_place(message: &str) -> String {
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message[..end].to_owned()
}

fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    let text = String::deserialize(deserializer)?;
    let known = Level::ALL.into_iter().find(|level| level.name() == text);
    known.ok_or_else(|| {
        let names: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
        serde::de::Error::custom(format!(
            "`{text}` is no level; there are {}",
            names.join(", ")
        ))
    })
}
