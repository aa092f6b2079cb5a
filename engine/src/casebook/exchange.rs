//! Other rules take the place of those in force.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{CaseRules, Casebook, RestoreError, Sink};
use crate::alert::AlertRecord;
use crate::correlator::{Forgotten, pair};
use crate::incident;

impl Casebook {
    /// Goes on by other rules. What is kept is what [`Casebook::restore`] would take back of a
    /// snapshot of now, but nothing is copied. Open alerts of rules that are gone, or mean
    /// something else now, are closed; `sink` gets them as the rules so far are numbered.
    ///
    /// # Errors
    ///
    /// The policy has other kinds of entities: what is kept of each would mean something else.
    /// Nothing was changed.
    pub fn exchange(
        &mut self,
        rules: Arc<CaseRules>,
        limits: incident::Limits,
        sink: &mut Sink<'_>,
    ) -> Result<Forgotten, RestoreError> {
        let Self {
            rules: old,
            correlator,
            incidents,
            ..
        } = self;
        let policy = Arc::clone(&rules.policy);
        if !incidents.builder.has_kinds_of(&policy) {
            return Err(RestoreError::Policy);
        }
        let plan = Arc::clone(&rules.plan);
        let mut close = |alert: &AlertRecord| incidents.alert(old, alert, sink);
        let mut forgotten = correlator.exchange(plan, &mut close);
        let builder = &mut incidents.builder;
        builder.exchange(policy, rules.rules.clone(), limits);
        let detections = |rules: &CaseRules| -> Vec<u64> {
            let detections = rules.plan.detections.iter();
            detections.map(|detection| detection.fingerprint).collect()
        };
        let places = pair(detections(old), detections(&rules).into_iter());
        let waiting = std::mem::take(&mut incidents.waiting).into_vec();
        for Reverse(mut of) in waiting {
            match places.get(of.detection).copied().flatten() {
                Some(place) => {
                    of.detection = place;
                    incidents.waiting.push(Reverse(of));
                }
                None => forgotten.matches += 1,
            }
        }
        self.rules = rules;
        Ok(forgotten)
    }
}
