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
        let mut out = Vec::new();
        self.snapshot_into(&mut out);
        out
    }

    /// Appends all state.
    pub(crate) fn snapshot_into(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        // State takes less room as bytes.
        out.reserve(self.bytes() / 2);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        encode::all(self, out);
        let checksum = hash64(u64::from(VERSION), &out[begin..]);
        out.extend_from_slice(&checksum.to_le_bytes());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use yagura_rules::correlation::{Comparison, Condition, Correlation, Kind, Reference, Target};
    use yagura_rules::{Activity, Detection, Logsource, Meta, SourceFile, Span};

    use super::super::Match;
    use super::{CHECKSUM_BYTES, Correlator, Options, Plan, RestoreError, VERSION, hash64};

    fn meta(title: &str) -> Meta {
        let place = Span {
            start: 0,
            len: 0,
            line: 1,
            column: 1,
        };
        Meta {
            id: None,
            name: None,
            title: title.to_owned(),
            status: None,
            description: None,
            author: None,
            date: None,
            modified: None,
            level: yagura_rules::Level::Low,
            tags: Vec::new(),
            references: Vec::new(),
            false_positives: Vec::new(),
            fields: Vec::new(),
            file: Arc::new(SourceFile {
                path: "rules.yml".into(),
                text: String::new(),
            }),
            span: place,
        }
    }

    fn plan() -> Arc<Plan> {
        let kinds = [
            Kind::EventCount,
            Kind::ValueCount,
            Kind::Temporal,
            Kind::TemporalOrdered,
            Kind::ValueSum,
        ];
        let correlations = kinds.map(|kind| Correlation {
            meta: meta(kind.name()),
            kind,
            rules: vec![Reference {
                written: "rule".to_owned(),
                target: Target::Detection(0),
            }],
            group_by: vec!["key".to_owned()],
            aliases: Vec::new(),
            timespan_seconds: 60,
            condition: Condition::Bounds(vec![(Comparison::GreaterOrEqual, 2.0)]),
            fields: vec!["value".to_owned()],
            percentile: None,
            generate: false,
        });
        let detection = Detection {
            meta: meta("rule"),
            logsource: Logsource::default(),
            selections: Vec::new(),
            conditions: Vec::new(),
            filters: Vec::new(),
            matches: yagura_rules::predicate::Expr::All(Vec::new()),
            activity: Activity::Active,
            in_place: false,
        };
        Arc::new(Plan::compile(&correlations, &[], &[Arc::new(detection)]))
    }

    fn filled() -> Vec<u8> {
        let mut correlator = Correlator::new(plan(), Options::default());
        for (n, value) in (0u8..12).zip([b"1", b"2", b"3"].iter().cycle()) {
            let time = i64::from(n) * 1_000_000_000;
            let found = Match {
                detection: 0,
                time,
                sequence: u64::from(n),
                high_water: time,
                event: 7,
                values: &[Some(b"key"), Some(*value)],
                extras: &[(1, b"extra")],
            };
            correlator.push(found, &mut |_| {});
        }
        correlator.snapshot()
    }

    proptest! {
        // The checksum is made right again, so that what is behind it meets the damage.
        #[test]
        fn hostile_bytes_are_refused_or_taken(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = filled();
            bytes.truncate(bytes.len() - CHECKSUM_BYTES);
            for (place, byte) in changes {
                let place = 7 + place.index(bytes.len() - 7);
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(7 + cut.index(bytes.len() - 7));
            }
            let checksum = hash64(u64::from(VERSION), &bytes);
            bytes.extend(checksum.to_le_bytes());
            match Correlator::restore(plan(), Options::default(), &bytes) {
                Ok(mut restored) => restored.correlator.finish(&mut |_| {}),
                Err(error) => prop_assert_eq!(error, RestoreError::Damaged),
            }
        }
    }
}
