//! What a worker makes of a block: the detections in it, rendered.

use std::sync::Arc;

use yagura_engine::pipeline::Block;
use yagura_engine::{Engine, Facts, Match, Matcher};
use yagura_parsers::{Event, EventBatch, Timestamp, Unparsed, fields};
use yagura_rules::Level;

use super::case_match;
use super::inputs::Inputs;
use super::rendered::Rendered;
use crate::detection::{Duplicates, FieldList, ListLimits, shortened};
use crate::render::{DetectionRenderer, DetectionView, RuleCard};
use crate::sort::SortKey;

/// What is shown of detections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing of each.
    Nothing,
    /// Each, with the fields that matched.
    Evidence,
    /// Each, with the fields that matched and the whole event.
    WholeEvents,
}

/// What was found in a block.
#[derive(Debug, Default)]
pub struct BlockResult {
    /// Its events.
    pub events: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The time of its last event that had one.
    pub last_time: Timestamp,
    /// The highest time of its events; only known where [`Finder::arrangement`] asks for it.
    pub high_water: Timestamp,
    /// What was not understood, if anything.
    pub unparsed: Option<Box<Unparsed>>,
    /// Its matches: rendered where they are shown, and what correlations and incidents need.
    pub rendered: Rendered,
    /// Matches by rule.
    pub counts: Vec<(u32, u64)>,
    /// Detections by level: matches that stand for themselves.
    pub by_level: [u64; Level::ALL.len()],
}

impl BlockResult {
    /// The figures of a block that was parsed.
    pub fn of(batch: &EventBatch) -> Self {
        let unparsed = batch.unparsed();
        Self {
            events: batch.len() as u64,
            bytes: batch.input().len() as u64,
            last_time: batch.last_time(),
            unparsed: (unparsed.total() > 0).then(|| Box::new(unparsed.clone())),
            ..Self::default()
        }
    }
}

/// How the matches of all blocks come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// Sorted by event time.
    ByTime,
    /// As they arrive; how far event time has come is noted with each.
    ByArrival,
}

/// A rule that is evaluated.
#[derive(Debug)]
pub struct ScanRule {
    /// What it contributes to its detections.
    pub card: RuleCard,
    /// Whether its matches are detections, and not only parts of something else.
    pub stands_alone: bool,
}

/// What all workers share.
#[derive(Debug)]
pub struct Finder<'a> {
    /// The compiled rules.
    pub engine: &'a Arc<Engine>,
    /// The same, by their index in the engine.
    pub rules: &'a [ScanRule],
    /// The names of the inputs.
    pub inputs: &'a Inputs,
    /// How detections look.
    pub renderer: DetectionRenderer,
    /// What is shown of them.
    pub what: What,
    /// How they come together.
    pub arrangement: Arrangement,
}

/// What a worker keeps from block to block.
pub struct Bench {
    matcher: Matcher,
    found: Vec<Match>,
    evident: FieldList,
    whole: WholeEvent,
    facts: Facts,
}

impl<'a> Finder<'a> {
    /// What one worker does with each block.
    pub fn worker(&self) -> impl FnMut(&Block, &mut EventBatch) -> BlockResult + use<'_, 'a> {
        let mut bench = self.bench();
        move |block, batch| self.examine(&mut bench, block, batch, |time| time)
    }

    /// What a worker needs for [`Self::examine`].
    pub fn bench(&self) -> Bench {
        Bench {
            matcher: self.engine.matcher(),
            found: Vec::new(),
            evident: FieldList::new(Duplicates::Drop, ListLimits::MATCHED),
            whole: WholeEvent::new(),
            facts: Facts::default(),
        }
    }

