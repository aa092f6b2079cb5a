//! What rules say to the events of a case.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::correlator::Options;
use yagura_engine::incident::Limits;
use yagura_engine::{CaseMatch, Casebook, Entry, Facts};
use yagura_parsers::{
    BlockExtent, EventBatch, Format, Framer, Input, Origin, Timestamp, recognise,
};
use yagura_rules::Meta;
use yagura_rules::correlation::Target;

use super::Verdict;
use super::file::{Case, Inline, read_bounded};
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

/// Runs a case of a file in `folder`.
pub fn run(case: &Case, book: &RuleBook, folder: &Path) -> Verdict {
    match count(case, book, folder) {
        Ok(got) => judge(case, got),
        Err(why) => Verdict::Broken(why),
    }
}

fn judge(case: &Case, got: u64) -> Verdict {
    let expect = &case.expect;
    let expected = match (expect.fires, expect.count) {
        (None, None) => {
            return Verdict::Broken("`expect` is empty: write `fires` or `count`".to_owned());
        }
        (Some(fires), Some(count)) if fires != (count > 0) => {
            return Verdict::Broken(format!("`fires: {fires}` contradicts `count: {count}`"));
        }
        (_, Some(count)) if got == count => return Verdict::Pass,
        (_, Some(count)) => format!("fires {}", times(count)),
        (Some(fires), None) if fires == (got > 0) => return Verdict::Pass,
        (Some(true), None) => "fires".to_owned(),
        (Some(false), None) => "does not fire".to_owned(),
    };
    let got = match got {
        0 => "does not fire".to_owned(),
        got => format!("fires {}", times(got)),
    };
    Verdict::Fail { expected, got }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// How many matches, or alerts, the rule of a case comes to.
fn count(case: &Case, book: &RuleBook, folder: &Path) -> Result<u64, String> {
    let target = target(case.rule.as_deref(), book)?;
    let mut found = Vec::new();
    let format = case.format.as_deref().map(format_of).transpose()?;
    for event in &case.events {
        match event {
            Inline::Text(text) => scan(text.as_bytes(), format, book, &mut found)?,
            Inline::Object(object) => {
                let line = serde_json::to_vec(object).map_err(|error| error.to_string())?;
                scan(&line, Some(Format::JsonLines), book, &mut found)?;
            }
        }
    }
    if let Some(file) = &case.file {
        scan(&read_bounded(&folder.join(file))?, format, book, &mut found)?;
    }
    if case.events.is_empty() && case.file.is_none() {
        return Err("no events: write `events` or `file`".to_owned());
    }
    if let Target::Detection(detection) = target {
        return Ok(found
            .iter()
            .filter(|one| one.detection == detection)
            .count() as u64);
    }
    if found.iter().any(|one| one.time == Timestamp::UNKNOWN) {
        return Err("an event that matches tells no time, which correlations need".to_owned());
    }
    found.sort_by_key(|one| one.time);
    Ok(alerts(&found, target, book))
}

fn alerts(found: &[Found], target: Target, book: &RuleBook) -> u64 {
    let mut ids = BTreeSet::new();
    let mut note = |entry: Entry<'_>| {
        if let Entry::Alert(record) = entry
            && record.rule == target
        {
            ids.insert(record.id);
        }
    };
    let rules = Arc::clone(&book.cases);
    let mut casebook = Casebook::new(rules, Options::default(), Limits::default());
    for (sequence, one) in (0..).zip(found) {
        let of = CaseMatch {
            detection: one.detection,
            time: one.time,
            sequence,
            high_water: one.time,
            event: sequence,
            facts: &one.facts,
        };
        casebook.push(&of, &mut note);
    }
    casebook.finish(&mut note);
    ids.len() as u64
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
    let mut matcher = book.engine.matcher();
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
        matcher.scan(&batch, format, &mut matches);
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
    let known = Format::ALL.into_iter().find(|format| format.name() == name);
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
