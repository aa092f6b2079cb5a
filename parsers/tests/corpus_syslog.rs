//! Real logs of others: each line parses to what the table beside it says.
//!
//! The logs are found through `YAGURA_CORPUS`, else at `../shared/data` beside the checkout;
//! without them these tests say that they were skipped.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use yagura_parsers::{
    BlockExtent, Event, EventBatch, EventKind, Extent, Format, Origin, Projection,
    ProjectionBuilder, time,
};

/// Reads `YYYY-MM-DD` parts: the logs are of 2005 and of an unknown year.
const NEAR: &str = "2005-06-14T00:00:00Z";

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let found = std::env::var_os("YAGURA_CORPUS").map_or(beside, PathBuf::from);
    found.join("syslog").is_dir().then_some(found)
}

/// A log and the rows of its table, by column.
struct Log {
    batch: EventBatch,
    rows: Vec<HashMap<String, String>>,
    projection: Projection,
}

fn load(name: &str, format: Format) -> Option<Log> {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no corpus");
        return None;
    };
    let path = corpus.join("syslog").join(name);
    let projection = ProjectionBuilder::new(Extent::Everything).build();
    let mut batch = EventBatch::new();
    batch.recycle().extend(fs::read(&path).unwrap());
    let origin = Origin {
        position: 0,
        near: time::parse_any(NEAR.as_bytes()).unwrap(),
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &projection);
    let table = fs::read_to_string(corpus.join("syslog").join(format!("{name}_structured.csv")));
    let rows = read_table(&table.unwrap());
    assert_eq!(batch.len(), rows.len(), "{name}: lines");
    assert_eq!(
        batch.unparsed().total(),
        0,
        "{name}: {:?}",
        batch.unparsed()
    );
    Some(Log {
        batch,
        rows,
        projection,
    })
}

fn read_table(text: &str) -> Vec<HashMap<String, String>> {
    let mut lines = text
        .lines()
        .map(|line| read_row(line.trim_end_matches('\r')));
    let columns = lines.next().unwrap();
    lines
        .map(|row| columns.iter().cloned().zip(row).collect())
        .collect()
}

fn read_row(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

impl Log {
    fn pairs(&self) -> impl Iterator<Item = (Event<'_>, &HashMap<String, String>)> {
        self.batch.events().zip(&self.rows)
    }

    fn value(&self, event: &Event<'_>, name: &str) -> Option<String> {
        let mut values = event.named_values(&self.projection);
        let (_, value) = values.find(|(n, _)| *n == name.as_bytes())?;
        Some(
            String::from_utf8_lossy(value.text(&mut Vec::new()))
                .trim()
                .to_owned(),
        )
    }

    fn check(&self, event: &Event<'_>, name: &str, expected: &str) {
        let found = self.value(event, name).unwrap_or_default();
        let raw = String::from_utf8_lossy(event.raw());
        assert_eq!(found, expected.trim(), "{name} of {raw}");
    }
}

fn month(name: &str) -> usize {
    let names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    names.find(name).unwrap() / 3 + 1
}

/// `-MM-DDTHH:MM:SSZ`: the year is not in the table.
fn check_time(event: &Event<'_>, month_name: &str, day: &str, clock: &str) {
    let day: u8 = day.parse().unwrap();
    let expected = format!("-{:02}-{day:02}T{clock}Z", month(month_name));
    assert_eq!(event.time().to_string()[4..], expected);
}

#[test]
fn linux() {
    let Some(log) = load("Linux_2k.log", Format::Syslog) else {
        return;
    };
    for (event, row) in log.pairs() {
        check_time(&event, &row["Month"], &row["Date"], &row["Time"]);
        log.check(&event, "hostname", &row["Level"]);
        log.check(&event, "program", &row["Component"]);
        log.check(&event, "pid", &row["PID"]);
        log.check(&event, "message", &row["Content"]);
    }
    let (first, last) = (log.batch.event(0).unwrap(), log.batch.event(1999).unwrap());
    assert!(first.time() < last.time());
}

#[test]
fn open_ssh() {
    let Some(log) = load("OpenSSH_2k.log", Format::Syslog) else {
        return;
    };
    for (event, row) in log.pairs() {
        check_time(&event, &row["Date"], &row["Day"], &row["Time"]);
        // The table calls the host a component and leaves out the program, which is sshd.
        log.check(&event, "hostname", &row["Component"]);
        log.check(&event, "program", "sshd");
        log.check(&event, "pid", &row["Pid"]);
        log.check(&event, "message", &row["Content"]);
        check_login(&log, &event, &row["Content"]);
    }
}

/// Every word that looks like an address in the message has to be the address of the event, and
/// so on, found by other means than a grammar.
fn check_login(log: &Log, event: &Event<'_>, message: &str) {
    assert!(log.value(event, "action").is_some(), "no action: {message}");
    let words: Vec<&str> = message.split([' ', ':', '=', '[', ']']).collect();
    let address = words
        .iter()
        .find(|w| w.split('.').count() == 4 && w.chars().all(|c| c.is_ascii_digit() || c == '.'));
    if let Some(address) = address {
        log.check(event, "src_ip", address);
    }
    if let Some(at) = words.iter().position(|w| *w == "port") {
        log.check(event, "src_port", words[at + 1]);
    }
    let is_login = ["Failed", "Accepted", "Invalid user"]
        .iter()
        .find(|w| message.contains(*w));
    if let Some(kind) = is_login {
        let outcome = if *kind == "Accepted" {
            "success"
        } else {
            "failure"
        };
        log.check(event, "outcome", outcome);
        let before = &message[..message.rfind(" from ").unwrap()];
        let user = before.rsplit_once(" for ").map_or(before, |(_, user)| user);
        let user = user.trim_start_matches("Invalid user").trim();
        log.check(
            event,
            "user",
            user.trim_start_matches("invalid user").trim(),
        );
    }
}

#[test]
fn apache() {
    let Some(log) = load("Apache_2k.log", Format::AccessLog) else {
        return;
    };
    for (event, row) in log.pairs() {
        assert_eq!(event.kind(), EventKind::AccessLog);
        let parts: Vec<&str> = row["Time"].split(' ').collect();
        check_time(&event, parts[1], parts[2], parts[3]);
        assert!(event.time().to_string().starts_with(parts[4]));
        log.check(&event, "severity", &row["Level"]);
        log.check(&event, "message", &row["Content"]);
    }
}
