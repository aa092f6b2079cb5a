//! The matcher over one parsed block: by number of rules, and by the share of events that match.

mod made;

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use made::Made;
use yagura_engine::Engine;

fn matcher(c: &mut Criterion) {
    let input = made::windows_json(100);
    let mut group = c.benchmark_group("match/rules");
    for count in [10, 100, 1_000] {
        let engine = made::engine(&made::rules(count));
        scan(&mut group, count, &input, &engine);
    }
    group.finish();
    let engine = made::engine(&made::rules(1_000));
    let mut group = c.benchmark_group("match/one_event_in");
    for every in [1, 10, 1_000] {
        scan(&mut group, every, &made::windows_json(every), &engine);
    }
    group.finish();
}

fn scan(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    parameter: u32,
    input: &Made,
    engine: &Arc<Engine>,
) {
    let batch = input.parsed(engine);
    let mut matcher = engine.matcher();
    let mut found = Vec::new();
    group.throughput(Throughput::Elements(input.events));
    group.bench_function(BenchmarkId::from_parameter(parameter), |b| {
        b.iter(|| {
            found.clear();
            matcher.scan(&batch, input.format, &mut found);
            found.len()
        });
    });
    // An engine that finds nothing is not worth measuring.
    assert!(!found.is_empty());
}

criterion_group!(benches, matcher);
criterion_main!(benches);
