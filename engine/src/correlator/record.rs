//! The life of alerts: opening, counting, records, closing.

use super::carried::Carried;
use super::hash::hash128;
use super::life::OpenAlert;
use super::options::Records;
use super::plan::{Plan, Unit};
use super::table::NO_ALERT;
use super::tally::Epoch;
use super::varint;
use super::{Arrival, Core, Opening, Point, Sink};
use crate::alert::{AlertId, AlertRecord, AlertState, StageRecord};

/// Behind all times.
pub(crate) const NEVER: i64 = i64::MAX;

/// When and by what an alert opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The match that its id is made of.
    pub(crate) opened: Point,
    /// Its place as a match for others.
    pub(crate) takes_effect: Point,
    pub(crate) event: u64,
    pub(crate) late: bool,
}

/// Open alerts; their places are used again.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    pub(crate) places: Vec<Option<Box<OpenAlert>>>,
    free: Vec<u32>,
}

impl Alerts {
    pub(crate) fn add(&mut self, alert: OpenAlert) -> u32 {
        let alert = Some(Box::new(alert));
        if let Some(place) = self.free.pop() {
            if let Some(cell) = self.places.get_mut(place as usize) {
                *cell = alert;
            }
            return place;
        }
        self.places.push(alert);
        (self.places.len() - 1) as u32
    }

