//! From blocks to results, on any number of threads, in the order of the source.
//!
//! ```text
//!  source ──▶ blocks (bounded) ──▶ worker … worker ──▶ results (bounded) ──▶ merge ──▶ sink
//!    ▲                                                                        │
//!    └──────────────────────── empty batches, recycled ◀──────────────────────┘
//! ```
//!
//! The number of batches is fixed, so a slow stage makes the one before it wait, and memory is
//! bounded by `batches × block size`. Results reach the sink in the order of the blocks, so the
//! output does not depend on the number of threads.

mod merge;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use yagura_parsers::{EventBatch, Format, Origin};

use merge::InOrder;

/// What a source says about the block it put into a batch.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Which of the source's inputs (files) it comes from.
    pub input: u32,
    /// How to parse it.
    pub format: Format,
    /// Where it begins.
    pub origin: Origin,
}

/// How many batches are under way for each worker.
const BATCHES_PER_WORKER: usize = 3;

struct Job<B> {
    sequence: u64,
    block: B,
    batch: EventBatch,
}

struct Done<B, R> {
    job: Job<B>,
    result: thread::Result<R>,
}

/// Runs `source` → workers → `sink` until the source ends or the sink breaks.
///
/// `source` fills the batch's buffer (see [`EventBatch::recycle`]) and describes the block (a
/// [`Block`], or whatever workers and sink want to know of it), or ends with `None`. `worker` is called once a thread and gives the function that parses a
/// block and makes a result of it. With one thread everything runs on the caller's.
pub fn run<B, R, W, F>(
    threads: NonZeroUsize,
    mut source: impl FnMut(&mut EventBatch) -> Option<B> + Send,
    worker: W,
    mut sink: impl FnMut(B, R) -> ControlFlow<()>,
) where
    B: Send,
    R: Send,
    W: Fn() -> F + Sync,
    F: FnMut(&B, &mut EventBatch) -> R,
{
    if threads.get() == 1 {
        return run_here(&mut source, worker(), &mut sink);
    }
    let batches = threads.get() * BATCHES_PER_WORKER;
    let (empty_out, empty_in) = bounded::<EventBatch>(batches);
    let (job_out, job_in) = bounded::<Job<B>>(batches);
    let (done_out, done_in) = bounded::<Done<B, R>>(batches);
    for _ in 0..batches {
        // Cannot fail: the channel has room for all and its receiver lives here.
        let _ = empty_out.send(EventBatch::new());
    }
    thread::scope(|scope| {
        scope.spawn(move || read(&mut source, &empty_in, &job_out));
        for _ in 0..threads.get() {
            let (jobs, done) = (job_in.clone(), done_out.clone());
            let worker = &worker;
            scope.spawn(move || work(worker(), &jobs, &done));
        }
        drop((job_in, done_out));
        deliver(&done_in, &empty_out, &mut sink);
        // Dropping both ends here wakes the source and the workers up to their end.
        drop((done_in, empty_out));
    });
}

fn run_here<B, R>(
    source: &mut impl FnMut(&mut EventBatch) -> Option<B>,
    mut work: impl FnMut(&B, &mut EventBatch) -> R,
    sink: &mut impl FnMut(B, R) -> ControlFlow<()>,
) {
    let mut batch = EventBatch::new();
    while let Some(block) = source(&mut batch) {
        let result = work(&block, &mut batch);
        if sink(block, result).is_break() {
            return;
        }
    }
}

fn read<B>(
    source: &mut impl FnMut(&mut EventBatch) -> Option<B>,
    empty: &Receiver<EventBatch>,
    jobs: &Sender<Job<B>>,
) {
    for (sequence, mut batch) in (0u64..).zip(empty) {
        let Some(block) = source(&mut batch) else {
            return;
        };
        let job = Job {
            sequence,
            block,
            batch,
        };
        if jobs.send(job).is_err() {
            return;
        }
    }
}

fn work<B, R>(
    mut work: impl FnMut(&B, &mut EventBatch) -> R,
    jobs: &Receiver<Job<B>>,
    done: &Sender<Done<B, R>>,
) {
    for mut job in jobs {
        // A panic would leave a gap in the sequence that everybody waits at; it goes on in the
        // caller's thread instead. The batch is not used again then.
        let result = panic::catch_unwind(AssertUnwindSafe(|| work(&job.block, &mut job.batch)));
        if done.send(Done { job, result }).is_err() {
            return;
        }
    }
}

fn deliver<B, R>(
    done: &Receiver<Done<B, R>>,
    empty: &Sender<EventBatch>,
    sink: &mut impl FnMut(B, R) -> ControlFlow<()>,
) {
    let mut in_order = InOrder::default();
    for done in done {
        in_order.add(done.job.sequence, done);
        while let Some(Done { job, result }) = in_order.next() {
            let result = result.unwrap_or_else(|panic| panic::resume_unwind(panic));
            if sink(job.block, result).is_break() {
                return;
            }
            // Only now, so that results waiting for a slow block are bounded as batches are. The
            // source may have ended already; then nobody needs the batch.
            let _ = empty.send(job.batch);
        }
    }
}
