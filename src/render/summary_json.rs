//! The last record of JSON lines: what was read and found, in numbers. Nothing in it depends on
//! the clock or the machine.

use yagura_rules::{Level, Meta};

use super::json_object::Object;
use super::jsonl;
use crate::scan::{Findings, RuleBook, Statistics};

/// Writes the record, its line end included.
pub fn line(out: &mut Vec<u8>, book: &RuleBook, statistics: &Statistics, findings: &Findings) {
    let mut record = Object::new(out);
    record
        .text("kind", "summary")
        .plain("events", statistics.events)
        .plain("bytes", statistics.bytes)
        .object("unparsed", |object| {
            for (reason, count) in &statistics.unparsed {
                object.plain(reason.name(), count);
            }
        });
    let detections = book.matched(&statistics.by_rule);
    record.objects("detections", detections, |object, (of, count)| {
        rule(object, of.meta, count);
        object.plain("records", of.stands_alone);
    });
    let alerts = book.alerting().zip(&findings.alerts_by_rule);
    let alerts = alerts.filter(|(_, tally)| tally.alerts > 0);
    record.objects("alerts", alerts, |object, (meta, tally)| {
        rule(object, meta, tally.alerts);
    });
    record.object("incidents", |object| {
        for (level, count) in Level::ALL.into_iter().zip(findings.incidents_by_level()) {
            if count > 0 {
                object.plain(level.name(), count);
            }
        }
    });
    let without_key = findings.correlator.without_key.iter();
    let without_key = without_key.filter(|(_, count)| *count > 0);
    let without_key = without_key.filter_map(|(of, count)| Some((book.meta(*of)?, *count)));
    let (correlator, incidents) = (&findings.correlator, &findings.incidents);
    record
        .plain("late", correlator.late + incidents.stale)
        .plain("without_time", findings.without_time)
        .objects("without_key", without_key, |object, (meta, count)| {
            rule(object, meta, count);
        })
        .object("evicted", |object| {
            object
                .plain("keys", correlator.evicted_keys)
                .plain("candidates", incidents.evicted_candidates)
                .plain("incidents", incidents.evicted_incidents)
                .plain("entities", incidents.evicted_entities);
        });
    record.end();
    out.push(b'\n');
}

fn rule(object: &mut Object<'_>, meta: &Meta, count: u64) {
    jsonl::rule(object.member("rule"), meta);
    object.plain("count", count);
}
