//! What the pipeline costs: handing over blocks that nobody looks at, and everything end to end.

mod made;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use yagura_engine::pipeline;
use yagura_parsers::EventBatch;

const BLOCKS: u64 = 2_000;
const BLOCKS_END_TO_END: u64 = 16;
const THREADS: [usize; 3] = [1, 2, 4];

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("not 0")
}

/// Empty blocks: per element, the cost of a block's way through all channels.
fn hand_over(c: &mut Criterion) {
    let block = made::syslog().source_block();
    let mut group = c.benchmark_group("hand_over");
    group.throughput(Throughput::Elements(BLOCKS));
    for count in THREADS {
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| {
                let mut left = BLOCKS;
                let mut seen = 0u64;
                let source = |_: &mut EventBatch| {
                    left = left.checked_sub(1)?;
                    Some(block)
                };
                let worker = || |_: &_, _: &mut _| 1u64;
                pipeline::run(threads(count), source, worker, |_, one| {
                    seen += one;
                    ControlFlow::Continue(())
                });
                assert_eq!(seen, BLOCKS);
            });
        });
    }
    group.finish();
}

/// Copy, parse, match.
fn end_to_end(c: &mut Criterion) {
    let input = made::windows_json(100);
    let engine = made::engine(&made::rules(1_000));
    let mut group = c.benchmark_group("end_to_end");
    group.sample_size(20);
    group.throughput(Throughput::ElementsAndBytes {
        elements: input.events * BLOCKS_END_TO_END,
        bytes: input.bytes.len() as u64 * BLOCKS_END_TO_END,
    });
    for count in THREADS {
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| {
                let mut left = BLOCKS_END_TO_END;
                let mut detections = 0;
                let source = |batch: &mut EventBatch| {
                    left = left.checked_sub(1)?;
                    batch.recycle().extend_from_slice(&input.bytes);
                    Some(input.source_block())
                };
                let worker = || {
                    let mut matcher = engine.matcher();
                    let mut found = Vec::new();
                    let engine = &engine;
                    move |block: &pipeline::Block, batch: &mut EventBatch| {
                        batch.parse(block.format, block.origin, engine.projection());
                        found.clear();
                        matcher.scan(batch, block.format, &mut found);
                        found.len()
                    }
                };
                pipeline::run(threads(count), source, worker, |_, found| {
                    detections += found;
                    ControlFlow::Continue(())
                });
                assert!(detections > 0);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hand_over, end_to_end);
criterion_main!(benches);
