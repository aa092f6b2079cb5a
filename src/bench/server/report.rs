//! What came of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Order;
use super::page::Page;
use super::sender::Sent;
use crate::bench::machine::Machine;
use crate::render::quantity::grouped;
use crate::render::summary::plural;

/// The layout of the report.
const SCHEMA: u32 = 1;
/// The histogram of the server.
const LATENCY: &str = "yagura_finding_latency_seconds";

/// Figures of a server.
#[derive(Debug, Serialize)]
pub struct ServerReport {
    schema: u32,
    /// The machine that sent.
    machine: Machine,
    server: String,
    /// What the server says of its version and its rules.
    version: Value,
    rules: Value,
    protocol: &'static str,
    address: SocketAddr,
    connections: usize,
    lines: usize,
    rate_asked: Option<u64>,
    /// Events, their bytes, and how long sending took.
    sent: u64,
    sent_bytes: u64,
    sending_seconds: f64,
    sent_per_second: u64,
    /// `null` where the protocol says nothing about it.
    acknowledged: Option<u64>,
    /// Events that the server asked to send later.
    put_off: u64,
    /// Events evaluated, and the time until the last of them was.
    analysed: u64,
    analysing_seconds: f64,
    analysed_per_second: u64,
    unparsed: u64,
    not_taken: BTreeMap<String, u64>,
    findings: BTreeMap<String, u64>,
    /// From receipt to stored findings, of blocks that had any.
    latency: Latency,
    cpu_seconds: f64,
    resident_bytes: u64,
}

/// Upper bounds in seconds; `null`: beyond the last bound, or there was none.
#[derive(Debug, Serialize)]
struct Latency {
    blocks: u64,
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

impl ServerReport {
    pub(super) fn new(
        order: &Order<'_>,
        (address, status): (SocketAddr, &Value),
        (sent, sending): (Sent, Duration),
        analysing: Duration,
        (added, now): (&Page, &Page),
    ) -> Self {
        let analysed = added.count("yagura_events_total");
        let quantile = |share| added.quantile(LATENCY, share);
        let unparsed = added.counts("yagura_source_unparsed_total", "input");
        Self {
            schema: SCHEMA,
            machine: Machine::look(),
            server: order.server.to_owned(),
            version: status["version"].clone(),
            rules: status["engine"]["rules"].clone(),
            protocol: order.protocol.input(),
            address,
            connections: order.connections.get(),
            lines: order.lines.len(),
            rate_asked: order.rate,
            sent: sent.events,
            sent_bytes: sent.bytes,
            sending_seconds: sending.as_secs_f64(),
            sent_per_second: a_second(sent.events, sending),
            acknowledged: order.protocol.acknowledges().then_some(sent.acknowledged),
            put_off: sent.put_off,
            analysed,
            analysing_seconds: analysing.as_secs_f64(),
            analysed_per_second: a_second(analysed, analysing),
            unparsed: unparsed.values().sum(),
            not_taken: added.counts("yagura_source_dropped_total", "reason"),
            findings: added.counts("yagura_findings_total", "kind"),
            latency: Latency {
                blocks: added.count(&format!("{LATENCY}_count")),
                p50: quantile(0.5),
                p95: quantile(0.95),
                p99: quantile(0.99),
            },
            cpu_seconds: added.get("process_cpu_seconds_total"),
            resident_bytes: now.count("process_resident_memory_bytes"),
        }
    }

    /// Whether all that was sent, and nothing else, was evaluated.
    pub fn is_complete(&self) -> bool {
        self.analysed == self.sent
    }
}

impl Display for ServerReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let version = self.version.as_str().unwrap_or("?");
        let rules = &self.rules["detections"];
        writeln!(
            f,
            "server        {}, yagura {version}, {rules} detection rules",
            self.server
        )?;
        writeln!(
            f,
            "sent          {} events ({} bytes each) by {} to {} over {} in {:.2} s: {}/s",
            grouped(self.sent),
            self.sent_bytes / self.sent.max(1),
            self.protocol,
            self.address,
            plural(self.connections as u64, "connection"),
            self.sending_seconds,
            grouped(self.sent_per_second),
        )?;
        if let Some(acknowledged) = self.acknowledged {
            let later = grouped(self.put_off);
            let acknowledged = grouped(acknowledged);
            writeln!(
                f,
                "acknowledged  {acknowledged}; asked to send later {later}"
            )?;
        }
        writeln!(
            f,
            "analysed      {} events in {:.2} s: {}/s; {} not understood",
            grouped(self.analysed),
            self.analysing_seconds,
            grouped(self.analysed_per_second),
            grouped(self.unparsed),
        )?;
        writeln!(f, "not taken     {}", listed(&self.not_taken))?;
        writeln!(f, "found         {}", listed(&self.findings))?;
        let Latency {
            blocks,
            p50,
            p95,
            p99,
        } = &self.latency;
        if *blocks > 0 {
            let [p50, p95, p99] = [p50, p95, p99].map(|bound| at_most(*bound));
            let blocks = grouped(*blocks);
            writeln!(
                f,
                "latency       p50 {p50}, p95 {p95}, p99 {p99}: from receipt to stored findings, \
                 {blocks} blocks with any"
            )?;
        }
        writeln!(
            f,
            "used          {:.1} s of CPU time; {} MB resident",
            self.cpu_seconds,
            self.resident_bytes / 1_000_000,
        )
    }
}

fn a_second(events: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos().max(1);
    u64::try_from(u128::from(events) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

fn at_most(bound: Option<f64>) -> String {
    bound.map_or_else(
        || "over 10 s".to_owned(),
        |s| format!("≤ {} ms", s * 1000.0),
    )
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "nothing".to_owned();
    }
    let counts = counts
        .iter()
        .map(|(what, count)| format!("{} {what}", grouped(*count)));
    counts.collect::<Vec<_>>().join(", ")
}
