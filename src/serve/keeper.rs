//! Stores checkpoints on a thread of its own: the disk takes its time, and events go on.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

use yagura_server::checkpoint::Store;
use yagura_server::spool::Position;
use yagura_server::storage::Failure;

use super::state::FORMAT;

/// See the module. It stores one state at a time.
#[derive(Debug)]
pub struct Keeper {
    states: Option<SyncSender<Stored>>,
    kept: Receiver<Kept>,
    is_busy: bool,
    is_gone: bool,
    thread: Option<JoinHandle<()>>,
}

/// A state on its way to the disk.
#[derive(Debug)]
struct Stored {
    position: Position,
    outbox: u64,
    state: Vec<u8>,
}

/// A state that was stored, or could not be.
#[derive(Debug)]
pub struct Kept {
    /// Where reading goes on after it.
    pub position: Position,
    /// Where the findings after it begin in the outbox.
    pub outbox: u64,
    /// Up to where the spool is needed no more.
    pub releasable: Result<Position, Failure>,
}

impl Keeper {
    /// Starts the thread.
    pub fn start(mut store: Store) -> io::Result<Self> {
        let (states, given) = sync_channel::<Stored>(1);
        let (told, kept) = sync_channel(1);
        let work = move || {
            for Stored {
                position,
                outbox,
                state,
            } in given
            {
                let saved = store.save(position, FORMAT, &state);
                drop(state);
                let kept = Kept {
                    position,
                    outbox,
                    releasable: saved.map(|()| store.releasable()),
                };
                if told.send(kept).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("checkpoint".to_owned());
        Ok(Self {
            states: Some(states),
            kept,
            is_busy: false,
            is_gone: false,
            thread: Some(thread.spawn(work)?),
        })
    }

    /// Whether a state is on its way to the disk.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Takes a state as bytes, unless it is busy; `outbox` is where the findings after it begin.
    pub fn keep(&mut self, position: Position, outbox: u64, state: Vec<u8>) {
        let states = self.states.as_ref().filter(|_| !self.is_busy);
        let stored = Stored {
            position,
            outbox,
            state,
        };
        self.is_busy |= states.is_some_and(|states| states.send(stored).is_ok());
    }

    /// What became of the state that was given; `None`: nothing new.
    pub fn poll(&mut self) -> Option<Kept> {
        let kept = match self.kept.try_recv() {
            Ok(kept) => Some(kept),
            Err(TryRecvError::Empty) => return None,
            // The thread is gone. It stays busy, so that no state is made for nobody; nothing is
            // released any more, and the spool says that it is full.
            Err(TryRecvError::Disconnected) => {
                if !std::mem::replace(&mut self.is_gone, true) {
                    tracing::error!("checkpoints are not stored any more; restart the server");
                }
                return None;
            }
        };
        self.is_busy = false;
        kept
    }

    /// Waits for the state that was given.
    pub fn wait(&mut self) -> Option<Kept> {
        if !std::mem::take(&mut self.is_busy) {
            return None;
        }
        self.kept.recv().ok()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.states = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
