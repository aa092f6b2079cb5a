//! Bytes to state. `None`: the bytes say something that cannot be.

use super::Restored;
use crate::alert::AlertId;
use crate::correlator::Correlator;
use crate::correlator::buffer::Waiting;
use crate::correlator::chain::{Chain, Collected, Link, Point};
use crate::correlator::extras::ExtraSet;
use crate::correlator::key::KEY_BYTES_MAX;
use crate::correlator::life::{DistinctSet, OpenAlert};
use crate::correlator::plan::{Plan, Unit, pair};
use crate::correlator::ring::{Moment, Ring};
use crate::correlator::spec::{SequenceSpec, Spec};
use crate::correlator::table::{Partial, State};
use crate::correlator::tally::{Epoch, Epochs, Tally};
use crate::correlator::threshold::Tallied;
use crate::correlator::values::{Slice, Values};
use crate::correlator::varint::Reader;
use std::sync::Arc;

pub(super) fn all(mut correlator: Correlator, bytes: &[u8]) -> Option<Restored> {
    let mut reader = Reader::new(bytes);
    correlator.high_water = reader.signed()?;
    correlator.core.watermark = reader.signed()?;
    let counters = &mut correlator.core.counters;
    for counter in [
        &mut counters.matches,
        &mut counters.late,
        &mut counters.without_value,
        &mut counters.not_numeric,
        &mut counters.refused_keys,
        &mut counters.evicted_keys,
        &mut counters.pushed_out,
        &mut counters.opened,
        &mut counters.closed,
    ] {
        *counter = reader.number()?;
    }
    let forgotten_matches = waiting(&mut correlator, &mut reader)?;
    let plan = Arc::clone(&correlator.plan);
    let mut taken = vec![false; plan.units.len()];
    let mut forgotten_rules = 0;
    for _ in 0..reader.count()? {
        let fingerprint = reader.number()?;
        let state = reader.bytes()?;
        let units = plan.units.iter().zip(&taken);
        let same = units
            .enumerate()
            .find(|(_, (unit, taken))| unit.fingerprint == fingerprint && !**taken);
        let Some((number, (unit, _))) = same else {
            forgotten_rules += 1;
            continue;
        };
        if let Some(taken) = taken.get_mut(number) {
            *taken = true;
        }
        let mut state = Reader::new(state);
        self::unit(&mut correlator, &plan, number, unit, &mut state)?;
        if !state.is_empty() {
            return None;
        }
    }
    reader.is_empty().then_some(Restored {
        correlator,
        forgotten_rules,
        forgotten_matches,
    })
}

fn waiting(correlator: &mut Correlator, reader: &mut Reader<'_>) -> Option<usize> {
    let plan = Arc::clone(&correlator.plan);
    let mut fingerprints = Vec::new();
    let mut names = Vec::new();
    for _ in 0..reader.count()? {
        fingerprints.push(reader.number()?);
        names.push(list::<_, Vec<_>>(reader, Reader::bytes)?);
    }
    let now = plan.detections.iter().map(|of| of.fingerprint);
    // By detection of the snapshot: the one of the plan, and where each value goes.
    let places = pair(fingerprints, now).into_iter().zip(names);
    let places = places.map(|(number, names)| {
        let number = number?;
        let wanted = plan.wanted(number);
        let place = |name: &&[u8]| wanted.iter().position(|w| w.as_bytes() == *name);
        Some((number, names.iter().map(place).collect::<Vec<_>>()))
    });
    let places: Vec<Option<(usize, Vec<Option<usize>>)>> = places.collect();
    let mut forgotten = 0;
    for _ in 0..reader.count()? {
        let detection = usize::try_from(reader.number()?).ok()?;
        let (at, event) = (point(reader)?, reader.number()?);
        let mut values: Vec<Option<&[u8]>> = Vec::new();
        for _ in 0..reader.count()? {
            let present = reader.byte()? != 0;
            let value = reader.bytes()?;
            values.push(present.then_some(value));
        }
        let mut waiting = Waiting {
            at,
            event,
            ..Waiting::default()
        };
        for _ in 0..reader.count()? {
            let kind = reader.byte()?;
            waiting.carried.push_extra(kind, reader.bytes()?);
        }
        let Some((number, order)) = places.get(detection)? else {
            forgotten += 1;
            continue;
        };
        waiting.detection = *number;
        let wanted = plan.wanted(*number).len();
        for place in 0..wanted {
            let from = order.iter().position(|to| *to == Some(place));
            let value = from.and_then(|from| values.get(from).copied().flatten());
            waiting.carried.push_value(value);
        }
        correlator.buffer.add(waiting);
    }
    Some(forgotten)
}

