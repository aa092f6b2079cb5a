//! Numbers of a window: sum, mean, percentile, median.
//!
//! Up to 1,000 numbers are kept as they are, and the result is exact. Above, a key goes over to
//! **slices** of a 32nd of the window, each with its count, its sum and a histogram: numbers
//! leave a slice at a time, so the result may be over up to a 32nd of the window more than
//! asked. A percentile is then right within 1 % of its value (buckets grow by a factor of 1.02, as in
//! `DDSketch`; Masson, Rim and Lee 2019); when a slice needs more than 512 buckets, the lowest are
//! joined. Memory: below 32 × 8 KiB for a key that saw every magnitude in every slice.

use std::collections::VecDeque;

use super::spec::Measure;

const EXACT_MAX: usize = 1_000;
const SLICES: i64 = 32;
const BUCKETS_MAX: usize = 512;
/// Growth of the buckets: every number is within 1 % of the middle of its bucket.
const GROWTH: f64 = 1.02;
/// Puts the buckets of all magnitudes (2^±1074) on one side of zero.
const OFFSET: f64 = 40_000.0;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// By time.
    pub(crate) exact: VecDeque<(i64, f64)>,
    pub(crate) slices: VecDeque<Slice>,
}

/// Numbers of a part of the window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slice {
    /// Its time, in slices since 1970.
    pub(crate) number: i64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Bucket and count, in the order of the numbers.
    pub(crate) histogram: Vec<(i32, u64)>,
}

impl Values {
    /// Adds a number and forgets those before `since`.
    pub(crate) fn add(&mut self, time: i64, value: f64, span: i64, since: i64) {
        let length = (span / SLICES).max(1);
        if self.slices.is_empty() {
            let place = self.exact.partition_point(|(t, _)| *t <= time);
            self.exact.insert(place, (time, value));
            while self.exact.front().is_some_and(|(t, _)| *t < since) {
                self.exact.pop_front();
            }
            if self.exact.len() > EXACT_MAX {
                for (time, value) in std::mem::take(&mut self.exact) {
                    self.add_to_slice(time.div_euclid(length), value);
                }
            }
        } else {
            self.add_to_slice(time.div_euclid(length), value);
            let oldest = since.div_euclid(length);
            while self.slices.front().is_some_and(|s| s.number < oldest) {
                self.slices.pop_front();
            }
        }
    }

    fn add_to_slice(&mut self, number: i64, value: f64) {
        let place = self.slices.partition_point(|s| s.number < number);
        if self.slices.get(place).is_none_or(|s| s.number != number) {
            let slice = Slice {
                number,
                ..Slice::default()
            };
            self.slices.insert(place, slice);
        }
        if let Some(slice) = self.slices.get_mut(place) {
            slice.add(value);
        }
    }

    /// What they come to; `None` without any.
    pub(crate) fn result(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Sum => self.count().map(|_| self.sum()),
            Measure::Average => self.count().map(|count| self.sum() / count),
            Measure::Percentile(percentile) => self.at_rank(percentile),
            Measure::Median if self.slices.is_empty() => self.exact_median(),
            Measure::Median => self.at_rank(50.0),
            Measure::Matches | Measure::Distinct | Measure::Rules(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
    fn count(&self) -> Option<f64> {
        let sliced: u64 = self.slices.iter().map(|s| s.count).sum();
        let count = self.exact.len() as u64 + sliced;
        (count > 0).then_some(count as f64)
    }

    fn sum(&self) -> f64 {
        let exact: f64 = self.exact.iter().map(|(_, value)| value).sum();
        exact + self.slices.iter().map(|s| s.sum).sum::<f64>()
    }

    fn sorted(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.exact.iter().map(|(_, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    fn exact_median(&self) -> Option<f64> {
        let sorted = self.sorted();
        let above = *sorted.get(sorted.len() / 2)?;
        let below = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
        Some(f64::midpoint(below, above))
    }

    /// Nearest rank: the least number that so many percent of all do not exceed.
    #[expect(clippy::cast_sign_loss, reason = "a rank is at least 1")]
    fn at_rank(&self, percentile: f64) -> Option<f64> {
        let count = self.count()?;
        let rank = (percentile / 100.0 * count).ceil().clamp(1.0, count) as u64;
        if self.slices.is_empty() {
            return self.sorted().get(rank as usize - 1).copied();
        }
        let mut buckets: Vec<(i32, u64)> = Vec::new();
        for slice in &self.slices {
            buckets.extend(&slice.histogram);
        }
        buckets.sort_unstable();
        let mut below = 0;
        for (bucket, count) in buckets {
            below += count;
            if below >= rank {
                return Some(middle_of(bucket));
            }
        }
        None
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let buckets: usize = self.slices.iter().map(|s| s.histogram.capacity()).sum();
        self.exact.capacity() * 16 + self.slices.capacity() * size_of::<Slice>() + buckets * 16
    }
}

impl Slice {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        let bucket = bucket_of(value);
        match self.histogram.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(place) => {
                if let Some((_, count)) = self.histogram.get_mut(place) {
                    *count += 1;
                }
            }
            Err(place) => self.histogram.insert(place, (bucket, 1)),
        }
        if self.histogram.len() > BUCKETS_MAX {
            let (_, lowest) = self.histogram.remove(0);
            if let Some((_, count)) = self.histogram.first_mut() {
                *count += lowest;
            }
        }
    }
}

fn bucket_of(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    let magnitude = (value.abs().ln() / GROWTH.ln()).ceil() + OFFSET;
    (magnitude.copysign(value)) as i32
}

fn middle_of(bucket: i32) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    let exponent = f64::from(bucket).abs() - OFFSET;
    let upper = (exponent * GROWTH.ln()).exp();
    (upper * 2.0 / (1.0 + GROWTH)).copysign(f64::from(bucket))
}

#[cfg(test)]
mod tests {
    use super::{Measure, Values};

    fn filled(count: i32) -> Values {
        let mut values = Values::default();
        for number in 0..count {
            let value = f64::from(number * 7919 % count) - 50.0;
            values.add(i64::from(number), value, 1 << 40, 0);
        }
        values
    }

    #[test]
    fn exact_up_to_a_thousand() {
        let values = filled(1_000);
        assert_eq!(values.result(Measure::Percentile(95.0)), Some(899.0));
        assert_eq!(values.result(Measure::Median), Some(449.5));
        assert_eq!(values.result(Measure::Sum), Some(449_500.0));
        assert_eq!(values.result(Measure::Average), Some(449.5));
        assert_eq!(Values::default().result(Measure::Sum), None);
    }

    #[test]
    fn within_one_percent_above() {
        let values = filled(20_000);
        assert_eq!(values.result(Measure::Average), Some(9_949.5));
        for percentile in [1.0, 50.0, 95.0, 99.9] {
            let exact = (percentile * 200.0_f64).ceil() - 51.0;
            let found = values.result(Measure::Percentile(percentile));
            let found = found.expect("there are values");
            let error = (found - exact).abs();
            assert!(
                error <= exact.abs() * 0.0101,
                "{percentile}: {found}, not {exact}"
            );
        }
    }

    #[test]
    fn forgets_by_slices() {
        let mut values = Values::default();
        for time in 0..5_000 {
            values.add(time, 1.0, 320, time - 320);
        }
        let count = values.result(Measure::Sum).expect("there are values");
        assert!((321.0..=331.0).contains(&count), "{count}");
    }
}
