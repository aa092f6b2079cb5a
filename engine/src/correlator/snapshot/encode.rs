//! State to bytes.

use crate::correlator::chain::{Chain, Collected, Link, Point};
use crate::correlator::extras::ExtraSet;
use crate::correlator::life::OpenAlert;
use crate::correlator::options::Counters;
use crate::correlator::plan::Plan;
use crate::correlator::table::{State, Table};
use crate::correlator::tally::{Epoch, Epochs, Tally};
use crate::correlator::threshold::Tallied;
use crate::correlator::values::Values;
use crate::correlator::varint::{put, put_bytes, put_nested, put_signed};
use crate::correlator::{Buffer, Core, Correlator};

pub(super) fn all(correlator: &Correlator, out: &mut Vec<u8>) {
    put_signed(correlator.high_water, out);
    put_signed(correlator.core.watermark, out);
    counters(&correlator.core.counters, out);
    waiting(&correlator.plan, &correlator.buffer, out);
    put(correlator.plan.units.len() as u64, out);
    for (number, unit) in correlator.plan.units.iter().enumerate() {
        put(unit.fingerprint, out);
        let partials = unit.partial_keys.len();
        put_nested(out, |out| {
            self::unit(&correlator.core, number, partials, out);
        });
    }
}

/// What is counted by rule stands with the rule.
fn counters(counters: &Counters, out: &mut Vec<u8>) {
    let numbers = [
        counters.matches,
        counters.late,
        counters.without_value,
        counters.not_numeric,
        counters.refused_keys,
        counters.evicted_keys,
        counters.pushed_out,
        counters.opened,
        counters.closed,
    ];
    for number in numbers {
        put(number, out);
    }
}

/// Values are by name, so that they find their places if a detection is asked for others.
fn waiting(plan: &Plan, buffer: &Buffer, out: &mut Vec<u8>) {
    put(plan.detections.len() as u64, out);
    for detection in &plan.detections {
        put(detection.fingerprint, out);
        put(detection.wanted.len() as u64, out);
        for name in &detection.wanted {
            put_bytes(name.as_bytes(), out);
        }
    }
    put(buffer.len() as u64, out);
    for waiting in buffer.all() {
        put(waiting.detection as u64, out);
        point(waiting.at, out);
        put(waiting.event, out);
        let values = waiting.carried.values();
        put(values.len() as u64, out);
        for value in values {
            out.push(u8::from(value.is_some()));
            put_bytes(value.unwrap_or_default(), out);
        }
        let extras = waiting.carried.extras();
        put(extras.len() as u64, out);
        for (kind, value) in extras {
            out.push(kind);
            put_bytes(value, out);
        }
    }
}

fn unit(core: &Core, number: usize, partials: usize, out: &mut Vec<u8>) {
    let without_key = core.counters.without_key.get(number);
    put(without_key.map_or(0, |(_, count)| *count), out);
    optional(core.evicted.get(number).copied().flatten(), put_signed, out);
    // Partial keys first: whole keys join them.
    let first = core.partial_tables.get(number).copied().unwrap_or(0);
    for partial in 0..partials {
        if let Some(table) = core.tables.get(first + partial) {
            self::table(core, table, out);
        }
    }
    if let Some(table) = core.tables.get(number) {
        self::table(core, table, out);
    }
}

fn table(core: &Core, table: &Table, out: &mut Vec<u8>) {
    put(table.len() as u64, out);
    for place in table.places() {
        let Some(slot) = table.get(place) else {
            continue;
        };
        for value in table.key(place) {
            put_bytes(value, out);
        }
        put_signed(slot.last, out);
        match &slot.state {
            State::Free => {}
            State::Count(ring) => {
                put(ring.len() as u64, out);
                for moment in ring.iter() {
                    put_signed(moment.time, out);
                    put(moment.event, out);
                }
            }
            State::Tallied(state) => tallied(state, out),
            State::Chain(state) => chain(state, out),
            State::Partial(partial) => list(&partial.collected, collected, out),
        }
        optional(core.alerts.get(slot.alert), alert, out);
    }
}

