//! What inputs take at most.

use std::time::Duration;

use serde::Deserialize;

use super::quantity;
use crate::limits::Limits;

/// See [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsConfig {
    /// Bytes of a line or message.
    #[serde(deserialize_with = "quantity::length")]
    pub line: usize,
    /// Bytes of a batch after decompression.
    #[serde(deserialize_with = "quantity::length")]
    pub batch: usize,
    /// How many times larger a batch may become by decompression.
    pub expansion: usize,
    /// Connections of one listener at a time.
    pub connections: usize,
    /// How long a connection may be silent.
    #[serde(deserialize_with = "quantity::time")]
    pub idle: Duration,
    /// How long a handshake or the head of a request may take.
    #[serde(deserialize_with = "quantity::time")]
    pub handshake: Duration,
    /// How long a request waits for room.
    #[serde(deserialize_with = "quantity::time")]
    pub room: Duration,
    /// Sources with counters of their own.
    pub sources: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            line: limits.line_bytes,
            batch: limits.batch_bytes,
            expansion: limits.expansion,
            connections: limits.connections,
            idle: limits.idle,
            handshake: limits.handshake,
            room: limits.room,
            sources: limits.sources,
        }
    }
}

impl From<LimitsConfig> for Limits {
    fn from(config: LimitsConfig) -> Self {
        Self {
            line_bytes: config.line,
            // The spool takes no larger record.
            batch_bytes: config.batch.min(16 << 20),
            expansion: config.expansion,
            connections: config.connections,
            idle: config.idle,
            handshake: config.handshake,
            room: config.room,
            sources: config.sources,
        }
    }
}
