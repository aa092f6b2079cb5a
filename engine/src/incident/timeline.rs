//! The rows of an incident: its alerts, and its single detections by rule and host.

use super::contribution::{Contribution, StageFacts};
use super::entities::EntityId;
use super::keyed_list::Keyed;

/// Sample events of a row.
pub(super) const SAMPLES: usize = 5;
/// Stages and key fields of a row; an alert with more is shown without the rest.
const PARTS_MAX: usize = 64;

/// What a row is about: an alert, or a host (or nothing known) on which a rule matched.
pub(super) const NO_SUBJECT: EntityId = EntityId::MAX;

/// A name and a value.
pub(super) type KeyField = (Box<str>, Box<[u8]>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct StageTally {
    pub(super) name: Box<str>,
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) rule: u32,
    pub(super) subject: EntityId,
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    /// The number of the contribution that touched it last.
    pub(super) touched: u64,
    pub(super) key: Box<[KeyField]>,
    pub(super) stages: Vec<StageTally>,
    pub(super) samples: [u64; SAMPLES],
    pub(super) sample_count: u8,
}

/// Of a row.
pub(super) fn row_key(rule: u32, subject: EntityId) -> u64 {
    (u64::from(rule) << 32) | u64::from(subject)
}

impl Keyed for Row {
    fn key(&self) -> u64 {
        row_key(self.rule, self.subject)
    }
}

impl Row {
    pub(super) fn new(
        contribution: &Contribution<'_>,
        subject: EntityId,
        value_bytes: usize,
    ) -> Self {
        let field = |(name, value): &(&str, &[u8])| -> KeyField {
            let value = value.get(..value_bytes).unwrap_or(value);
            ((*name).into(), value.into())
        };
        Self {
            rule: contribution.rule,
            subject,
            count: 0,
            first: contribution.first.0,
            last: contribution.last.0,
            touched: 0,
            key: contribution.key.iter().take(PARTS_MAX).map(field).collect(),
            stages: Vec::new(),
            samples: [0; SAMPLES],
            sample_count: 0,
        }
    }

    /// Counts a contribution. Does not allocate unless a stage is new.
    pub(super) fn add(&mut self, contribution: &Contribution<'_>, added: u64, touched: u64) {
        self.count = self.count.saturating_add(added);
        self.first = self.first.min(contribution.first.0);
        self.last = self.last.max(contribution.last.0);
        self.touched = touched;
        for stage in contribution.stages {
            self.set_stage(stage);
        }
        self.add_samples(contribution.samples);
    }

    fn set_stage(&mut self, facts: &StageFacts<'_>) {
        let (count, first, last) = (facts.count, facts.first.0, facts.last.0);
        if let Some(known) = self.stages.iter_mut().find(|s| *s.name == *facts.name) {
            (known.count, known.first, known.last) = (count, first, last);
        } else if self.stages.len() < PARTS_MAX {
            let name = facts.name.into();
            self.stages.push(StageTally {
                name,
                count,
                first,
                last,
            });
        }
    }

    pub(super) fn samples(&self) -> &[u64] {
        self.samples
            .get(..usize::from(self.sample_count))
            .unwrap_or_default()
    }

    pub(super) fn add_samples(&mut self, samples: &[u64]) {
        for sample in samples {
            if self.samples().contains(sample) {
                continue;
            }
            let Some(free) = self.samples.get_mut(usize::from(self.sample_count)) else {
                return;
            };
            *free = *sample;
            self.sample_count += 1;
        }
    }

    /// Takes in the same row of an incident that was merged.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.touched = self.touched.max(other.touched);
        self.add_samples(other.samples());
    }
}