    /// Parses a block, matches its events and renders what is found. `clock` says at what time
    /// an event counts, given the time that it tells.
    pub fn examine(
        &self,
        bench: &mut Bench,
        block: &Block,
        batch: &mut EventBatch,
        clock: impl Fn(Timestamp) -> Timestamp,
    ) -> BlockResult {
        let Bench {
            matcher,
            found,
            evident,
            whole,
            facts,
        } = bench;
        batch.parse(block.format, block.origin, self.engine.projection());
        let mut result = BlockResult::of(batch);
        found.clear();
        matcher.scan(batch, block.format, found);
        result.counts = counts(found);
        result.by_level = self.by_level(&result.counts);
        let mut room = Vec::new();
        let mut high_water = HighWater::new(self.arrangement, clock);
        whole.forget();
        for of in &*found {
            let (Some(event), Some(rule)) = (batch.event(of.event), self.rule(*of)) else {
                continue;
            };
            let position = event.position();
            let time = (high_water.clock)(event.time());
            let key = SortKey {
                time: time.0,
                input: block.input,
                position,
                rule: of.rule.0,
            };
            self.engine.gather(of.rule, event, facts);
            let high_water = high_water.up_to(of.event, batch);
            let carried = |out: &mut Vec<u8>| case_match::encode(out, high_water, facts);
            if self.what == What::Nothing || !rule.stands_alone {
                result.rendered.add(key, |_| (), carried);
                continue;
            }
            evident.clear();
            matcher.evidence(batch, block.format, *of, |evidence| {
                let name = match evidence.field {
                    "" => "keywords",
                    field => field,
                };
                evident.push(name.as_bytes(), evidence.value);
            });
            evident.close();
            if self.what == What::WholeEvents {
                whole.render(self, of.event, &event);
            }
            let host = host(&event, &mut room).map(|host| shortened(host, HOST_BYTES_MAX));
            let id = rule.card.id.part(self.inputs.identity(block.input));
            let view = DetectionView {
                id: id.finish(position),
                time,
                rule: &rule.card,
                host: host.as_deref(),
                path: self.inputs.path(block.input),
                position,
                matched: evident,
                event: (self.what == What::WholeEvents).then_some(&whole.text),
            };
            let shown = |out: &mut Vec<u8>| self.renderer.detection(out, &view);
            result.rendered.add(key, shown, carried);
        }
        result.high_water = high_water.up_to(batch.len(), batch);
        result
    }

    fn rule(&self, of: Match) -> Option<&'a ScanRule> {
        self.rules.get(of.rule.0 as usize)
    }

    fn by_level(&self, counts: &[(u32, u64)]) -> [u64; Level::ALL.len()] {
        let mut by_level = [0; Level::ALL.len()];
        for (rule, count) in counts {
            if let Some(rule) = self.rules.get(*rule as usize).filter(|r| r.stands_alone) {
                by_level[rule.card.level as usize] += count;
            }
        }
        by_level
    }
}

/// The highest event time of a batch up to an event, where it is wanted.
struct HighWater<C> {
    arrangement: Arrangement,
    clock: C,
    seen: usize,
    time: Timestamp,
}

impl<C: Fn(Timestamp) -> Timestamp> HighWater<C> {
    fn new(arrangement: Arrangement, clock: C) -> Self {
        Self {
            arrangement,
            clock,
            seen: 0,
            time: Timestamp::UNKNOWN,
        }
    }

    /// Up to and including that event. Asked for in the order of events.
    fn up_to(&mut self, event: usize, batch: &EventBatch) -> Timestamp {
        if self.arrangement == Arrangement::ByArrival {
            while self.seen <= event
                && let Some(next) = batch.event(self.seen)
            {
                self.time = self.time.max((self.clock)(next.time()));
                self.seen += 1;
            }
        }
        self.time
    }
}

/// A host is a name of 255 bytes at most (RFC 1035, section 2.3.4), unless a stranger wrote it.
const HOST_BYTES_MAX: usize = 1024;

/// The event under way, rendered once however many rules match it.
struct WholeEvent {
    /// Which event of the batch it is.
    of: Option<usize>,
    list: FieldList,
    text: Vec<u8>,
}

impl WholeEvent {
    fn new() -> Self {
        Self {
            of: None,
            list: FieldList::new(Duplicates::Keep, ListLimits::EVENT),
            text: Vec::new(),
        }
    }

    /// Events of the next batch have the same numbers.
    fn forget(&mut self) {
        self.of = None;
    }

    fn render(&mut self, finder: &Finder<'_>, of: usize, event: &Event<'_>) {
        if self.of == Some(of) {
            return;
        }
        self.of = Some(of);
        self.list.clear();
        for (name, value) in event.named_values(finder.engine.projection()) {
            self.list.push(name, value);
        }
        self.list.close();
        self.text.clear();
        finder.renderer.event(&mut self.text, &self.list);
    }
}

/// The host that an event happened on: of Windows the computer, else the one of the header.
/// `room` is for one that has to be decoded.
pub fn host<'a>(event: &Event<'a>, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    event
        .first(fields::COMPUTER)
        .or_else(|| event.first(fields::HOSTNAME))
        .map(|value| value.text(room))
        .filter(|text| !text.is_empty())
}

fn counts(found: &[Match]) -> Vec<(u32, u64)> {
    let mut rules: Vec<u32> = found.iter().map(|of| of.rule.0).collect();
    rules.sort_unstable();
    rules
        .chunk_by(|a, b| a == b)
        .filter_map(|same| Some((*same.first()?, same.len() as u64)))
        .collect()
}
