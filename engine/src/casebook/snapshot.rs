//! A casebook as bytes, and back.
//!
//! ```text
//! "YGCASE" version(1) │ correlator │ incidents │ fingerprints of detections │ waiting │ checksum(8)
//! ```
//!
//! Correlator and incidents are what [`Correlator::snapshot`] and [`Builder::snapshot`] give,
//! each behind its length. Rules may change between the two: a match that waits stands behind
//! the fingerprint of its detection, never behind its number, and is forgotten where no
//! detection has that fingerprint any more. As elsewhere, sizes are never believed.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{CaseRules, Casebook, Incidents, Waiting};
use crate::correlator::hash::hash64;
use crate::correlator::varint::{Reader, put, put_bytes, put_nested, put_signed};
use crate::correlator::{self, Correlator, Options, pair};
use crate::incident::{self, Builder, SnapshotError};

const MAGIC: &[u8] = b"YGCASE";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 8;

/// Why the state of a casebook was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The bytes are something else.
    #[error("this is not the state of a casebook")]
    NotASnapshot,
    /// Written by another version, in whole or in part.
    #[error("the state was written by another version of yagura; start without it")]
    Version,
    /// Cut short or changed.
    #[error("the state is damaged: its checksum or its content is wrong; start without it")]
    Damaged,
    /// What is kept of each entity would mean something else.
    #[error(
        "the incident policy has other kinds of entities than when the state was written; \
         go back to the kinds it had, or start without the state"
    )]
    Policy,
}

impl From<correlator::RestoreError> for RestoreError {
    fn from(error: correlator::RestoreError) -> Self {
        match error {
            correlator::RestoreError::Version(_) => Self::Version,
            // The frame around it is ours, so what is in it was ours as well.
            correlator::RestoreError::NotASnapshot | correlator::RestoreError::Damaged => {
                Self::Damaged
            }
        }
    }
}

impl From<SnapshotError> for RestoreError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Version => Self::Version,
            SnapshotError::Policy => Self::Policy,
            SnapshotError::Checksum | SnapshotError::Malformed => Self::Damaged,
        }
    }
}

/// What was taken back.
#[derive(Debug)]
pub struct Restored {
    /// Goes on where the snapshot was made.
    pub casebook: Casebook,
    /// How many correlations and sequences of the snapshot are gone, or mean something else now:
    /// their keys and open alerts were forgotten. Incidents keep what they were told.
    pub forgotten_rules: usize,
    /// How many waiting matches were of detections that are gone, or mean something else now.
    /// One that waited for a correlation and for itself counts for each.
    pub forgotten_matches: usize,
}

impl Casebook {
    /// All state as bytes. Rules, options and limits are not part of it.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.snapshot_into(&mut out);
        out
    }

    /// Appends all state: what is large is written once and never copied.
    pub fn snapshot_into(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        put_nested(out, |out| self.correlator.snapshot_into(out));
        put_nested(out, |out| self.incidents.builder.snapshot_into(out));
        let detections = &self.rules.plan.detections;
        put(detections.len() as u64, out);
        for detection in detections {
            put(detection.fingerprint, out);
        }
        // A heap has no order worth keeping; the same state is to give the same bytes.
        let mut waiting: Vec<&Waiting> = self.incidents.waiting.iter().map(|w| &w.0).collect();
        waiting.sort_unstable();
        put(self.incidents.pushed_out, out);
        put(waiting.len() as u64, out);
        for of in waiting {
            put(of.detection as u64, out);
            put_signed(of.time, out);
            put(of.sequence, out);
            put(of.event, out);
            put_bytes(&of.facts, out);
        }
        let checksum = hash64(u64::from(VERSION), &out[begin..]);
        out.extend_from_slice(&checksum.to_le_bytes());
    }

    /// A casebook with the state of a snapshot, as far as its rules are unchanged.
    ///
    /// # Errors
    ///
    /// Where the bytes are no snapshot, one of another version, damaged, or taken with other
    /// kinds of entities. Bytes of any kind are refused or taken, and never a panic.
    pub fn restore(
        rules: Arc<CaseRules>,
        options: Options,
        limits: incident::Limits,
        bytes: &[u8],
    ) -> Result<Restored, RestoreError> {
        let mut reader = Reader::new(content(bytes)?);
        let correlator = reader.bytes().ok_or(RestoreError::Damaged)?;
        let builder = reader.bytes().ok_or(RestoreError::Damaged)?;
        let policy = Arc::clone(&rules.policy);
        let builder = Builder::restore(policy, rules.rules.clone(), limits, builder)?;
        let plan = Arc::clone(&rules.plan);
        let restored = Correlator::restore(plan, options, correlator)?;
        let mut casebook = Self {
            lateness_ns: options.lateness,
            advanced: i64::MIN,
            correlator: restored.correlator,
            incidents: Incidents::new(builder, options.waiting_max),
            rules,
        };
        let forgotten = casebook.take_back(&mut reader);
        let forgotten = forgotten.filter(|_| reader.is_empty());
        let forgotten = forgotten.ok_or(RestoreError::Damaged)?;
        Ok(Restored {
            casebook,
            forgotten_rules: restored.forgotten_rules,
            forgotten_matches: restored.forgotten_matches.saturating_add(forgotten),
        })
    }

    /// Takes matches that waited. Gives how many were of detections that are not there any more;
    /// `None`: the bytes say something that cannot be.
    fn take_back(&mut self, reader: &mut Reader<'_>) -> Option<usize> {
        let places = self.places(reader)?;
        let mut forgotten = 0;
        // Far from the end of its range, since it is counted on.
        self.incidents.pushed_out = reader.number().filter(|n| *n < u64::MAX / 2)?;
        for _ in 0..reader.count()? {
            let detection = usize::try_from(reader.number()?).ok()?;
            let of = Waiting {
                time: reader.signed()?,
                sequence: reader.number()?,
                detection: 0,
                event: reader.number()?,
                facts: reader.bytes()?.to_vec(),
            };
            match *places.get(detection)? {
                Some(detection) => {
                    let waiting = Waiting { detection, ..of };
                    self.incidents.waiting.push(Reverse(waiting));
                }
                None => forgotten += 1,
            }
        }
        Some(forgotten)
    }

    /// By detection of the snapshot: which one of the rules it is.
    fn places(&self, reader: &mut Reader<'_>) -> Option<Vec<Option<usize>>> {
        let count = reader.count()?;
        let before: Option<Vec<u64>> = (0..count).map(|_| reader.number()).collect();
        let now = self.rules.plan.detections.iter().map(|of| of.fingerprint);
        Some(pair(before?, now))
    }
}

/// What stands between the head and the checksum.
fn content(bytes: &[u8]) -> Result<&[u8], RestoreError> {
    let rest = bytes.strip_prefix(MAGIC);
    let rest = rest.ok_or(RestoreError::NotASnapshot)?;
    let (version, _) = rest.split_first().ok_or(RestoreError::Damaged)?;
    if *version != VERSION {
        return Err(RestoreError::Version);
    }
    let (covered, checksum) = bytes
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(RestoreError::Damaged)?;
    if hash64(u64::from(VERSION), covered) != u64::from_le_bytes(*checksum) {
        return Err(RestoreError::Damaged);
    }
    covered.get(MAGIC.len() + 1..).ok_or(RestoreError::Damaged)
}

/// For tests that damage what is behind the checksum.
#[cfg(test)]
pub(super) fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = hash64(u64::from(VERSION), &body);
    body.extend_from_slice(&checksum.to_le_bytes());
    body
}
