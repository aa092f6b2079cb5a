//! All state as bytes, and back.
//!
//! ```text
//! "YGCORR" version(1) │ clock, counters │ waiting matches │ units: fingerprint, length, keys │ checksum(8)
//! ```
//!
//! Numbers are LEB128 (see [`super::varint`]). A unit's state is taken back if a rule of the same
//! fingerprint is in the plan: the same id, the same text that decides, and the same detections
//! behind it. The others begin anew, and are counted. Whether bytes are what was written is
//! told by the checksum; what they say is checked all the same, and sizes are never believed.

mod decode;
mod encode;

use std::sync::Arc;

use super::hash::hash64;
use super::options::Options;
use super::plan::Plan;
use super::{Core, Correlator};

const MAGIC: &[u8] = b"YGCORR";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 8;

/// Why a snapshot was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The bytes are something else.
    #[error("this is not the state of a correlator")]
    NotASnapshot,
    /// Written by another version.
    #[error("the state was written in format {0}; this version reads format {VERSION}")]
    Version(u8),
    /// Cut short or changed.
    #[error("the state is damaged: its checksum or its content is wrong")]
    Damaged,
}

/// What was taken back.
#[derive(Debug)]
pub struct Restored {
    /// Goes on where the snapshot was made.
    pub correlator: Correlator,
    /// How many rules of the snapshot are not in the plan any more, or mean something else now.
    pub forgotten_rules: usize,
    /// How many waiting matches were of detections that are not in the plan any more.
    pub forgotten_matches: usize,
}

impl Correlator {
    /// All state as bytes. Options are not part of it.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        encode::all(self, &mut out);
        let checksum = hash64(u64::from(VERSION), &out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// A correlator with the state of a snapshot, as far as its rules are in the plan unchanged.
    pub fn restore(
        plan: Arc<Plan>,
        options: Options,
        bytes: &[u8],
    ) -> Result<Restored, RestoreError> {
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or(RestoreError::NotASnapshot)?;
        let version = *rest.first().ok_or(RestoreError::Damaged)?;
        if version != VERSION {
            return Err(RestoreError::Version(version));
        }
        let (content, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(RestoreError::Damaged)?;
        let body = content
            .get(MAGIC.len() + 1..)
            .ok_or(RestoreError::Damaged)?;
        if hash64(u64::from(VERSION), content) != u64::from_le_bytes(*checksum) {
            return Err(RestoreError::Damaged);
        }
        let core = Core::new(&plan, options);
        let empty = Correlator {
            plan,
            core,
            buffer: super::Buffer::default(),
            high_water: i64::MIN,
        };
        decode::all(empty, body).ok_or(RestoreError::Damaged)
    }
}
