//! What the API asks of the rules and of the analysis.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use yagura_engine::RuleIndex;
use yagura_engine::pipeline::Block;
use yagura_parsers::{
    BLOCK_BYTES_MAX, BlockExtent, EventBatch, Format, Origin, Timestamp, recognise,
};
use yagura_rules::Meta;
use yagura_server::api::{Engine, Exposition, RuleStatus};
use yagura_server::clock;

use super::figures::Figures;
use super::rules::RuleSet;
use crate::bench::cpu_time;
use crate::memory;
use crate::scan::Inputs;

/// See the module.
#[derive(Debug)]
pub struct Control {
    /// The rules in force.
    pub rules: Arc<RuleSet>,
    /// What the analysis says of itself.
    pub figures: Arc<Figures>,
}

impl Engine for Control {
    fn status(&self) -> Value {
        let figures = &self.figures;
        let rules = self.rules.current();
        let [detections, alerts, incidents] = figures.findings.each_ref().map(get);
        json!({
            "rules": {
                "generation": rules.generation,
                "detections": rules.book.engine.rules().len(),
                "alerting": rules.book.alerting().count(),
            },
            "events": get(&figures.events),
            "bytes": get(&figures.bytes),
            "matches": get(&figures.matches),
            "found": {"detections": detections, "alerts": alerts, "incidents": incidents},
            "position": get(&figures.position),
            "checkpoint": {
                "position": get(&figures.checkpoint),
                "stored": time(&figures.checkpoint_at),
                "failures": get(&figures.checkpoint_failures),
            },
            "event_time": time(&figures.high_water),
            "latency_ms": get(&figures.latency) / 1_000_000,
            "keys": get(&figures.keys),
            "state_bytes": get(&figures.state_bytes),
            "too_far_ahead": get(&figures.future),
            "without_time": get(&figures.without_time),
        })
    }

    fn metrics(&self, out: &mut Exposition) {
        let figures = &self.figures;
        let rows: [(&str, &str, &str, &AtomicU64); 11] = [
            (
                "yagura_events_total",
                "counter",
                "Events evaluated.",
                &figures.events,
            ),
            (
                "yagura_event_bytes_total",
                "counter",
                "Their bytes.",
                &figures.bytes,
            ),
            (
                "yagura_matches_total",
                "counter",
                "Matches of rules.",
                &figures.matches,
            ),
            (
                "yagura_events_ahead_total",
                "counter",
                "Events whose time was too far ahead; the time of receipt was used.",
                &figures.future,
            ),
            (
                "yagura_events_without_time_total",
                "counter",
                "Events without a time; the time of receipt was used.",
                &figures.without_time,
            ),
            (
                "yagura_rules_forgotten_total",
                "counter",
                "Correlations and sequences that lost their state because rules changed.",
                &figures.forgotten_rules,
            ),
            (
                "yagura_position",
                "gauge",
                "How far the spool is evaluated.",
                &figures.position,
            ),
            (
                "yagura_checkpoint",
                "gauge",
                "Where the last checkpoint is.",
                &figures.checkpoint,
            ),
            (
                "yagura_checkpoint_failures_total",
                "counter",
                "Checkpoints that could not be stored.",
                &figures.checkpoint_failures,
            ),
            ("yagura_keys", "gauge", "Keys with state.", &figures.keys),
            (
                "yagura_state_bytes",
                "gauge",
                "What their state takes.",
                &figures.state_bytes,
            ),
        ];
        for (name, kind, help, value) in rows {
            out.single(name, kind, help, get(value));
        }
        durations(figures, out);
        of_process(out);
        let generation = get(&figures.rules);
        out.single(
            "yagura_rules_generation",
            "gauge",
            "Sets of rules so far.",
            generation,
        );
        let name = "yagura_findings_total";
        out.metric(name, "counter", "Records written.");
        for (kind, count) in ["detection", "alert", "incident"]
            .iter()
            .zip(&figures.findings)
        {
            out.value(name, &[("kind", kind)], get(count));
        }
        let name = "yagura_rule_matches_total";
        out.metric(
            name,
            "counter",
            "Matches by rule, since the rules were loaded.",
        );
        for rule in self.rules().iter().filter(|rule| rule.matches > Some(0)) {
            let id = rule.id.as_deref().unwrap_or_default();
            let labels = [("rule", id), ("title", rule.title.as_str())];
            out.value(name, &labels, rule.matches.unwrap_or(0));
        }
    }

