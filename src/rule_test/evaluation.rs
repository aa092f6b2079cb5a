//! What rules say to the events of a case.

use std::path::Path;
use std::sync::Arc;

use yagura_engine::alert::{AlertId, AlertRecord, AlertState};
use yagura_engine::correlator::Options;
use yagura_engine::incident::IncidentRecord;
use yagura_engine::incident::Limits;
use yagura_engine::{CaseMatch, Casebook, Entry, Facts};
use yagura_parsers::{
    BlockExtent, EventBatch, Format, Framer, Input, Origin, Timestamp, recognise,
};
use yagura_rules::Meta;
use yagura_rules::correlation::Target;

use super::Verdict;
use super::expectation::{Happened, SeenAlert, SeenIncident};
use super::file::{Case, Content, Inline, Timed, read_bounded};
use super::instant::read_length;
use crate::scan::RuleBook;

/// By so many bytes a format is recognised.
const HEAD_BYTES: usize = 64 << 10;
/// Files are parsed in blocks of about this size.
const BLOCK_BYTES: usize = 1 << 20;

struct Found {
    time: Timestamp,
    detection: usize,
    facts: Facts,
}

/// What relative times count from where a case does not say: 1 January 2026.
const START: i64 = 1_767_225_600_000_000_000;
/// No case needs more events in a row.
const REPEAT_MAX: u32 = 1_000_000;

/// Runs a case of a file in `folder`.
pub fn run(case: &Case, book: &RuleBook, folder: &Path) -> Verdict {
    let start = case.start.map_or(START, |start| start.from(START));
    match happened(case, book, folder, start) {
        Ok(got) => case.expect.judge(&got, start),
        Err(why) => Verdict::Broken(why),
    }
}

/// What the rule of a case makes of its events.
fn happened(case: &Case, book: &RuleBook, folder: &Path, start: i64) -> Result<Happened, String> {
    let target = target(case.rule.as_deref(), book)?;
    let mut reading = Reading::new(case, book)?;
    for event in &case.events {
        match event {
            Inline::Text(text) => reading.scan(text.as_bytes())?,
            Inline::Object(object) => reading.object(object)?,
            Inline::Timed(timed) => reading.timed(timed, start)?,
        }
    }
    for file in case.file.iter().chain(&case.files) {
        reading.scan(&read_bounded(&folder.join(file))?)?;
    }
    if case.events.is_empty() && case.file.is_none() && case.files.is_empty() {
        return Err("no events: write `events` or `file`".to_owned());
    }
    let mut found = reading.found;
    let of_detection = match target {
        Target::Detection(detection) => {
            let of_it = found.iter().filter(|one| one.detection == detection);
            Some(of_it.count() as u64)
        }
        _ => None,
    };
    if let (Some(count), false) = (of_detection, case.expect.needs_times()) {
        return Ok(Happened {
            count,
            ..Happened::default()
        });
    }
    if found.iter().any(|one| one.time == Timestamp::UNKNOWN) {
        return Err("an event that matches tells no time: give it one by `at`".to_owned());
    }
    found.sort_by_key(|one| one.time);
    let until = case.until.map(|until| until.from(start));
    let mut happened = correlate(&found, target, book, until);
    if let Some(count) = of_detection {
        happened.count = count;
    }
    Ok(happened)
}

/// What correlations and incidents make of matches in order.
fn correlate(found: &[Found], target: Target, book: &RuleBook, until: Option<i64>) -> Happened {
    let mut seen = Seen {
        target,
        is_over: false,
        ids: Vec::new(),
        happened: Happened::default(),
    };
    let rules = Arc::clone(&book.cases);
    let options = Options {
        lateness: 0,
        ..Options::default()
    };
    let mut casebook = Casebook::new(rules, options, Limits::default());
    for (sequence, one) in (0..).zip(found) {
        let of = CaseMatch {
            detection: one.detection,
            time: one.time,
            sequence,
            high_water: one.time,
            event: sequence,
            facts: &one.facts,
        };
        casebook.push(&of, &mut |entry| seen.note(&entry));
    }
    if let Some(until) = until {
        casebook.advance(Timestamp(until), &mut |entry| seen.note(&entry));
    }
    seen.is_over = true;
    casebook.finish(&mut |entry| seen.note(&entry));
    seen.happened.count = seen.happened.alerts.len() as u64;
    seen.happened
}

/// Collects what is said.
struct Seen {
    target: Target,
    is_over: bool,
    ids: Vec<AlertId>,
    happened: Happened,
}

impl Seen {
    fn note(&mut self, entry: &Entry<'_>) {
        match entry {
            Entry::Alert(record) if record.rule == self.target => self.alert(record),
            Entry::Alert(_) => {}
            Entry::Incident(record) => self.incident(record),
        }
    }

    fn alert(&mut self, record: &AlertRecord) {
        let place = self.ids.iter().position(|id| *id == record.id);
        let place = place.unwrap_or_else(|| {
            self.ids.push(record.id);
            self.happened.alerts.push(SeenAlert {
                opened: record.at,
                ..SeenAlert::default()
            });
            self.ids.len() - 1
        });
        let Some(alert) = self.happened.alerts.get_mut(place) else {
            return;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let key = record.key.iter();
        alert.key = key
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        alert.count = record.count;
        let stages = record.stages.iter();
        alert.stages = stages
            .map(|stage| (stage.name.clone(), stage.count))
            .collect();
        if record.state == AlertState::Close && !self.is_over {
            alert.closed = Some(record.at);
        }
    }

    fn incident(&mut self, record: &IncidentRecord) {
        let known = self.happened.incident.as_ref();
        if known.is_some_and(|known| known.risk > record.risk) {
            return;
        }
        let entities = record.entities.iter();
        self.happened.incident = Some(SeenIncident {
            title: record.title.to_string(),
            level: record.level.name(),
            risk: record.risk,
            entities: entities
                .map(|of| (of.kind.clone(), of.value.clone()))
                .collect(),
        });
    }
}

/// Reads the events of a case and keeps what matches.
struct Reading<'a> {
    book: &'a RuleBook,
    /// Of text.
    format: Option<Format>,
    found: Vec<Found>,
}

