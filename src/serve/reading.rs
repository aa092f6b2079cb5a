//! From the spool to blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use yagura_engine::pipeline::Block;
use yagura_parsers::{BlockExtent, EventBatch, Format, Origin, Timestamp};
use yagura_server::entry;
use yagura_server::spool::{Item, Position, Reader};

use super::rules::{RuleSet, ServeRules};
use crate::scan::Inputs;

/// What goes through the pipeline with a block.
#[derive(Debug)]
pub struct Ticket {
    /// How to parse it; its input is a number among `inputs`.
    pub block: Block,
    /// The sources known by then.
    pub inputs: Arc<Inputs>,
    /// The rules in force.
    pub rules: Arc<ServeRules>,
    /// When it was received; unknown for a pause.
    pub received: Timestamp,
    /// Where reading goes on.
    pub next: Position,
    /// Whether it holds no events: nothing more is there yet.
    pub is_pause: bool,
}

/// Reads the spool.
pub struct Reading {
    reader: Reader,
    rules: Arc<RuleSet>,
    inputs: Arc<Inputs>,
    numbers: HashMap<Arc<str>, u32>,
    stop: Arc<AtomicBool>,
    failures: u32,
}

/// Sources beyond so many share the first number: references have 20 bits for it.
const SOURCES_MAX: usize = 1 << 19;
/// Nothing new for so long is a pause.
const PAUSE: Duration = Duration::from_millis(100);
/// A part of the disk that cannot be read so many times is given up.
const READ_TRIES: u32 = 50;

impl Reading {
    /// Reads from where `reader` is; `names` are the sources known before, in their order.
    /// Once `stop` is set it ends where nothing more is stored.
    pub fn new(
        reader: Reader,
        rules: Arc<RuleSet>,
        names: Vec<Arc<str>>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let numbers = names.iter().cloned().zip(0..).collect();
        Self {
            reader,
            rules,
            inputs: Arc::new(Inputs::of_names(names)),
            numbers,
            stop,
            failures: 0,
        }
    }

    /// The next block, or a pause; `None` at the end.
    pub fn next(&mut self, batch: &mut EventBatch) -> Option<Ticket> {
        loop {
            let lost = match self.reader.next() {
                Ok(Some(Item::Record {
                    position,
                    next,
                    record,
                })) => {
                    self.failures = 0;
                    let Some(entry) = entry::read(&record) else {
                        tracing::error!(%position, "an entry of the spool is of no known kind");
                        continue;
                    };
                    let received = entry.received;
                    batch.recycle().extend_from_slice(entry.records);
                    let block = Block {
                        input: number(&mut self.numbers, &mut self.inputs, entry.source),
                        format: entry.format,
                        origin: Origin {
                            position: position.get() + entry.offset,
                            // Of a stream, events were written just before they were received.
                            near: received,
                            extent: BlockExtent::Whole,
                        },
                    };
                    return Some(self.ticket(block, received, next));
                }
                Ok(Some(Item::Lost(lost))) => Some(lost),
                Ok(None) if self.stop.load(Ordering::Relaxed) => return None,
                Ok(None) => {
                    let more = self.reader.position();
                    self.reader.wait(PAUSE);
                    batch.recycle();
                    return Some(self.pause(more));
                }
                Err(failure) => {
                    tracing::error!(%failure, "the spool cannot be read; trying again");
                    std::thread::sleep(PAUSE);
                    self.failures += 1;
                    if self.failures < READ_TRIES {
                        None
                    } else {
                        self.failures = 0;
                        self.reader.skip_unreadable()
                    }
                }
            };
            if let Some(lost) = lost {
                let (from, to) = (lost.from, lost.to);
                tracing::error!(%from, %to, reason = ?lost.reason, "events of the spool are lost");
            }
        }
    }

    fn pause(&self, next: Position) -> Ticket {
        let block = Block {
            input: 0,
            format: Format::Raw,
            origin: Origin {
                position: next.get(),
                near: Timestamp::UNKNOWN,
                extent: BlockExtent::Whole,
            },
        };
        Ticket {
            is_pause: true,
            ..self.ticket(block, Timestamp::UNKNOWN, next)
        }
    }

    fn ticket(&self, block: Block, received: Timestamp, next: Position) -> Ticket {
        Ticket {
            block,
            inputs: Arc::clone(&self.inputs),
            rules: self.rules.current(),
            received,
            next,
            is_pause: false,
        }
    }
}

/// The number of a source: the next free one for a new source.
fn number(numbers: &mut HashMap<Arc<str>, u32>, inputs: &mut Arc<Inputs>, name: &str) -> u32 {
    if let Some(number) = numbers.get(name) {
        return *number;
    }
    let known = inputs.names();
    if known.len() >= SOURCES_MAX {
        return 0;
    }
    let (number, name) = (known.len() as u32, Arc::<str>::from(name));
    let names = known.iter().cloned().chain([Arc::clone(&name)]);
    *inputs = Arc::new(Inputs::of_names(names.collect()));
    numbers.insert(name, number);
    number
}
