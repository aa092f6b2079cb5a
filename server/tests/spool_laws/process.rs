use std::path::Path;
use std::sync::Arc;

use yagura_server::checkpoint::{self, Store};
use yagura_server::spool::{AppendError, Item, Options, Position, Reader, Spool};
use yagura_server::storage::Storage;

use super::model::{self, Model};
use super::tell;

pub const SPOOL: &str = "/spool";
pub const CHECKPOINTS: &str = "/checkpoints";

/// A yagura between its start and its end: it knows what it processed, and nothing else.
pub struct Process {
    pub store: Store,
    pub spool: Spool,
    reader: Reader,
    pub consumed: Vec<usize>,
    /// Appended and not yet committed.
    batch: Vec<usize>,
}

pub struct Saving {
    pub saved: bool,
    /// Whether something may have been released.
    pub released: bool,
}

pub enum Appending {
    Done,
    Full,
    Failed,
}

impl Process {
    /// Starts from what is on disk; none if there is no disk any more.
    pub fn start(storage: &Arc<dyn Storage>, options: &Options) -> Option<Self> {
        let folder = Path::new(CHECKPOINTS);
        let opened = Store::open(storage.clone(), folder, checkpoint::Options::default());
        let (store, loaded) = opened.ok()?;
        let (position, consumed) = match loaded.newest {
            Some(newest) => (newest.position, decode(&newest.state)),
            None => (Position::START, Vec::new()),
        };
        let options = Options {
            read_from: position,
            begin_after: store.newest(),
            ..options.clone()
        };
        let (spool, recovery) = Spool::open(storage.clone(), Path::new(SPOOL), options).ok()?;
        tell(|| {
            format!(
                "start from {position}, {consumed:?} done, rejected {:?}",
                loaded.rejected
            )
        });
        tell(|| {
            format!(
                "spool to {}, {recovery:?}, {:?}",
                spool.durable(),
                spool.failure()
            )
        });
        let reader = spool.reader(position);
        Some(Self {
            store,
            spool,
            reader,
            consumed,
            batch: Vec::new(),
        })
    }

    pub fn append(&mut self, model: &mut Model) -> Result<Appending, String> {
        let number = model.next_number();
        let payload = model::payload(number);
        match self.spool.append(&model::record(number, &payload)) {
            Ok(position) => {
                model.appended(position)?;
                tell(|| format!("append {number} at {position}"));
                self.batch.push(number);
                Ok(Appending::Done)
            }
            Err(AppendError::Failed(_)) => Ok(Appending::Failed),
            Err(AppendError::TooLarge { .. }) => Err("a record was too large".into()),
            Err(AppendError::Full { .. } | AppendError::NoSpace { .. }) => Ok(Appending::Full),
        }
    }

    pub fn acknowledge_batch(&mut self, model: &mut Model) {
        self.batch
            .iter()
            .for_each(|number| model.acknowledged(*number));
    }

    /// True if all went well.
    pub fn commit(&mut self, model: &mut Model) -> bool {
        let (durable, went_well) = match self.spool.commit() {
            Ok(durable) => (durable, true),
            Err(error) => (error.durable, false),
        };
        tell(|| format!("commit up to {durable}, well: {went_well}"));
        for number in self.batch.drain(..) {
            if model.position(number) < durable {
                model.acknowledged(number);
            }
        }
        went_well
    }

    /// Processes so many records, if there are so many.
    pub fn read(&mut self, records: usize, model: &Model) -> Result<(), String> {
        for _ in 0..records {
            match self.reader.next() {
                Ok(Some(Item::Record {
                    position, record, ..
                })) => {
                    self.consumed.push(model.number_of(position, &record)?);
                }
                // Whether something acknowledged was in it is checked at the end.
                Ok(Some(Item::Lost(lost))) => tell(|| format!("{lost:?}")),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }

    pub fn checkpoint(&mut self, releases_to_newest: bool) -> Saving {
        let saved = self
            .store
            .save(self.reader.position(), 1, &encode(&self.consumed));
        let up_to = if releases_to_newest {
            self.store.newest()
        } else {
            self.store.releasable()
        };
        let _ = self.spool.release(up_to);
        tell(|| {
            format!(
                "checkpoint at {}, {saved:?}, release {up_to}",
                self.reader.position()
            )
        });
        let released = saved.is_ok() && up_to > Position::START;
        Saving {
            saved: saved.is_ok(),
            released,
        }
    }
}

fn encode(consumed: &[usize]) -> Vec<u8> {
    consumed
        .iter()
        .flat_map(|number| (*number as u32).to_le_bytes())
        .collect()
}

fn decode(state: &[u8]) -> Vec<usize> {
    state
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| u32::from_le_bytes(*chunk) as usize)
        .collect()
}
