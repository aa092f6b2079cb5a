//! What a worker makes of a block: the detections in it, rendered.

use std::sync::Arc;

use yagura_engine::pipeline::Block;
use yagura_engine::{Engine, Match};
use yagura_parsers::{Event, EventBatch, Timestamp, Unparsed, fields};
use yagura_rules::Level;

use super::inputs::Inputs;
use super::rendered::Rendered;
use crate::detection::{Duplicates, FieldList, ListLimits, shortened};
use crate::render::{DetectionRenderer, DetectionView, RuleCard};
use crate::sort::SortKey;

/// What is wanted of detections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Their number by rule.
    Counts,
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
    /// What was not understood, if anything.
    pub unparsed: Option<Box<Unparsed>>,
    /// The rendered detections.
    pub rendered: Rendered,
    /// Detections by rule, for [`What::Counts`].
    pub counts: Vec<(u32, u64)>,
    /// Detections by level.
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

/// What all workers share.
#[derive(Debug)]
pub struct Finder<'a> {
    /// The compiled rules.
    pub engine: &'a Arc<Engine>,
    /// What each rule contributes, by its index in the engine.
    pub cards: &'a [RuleCard],
    /// The names of the inputs.
    pub inputs: &'a Inputs,
    /// How detections look.
    pub renderer: DetectionRenderer,
    /// What is wanted of them.
    pub what: What,
}

impl<'a> Finder<'a> {
    /// What one worker does with each block.
    pub fn worker(&self) -> impl FnMut(&Block, &mut EventBatch) -> BlockResult + use<'_, 'a> {
        let mut matcher = self.engine.matcher();
        let mut found = Vec::new();
        let mut evident = FieldList::new(Duplicates::Drop, ListLimits::MATCHED);
        let mut whole = WholeEvent::new();
        move |block, batch| {
            batch.parse(block.format, block.origin, self.engine.projection());
            let mut result = BlockResult::of(batch);
            found.clear();
            matcher.scan(batch, block.format, &mut found);
            for of in &found {
                if let Some(card) = self.card(*of) {
                    result.by_level[card.level as usize] += 1;
                }
            }
            if self.what == What::Counts {
                result.counts = counts(&found);
                return result;
            }
            let mut room = Vec::new();
            whole.forget();
            for of in &found {
                let (Some(event), Some(rule)) = (batch.event(of.event), self.card(*of)) else {
                    continue;
                };
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
                let path = self.inputs.path(block.input);
                let position = event.position();
                let view = DetectionView {
                    id: rule
                        .id
                        .part(self.inputs.identity(block.input))
                        .finish(position),
                    time: event.time(),
                    rule,
                    host: host.as_deref(),
                    path,
                    position,
                    matched: &evident,
                    event: (self.what == What::WholeEvents).then_some(&whole.text),
                };
                let key = SortKey {
                    time: event.time().0,
                    input: block.input,
                    position,
                    rule: of.rule.0,
                };
                result
                    .rendered
                    .add(key, |out| self.renderer.detection(out, &view));
            }
            result
        }
    }

    fn card(&self, of: Match) -> Option<&'a RuleCard> {
        self.cards.get(of.rule.0 as usize)
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
