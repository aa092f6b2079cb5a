//! The thread that leads the spool through the pipeline, and keeps its state.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use yagura_engine::pipeline;
use yagura_parsers::Timestamp;
use yagura_server::checkpoint::Checkpoint;
use yagura_server::finding::Finding;
use yagura_server::source::Sources;
use yagura_server::spool::{Position, Reader};
use yagura_server::{clock, storing};

use super::costs::Turn;
use super::figures::Figures;
use super::keeper::{Keeper, Kept};
use super::reading::{Reading, Ticket};
use super::recorder::{Recorder, Take};
use super::rules::{RuleSet, ServeRules};
use super::state::{self, FORMAT, State};
use crate::scan::{Bench, BlockResult, Inputs};

/// Where findings go, durably.
pub trait Ledger {
    /// Takes a finding. It may wait, if there is no room.
    fn append(&mut self, finding: &Finding);

    /// Makes all of them durable, and says where those that follow will begin.
    ///
    /// # Errors
    /// What the disk says; the same findings are made durable by a later call that succeeds.
    fn commit(&mut self) -> Result<u64, String>;

    /// Findings before this place, which [`Self::commit`] gave, are never asked for again.
    fn checkpointed(&mut self, place: u64);

    /// All that was stored before the start is evaluated again.
    fn caught_up(&mut self);
}

/// What the analysis works with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Workers.
    pub threads: NonZeroUsize,
    /// How long matches wait for earlier ones.
    pub lateness: Duration,
    /// How far an event's time may be ahead of when it was received.
    pub max_future: Duration,
    /// Without events for so long, event time goes on by the clock.
    pub idle: Duration,
    /// How often the state is stored.
    pub checkpoint: Duration,
}

/// See the module.
pub struct Analysis<L> {
    /// How.
    pub setting: Setting,
    /// By which rules.
    pub rules: Arc<RuleSet>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Whose events are counted.
    pub sources: Sources,
    /// Where the state is kept.
    pub keeper: Keeper,
    /// What may be given back.
    pub spool: storing::Handle,
    /// Where findings go.
    pub ledger: L,
    /// Set to end.
    pub stop: Arc<AtomicBool>,
    /// Findings so far.
    pub noted: u64,
}

/// Where a state was stored, if there is one that can be used.
pub struct Resumed {
    /// Where reading goes on.
    pub position: Position,
    state: Option<State>,
}

impl Resumed {
    /// Takes what the store has. `None` of a state that makes no sense.
    pub fn of(checkpoint: Option<&Checkpoint>) -> Option<Self> {
        let Some(checkpoint) = checkpoint else {
            return Some(Self {
                position: Position::START,
                state: None,
            });
        };
        let state = (checkpoint.format == FORMAT)
            .then(|| State::decode(&checkpoint.state))
            .flatten()?;
        Some(Self {
            position: checkpoint.position,
            state: Some(state),
        })
    }

    /// Where the findings after it begin in the outbox.
    pub fn outbox(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.outbox)
    }
}

impl<L: Ledger> Analysis<L> {
    /// Reads the spool until it is told to stop and nothing more is there.
    pub fn run(mut self, reader: Reader, resumed: Resumed) {
        let rules = self.rules.current();
        let lateness = self.setting.lateness;
        let begin = (resumed.position, resumed.outbox());
        let (mut names, mut recorder) = (Vec::new(), None);
        if let Some(state) = resumed.state {
            names = state.sources;
            let rules = Arc::clone(&rules);
            recorder = Recorder::restore(rules, lateness, state.progress, &state.casebook)
                .inspect_err(|error| {
                    tracing::error!(%error, "the state of correlations is lost; they begin anew");
                })
                .ok();
        }
        let recorder = recorder.unwrap_or_else(|| Recorder::new(rules, lateness));
        let stop = Arc::clone(&self.stop);
        let mut reading = Reading::new(reader, Arc::clone(&self.rules), names, stop);
        let figures = Arc::clone(&self.figures);
        let max_future = self.setting.max_future;
        let threads = self.setting.threads;
        let mut desk = Desk::new(&mut self, recorder, begin);
        pipeline::run(
            threads,
            |batch| reading.next(batch),
            || worker(&figures, max_future),
            |ticket, result| {
                desk.take(&ticket, result);
                ControlFlow::Continue(())
            },
        );
        desk.finish();
    }
}