    pub(crate) fn get(&self, place: u32) -> Option<&OpenAlert> {
        self.places.get(place as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut OpenAlert> {
        self.places.get_mut(place as usize)?.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<Box<OpenAlert>> {
        let alert = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(alert)
    }
}

impl Core {
    /// Opens an alert for a key. `distinct`: the values so far, by stage.
    pub(crate) fn open(
        &mut self,
        plan: &Plan,
        (number, place): (usize, u32),
        moment: Moment,
        epoch: Epoch,
        distinct: Vec<(usize, Vec<u64>)>,
        value: Option<f64>,
    ) {
        let (Some(unit), Some(table)) = (plan.units.get(number), self.tables.get(number)) else {
            return;
        };
        let folded_key = table.folded_key(place);
        let id = alert_id(unit, &folded_key, moment.opened);
        let mut alert = OpenAlert::new(id, moment.opened, epoch);
        alert.value = value;
        for (stage, values) in distinct {
            if let Some(set) = alert.distinct.get_mut(stage) {
                set.get_or_insert_default();
            }
            for value in values {
                alert.add_distinct(stage, value, self.options.distinct_max);
            }
        }
        // What was let go may have been of this key.
        let evicted = self.evicted.get(number).copied().flatten();
        alert.partial |= evicted.is_some_and(|t| alert.first().saturating_sub(t) <= unit.span);
        if !unit.consumers.is_empty() {
            let mut carried = Carried::default();
            for value in table.key(place) {
                carried.push_value(Some(value));
            }
            for (kind, value) in alert.extras.values() {
                carried.push_extra(kind, value);
            }
            self.openings.push(Opening {
                unit: number,
                at: moment.takes_effect,
                event: moment.event,
                late: moment.late,
                folded_key,
                carried,
            });
        }
        self.bytes += alert.heap_bytes();
        self.counters.opened += 1;
        let alert = self.alerts.add(alert);
        if let Some(slot) = self.tables.get_mut(number).and_then(|t| t.get_mut(place)) {
            slot.alert = alert;
        }
        let at = moment.takes_effect.0;
        self.write(plan, (number, place), AlertState::Open, at);
    }

    /// Counts a match for an open alert.
    pub(crate) fn count(
        &mut self,
        alert: u32,
        stage: usize,
        distinct: Option<u64>,
        value: Option<f64>,
        arrival: Arrival<'_>,
    ) {
        let Some(alert) = self.alerts.get_mut(alert) else {
            return;
        };
        let before = alert.heap_bytes();
        alert.add(stage, arrival.at.0, arrival.event);
        if let Some(distinct) = distinct {
            alert.add_distinct(stage, distinct, self.options.distinct_max);
        }
        arrival.carried.extras_into(&mut alert.extras);
        self.bytes = (self.bytes + alert.heap_bytes()).saturating_sub(before);
        alert.value = value.or(alert.value);
    }

    /// Writes what is to be written after a match, if there is an alert. `holds`: the condition
    /// does, with it.
    pub(crate) fn report(&mut self, plan: &Plan, key: (usize, u32), now: i64, holds: bool) {
        let slot = self.tables.get(key.0).and_then(|t| t.get(key.1));
        let Some(alert) = slot.and_then(|slot| self.alerts.get(slot.alert)) else {
            return;
        };
        let wanted = match self.options.records {
            Records::Life => alert.wants_update(now),
            Records::Every => holds,
        };
        if wanted {
            self.write(plan, key, AlertState::Update, now);
        }
    }

    /// Closes the alert of a key.
    pub(crate) fn close(&mut self, plan: &Plan, key: (usize, u32), now: i64) {
        if self.options.records == Records::Life {
            self.write(plan, key, AlertState::Close, now);
        }
        let slot = self.tables.get_mut(key.0).and_then(|t| t.get_mut(key.1));
        let Some(slot) = slot else {
            return;
        };
        let alert = std::mem::replace(&mut slot.alert, NO_ALERT);
        if let Some(alert) = self.alerts.remove(alert) {
            self.bytes = self.bytes.saturating_sub(alert.heap_bytes());
            self.counters.closed += 1;
        }
    }

    fn write(&mut self, plan: &Plan, (number, place): (usize, u32), state: AlertState, at: i64) {
        let (Some(unit), Some(table)) = (plan.units.get(number), self.tables.get(number)) else {
            return;
        };
        let alert = table.get(place).map_or(NO_ALERT, |slot| slot.alert);
        let Some(alert) = self.alerts.get_mut(alert) else {
            return;
        };
        alert.recorded = (at, alert.count());
        let names = unit.key_names.iter().cloned();
        let key = names.zip(table.key(place).map(<[u8]>::to_vec)).collect();
        self.records
            .push((number, record(unit, alert, key, state, at)));
    }

    /// Hands the records of a place of the order over, by rank: units that take matches at once
    /// write before those that wait for all matches of the place.
    pub(crate) fn flush(&mut self, sink: &mut Sink<'_>) {
        if self.records.len() > 1 {
            self.records.sort_by_key(|(rank, _)| *rank);
        }
        for (_, record) in self.records.drain(..) {
            sink(&record);
        }
    }
}

fn record(
    unit: &Unit,
    alert: &OpenAlert,
    key: Vec<(String, Vec<u8>)>,
    state: AlertState,
    at: i64,
) -> AlertRecord {
    let stages = unit.stage_names.iter().zip(&alert.stages);
    let stages = stages
        .zip(&alert.distinct)
        .map(|((name, tally), distinct)| {
            let matched = tally.count > 0;
            StageRecord {
                name: name.clone(),
                count: tally.count,
                first: matched.then_some(tally.first),
                last: matched.then_some(tally.last),
                distinct: distinct.as_ref().map(|set| set.values.len() as u64),
                samples: tally.samples.to_vec(),
            }
        });
    let stages: Vec<StageRecord> = stages.collect();
    let extras = alert.extras.values();
    AlertRecord {
        id: alert.id,
        state,
        rule: unit.rule,
        key,
        count: alert.count(),
        distinct: match &stages[..] {
            [only] => only.distinct,
            _ => None,
        },
        value: alert.value,
        opened: alert.opened,
        at,
        first: alert.first(),
        last: alert.last(),
        partial: alert.partial,
        stages,
        extras: extras.map(|(kind, value)| (kind, value.to_vec())).collect(),
        extras_omitted: alert.extras.omitted,
    }
}

fn alert_id(unit: &Unit, folded_key: &[u8], opened: Point) -> AlertId {
    let mut text = Vec::new();
    varint::put_bytes(unit.id.as_bytes(), &mut text);
    varint::put_bytes(folded_key, &mut text);
    varint::put_signed(opened.0, &mut text);
    varint::put(opened.1, &mut text);
    AlertId(hash128(&text))
}
