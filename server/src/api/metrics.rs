//! Counters in Prometheus' text format, version 0.0.4.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Api;
use crate::output::OutputStatus;
use crate::source::{Counters, DropReason, Source};

/// A page under construction.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a metric; `kind` is `counter` or `gauge`.
    pub fn metric(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Adds a value of it.
    pub fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for c in text.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A metric with one value.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.metric(name, kind, help);
        self.value(name, &[], value);
    }
}

/// `GET /metrics`
pub async fn page(State(api): State<Api>) -> Response {
    let mut out = Exposition::default();
    of_sources(&mut out, &api.sources.all());
    of_spool(&mut out, &api);
    of_outputs(&mut out, &api);
    api.engine.metrics(&mut out);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, out.0).into_response()
}

type OfSource = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Counters) -> &AtomicU64,
);

const OF_SOURCES: [OfSource; 7] = [
    (
        "yagura_source_received_total",
        "counter",
        "Records that were stored.",
        |c| &c.received,
    ),
    (
        "yagura_source_bytes_total",
        "counter",
        "Their bytes.",
        |c| &c.bytes,
    ),
    (
        "yagura_source_parsed_total",
        "counter",
        "Events that were understood.",
        |c| &c.parsed,
    ),
    (
        "yagura_source_unparsed_total",
        "counter",
        "Events kept as raw text.",
        |c| &c.unparsed,
    ),
    (
        "yagura_source_cut_total",
        "counter",
        "Records cut at the limit.",
        |c| &c.cut,
    ),
    (
        "yagura_source_connections_total",
        "counter",
        "Connections so far.",
        |c| &c.connections,
    ),
    (
        "yagura_source_connections",
        "gauge",
        "Connections now.",
        |c| &c.open,
    ),
];

fn of_sources(out: &mut Exposition, sources: &[Source]) {
    for (name, kind, help, counter) in OF_SOURCES {
        out.metric(name, kind, help);
        for source in sources {
            let value = counter(source.counters()).load(Ordering::Relaxed);
            out.value(
                name,
                &[("source", source.name()), ("input", source.input())],
                value,
            );
        }
    }
    let name = "yagura_source_dropped_total";
    out.metric(name, "counter", "What was not taken, by reason.");
    for source in sources {
        for why in DropReason::ALL {
            let value = source.counters().dropped(why);
            if value > 0 {
                out.value(
                    name,
                    &[("source", source.name()), ("reason", why.name())],
                    value,
                );
            }
        }
    }
    let name = "yagura_source_last_seen_seconds";
    out.metric(name, "gauge", "When something last arrived, since 1970.");
    for source in sources {
        if let Some(seen) = source.counters().last_seen() {
            let seconds = seen.0 / 1_000_000_000;
            out.value(name, &[("source", source.name())], seconds);
        }
    }
}

fn of_spool(out: &mut Exposition, api: &Api) {
    let health = api.spool.health();
    out.single(
        "yagura_spool_bytes",
        "gauge",
        "Bytes of the spool.",
        health.used_bytes,
    );
    out.single(
        "yagura_spool_limit_bytes",
        "gauge",
        "What it may have.",
        health.limit_bytes,
    );
    out.single(
        "yagura_spool_segments",
        "gauge",
        "Files of the spool.",
        health.segments,
    );
    out.single(
        "yagura_spool_commits_total",
        "counter",
        "Commits of the spool.",
        health.commits,
    );
    let refuses = u8::from(health.trouble.is_some());
    out.single(
        "yagura_spool_refuses",
        "gauge",
        "1 while nothing is accepted.",
        refuses,
    );
}

type OfOutput = (
    &'static str,
    &'static str,
    &'static str,
    fn(&OutputStatus) -> u64,
);
const OF_OUTPUTS: [OfOutput; 5] = [
    (
        "yagura_output_delivered_total",
        "counter",
        "Findings delivered.",
        |o| o.delivered,
    ),
    (
        "yagura_output_retries_total",
        "counter",
        "Attempts that failed.",
        |o| o.retried,
    ),
    (
        "yagura_output_dead_total",
        "counter",
        "Findings given up.",
        |o| o.dead,
    ),
    (
        "yagura_output_lag_bytes",
        "gauge",
        "Bytes that wait for it.",
        |o| o.lag_bytes,
    ),
    ("yagura_output_fails", "gauge", "1 while it fails.", |o| {
        u64::from(o.reason.is_some())
    }),
];

fn of_outputs(out: &mut Exposition, api: &Api) {
    let outputs = (api.outputs)();
    for (name, kind, help, of) in OF_OUTPUTS {
        out.metric(name, kind, help);
        for output in &outputs {
            out.value(name, &[("output", &output.name)], of(output));
        }
    }
}
