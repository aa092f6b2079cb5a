//! What yagura costs beside the least that anybody could pay: for EVTX, the records as the crate
//! `evtx` hands them out; for XML, the tags and texts as the crate `quick-xml` hands them out.
//!
//! ```text
//! cargo bench --bench walls
//! YAGURA_WALLS_EVTX=logs/ YAGURA_WALLS_RULES=rules/ cargo bench --bench walls
//! ```
//!
//! Needs logs and rules of others, by default those under `YAGURA_CORPUS`. All steps are taken in
//! turn, a pass each, and the fastest pass of each counts: these logs are small, and the clock of
//! processor time is coarse. Matching is told for a matcher that has seen nothing (its memory is
//! touched for the first time) and for one that has seen these events.

mod made;

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evtx::{EvtxChunkData, ParserSettings};
use made::Made;
use yagura_engine::{Engine, Match, Matcher};
use yagura_parsers::{EventBatch, Format, Framer, Input, Timestamp};
use yagura_rules::{Activity, Detection, LoadOptions};

const PASSES: usize = 41;
const EVTX_HEADER_BYTES: usize = 4096;
const EVTX_CHUNK_BYTES: usize = 1 << 16;
/// Windows of the input that are offered to the framer, as sources do.
const WINDOW_BYTES: usize = 256 << 10;
const RULE_FOLDERS: [&str; 5] = [
    "rules",
    "rules-emerging-threats",
    "rules-threat-hunting",
    "rules-compliance",
    "rules-placeholder",
];

fn main() {
    let (Some(logs), Some(rules)) = (
        folder("YAGURA_WALLS_EVTX", "evtx"),
        folder("YAGURA_WALLS_RULES", "sigma-rules"),
    ) else {
        println!("skipped: no logs and rules of others (YAGURA_CORPUS)");
        return;
    };
    let files = read_all(&logs);
    let detections = load(&rules);
    let engine = made::engine(&detections);
    println!(
        "{} rules; the fastest of {PASSES} passes each, in turn\n",
        detections.len()
    );
    evtx_walls(&files, &engine);
    xml_walls(&files, &engine);
}

/// A folder named by the environment, or part of the corpus.
fn folder(variable: &str, of_corpus: &str) -> Option<PathBuf> {
    let corpus = env::var_os("YAGURA_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = env::var_os(variable).map_or_else(|| corpus.join(of_corpus), PathBuf::from);
    path.is_dir().then_some(path)
}

/// All `.evtx` files below a folder.
fn read_all(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.append(&mut read_all(&path));
        } else if path.extension().is_some_and(|e| e == "evtx") {
            files.push(fs::read(path).expect("a readable file"));
        }
    }
    files
}

fn load(folder: &Path) -> Vec<Arc<Detection>> {
    let parts = RULE_FOLDERS.map(|part| folder.join(part));
    let mut paths: Vec<PathBuf> = parts.into_iter().filter(|part| part.is_dir()).collect();
    if paths.is_empty() {
        paths.push(folder.to_owned());
    }
    let loaded = yagura_rules::load(&paths, &LoadOptions::default());
    let mut detections = loaded.detections;
    detections.retain(|rule| rule.activity == Activity::Active && !rule.in_place);
    detections
}

fn evtx_walls(files: &[Vec<u8>], engine: &Arc<Engine>) {
    let blocks = blocks(Format::Evtx, files);
    let mut seasoned = engine.matcher();
    let mut steps = [
        Step::new("evtx: records", |_| {
            crate_records(files, |record| u64::from(record.is_ok()))
        }),
        Step::new("evtx: records as XML", |_| {
            crate_records(files, |record| {
                let xml = record.and_then(evtx::EvtxRecord::into_xml_bytes);
                u64::from(black_box(xml).is_ok())
            })
        }),
        Step::new("yagura: parse", |batch| {
            parse(&blocks, Format::Evtx, engine, batch)
        }),
        Step::new("yagura: parse and match, new matcher", |batch| {
            parse_and_match(&blocks, Format::Evtx, engine, &mut engine.matcher(), batch)
        }),
        Step::new("yagura: parse and match", |batch| {
            parse_and_match(&blocks, Format::Evtx, engine, &mut seasoned, batch)
        }),
    ];
    report("EVTX", &mut steps);
}