/// What one worker does with each block.
fn worker(
    figures: &Figures,
    max_future: Duration,
) -> impl FnMut(&Ticket, &mut yagura_parsers::EventBatch) -> BlockResult {
    let mut bench: Option<(Arc<ServeRules>, Bench)> = None;
    let mut turn = Turn::new();
    let ahead = i64::try_from(max_future.as_nanos()).unwrap_or(i64::MAX);
    move |ticket, batch| {
        if ticket.is_pause {
            return BlockResult::default();
        }
        let finder = ticket.rules.finder(&ticket.inputs);
        let (_, bench) = match &mut bench {
            Some(known) if Arc::ptr_eq(&known.0, &ticket.rules) => known,
            other => other.insert((Arc::clone(&ticket.rules), finder.bench())),
        };
        let latest = ticket.received.0.saturating_add(ahead);
        let result = finder.examine(bench, &ticket.block, batch, |time| {
            if time == Timestamp::UNKNOWN {
                figures.without_time.fetch_add(1, Ordering::Relaxed);
                ticket.received
            } else if time.0 > latest {
                figures.future.fetch_add(1, Ordering::Relaxed);
                ticket.received
            } else {
                time
            }
        });
        if turn.is_due() {
            let (engine, generation) = (&ticket.rules.book.engine, ticket.rules.generation);
            let costs = &figures.costs;
            costs.sample(engine, generation, batch, ticket.block.format);
        }
        result
    }
}

/// Takes results in order.
struct Desk<'a, L> {
    of: &'a mut Analysis<L>,
    recorder: Recorder,
    inputs: Arc<Inputs>,
    position: Position,
    /// The last checkpoint: when, and where.
    checkpointed: (Instant, Position),
    /// How long events stood still for it.
    pause: Duration,
    last_event: Instant,
    /// Findings that are not durable yet, since when.
    pending: Option<Instant>,
    /// When the blocks that they are of were received.
    receipts: Vec<Timestamp>,
    /// Where the findings after the last checkpoint begin in the outbox.
    outbox_before: u64,
    is_caught_up: bool,
}

/// How often the state is stored while the spool is full.
const WHEN_FULL: Duration = Duration::from_millis(250);

/// State that is large is stored less often: events may stand still for so small a part of the
/// time that even the slowest hundredth of them does not notice.
const PAUSES: u32 = 200;

/// While findings cannot be stored, the latency of no more blocks is remembered.
const RECEIPTS_MAX: usize = 10_000;

/// Findings wait so long for others before they are made durable together.
const GATHER: Duration = Duration::from_millis(20);

impl<'a, L: Ledger> Desk<'a, L> {
    fn new(
        of: &'a mut Analysis<L>,
        recorder: Recorder,
        (position, outbox): (Position, u64),
    ) -> Self {
        Self {
            of,
            recorder,
            inputs: Arc::new(Inputs::of_names(Vec::new())),
            position,
            checkpointed: (Instant::now(), position),
            pause: Duration::ZERO,
            last_event: Instant::now(),
            pending: None,
            receipts: Vec::new(),
            outbox_before: outbox,
            is_caught_up: false,
        }
    }

