//! Sequences find in the events of another engine's tests the chains which that engine must find.
//!
//! `eql/<number>.yml` says as a sequence what the query says that is the `number`th sequence of
//! `eql/test_queries.toml` among the logs of others; `eql/left-out.yml` names the queries that
//! cannot be said, and why. Needs these logs (see [`files::corpus`]), and says so without.
//!
//! The other engine uses up what it has: an event that takes a chain further takes it away from
//! where it was, so that a chain is complete once, in the earliest way. Ours keeps the newest
//! chain at each stage, and every event that completes it is one more match of the alert. Both
//! complete the same chains, told apart by where they began, and ours first completes each where
//! the other does. So a record of every completion that is the first of its chain has to be what
//! the query expects; no further one begins elsewhere.
//!
//! A record counts all matches of an alert and does not say which of them the last chain was.
//! That follows from what the chain cannot do without: the engine is asked again with less.
//! With only the events of a chain, the samples of the alert are the chain.

mod files;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use yagura_engine::alert::AlertRecord;
use yagura_engine::correlator::{self, Correlator, Options, Plan, Records};
use yagura_engine::{Engine, Facts, Wanted};
use yagura_parsers::{BlockExtent, EventBatch, Extent, Format, Origin, Timestamp};
use yagura_rules::{LoadOptions, Taxonomy};

/// An event of the data: its id there, its time, itself.
struct Event {
    id: u64,
    time: i64,
    line: String,
}

/// What is asked, and what has to come of it.
struct Query {
    text: String,
    expected: Vec<u64>,
}

/// A match on its way to the correlator.
struct Found {
    detection: usize,
    event: usize,
    facts: Facts,
}

/// A sequence, and all matches of its stages.
struct Asked {
    plan: Arc<Plan>,
    found: Vec<Found>,
}

/// Times are counted from 1601 there, in tenths of a microsecond, and some are the same. A
/// nanosecond between these tells records apart and changes no order.
fn events(folder: &Path) -> Vec<Event> {
    const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
    let text = fs::read_to_string(folder.join("test_data.json")).expect("readable");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut times = BTreeSet::new();
    let events = all.iter().map(|event| {
        let time = event["timestamp"].as_i64().expect("a time");
        let mut time = (time - UNIX_EPOCH) * 100;
        while !times.insert(time) {
            time += 1;
        }
        Event {
            id: event["serial_event_id"].as_u64().expect("an id"),
            time,
            line: event.to_string(),
        }
    });
    let mut events: Vec<Event> = events.collect();
    events.sort_by_key(|event| event.time);
    events
}

/// The sequences among the queries, in their order.
fn queries(folder: &Path) -> Vec<Query> {
    let text = fs::read_to_string(folder.join("test_queries.toml")).expect("readable");
    let queries = text.split("[[queries]]").filter_map(|query| {
        let (_, asked) = query.split_once("query = '''\n")?;
        let (asked, _) = asked.split_once("'''")?;
        let (_, expected) = query.split_once("\nexpected_event_ids")?;
        let (expected, _) = expected.split_once('[')?.1.split_once(']')?;
        let expected = expected.split(',').map(str::trim).filter(|n| !n.is_empty());
        asked.starts_with("sequence").then(|| Query {
            text: asked.to_owned(),
            expected: expected.map(|n| n.parse().expect("an id")).collect(),
        })
    });
    queries.collect()
}

impl Asked {
    fn new(file: &Path, events: &[Event]) -> Self {
        let loaded = yagura_rules::load(&[file], &LoadOptions::default());
        // These events are of no source that is known, and no stage has a `logsource`.
        let said = loaded.diagnostics.iter().map(|said| &said.message);
        let said: Vec<&String> = said.filter(|said| !said.contains("`logsource`")).collect();
        assert!(said.is_empty() && loaded.refused.is_empty(), "{said:?}");
        assert_eq!(loaded.sequences.len(), 1);
        let plan = Plan::compile(&[], &loaded.sequences, &loaded.detections);
        let wanted = Wanted {
            by_rule: (0..loaded.detections.len())
                .map(|detection| plan.wanted(detection).to_vec())
                .collect(),
            entities: Vec::new(),
        };
        let (rules, taxonomy) = (&loaded.detections, Taxonomy::shipped());
        let engine = Engine::compile_wanting(rules, &taxonomy, Extent::Projected, &wanted);
        Self {
            plan: Arc::new(plan),
            found: found(&Arc::new(engine.expect("compiles")), events),
        }
    }

    /// The records of every completion, where only these events are known.
    fn records(&self, events: &[Event], known: &[usize]) -> Vec<AlertRecord> {
        let options = Options {
            records: Records::Every,
            ..Options::default()
        };
        let mut correlator = Correlator::new(Arc::clone(&self.plan), options);
        let mut records = Vec::new();
        let known = |event: usize| known.binary_search(&event).is_ok();
        for one in self.found.iter().filter(|one| known(one.event)) {
            let time = events[one.event].time;
            let values: Vec<Option<&[u8]>> = one.facts.values().collect();
            let of = correlator::Match {
                detection: one.detection,
                time,
                sequence: one.event as u64,
                high_water: time,
                event: events[one.event].id,
                values: &values,
                extras: &[],
            };
            correlator.push(of, &mut |record| records.push(record.clone()));
        }
        correlator.finish(&mut |record| records.push(record.clone()));
        records
    }

