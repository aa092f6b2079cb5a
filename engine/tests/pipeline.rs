//! Laws of the pipeline that do not depend on what the work is.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use yagura_engine::pipeline::{Block, run};
use yagura_parsers::{BlockExtent, EventBatch, Format, Origin, Timestamp};

fn block(number: u64) -> Block {
    Block {
        input: 0,
        format: Format::Raw,
        origin: Origin {
            position: number,
            near: Timestamp::UNKNOWN,
            extent: BlockExtent::Whole,
        },
    }
}

/// Gives so many blocks.
fn source(count: u64) -> impl FnMut(&mut EventBatch) -> Option<Block> + Send {
    let mut next = 0;
    move |batch| {
        batch.recycle();
        next += 1;
        (next <= count).then(|| block(next - 1))
    }
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("some")
}

#[test]
fn results_come_in_the_order_of_blocks() {
    for count in [1, 2, 3, 8] {
        let mut got = Vec::new();
        run(
            threads(count),
            source(500),
            || |block: &Block, _: &mut EventBatch| block.origin.position,
            |_, result| {
                got.push(result);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(got, (0..500).collect::<Vec<u64>>());
    }
}

#[test]
fn a_sink_that_breaks_ends_everything() {
    for count in [1, 4] {
        let mut got = 0;
        run(
            threads(count),
            source(u64::MAX),
            || |_: &Block, _: &mut EventBatch| (),
            |_, ()| {
                got += 1;
                if got == 100 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!(got, 100);
    }
}

#[test]
#[should_panic(expected = "the work failed")]
fn a_panic_in_a_worker_reaches_the_caller() {
    run(
        threads(3),
        source(u64::MAX),
        || {
            |block: &Block, _: &mut EventBatch| {
                assert!(block.origin.position != 50, "the work failed");
            }
        },
        |_, ()| ControlFlow::Continue(()),
    );
}