fn unit(
    correlator: &mut Correlator,
    plan: &Plan,
    number: usize,
    unit: &Unit,
    reader: &mut Reader<'_>,
) -> Option<()> {
    let without_key = reader.number()?;
    if let Some((_, count)) = correlator.core.counters.without_key.get_mut(number) {
        *count = without_key;
    }
    let evicted = optional(reader, Reader::signed)?;
    if let Some(place) = correlator.core.evicted.get_mut(number) {
        *place = evicted;
    }
    let first = *correlator.core.partial_tables.get(number)?;
    for (place, fields) in unit.partial_keys.iter().enumerate() {
        table(correlator, plan, unit, first + place, fields.len(), reader)?;
    }
    table(correlator, plan, unit, number, unit.key_names.len(), reader)
}

fn table(
    correlator: &mut Correlator,
    plan: &Plan,
    unit: &Unit,
    table: usize,
    arity: usize,
    reader: &mut Reader<'_>,
) -> Option<()> {
    let core = &mut correlator.core;
    for _ in 0..reader.count()? {
        core.key.clear();
        for _ in 0..arity {
            core.key.push(reader.bytes()?);
        }
        if core.key.display.len() > KEY_BYTES_MAX {
            return None;
        }
        let last = reader.signed()?;
        let is_partial = table >= plan.units.len();
        let state = state(unit, is_partial, reader)?;
        let alert = optional(reader, alert)?;
        core.key.seal();
        let keys = core.tables.get_mut(table)?;
        if keys.find(&core.key).is_some() {
            return None;
        }
        let place = keys.add(&core.key, state)?;
        core.bytes += keys.footprint(place);
        let slot = keys.get_mut(place)?;
        slot.last = last;
        if let Some(alert) = alert {
            if alert.stages.len() != unit.stage_names.len() || is_partial {
                return None;
            }
            core.bytes += alert.heap_bytes();
            slot.alert = core.alerts.add(alert);
        }
        if is_partial {
            core.schedule_partial(plan, table, place, last.max(core.watermark));
        } else {
            core.join_partials(plan, table, place, last.max(core.watermark));
            core.schedule(plan, table, place);
        }
    }
    Some(())
}

fn state(unit: &Unit, is_partial: bool, reader: &mut Reader<'_>) -> Option<State> {
    match &unit.spec {
        Spec::Threshold(spec) if spec.is_plain_count() => {
            let mut ring = Ring::new();
            for _ in 0..reader.count()? {
                let (time, event) = (reader.signed()?, reader.number()?);
                ring.add(Moment { time, event }, spec.need, unit.span);
            }
            Some(State::Count(ring))
        }
        Spec::Threshold(_) => Some(State::Tallied(Box::new(tallied(reader)?))),
        Spec::Sequence(spec) if is_partial => {
            let collected: Vec<Collected> = list(reader, collected)?;
            let members = Vec::new();
            let fits = collected.len() == spec.stages.len();
            let partial = Partial { collected, members };
            fits.then(|| State::Partial(Box::new(partial)))
        }
        Spec::Sequence(spec) => Some(State::Chain(Box::new(chain(spec, reader)?))),
    }
}

/// The outer option is that of all readers here.
#[expect(clippy::option_option, reason = "what is absent is not what is wrong")]
fn optional<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match reader.byte()? {
        0 => Some(None),
        1 => read(reader).map(Some),
        _ => None,
    }
}