    /// Whether a record like this comes where only these events are known.
    fn still(&self, events: &[Event], known: &[usize], record: &AlertRecord) -> bool {
        let records = self.records(events, known);
        let mut records = records.iter();
        records.any(|other| other.at == record.at && other.key == record.key)
    }

    /// The chains that complete, by event: each the first of those that begin as it does, or, if
    /// an earlier stage may be used again, of those that differ in more than their last event.
    fn chains(&self, events: &[Event], reuse: Reuse) -> (Vec<Vec<usize>>, usize) {
        let all: Vec<usize> = (0..events.len()).collect();
        let records = self.records(events, &all);
        let (mut seen, mut chains) = (BTreeSet::new(), Vec::new());
        for record in &records {
            let last = events.iter().position(|event| event.time == record.at);
            let last = last.expect("an event completes it");
            let began = |from: &usize| self.still(events, &all[*from..=last], record);
            let first = all.partition_point(|from| *from <= last && began(from)) - 1;
            if reuse == Reuse::Nothing && !seen.insert(vec![first]) {
                continue;
            }
            let mut chain = all[first..=last].to_vec();
            for event in match reuse {
                Reuse::Nothing => (first + 1..last).rev().collect::<Vec<_>>(),
                Reuse::Stages => (first + 1..last).collect(),
            } {
                let less: Vec<usize> = chain.iter().copied().filter(|e| *e != event).collect();
                if self.still(events, &less, record) {
                    chain = less;
                }
            }
            if reuse == Reuse::Nothing || seen.insert(chain[..chain.len() - 1].to_vec()) {
                self.assert_samples(events, &chain);
                chains.push(chain);
            }
        }
        (chains, records.len())
    }

    /// With nothing but its events, a chain is what its alert shows.
    fn assert_samples(&self, events: &[Event], chain: &[usize]) {
        let records = self.records(events, chain);
        let alert = records.last().expect("it completes");
        assert_eq!(alert.stages.len(), chain.len());
        for (stage, event) in alert.stages.iter().zip(chain) {
            assert!(stage.samples.contains(&events[*event].id), "{alert:?}");
        }
    }
}

/// What a chain leaves for others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reuse {
    Nothing,
    /// `fork`.
    Stages,
}

fn found(engine: &Arc<Engine>, events: &[Event]) -> Vec<Found> {
    let mut batch = EventBatch::new();
    let lines: Vec<&str> = events.iter().map(|event| event.line.as_str()).collect();
    let bytes = batch.recycle();
    bytes.extend_from_slice((lines.join("\n") + "\n").as_bytes());
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(Format::JsonLines, origin, engine.projection());
    assert_eq!(batch.len(), events.len());
    let mut matches = Vec::new();
    engine
        .matcher()
        .scan(&batch, Format::JsonLines, &mut matches);
    let found = matches.iter().map(|one| {
        let event = batch.event(one.event).expect("an event of the batch");
        let mut facts = Facts::default();
        engine.gather(one.rule, event, &mut facts);
        Found {
            detection: one.rule.0 as usize,
            event: one.event,
            facts,
        }
    });
    found.collect()
}

/// What the pipes of a query leave of the chains.
fn piped(query: &str, mut chains: Vec<Vec<u64>>) -> Vec<Vec<u64>> {
    for pipe in query.lines().filter_map(|line| line.strip_prefix("| ")) {
        let (name, of) = pipe.split_once(' ').expect("a pipe of something");
        match name {
            "head" => chains.truncate(of.parse().expect("a number")),
            "tail" => {
                let count: usize = of.parse().expect("a number");
                chains.drain(..chains.len().saturating_sub(count));
            }
            "filter" => {
                let id = of.strip_prefix("events[1].serial_event_id == ");
                let id: u64 = id.and_then(|id| id.parse().ok()).expect("the one filter");
                chains.retain(|chain| chain[1] == id);
            }
            _ => panic!("{pipe}"),
        }
    }
    chains
}

/// The numbers of queries that are left out; each says why.
fn left_out(folder: &Path) -> Vec<usize> {
    let text = fs::read_to_string(folder.join("left-out.yml")).expect("left-out.yml");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let numbers = lines.map(|line| {
        let (number, why) = line.split_once(": ").expect("number: reason");
        assert!(!why.is_empty());
        number.parse().expect("a number")
    });
    numbers.collect()
}

#[test]
fn queries_of_another_engine() {
    let Some(corpus) = files::corpus() else {
        eprintln!("skipped: no logs of others");
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/eql");
    let (events, queries) = (events(&corpus.join("eql")), queries(&corpus.join("eql")));
    assert_eq!((events.len(), queries.len()), (102, 43));
    let (left_out, mut failures) = (left_out(&folder), Vec::new());
    for (number, query) in (1..).zip(&queries) {
        let file = folder.join(format!("{number:02}.yml"));
        assert_ne!(file.exists(), left_out.contains(&number), "query {number}");
        if !file.exists() {
            continue;
        }
        let asked = Asked::new(&file, &events);
        let reuse = if query.text.contains("fork=true") {
            Reuse::Stages
        } else {
            Reuse::Nothing
        };
        let (chains, records) = asked.chains(&events, reuse);
        println!("{number}: {records} records, {} chains", chains.len());
        let ids = |chain: &Vec<usize>| chain.iter().map(|event| events[*event].id).collect();
        let chains = piped(&query.text, chains.iter().map(ids).collect());
        if chains.concat() != query.expected {
            failures.push(format!("{number}: {chains:?}, not {:?}", query.expected));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
