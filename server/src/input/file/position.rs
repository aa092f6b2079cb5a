//! How far files are read: what survives a restart.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What a file is, whatever its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The file system.
    pub device: u64,
    /// The file in it; numbers are given again after a deletion, hence the fingerprint.
    pub inode: u64,
    /// CRC-32C of the first bytes.
    pub fingerprint: u32,
    /// How many bytes that were.
    pub fingerprint_bytes: u32,
}

/// How far a file is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Its name when it was read last; for people.
    pub path: PathBuf,
    /// What it is.
    pub identity: Identity,
    /// Everything before is durable.
    pub offset: u64,
}

/// The positions of all files of an input; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Positions(Arc<Mutex<Vec<Position>>>);

/// Older ones are forgotten.
const POSITIONS_MAX: usize = 10_000;

impl Positions {
    /// Those that were persisted.
    pub fn new(positions: Vec<Position>) -> Self {
        Self(Arc::new(Mutex::new(positions)))
    }

    /// Those to persist now.
    pub fn all(&self) -> Vec<Position> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn of(&self, device: u64, inode: u64) -> Option<Position> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |p: &&Position| p.identity.device == device && p.identity.inode == inode;
        all.iter().find(is).cloned()
    }

    pub(super) fn set(&self, position: Position) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Identity { device, inode, .. } = position.identity;
        let is = |p: &&mut Position| p.identity.device == device && p.identity.inode == inode;
        if let Some(known) = all.iter_mut().find(is) {
            *known = position;
            return;
        }
        if all.len() >= POSITIONS_MAX {
            all.remove(0);
        }
        all.push(position);
    }
}
