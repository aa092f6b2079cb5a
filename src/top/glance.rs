//! What a server said at one moment, and what that comes to beside the moments before.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use crate::api_client::ApiClient;
use crate::failure::Failure;

/// So many moments are remembered.
const MOMENTS: usize = 120;
/// So many incidents are asked for.
const INCIDENTS: usize = 50;

/// What a server said at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Glance {
    /// `/api/v1/status`
    pub status: Value,
    /// `/api/v1/sources`, the list.
    pub sources: Vec<Value>,
    /// `/api/v1/rules`, the list.
    pub rules: Vec<Value>,
    /// `/api/v1/incidents`, the newest first.
    pub incidents: Vec<Value>,
    /// When it was asked.
    #[serde(skip)]
    pub at: Instant,
}

/// The latest moments, the newest last.
#[derive(Debug, Default)]
pub struct History {
    glances: VecDeque<Glance>,
}

impl Glance {
    /// Asks a server.
    ///
    /// # Errors
    /// It is not there, or refuses.
    pub fn of(api: &ApiClient) -> Result<Self, Failure> {
        let list = |path: &str, key: &str| -> Result<Vec<Value>, Failure> {
            let mut answer = api.json(path)?;
            Ok(match answer[key].take() {
                Value::Array(list) => list,
                _ => Vec::new(),
            })
        };
        Ok(Self {
            status: api.json("/api/v1/status")?,
            sources: list("/api/v1/sources", "sources")?,
            rules: list("/api/v1/rules", "rules")?,
            incidents: list(&format!("/api/v1/incidents?limit={INCIDENTS}"), "incidents")?,
            at: Instant::now(),
        })
    }

    /// A counter of the status, by the names that lead to it.
    pub fn count(&self, path: &str) -> u64 {
        self.status
            .pointer(path)
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    /// What all sources counted under a name.
    pub fn of_sources(&self, key: &str) -> u64 {
        self.sources.iter().filter_map(|of| of[key].as_u64()).sum()
    }

    /// What a source did not take, for whatever reason.
    pub fn dropped(source: &Value) -> u64 {
        let reasons = source["dropped"].as_object().into_iter().flatten();
        reasons.filter_map(|(_, count)| count.as_u64()).sum()
    }
}

impl History {
    /// Adds a moment; one of another run of the server begins anew.
    pub fn add(&mut self, glance: Glance) {
        let started = |of: &Glance| of.status["started"].clone();
        if self
            .latest()
            .is_some_and(|last| started(last) != started(&glance))
        {
            self.glances.clear();
        }
        if self.glances.len() == MOMENTS {
            self.glances.pop_front();
        }
        self.glances.push_back(glance);
    }

    /// The newest moment.
    pub fn latest(&self) -> Option<&Glance> {
        self.glances.back()
    }

    /// How fast something grew between the last two moments, by second.
    pub fn rate(&self, of: impl Fn(&Glance) -> u64) -> u64 {
        self.rates(of).pop().unwrap_or(0)
    }

    /// The same between each two moments.
    pub fn rates(&self, of: impl Fn(&Glance) -> u64) -> Vec<u64> {
        let pairs = self.glances.iter().zip(self.glances.iter().skip(1));
        let rate = |(before, now): (&Glance, &Glance)| {
            let more = u128::from(of(now).saturating_sub(of(before)));
            let took = now.at.saturating_duration_since(before.at);
            let took = took.max(Duration::from_millis(1)).as_millis();
            u64::try_from(more * 1000 / took).unwrap_or(u64::MAX)
        };
        pairs.map(rate).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use super::{Glance, History};

    /// A server that took so many events by then.
    pub fn glance(started: &str, events: u64, at: Instant) -> Glance {
        let incident = |id: &str, risk: u64, title: &str| {
            json!({"id": id, "risk": risk, "level": "high", "state": "open", "title": title,
                   "last": "2026-03-02T08:00:00Z",
                   "entities": {"host": ["web01", "web02"], "user": ["anna"]}})
        };
        let source = |name: &str, received: u64, dropped: u64| {
            json!({"name": name, "input": "relp", "received": received, "bytes": received * 100,
                   "parsed": received, "unparsed": 1, "cut": 0, "open": 2,
                   "dropped": {"malformed": dropped}})
        };
        let rule = |title: &str, matches: u64, cost: Value| {
            json!({"title": title, "level": "high", "kind": "detection", "matches": matches,
                   "cost_ns": cost})
        };
        Glance {
            status: json!({
                "version": "0.1.0", "started": started,
                "spool": {"used_bytes": 3_356_380, "limit_bytes": 8_589_934_592_u64,
                          "durable": events * 100, "trouble": null},
                "outputs": [{"name": "store", "delivered": 7, "retried": 1, "dead": 0,
                             "lag_bytes": 2048, "reason": null}],
                "engine": {"rules": {"detections": 2, "alerting": 1}, "events": events,
                           "matches": events / 10, "position": events * 90,
                           "found": {"detections": 5, "alerts": 2, "incidents": 1},
                           "keys": 12, "state_bytes": 4096, "latency_ms": 3},
            }),
            sources: vec![
                source("relp/10.0.0.1", events, 0),
                source("relp/10.0.0.2", events / 2, 3),
            ],
            rules: vec![
                rule("Cheap", 10, json!(7)),
                rule("Dear", 3, json!(90_000)),
                rule("Unknown", 0, Value::Null),
            ],
            incidents: vec![incident("60d8fa15", 262, "Archive \u{1b}[31msent away")],
            at,
        }
    }

    #[test]
    fn rates_are_by_second_and_end_where_the_server_was_started_again() {
        let begun = Instant::now();
        let mut history = History::default();
        let events = |glance: &Glance| glance.count("/engine/events");
        assert_eq!(history.rate(events), 0);
        history.add(glance("a", 1000, begun));
        history.add(glance("a", 3000, begun + Duration::from_millis(500)));
        assert_eq!(history.rate(events), 4000);
        history.add(glance("b", 10, begun + Duration::from_secs(1)));
        assert_eq!(history.rates(events), Vec::<u64>::new());
    }
}