impl<'a> Reading<'a> {
    fn new(case: &Case, book: &'a RuleBook) -> Result<Self, String> {
        Ok(Self {
            book,
            format: case.format.as_deref().map(format_of).transpose()?,
            found: Vec::new(),
        })
    }

    fn object(
        &mut self,
        object: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), String> {
        let line = serde_json::to_vec(object).map_err(|error| error.to_string())?;
        scan(&line, Some(Format::JsonLines), self.book, &mut self.found)
    }

    fn scan(&mut self, text: &[u8]) -> Result<(), String> {
        scan(text, self.format, self.book, &mut self.found)
    }

    /// The event is read once, and its matches come as often as it does.
    fn timed(&mut self, timed: &Timed, start: i64) -> Result<(), String> {
        if timed.repeat == 0 || timed.repeat > REPEAT_MAX {
            return Err(format!("`repeat` has to be 1 to {REPEAT_MAX}"));
        }
        let every = timed
            .every
            .as_deref()
            .map_or(Some(0), |text| read_length(text.trim_start_matches('+')));
        let every = every.ok_or("`every` has to be a length of time such as 1s")?;
        let begin = self.found.len();
        match &timed.event {
            Content::Text(text) => self.scan(text.as_bytes())?,
            Content::Object(object) => self.object(object)?,
        }
        let once = self.found.split_off(begin);
        for number in 0..i64::from(timed.repeat) {
            let at = timed
                .at
                .from(start)
                .saturating_add(every.saturating_mul(number));
            self.found.extend(once.iter().map(|one| Found {
                time: Timestamp(at),
                detection: one.detection,
                facts: one.facts.clone(),
            }));
        }
        Ok(())
    }
}

fn scan(
    bytes: &[u8],
    format: Option<Format>,
    book: &RuleBook,
    found: &mut Vec<Found>,
) -> Result<(), String> {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let format = format.unwrap_or_else(|| recognise(head));
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let mut rules = book.engine.matcher();
    let (mut batch, mut matches) = (EventBatch::new(), Vec::new());
    let (mut start, mut end) = (0, 0);
    while start < bytes.len() {
        end = (end + BLOCK_BYTES).min(bytes.len());
        let input = if end == bytes.len() {
            Input::Ended
        } else {
            Input::Open
        };
        let rest = bytes.get(start..end).unwrap_or_default();
        let cut = framer.cut(rest, input);
        if cut.len == 0 {
            if end == bytes.len() {
                return Err(format!(
                    "the events end within a record of {}",
                    format.name()
                ));
            }
            continue;
        }
        let block = rest.get(..cut.len).unwrap_or(rest);
        batch.recycle().extend_from_slice(block);
        let origin = Origin {
            position: start as u64,
            near: cut.near,
            extent: BlockExtent::Whole,
        };
        batch.parse(format, origin, book.engine.projection());
        matches.clear();
        rules.scan(&batch, format, &mut matches);
        for one in &matches {
            let (Some(event), Some(detection)) = (batch.event(one.event), book.detection(one.rule))
            else {
                continue;
            };
            let mut facts = Facts::default();
            book.engine.gather(one.rule, event, &mut facts);
            found.push(Found {
                time: event.time(),
                detection,
                facts,
            });
        }
        start += cut.len;
    }
    Ok(())
}

fn format_of(name: &str) -> Result<Format, String> {
    let known = Format::from_name(name);
    known.ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        format!("`{name}` is no format; known: {names}")
    })
}

/// The rule that a case is for.
fn target(wanted: Option<&str>, book: &RuleBook) -> Result<Target, String> {
    let loaded = &book.loaded;
    let detections = loaded.detections.iter().enumerate();
    let detections = detections
        .filter(|(_, rule)| !rule.in_place)
        .map(|(at, rule)| (Target::Detection(at), &rule.meta));
    let correlations = loaded.correlations.iter().enumerate();
    let correlations = correlations.map(|(at, rule)| (Target::Correlation(at), &rule.meta));
    let sequences = loaded.sequences.iter().enumerate();
    let sequences = sequences.map(|(at, rule)| (Target::Sequence(at), &rule.meta));
    let is_wanted = |meta: &Meta| {
        wanted.is_none_or(|wanted| {
            meta.id.as_deref() == Some(wanted)
                || meta.name.as_deref() == Some(wanted)
                || meta.title == wanted
        })
    };
    let rules = detections.chain(correlations).chain(sequences);
    let mut fitting = rules.filter(|(_, meta)| is_wanted(meta));
    match (fitting.next(), fitting.next(), wanted) {
        (Some((target, _)), None, _) => Ok(target),
        (Some(_), Some(_), None) => Err("several rules: say which by `rule`".to_owned()),
        (Some(_), Some(_), Some(wanted)) => Err(format!("several rules are called `{wanted}`")),
        (None, _, Some(wanted)) => Err(format!("no rule has the id, name or title `{wanted}`")),
        (None, _, None) => Err("there is no rule to test".to_owned()),
    }
}
