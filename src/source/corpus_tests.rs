//! Sources made of log files of others, where they are at hand (`YAGURA_CORPUS`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use yagura_parsers::{EventBatch, Extent, Format, ProjectionBuilder};

use super::Sources;

fn corpus(folder: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let corpus = std::env::var_os("YAGURA_CORPUS").map_or(beside, PathBuf::from);
    let folder = corpus.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no corpus at {}", folder.display());
    None
}

/// How many inputs there are of each format, and how many lines.
fn formats_and_lines(folder: PathBuf) -> (BTreeMap<&'static str, usize>, usize) {
    let mut sources = Sources::new(&[folder], None);
    let mut batch = EventBatch::new();
    let (mut formats, mut lines) = (BTreeMap::new(), 0);
    while let Some(block) = sources.next(&mut batch) {
        formats.insert(block.input, block.format.name());
        lines += memchr::memchr_iter(b'\n', batch.input()).count();
    }
    assert_eq!(sources.errors().lock().unwrap().as_slice(), []);
    let mut inputs = BTreeMap::new();
    for format in formats.into_values() {
        *inputs.entry(format).or_insert(0) += 1;
    }
    (inputs, lines)
}

#[test]
fn packed_json_lines() {
    let Some(folder) = corpus("windows-json") else {
        return;
    };
    let (formats, lines) = formats_and_lines(folder);
    assert_eq!(formats, BTreeMap::from([("jsonl", 1)]));
    assert_eq!(lines, 81_523);
}

#[test]
fn evtx_positions_are_ordinals_that_go_on_from_block_to_block() {
    let Some(folder) = corpus("evtx") else { return };
    let projection = ProjectionBuilder::new(Extent::Projected).build();
    let mut sources = Sources::new(&[folder], None);
    let mut batch = EventBatch::new();
    let (mut input, mut expected, mut damaged, mut blocks) = (None, 0, 0, 0);
    while let Some(block) = sources.next(&mut batch) {
        blocks += 1;
        let path = sources.inputs()[block.input as usize].clone();
        if block.format != Format::Evtx {
            assert!(
                path.extension().is_none_or(|e| e != "evtx"),
                "{}",
                path.display()
            );
            continue;
        }
        batch.parse(block.format, block.origin, &projection);
        if input.replace(block.input) != Some(block.input) {
            expected = 0;
        }
        // Where a chunk is damaged its header may count what cannot be read.
        damaged += usize::from(block.origin.position != expected);
        expected = block.origin.position + batch.len() as u64;
    }
    assert!(blocks > 0);
    assert!(damaged * 20 < blocks, "{damaged} of {blocks}");
    assert_eq!(sources.errors().lock().unwrap().as_slice(), []);
}