    fn rules(&self) -> Vec<RuleStatus> {
        let rules = self.rules.current();
        let by_rule = self
            .figures
            .by_rule
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_of_these = by_rule.0 == rules.generation;
        let matches = |at: usize| {
            by_rule
                .1
                .get(at)
                .copied()
                .filter(|_| is_of_these)
                .unwrap_or(0)
        };
        let detections = rules.book.engine.rules().iter().enumerate();
        let detections = detections.filter(|(_, rule)| !rule.in_place);
        let mut all: Vec<RuleStatus> = detections
            .map(|(at, rule)| RuleStatus {
                cost_ns: self
                    .figures
                    .costs
                    .of(rules.generation, RuleIndex(at as u32)),
                ..rule_status(&rule.meta, "detection", Some(matches(at)))
            })
            .collect();
        let loaded = &rules.book.loaded;
        let correlations = loaded.correlations.iter();
        all.extend(correlations.map(|rule| rule_status(&rule.meta, "correlation", None)));
        let sequences = loaded.sequences.iter();
        all.extend(sequences.map(|rule| rule_status(&rule.meta, "sequence", None)));
        all
    }

    fn reload(&self) -> Result<Value, String> {
        let rules = self.rules.reload().map_err(|error| error.to_string())?;
        let count = rules.book.loaded.rules();
        tracing::info!(
            generation = rules.generation,
            rules = count,
            "other rules are in force"
        );
        Ok(json!({"generation": rules.generation, "rules": count}))
    }

    fn test(&self, events: &[u8], format: Option<&str>) -> Result<Value, String> {
        let format = match format {
            None => recognise(events),
            Some(name) => {
                let known = Format::from_name(name);
                known.ok_or_else(|| {
                    let names = Format::ALL.map(Format::name).join(", ");
                    format!("`{name}` is no format; there are {names}")
                })?
            }
        };
        if events.len() > BLOCK_BYTES_MAX {
            return Err(format!("more than {BLOCK_BYTES_MAX} bytes are no test"));
        }
        Ok(self.examine(events, format))
    }
}

impl Control {
    fn examine(&self, events: &[u8], format: Format) -> Value {
        let rules = self.rules.current();
        let inputs = Inputs::of_names(vec!["test".into()]);
        let finder = rules.finder(&inputs);
        let mut batch = EventBatch::new();
        batch.recycle().extend_from_slice(events);
        let now = clock::now();
        let block = Block {
            input: 0,
            format,
            origin: Origin {
                position: 0,
                near: now,
                extent: BlockExtent::Whole,
            },
        };
        let time = |time| {
            if time == Timestamp::UNKNOWN {
                now
            } else {
                time
            }
        };
        let result = finder.examine(&mut finder.bench(), &block, &mut batch, time);
        let mut records: Vec<Value> = Vec::new();
        let _ = result.rendered.each_piece(|piece| {
            piece.each(|record| {
                records.extend(serde_json::from_slice(record.shown).ok());
                Ok(())
            })
        });
        json!({
            "format": format.name(),
            "events": result.events,
            "unparsed": result.unparsed.map_or(0, |unparsed| unparsed.total()),
            "detections": records,
        })
    }
}

fn durations(figures: &Figures, out: &mut Exposition) {
    for (name, help, nanos) in [
        (
            "yagura_latency_seconds",
            "From receipt to findings, of the last block.",
            &figures.latency,
        ),
        (
            "yagura_checkpoint_pause_seconds",
            "How long events stood still for the last checkpoint.",
            &figures.checkpoint_pause,
        ),
        (
            "yagura_reload_pause_seconds",
            "How long events stood still for the last change of rules.",
            &figures.reload_pause,
        ),
    ] {
        let seconds = Duration::from_nanos(get(nanos)).as_secs_f64();
        out.single(name, "gauge", help, seconds);
    }
    let help = "From receipt of events to their findings being stored, by block with any.";
    let latency = &figures.finding_latency;
    latency.expose("yagura_finding_latency_seconds", help, out);
}

/// By the names that Prometheus' own clients use.
fn of_process(out: &mut Exposition) {
    if let Some(time) = cpu_time::of_process() {
        let help = "CPU time, user and system.";
        let seconds = time.as_secs_f64();
        out.single("process_cpu_seconds_total", "counter", help, seconds);
    }
    if let Some(bytes) = memory::resident_bytes() {
        let help = "Memory that is resident.";
        out.single("process_resident_memory_bytes", "gauge", help, bytes);
    }
}

fn rule_status(meta: &Meta, kind: &'static str, matches: Option<u64>) -> RuleStatus {
    RuleStatus {
        id: meta.id.clone(),
        title: meta.title.clone(),
        level: meta.level.name(),
        kind,
        matches,
        cost_ns: None,
    }
}

fn get(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

fn time(number: &AtomicI64) -> Option<String> {
    let time = Timestamp(number.load(Ordering::Relaxed));
    (time.0 > 0).then(|| time.to_string())
}
