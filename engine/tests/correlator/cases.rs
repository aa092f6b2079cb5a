//! Cases as data: `cases/<name>/` holds `rules.yml` (up to four named detections, which say
//! nothing, and what refers to them), `matches.txt` and `expected.txt`.
//!
//! ```text
//! lateness 5s               before all matches: an option; also memory 20000, records every
//! 00:00:10 failed host=web  a match: event time, its rule (or several, `failed+entry`), fields
//! ```
//!
//! Expected is what the alerts say, by the numbers of the matches, and what was counted. Where
//! memory is not limited, the reference has to agree. `YAGURA_BLESS=1` rewrites the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::alert::AlertRecord;
use yagura_engine::correlator::{Correlator, Options, Plan, Records};
use yagura_rules::correlation::Target;
use yagura_rules::{LoadOptions, Loaded};

use super::generate::{DETECTIONS, Scenario};
use super::reference::{Event, SECOND};
use super::{compare, push};

/// What times count from.
const START: i64 = 1_700_000_000 * SECOND;

struct Script {
    events: Vec<Event>,
    options: Options,
}

fn time(text: &str) -> i64 {
    let parts = text.split(':').map(|n| n.parse::<i64>().expect("hh:mm:ss"));
    START + parts.fold(0, |sum, n| sum * 60 + n) * SECOND
}

fn clock(time: i64) -> String {
    let s = (time - START) / SECOND;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

impl Script {
    fn parse(text: &str, loaded: &Loaded) -> Self {
        let (mut events, mut options) = (Vec::new(), Options::default());
        let lines = text.lines().filter(|l| !l.is_empty());
        for line in lines.filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let (first, second) = (words.next().unwrap_or(""), words.next().expect("two words"));
            let number = || {
                second
                    .trim_end_matches('s')
                    .parse::<usize>()
                    .expect("a number")
            };
            match first {
                "lateness" => options.lateness = number() as i64 * SECOND,
                "memory" => options.memory_bytes = number(),
                "records" => {
                    assert_eq!(second, "every");
                    options.records = Records::Every;
                }
                _ => events.push(Event {
                    time: time(first),
                    fields: words.map(field).collect(),
                    extra: None,
                    detections: second.split('+').map(|name| named(loaded, name)).collect(),
                }),
            }
        }
        Self { events, options }
    }

    fn run(&self, loaded: &Loaded) -> String {
        let plan = Plan::compile(&loaded.correlations, &loaded.sequences, &loaded.detections);
        let mut correlator = Correlator::new(Arc::new(plan), self.options);
        let (mut records, mut high) = (Vec::new(), i64::MIN);
        for (n, event) in self.events.iter().enumerate() {
            high = high.max(event.time);
            push(&mut correlator, n, event, high, &mut records);
            assert!(correlator.bytes() <= self.options.memory_bytes);
        }
        correlator.finish(&mut |record| records.push(record.clone()));
        let mut out = String::new();
        for record in &records {
            say(record, loaded, &mut out);
        }
        let counted = correlator.counters();
        let without_key: u64 = counted.without_key.iter().map(|(_, count)| count).sum();
        for (what, count) in [
            ("matches", counted.matches),
            ("late", counted.late),
            ("without key", without_key),
            ("evicted keys", counted.evicted_keys),
            ("opened", counted.opened),
            ("closed", counted.closed),
        ] {
            if count > 0 {
                let _ = write!(out, "{what} {count}  ");
            }
        }
        out.truncate(out.trim_end().len());
        out + "\n"
    }
}

fn field(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').expect("field=value");
    (name.to_owned(), value.to_owned())
}

fn named(loaded: &Loaded, name: &str) -> usize {
    let mut names = loaded.detections.iter().map(|rule| &rule.meta.name);
    let place = names.position(|known| known.as_deref() == Some(name));
    place.unwrap_or_else(|| panic!("no rule is called {name}"))
}

fn say(record: &AlertRecord, loaded: &Loaded, out: &mut String) {
    let title = match record.rule {
        Target::Detection(index) => &loaded.detections[index].meta.title,
        Target::Correlation(index) => &loaded.correlations[index].meta.title,
        Target::Sequence(index) => &loaded.sequences[index].meta.title,
    };
    let (at, state) = (clock(record.at), record.state.name());
    let _ = write!(out, "{at} {state} {title}:");
    for (name, value) in &record.key {
        let _ = write!(out, " {name}={}", String::from_utf8_lossy(value));
    }
    let (first, last) = (clock(record.first), clock(record.last));
    let _ = write!(out, " {} from {first} to {last}", record.count);
    if let Some(distinct) = record.distinct {
        let _ = write!(out, ", {distinct} distinct");
    }
    let _ = writeln!(out, "{}", if record.partial { ", partial" } else { "" });
    for stage in &record.stages {
        let numbers = stage.samples.iter().map(|event| event - 999);
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        let _ = write!(
            out,
            "    {} {}: {}",
            stage.name,
            stage.count,
            numbers.join(" ")
        );
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

/// The reference says the same, and so does the correlator however the matches are handed over.
fn agrees(script: &Script, loaded: &Loaded) {
    assert!(loaded.detections.len() <= DETECTIONS, "too many detections");
    let scenario = Scenario {
        correlations: loaded.correlations.clone(),
        sequences: loaded.sequences.clone(),
        events: script.events.clone(),
        lateness: script.options.lateness,
        records: script.options.records,
        cut: script.events.len() / 2,
    };
    compare(&scenario).expect("the reference agrees");
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/correlator/cases");
    let mut failures = BTreeMap::new();
    let mut count = 0;
    for case in fs::read_dir(folder).expect("cases").flatten() {
        let case = case.path();
        let loaded = yagura_rules::load(&[case.join("rules.yml")], &LoadOptions::default());
        assert!(
            loaded.refused.is_empty(),
            "{}: {:?}",
            case.display(),
            loaded.refused
        );
        let text = fs::read_to_string(case.join("matches.txt")).expect("matches.txt");
        let script = Script::parse(&text, &loaded);
        if script.options.memory_bytes == Options::default().memory_bytes {
            agrees(&script, &loaded);
        }
        let got = script.run(&loaded);
        let path = case.join("expected.txt");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            fs::write(&path, &got).expect("a writable case");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != got {
            failures.insert(case, format!("-- expected\n{expected}-- got\n{got}"));
        }
        count += 1;
    }
    assert!(count >= 10);
    for (case, failure) in &failures {
        println!("{}\n{failure}", case.display());
    }
    assert!(failures.is_empty(), "{} cases differ", failures.len());
}