    fn take(&mut self, ticket: &Ticket, result: BlockResult) {
        self.inputs = Arc::clone(&ticket.inputs);
        self.exchange(&ticket.rules);
        if ticket.is_pause {
            if !std::mem::replace(&mut self.is_caught_up, true) {
                self.of.ledger.caught_up();
            }
            self.idle();
        } else {
            self.last_event = Instant::now();
            self.count(ticket, &result);
            let (before, events) = (self.of.noted, result.events);
            self.record(result);
            // Last: who sees these events as evaluated sees what was found in them, too.
            add(&self.of.figures.events, events);
            // What was received before the start waited for that, and says nothing.
            let tells = self.is_caught_up && self.receipts.len() < RECEIPTS_MAX;
            if self.of.noted > before && tells {
                self.receipts.push(ticket.received);
            }
        }
        self.position = ticket.next;
        self.report(ticket);
        let is_due = |since: Instant| ticket.is_pause || since.elapsed() >= GATHER;
        if self.pending.is_some_and(is_due) {
            self.commit();
        }
        if let Some(kept) = self.of.keeper.poll() {
            self.checkpointed(kept);
        }
        if self.is_checkpoint_due() {
            self.checkpoint();
        }
    }

    /// Works with the recorder, and notes what it finds.
    fn with_recorder(&mut self, work: impl FnOnce(&mut Recorder, &Inputs, &mut Take<'_>)) {
        let Self {
            of,
            recorder,
            inputs,
            pending,
            ..
        } = self;
        work(recorder, inputs, &mut |finding| of.note(&finding, pending));
    }

    /// The rules of a block are those by which its matches are taken.
    fn exchange(&mut self, rules: &Arc<ServeRules>) {
        if self.recorder.works_by(rules) {
            return;
        }
        let begun = Instant::now();
        self.with_recorder(|recorder, inputs, take| recorder.exchange(rules, inputs, take));
        set(&self.of.figures.reload_pause, nanos(begun.elapsed()));
    }

    /// Checkpoints alone make room in a full spool, and two of them, since the older one may be
    /// needed yet: then they come sooner, and where nothing moves as well.
    fn is_checkpoint_due(&self) -> bool {
        if self.of.keeper.is_busy() {
            return false;
        }
        let (at, position) = self.checkpointed;
        let since = at.elapsed();
        let often = self.of.setting.checkpoint.max(self.pause * PAUSES);
        if since >= often && position != self.position {
            return true;
        }
        let is_full = || {
            self.of
                .spool
                .health()
                .trouble
                .is_some_and(|trouble| trouble.is_full)
        };
        since >= WHEN_FULL && is_full()
    }

    fn record(&mut self, result: BlockResult) {
        self.with_recorder(|recorder, inputs, take| {
            let taken = result.rendered.each_piece(|piece| {
                piece.each(|record| {
                    recorder.record(&record, inputs, take);
                    Ok(())
                })
            });
            if let Err(failure) = taken {
                tracing::error!(%failure, "matches of a block are lost");
            }
            recorder.pause(result.high_water, inputs, take);
        });
    }

    /// Nothing came for a while: after a longer one, event time goes on by the clock, so that
    /// what waits for its end ends.
    fn idle(&mut self) {
        let idle = self.of.setting.idle;
        if self.last_event.elapsed() < idle {
            return;
        }
        let behind = i64::try_from(idle.as_nanos()).unwrap_or(i64::MAX);
        let until = Timestamp(clock::now().0.saturating_sub(behind));
        self.with_recorder(|recorder, inputs, take| recorder.pause(until, inputs, take));
    }

    fn count(&self, ticket: &Ticket, result: &BlockResult) {
        let figures = &self.of.figures;
        let unparsed = result.unparsed.as_ref().map_or(0, |of| of.total());
        add(&figures.bytes, result.bytes);
        let mut by_rule = figures
            .by_rule
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if by_rule.0 != ticket.rules.generation {
            let rules = ticket.rules.book.engine.rules().len();
            *by_rule = (ticket.rules.generation, vec![0; rules]);
        }
        for (rule, count) in &result.counts {
            add(&figures.matches, *count);
            if let Some(of_rule) = by_rule.1.get_mut(*rule as usize) {
                *of_rule += count;
            }
        }
        drop(by_rule);
        let name = ticket.inputs.path(ticket.block.input);
        if let Some(source) = self.of.sources.get(name) {
            let counters = source.counters();
            add(&counters.unparsed, unparsed);
            add(&counters.parsed, result.events.saturating_sub(unparsed));
        }
        let took = clock::now().0.saturating_sub(ticket.received.0);
        set(&figures.latency, u64::try_from(took).unwrap_or(0));
    }

    fn report(&self, ticket: &Ticket) {
        let figures = &self.of.figures;
        set(&figures.position, ticket.next.get());
        set(&figures.rules, ticket.rules.generation);
        let (high_water, _) = self.recorder.progress();
        figures.high_water.store(high_water.0, Ordering::Relaxed);
        set(&figures.forgotten_rules, self.recorder.forgotten_rules);
        let casebook = self.recorder.casebook();
        set(&figures.keys, casebook.keys() as u64);
        set(&figures.state_bytes, casebook.bytes() as u64);
    }

    /// Makes findings durable; if that fails they stay pending.
    fn commit(&mut self) -> Option<u64> {
        match self.of.ledger.commit() {
            Ok(place) => {
                self.pending = None;
                let now = clock::now().0;
                for received in self.receipts.drain(..) {
                    let took = u64::try_from(now.saturating_sub(received.0)).unwrap_or(0);
                    let latency = &self.of.figures.finding_latency;
                    latency.observe(Duration::from_nanos(took));
                }
                Some(place)
            }
            Err(error) => {
                tracing::error!(%error, "findings cannot be stored; trying again");
                self.pending = Some(Instant::now());
                None
            }
        }
    }

    /// Stores the state: first the findings that led to it.
    fn checkpoint(&mut self) {
        let Some(outbox) = self.commit() else {
            return;
        };
        self.checkpointed = (Instant::now(), self.position);
        let progress = self.recorder.progress();
        let mut bytes = state::head(progress, outbox, self.inputs.names());
        self.recorder.casebook().snapshot_into(&mut bytes);
        self.of.keeper.keep(self.position, outbox, bytes);
        self.pause = self.checkpointed.0.elapsed();
        set(&self.of.figures.checkpoint_pause, nanos(self.pause));
    }

    /// What makes room once a state is stored.
    fn checkpointed(&mut self, kept: Kept) {
        let figures = &self.of.figures;
        match kept.releasable {
            Ok(releasable) => {
                self.of.spool.release(releasable);
                // The older checkpoint may be needed yet, with the findings since.
                self.of.ledger.checkpointed(self.outbox_before);
                self.outbox_before = kept.outbox;
                set(&figures.checkpoint, kept.position.get());
                let now = clock::now().0;
                figures.checkpoint_at.store(now, Ordering::Relaxed);
            }
            Err(failure) => {
                add(&figures.checkpoint_failures, 1);
                tracing::error!(%failure, "the state cannot be stored; trying again");
            }
        }
    }

    /// Stores the state once more, and waits until that is done.
    fn finish(&mut self) {
        for is_last in [false, true] {
            if let Some(kept) = self.of.keeper.wait() {
                self.checkpointed(kept);
            }
            if !is_last {
                self.checkpoint();
            }
        }
    }
}

impl<L: Ledger> Analysis<L> {
    fn note(&mut self, finding: &Finding, pending: &mut Option<Instant>) {
        if let Some(count) = self.figures.findings.get(finding.kind as usize) {
            add(count, 1);
        }
        self.ledger.append(finding);
        self.noted += 1;
        pending.get_or_insert_with(Instant::now);
    }
}

fn add(to: &AtomicU64, count: u64) {
    to.fetch_add(count, Ordering::Relaxed);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn set(to: &AtomicU64, value: u64) {
    to.store(value, Ordering::Relaxed);
}
