//! Each parser over a block of its format, with all values kept: the upper bound of its cost.

mod made;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use made::Made;
use yagura_parsers::EventBatch;
use yagura_rules::Taxonomy;

fn parsers(c: &mut Criterion) {
    let projection = yagura_engine::everything(&Taxonomy::shipped()).expect("few fields");
    let mut group = c.benchmark_group("parse");
    let inputs: [(&str, Made); 9] = [
        ("windows_json", made::windows_json(100)),
        ("windows_xml", made::windows_xml()),
        ("syslog_rfc3164", made::syslog()),
        ("syslog_rfc5424", made::syslog_5424()),
        ("auditd", made::auditd()),
        ("access_log", made::access_log()),
        ("cef", made::cef()),
        ("leef", made::leef()),
        ("key_value", made::key_value()),
    ];
    for (name, input) in &inputs {
        group.throughput(Throughput::ElementsAndBytes {
            elements: input.events,
            bytes: input.bytes.len() as u64,
        });
        let mut batch = EventBatch::new();
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                batch.recycle().extend_from_slice(&input.bytes);
                batch.parse(input.format, Made::origin(), &projection);
                batch.len()
            });
        });
        assert_eq!(batch.len() as u64, input.events, "{name}");
        assert_eq!(batch.unparsed().total(), 0, "{name}");
    }
    group.finish();
}

criterion_group!(benches, parsers);
criterion_main!(benches);