fn list<'a, T, C: FromIterator<T>>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> Option<C> {
    let count = reader.count()?;
    (0..count).map(|_| read(reader)).collect()
}

fn point(reader: &mut Reader<'_>) -> Option<Point> {
    Some((reader.signed()?, reader.number()?))
}

fn real(reader: &mut Reader<'_>) -> Option<f64> {
    let bytes = reader.take(8)?;
    Some(f64::from_le_bytes(bytes.try_into().ok()?))
}

fn tallied(reader: &mut Reader<'_>) -> Option<Tallied> {
    Some(Tallied {
        epochs: epochs(reader)?,
        distinct: list(reader, |r| Some((r.number()?, r.signed()?)))?,
        rules: list(reader, |r| optional(r, Reader::signed))?,
        values: Values {
            exact: list(reader, |r| Some((r.signed()?, real(r)?)))?,
            slices: list(reader, slice)?,
        },
    })
}

fn slice(reader: &mut Reader<'_>) -> Option<Slice> {
    Some(Slice {
        number: reader.signed()?,
        count: reader.number()?,
        sum: real(reader)?,
        histogram: list(reader, |r| {
            Some((i32::try_from(r.signed()?).ok()?, r.number()?))
        })?,
    })
}

fn chain(spec: &SequenceSpec, reader: &mut Reader<'_>) -> Option<Chain> {
    let chain = Chain {
        epochs: epochs(reader)?,
        reached: list(reader, |r| optional(r, link))?,
        continues: list(reader, |r| optional(r, link))?,
        collected: list(reader, collected)?,
        led: list(reader, |r| optional(r, point))?,
        waiting: optional(reader, link)?,
        absences_until: optional(reader, Reader::signed)?,
    };
    let (steps, stages) = (spec.steps.len(), spec.stages.len());
    let fits = |length: usize, whole: usize| length == 0 || length == whole;
    let fits = fits(chain.reached.len(), steps)
        && fits(chain.continues.len(), stages)
        && fits(chain.collected.len(), stages)
        && fits(chain.led.len(), stages);
    fits.then_some(chain)
}

fn link(reader: &mut Reader<'_>) -> Option<Link> {
    Some(Link {
        began: point(reader)?,
        reached: point(reader)?,
        event: reader.number()?,
    })
}

fn collected(reader: &mut Reader<'_>) -> Option<Collected> {
    let moments = list(reader, |r| Some((r.number()?, point(r)?)))?;
    Some(Collected { moments })
}

fn epochs(reader: &mut Reader<'_>) -> Option<Epochs> {
    Some(Epochs {
        began: optional(reader, point)?,
        now: epoch(reader)?,
        before: epoch(reader)?,
    })
}

fn epoch(reader: &mut Reader<'_>) -> Option<Epoch> {
    Some(Epoch {
        tallies: list(reader, tally)?,
        extras: extras(reader)?,
    })
}

fn tally(reader: &mut Reader<'_>) -> Option<Tally> {
    Some(Tally {
        count: reader.number()?,
        first: reader.signed()?,
        last: reader.signed()?,
        samples: list(reader, Reader::number)?,
        values: list(reader, Reader::number)?,
    })
}

fn extras(reader: &mut Reader<'_>) -> Option<ExtraSet> {
    let values: Vec<_> = list(reader, |r| Some((r.byte()?, r.bytes()?)))?;
    Some(ExtraSet::from_values(&values, reader.number()?))
}

fn alert(reader: &mut Reader<'_>) -> Option<OpenAlert> {
    let id = u128::from_le_bytes(reader.take(16)?.try_into().ok()?);
    let opened = point(reader)?;
    let stages = list(reader, tally)?;
    let distinct = list(reader, |r| {
        let present = r.byte()? != 0;
        let values = list(r, Reader::number)?;
        Some(present.then_some(DistinctSet { values }))
    })?;
    Some(OpenAlert {
        id: AlertId(id),
        opened,
        stages,
        distinct,
        extras: extras(reader)?,
        partial: reader.byte()? != 0,
        value: optional(reader, real)?,
        recorded: (reader.signed()?, reader.number()?),
    })
}
