//! The store: alerts, incidents and detections in one `SQLite` file, to be asked by the API and by
//! people (`docs/store.md` has the schema).
//!
//! ```text
//!  outbox ─▶ StoreOutput (one connection, one transaction a batch) ─▶ yagura.db ◀─ StoreReader
//! ```
//!
//! Each record stands once: a row knows the position in the outbox that it was last changed from,
//! and what comes from there or before changes nothing. So deliveries that are repeated after a
//! crash neither double a row nor count an update twice.

mod query;
mod reader;
mod retention;
mod schema;
mod writer;

use std::path::PathBuf;

use serde::Deserialize;

pub use query::{PageCursor, Search};
pub use reader::{Counted, Page, Row, StoreReader};
pub use writer::StoreOutput;

/// The store in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StoreSettings {
    /// The file.
    pub path: PathBuf,
    /// Detections kept, at most: the latest that came.
    pub detections: u64,
    /// How long detections are kept, in days since they came; without it, as long as there is
    /// room.
    pub detection_days: Option<u32>,
    /// Alerts kept, at most, and as many incidents. Open ones are always kept.
    pub cases: u64,
    /// How long closed alerts and incidents are kept, in days since their last change.
    pub case_days: Option<u32>,
}

impl Default for StoreSettings {
    /// A million detections for 90 days, a million alerts and incidents without limit of time.
    fn default() -> Self {
        Self {
            path: PathBuf::from("yagura.db"),
            detections: 1_000_000,
            detection_days: Some(90),
            cases: 1_000_000,
            case_days: None,
        }
    }
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What `SQLite` says.
    #[error("the store {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The error.
        source: rusqlite::Error,
    },
    /// Made by a later version of this program.
    #[error("the store {} has schema {found}, this program knows {known}; use the version that made it, or another file", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Its folder.
    #[error("cannot make {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// A cursor that no page gave.
    #[error("{0:?} is no cursor of a page; begin again without one")]
    Cursor(String),
}
