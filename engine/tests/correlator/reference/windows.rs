//! Thresholds and `temporal`: everything about the matches of a window, all of them at hand.

use std::collections::BTreeSet;

use yagura_engine::alert::AlertRecord;
use yagura_engine::correlator::Records;
use yagura_rules::correlation::{Comparison, Condition, Correlation, Kind, ReferenceExpr};

use super::{Key, Known, Place, Rule, Seen, Unit};

fn waits_for_the_end(condition: &Condition) -> bool {
    match condition {
        Condition::Bounds(bounds) => bounds
            .iter()
            .any(|(c, _)| !matches!(c, Comparison::Greater | Comparison::GreaterOrEqual)),
        Condition::References(expr) => has_not(expr),
    }
}

fn has_not(expr: &ReferenceExpr) -> bool {
    match expr {
        ReferenceExpr::Rule(_) => false,
        ReferenceExpr::Not(_) => true,
        ReferenceExpr::All(parts) | ReferenceExpr::Any(parts) => parts.iter().any(has_not),
    }
}

fn true_of(expr: &ReferenceExpr, rules: &BTreeSet<usize>) -> bool {
    match expr {
        ReferenceExpr::Rule(rule) => rules.contains(rule),
        ReferenceExpr::Not(inner) => !true_of(inner, rules),
        ReferenceExpr::All(parts) => parts.iter().all(|p| true_of(p, rules)),
        ReferenceExpr::Any(parts) => parts.iter().any(|p| true_of(p, rules)),
    }
}

fn within(bounds: &[(Comparison, f64)], value: f64) -> bool {
    bounds.iter().all(|(comparison, bound)| match comparison {
        Comparison::Greater => value > *bound,
        Comparison::GreaterOrEqual => value >= *bound,
        Comparison::Less => value < *bound,
        Comparison::LessOrEqual => value <= *bound,
        Comparison::Equal => value == *bound,
        Comparison::NotEqual => value != *bound,
    })
}

/// Whether the condition holds over some matches, and what they come to.
fn judge(correlation: &Correlation, window: &[&Seen]) -> (bool, Option<f64>) {
    let rules: BTreeSet<usize> = window.iter().map(|s| s.input).collect();
    let bounds = match &correlation.condition {
        Condition::References(expr) => return (true_of(expr, &rules), None),
        Condition::Bounds(bounds) => bounds,
    };
    let mut numbers: Vec<f64> = window.iter().map(|s| s.number).collect();
    numbers.sort_by(f64::total_cmp);
    let (sum, count) = (numbers.iter().sum::<f64>(), numbers.len());
    let value = match correlation.kind {
        Kind::EventCount => return (within(bounds, window.len() as f64), None),
        Kind::ValueCount => {
            let values: BTreeSet<&Vec<String>> = window.iter().map(|s| &s.value).collect();
            return (within(bounds, values.len() as f64), None);
        }
        Kind::Temporal | Kind::TemporalOrdered => {
            return (within(bounds, rules.len() as f64), None);
        }
        Kind::ValueSum => sum,
        Kind::ValueAvg => sum / count as f64,
        Kind::ValuePercentile => {
            let percentile = correlation.percentile.unwrap_or(95.0);
            let rank = (percentile / 100.0 * count as f64).ceil() as usize;
            numbers[rank.max(1) - 1]
        }
        Kind::ValueMedian => f64::midpoint(numbers[count / 2], numbers[(count - 1) / 2]),
    };
    (within(bounds, value), Some(value))
}

impl Unit {
    pub(super) fn apply_threshold(
        &mut self,
        seen: Seen,
        display: &[Option<String>],
        late: bool,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        let Rule::Threshold(correlation) = &self.rule else {
            return;
        };
        let correlation = correlation.clone();
        let numeric = matches!(
            correlation.kind,
            Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile | Kind::ValueMedian
        );
        if numeric && seen.number.is_nan() {
            return;
        }
        let at_end = waits_for_the_end(&correlation.condition);
        let key: Key = seen
            .key
            .iter()
            .cloned()
            .map(Option::unwrap_or_default)
            .collect();
        let span = self.span;
        let known = self.known(&key, display);
        if at_end && known.window.is_some_and(|began| seen.at < began) {
            return;
        }
        known.last = known.last.max(seen.at.0);
        known.history.push(seen.clone());
        let newest = known.last;
        if at_end {
            known.window.get_or_insert(seen.at);
        }
        let mut window: Vec<&Seen> = known.history.iter().collect();
        window.retain(|s| s.at.0 >= newest - span);
        window.sort_by_key(|s| s.at.0);
        let window: Vec<Seen> = window.into_iter().cloned().collect();
        let (holds, value) = judge(&correlation, &window.iter().collect::<Vec<_>>());
        let (holds, value) = if at_end {
            (false, None)
        } else {
            (holds, value)
        };
        if known.alert.is_some() {
            self.count(&key, &seen, value);
            self.report(&key, seen.at.0, holds, records, out);
        } else if holds {
            let at = seen.at;
            let stretches = self.stretches(&self.keys[&key].clone(), newest - span);
            let (counted, extras) = match correlation.kind {
                Kind::EventCount => (window.clone(), vec![seen.clone()]),
                _ => (stretches.clone(), stretches),
            };
            // Distinct values are those of the window, even if matches are counted from before.
            let values = window.iter().map(|s| s.value.clone()).collect();
            let distinct = (correlation.kind == Kind::ValueCount).then_some(values);
            let event = seen.event;
            self.open(
                &key, at, at, event, late, &counted, &extras, value, distinct, out,
            );
        }
    }

    pub(super) fn due(&self, known: &Known) -> i64 {
        let end = known.last + self.span;
        let end = if known.alert.is_none() {
            end.max(known.keep)
        } else {
            end
        };
        let window = known.window.map(|began| began.0 + self.span);
        let absences = self.decided_at(known);
        end.min(window.unwrap_or(i64::MAX))
            .min(absences.unwrap_or(i64::MAX))
    }

    pub(super) fn end_window(
        &mut self,
        key: &Key,
        at: Place,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        let known = self.keys[key].clone();
        if let (Rule::Threshold(correlation), Some(began)) = (&self.rule, known.window)
            && began.0 + self.span <= at.0
        {
            let window: Vec<Seen> = known.history.clone();
            let (holds, value) = judge(correlation, &window.iter().collect::<Vec<_>>());
            if holds && known.alert.is_none() {
                // The first match of the first rule that has one.
                let first = window.iter().min_by_key(|seen| seen.input);
                let event = first.map_or(0, |seen| seen.event);
                self.open(
                    key, began, at, event, false, &window, &window, value, None, out,
                );
            } else if holds && records == Records::Every {
                self.report(key, at.0, true, records, out);
            }
            let known = self.keys.get_mut(key).expect("it is due");
            known.window = None;
            known.history.clear();
        }
        self.decide_absences(key, at, records, out);
        let known = &self.keys[key];
        if known.last + self.span <= at.0 {
            if known.alert.is_some() {
                self.close(key, at.0, records, out);
            }
            if self.keys[key].keep <= at.0 {
                self.keys.remove(key);
            }
        }
    }
}