/// Goes over all records of all chunks.
fn crate_records(
    files: &[Vec<u8>],
    mut take: impl FnMut(Result<evtx::EvtxRecord<'_>, evtx::err::EvtxError>) -> u64,
) -> u64 {
    let mut count = 0;
    for file in files {
        for chunk in file
            .get(EVTX_HEADER_BYTES..)
            .unwrap_or_default()
            .chunks(EVTX_CHUNK_BYTES)
        {
            let settings = Arc::new(ParserSettings::default().indent(false));
            let Ok(mut data) = EvtxChunkData::new(chunk.to_vec(), false) else {
                continue;
            };
            let Ok(mut chunk) = data.parse(settings) else {
                continue;
            };
            for record in chunk.iter() {
                count += take(record);
            }
        }
    }
    count
}

fn xml_walls(files: &[Vec<u8>], engine: &Arc<Engine>) {
    let mut text = Vec::new();
    crate_records(files, |record| {
        let Ok(record) = record.and_then(evtx::EvtxRecord::into_xml_bytes) else {
            return 0;
        };
        text.extend_from_slice(&record.data);
        text.push(b'\n');
        1
    });
    let texts = [text];
    let blocks = blocks(Format::WindowsXml, &texts);
    let mut seasoned = engine.matcher();
    let mut steps = [
        Step::new("quick-xml: tags and texts", |_| {
            texts.iter().map(|text| pull(text)).sum()
        }),
        Step::new("yagura: parse", |batch| {
            parse(&blocks, Format::WindowsXml, engine, batch)
        }),
        Step::new("yagura: parse and match, new matcher", |batch| {
            parse_and_match(
                &blocks,
                Format::WindowsXml,
                engine,
                &mut engine.matcher(),
                batch,
            )
        }),
        Step::new("yagura: parse and match", |batch| {
            parse_and_match(&blocks, Format::WindowsXml, engine, &mut seasoned, batch)
        }),
    ];
    report("XML", &mut steps);
}

/// Counts the `Event` elements on a walk over all that the pull parser has to give.
fn pull(text: &[u8]) -> u64 {
    use quick_xml::events::Event;

    let mut reader = quick_xml::Reader::from_reader(text);
    let mut events = 0;
    loop {
        match black_box(reader.read_event()) {
            Ok(Event::Start(tag)) if tag.name().as_ref() == "Event" => events += 1,
            Ok(Event::Eof) | Err(_) => return events,
            Ok(_) => {}
        }
    }
}

/// Whole records, cut as sources do.
fn blocks<'a>(format: Format, files: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
    let mut blocks = Vec::new();
    for file in files {
        let mut framer = Framer::new(format, Timestamp::UNKNOWN);
        let mut rest: &'a [u8] = file;
        while !rest.is_empty() {
            let window = match format {
                Format::Evtx => EVTX_HEADER_BYTES + EVTX_CHUNK_BYTES,
                _ => WINDOW_BYTES,
            };
            let open = framer.cut(&rest[..window.min(rest.len())], Input::Open).len;
            // At the end, and where a record is longer than the window.
            let len = if open == 0 {
                framer.cut(rest, Input::Ended).len
            } else {
                open
            };
            let (block, behind) = rest.split_at(len);
            blocks.push(block);
            rest = behind;
        }
    }
    blocks
}

fn fill_and_parse(block: &[u8], format: Format, engine: &Engine, batch: &mut EventBatch) -> u64 {
    batch.recycle().extend_from_slice(block);
    batch.parse(format, Made::origin(), engine.projection());
    batch.len() as u64
}

fn parse(blocks: &[&[u8]], format: Format, engine: &Engine, batch: &mut EventBatch) -> u64 {
    let parse = |block: &&[u8]| fill_and_parse(block, format, engine, batch);
    blocks.iter().map(parse).sum()
}

fn parse_and_match(
    blocks: &[&[u8]],
    format: Format,
    engine: &Engine,
    matcher: &mut Matcher,
    batch: &mut EventBatch,
) -> u64 {
    let mut found: Vec<Match> = Vec::new();
    let mut events = 0;
    for block in blocks {
        events += fill_and_parse(block, format, engine, batch);
        found.clear();
        matcher.scan(batch, format, &mut found);
        black_box(&found);
    }
    events
}

/// Something to time, which tells how many events it saw.
struct Step<'a> {
    name: &'static str,
    run: Box<dyn FnMut(&mut EventBatch) -> u64 + 'a>,
    took: Vec<Duration>,
    events: u64,
}

impl<'a> Step<'a> {
    fn new(name: &'static str, run: impl FnMut(&mut EventBatch) -> u64 + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            took: Vec::new(),
            events: 0,
        }
    }

    fn time(&mut self, batch: &mut EventBatch) {
        let before = Instant::now();
        self.events = (self.run)(batch);
        self.took.push(before.elapsed());
    }

    /// Seconds of the fastest pass.
    fn fastest(&self) -> f64 {
        let fastest = self.took.iter().min();
        fastest.map_or(0.0, Duration::as_secs_f64)
    }
}

fn report(what: &str, steps: &mut [Step<'_>]) {
    let mut batch = EventBatch::new();
    for _ in 0..PASSES {
        for step in &mut *steps {
            step.time(&mut batch);
        }
    }
    println!("| {what} | events | an event, µs | events/s | to the first | to the one before |");
    println!("|---|---|---|---|---|---|");
    let first = steps.first().map_or(0.0, Step::fastest);
    let mut before = first;
    for step in steps {
        let (seconds, events) = (step.fastest(), step.events);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let each = seconds / events.max(1) as f64;
        println!(
            "| {} | {events} | {:.2} | {:.0} | {:.2} | {:.2} |",
            step.name,
            each * 1e6,
            1.0 / each,
            seconds / first,
            seconds / before
        );
        before = seconds;
    }
    println!();
}