fn optional<T>(value: Option<T>, write: impl FnOnce(T, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(value, out);
    }
}

fn list<'a, T: 'a, I>(values: I, mut write: impl FnMut(&'a T, &mut Vec<u8>), out: &mut Vec<u8>)
where
    I: IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
{
    let values = values.into_iter();
    put(values.len() as u64, out);
    for value in values {
        write(value, out);
    }
}

fn point(at: Point, out: &mut Vec<u8>) {
    put_signed(at.0, out);
    put(at.1, out);
}

fn real(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn tallied(state: &Tallied, out: &mut Vec<u8>) {
    epochs(&state.epochs, out);
    let distinct = |(value, time): &(u64, i64), out: &mut Vec<u8>| {
        put(*value, out);
        put_signed(*time, out);
    };
    list(&state.distinct, distinct, out);
    list(
        &state.rules,
        |seen, out| optional(*seen, put_signed, out),
        out,
    );
    values(&state.values, out);
}

fn values(state: &Values, out: &mut Vec<u8>) {
    let exact = |(time, value): &(i64, f64), out: &mut Vec<u8>| {
        put_signed(*time, out);
        real(*value, out);
    };
    list(&state.exact, exact, out);
    put(state.slices.len() as u64, out);
    for slice in &state.slices {
        put_signed(slice.number, out);
        put(slice.count, out);
        real(slice.sum, out);
        let bucket = |(bucket, count): &(i32, u64), out: &mut Vec<u8>| {
            put_signed(i64::from(*bucket), out);
            put(*count, out);
        };
        list(&slice.histogram, bucket, out);
    }
}

fn chain(state: &Chain, out: &mut Vec<u8>) {
    epochs(&state.epochs, out);
    list(&state.reached, |l, out| optional(*l, link, out), out);
    list(&state.continues, |l, out| optional(*l, link, out), out);
    list(&state.collected, collected, out);
    list(&state.led, |l, out| optional(*l, point, out), out);
    optional(state.waiting, link, out);
    optional(state.absences_until, put_signed, out);
}

fn link(link: Link, out: &mut Vec<u8>) {
    point(link.began, out);
    point(link.reached, out);
    put(link.event, out);
}

fn collected(collected: &Collected, out: &mut Vec<u8>) {
    let moment = |(value, at): &(u64, Point), out: &mut Vec<u8>| {
        put(*value, out);
        point(*at, out);
    };
    list(&collected.moments, moment, out);
}

fn epochs(epochs: &Epochs, out: &mut Vec<u8>) {
    optional(epochs.began, point, out);
    epoch(&epochs.now, out);
    epoch(&epochs.before, out);
}

fn epoch(epoch: &Epoch, out: &mut Vec<u8>) {
    list(&epoch.tallies, tally, out);
    extras(&epoch.extras, out);
}

fn tally(tally: &Tally, out: &mut Vec<u8>) {
    put(tally.count, out);
    put_signed(tally.first, out);
    put_signed(tally.last, out);
    list(&tally.samples[..], |sample, out| put(*sample, out), out);
    list(&tally.values, |value, out| put(*value, out), out);
}

fn extras(extras: &ExtraSet, out: &mut Vec<u8>) {
    let values = extras.values();
    put(values.len() as u64, out);
    for (kind, value) in values {
        out.push(kind);
        put_bytes(value, out);
    }
    put(extras.omitted, out);
}

fn alert(alert: &OpenAlert, out: &mut Vec<u8>) {
    out.extend_from_slice(&alert.id.0.to_le_bytes());
    point(alert.opened, out);
    list(&alert.stages, tally, out);
    put(alert.distinct.len() as u64, out);
    for set in &alert.distinct {
        out.push(u8::from(set.is_some()));
        let mut values: Vec<u64> = set.iter().flat_map(|set| &set.values).copied().collect();
        values.sort_unstable();
        list(&values, |value, out| put(*value, out), out);
    }
    extras(&alert.extras, out);
    out.push(u8::from(alert.partial));
    optional(alert.value, real, out);
    put_signed(alert.recorded.0, out);
    put(alert.recorded.1, out);
}
