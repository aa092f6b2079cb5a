//! The whole way from files to blocks.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;
use yagura_engine::pipeline::Block;
use yagura_parsers::{
    BlockExtent, EventBatch, EventKind, Extent, Format, ProjectionBuilder, Timestamp,
};

use super::blocks::{Blocks, Limits};
use super::open::{Feed, Opened};
use super::stream::Stream;
use super::{SourceError, Sources};

const SMALL: Limits = Limits {
    head_bytes: 32,
    block_bytes: 64,
    record_bytes_max: 256,
};

/// A block and its bytes.
struct Got {
    block: Block,
    bytes: Vec<u8>,
}

fn all(sources: &mut Sources) -> Vec<Got> {
    let mut batch = EventBatch::new();
    let mut got = Vec::new();
    while let Some(block) = sources.next(&mut batch) {
        let bytes = batch.input().to_vec();
        got.push(Got { block, bytes });
    }
    got
}

fn joined(got: &[Got]) -> Vec<u8> {
    got.iter().flat_map(|g| g.bytes.clone()).collect()
}

fn sources(paths: &[&Path], limits: Limits) -> Sources {
    let paths: Vec<PathBuf> = paths.iter().map(|p| (*p).to_owned()).collect();
    let mut sources = Sources::new(&paths, None);
    sources.limits = limits;
    sources
}

fn errors(sources: &Sources) -> Vec<SourceError> {
    sources.errors().lock().unwrap().clone()
}

fn write(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Syslog lines of different lengths.
fn lines(count: usize) -> Vec<u8> {
    let line = |i: usize| format!("Jan  2 03:04:05 host app[{i}]: {}\n", "x".repeat(i % 40));
    (0..count).map(line).collect::<String>().into_bytes()
}

#[test]
fn blocks_hold_whole_lines_and_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let text = lines(200);
    let path = write(&folder, "a.log", &text);
    let mut sources = sources(&[&path], SMALL);
    let got = all(&mut sources);
    assert_eq!(joined(&got), text);
    assert!(got.len() > 50);
    let mut position = 0;
    for Got { block, bytes } in &got {
        assert_eq!(block.format, Format::Syslog);
        assert_eq!(block.origin.position, position);
        assert_eq!(bytes.last(), Some(&b'\n'));
        position += bytes.len() as u64;
    }
    assert_eq!(errors(&sources), []);
    let counters = sources.counters();
    for counter in [
        &counters.read_bytes,
        &counters.unpacked_bytes,
        &counters.total_bytes,
    ] {
        assert_eq!(counter.load(Ordering::Relaxed), text.len() as u64);
    }
}

#[test]
fn compression_is_undone_whatever_the_name() {
    let folder = TempDir::new().unwrap();
    let text = lines(300);
    let (first, second) = text.split_at(text.len() / 2);
    let two_members = [gzip(first), gzip(second)].concat();
    let two_frames = [
        zstd::encode_all(first, 1).unwrap(),
        zstd::encode_all(second, 1).unwrap(),
    ]
    .concat();
    let zeros = vec![0; 3 * 512];
    let padded = [two_members.as_slice(), &zeros].concat();
    let padded_between = [gzip(first), zeros.clone(), gzip(second), zeros].concat();
    for packed in [two_members, two_frames, padded, padded_between] {
        let path = write(&folder, "packed.log", &packed);
        let mut sources = sources(&[&path], SMALL);
        let got = all(&mut sources);
        assert_eq!(joined(&got), text);
        assert!(got.iter().all(|g| g.block.format == Format::Syslog));
        assert_eq!(errors(&sources), []);
        let counters = sources.counters();
        assert_eq!(
            counters.read_bytes.load(Ordering::Relaxed),
            packed.len() as u64
        );
        assert_eq!(
            counters.unpacked_bytes.load(Ordering::Relaxed),
            text.len() as u64
        );
    }
}

#[test]
fn damaged_compression_gives_what_is_readable_and_an_error_and_goes_on() {
    let folder = TempDir::new().unwrap();
    let text = lines(20_000);
    for (name, packed) in [
        ("gzip", gzip(&text)),
        ("zstd", zstd::encode_all(&text[..], 1).unwrap()),
    ] {
        let cut = &packed[..packed.len() / 2];
        let damaged = write(&folder, "1", cut);
        let sound = write(&folder, "2", b"Jan  2 03:04:05 host app: end\n");
        let mut sources = sources(&[&damaged, &sound], Limits::default());
        let got = joined(&all(&mut sources));
        assert!(got.ends_with(b"app: end\n"));
        let readable = got.len() - 30;
        assert!(readable > 0 && text.starts_with(&got[..readable]), "{name}");
        let errors = errors(&sources);
        assert_eq!(errors.len(), 1, "{name}");
        assert_eq!(errors[0].path, damaged);
        assert_eq!(errors[0].message, format!("the {name} data ends too early"));
        assert!(errors[0].help.is_some());
    }
    let no_gzip = write(&folder, "3", b"\x1F\x8Bnot gzip at all");
    let mut sources = sources(&[&no_gzip], SMALL);
    assert!(all(&mut sources).is_empty());
    assert!(
        errors(&sources)[0]
            .message
            .starts_with("the gzip data is damaged")
    );
    let rubbish_behind = [gzip(b"x\n").as_slice(), &[0; 16], b"rubbish and more"].concat();
    let rubbish_behind = write(&folder, "4", &rubbish_behind);
    let mut sources = self::sources(&[&rubbish_behind], SMALL);
    assert_eq!(joined(&all(&mut sources)), b"x\n");
    let errors = errors(&sources);
    let message = errors.first().map_or("", |error| error.message.as_str());
    assert!(message.starts_with("the gzip data is damaged"), "{message}");
}

#[test]
fn utf16_is_transcoded_also_inside_of_compression() {
    let folder = TempDir::new().unwrap();
    let text = "\u{feff}{\"a\":\"\u{e4}\"}\r\n{\"a\":2}\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for content in [utf16.clone(), gzip(&utf16)] {
        let path = write(&folder, "a.json", &content);
        let got = all(&mut sources(&[&path], SMALL));
        assert_eq!(joined(&got), text.trim_start_matches('\u{feff}').as_bytes());
        assert_eq!(got[0].block.format, Format::JsonLines);
        assert_eq!(got[0].block.origin.position, 3);
    }
}

#[test]
fn a_record_over_the_limit_is_cut_and_its_rest_skipped() {
    let folder = TempDir::new().unwrap();
    let long = [b"Jan  2 03:04:05 host a: ".to_vec(), vec![b'x'; 5000]].concat();
    let tail = b"\nJan  2 03:04:06 host b: y\n";
    let path = write(&folder, "a.log", &[&lines(3)[..], &long, tail].concat());
    let got = all(&mut sources(&[&path], SMALL));
    let cut: Vec<_> = got
        .iter()
        .filter(|g| g.block.origin.extent == BlockExtent::CutRecord)
        .collect();
    assert_eq!(cut.len(), 1);
    assert!(long.starts_with(&cut[0].bytes));
    assert_eq!(cut[0].bytes.len(), SMALL.record_bytes_max);
    let last = got.last().unwrap();
    assert_eq!(last.bytes, tail[1..]);
    let expected = (lines(3).len() + long.len() + 1) as u64;
    assert_eq!(last.block.origin.position, expected);
    // Also where nothing follows it.
    let path = write(&folder, "b.log", &long);
    let got = all(&mut sources(&[&path], SMALL));
    assert_eq!(got.len(), 1);
}

#[test]
fn memory_stays_bounded_on_an_endless_line() {
    let endless = io::repeat(b'x').take(64 << 20);
    let opened = Opened {
        feed: Feed::Packed(Box::new(endless)),
        near: Timestamp::UNKNOWN,
    };
    let limits = Limits {
        head_bytes: 64,
        block_bytes: 4096,
        record_bytes_max: 65_536,
    };
    let mut blocks = Blocks::new(0, opened, Some(Format::Raw), limits);
    let mut batch = EventBatch::new();
    assert!(blocks.next(&mut batch).is_some());
    assert!(blocks.next(&mut batch).is_none());
    assert!(batch.recycle().capacity() <= 2 * limits.record_bytes_max);
}

#[test]
fn folders_are_walked_in_order_and_links_do_not_go_round() {
    let folder = TempDir::new().unwrap();
    for name in ["b/2.log", "b/1.log", "a.log", ".hidden", "c/d/e.log"] {
        write(&folder, name, name.as_bytes());
    }
    let outside = TempDir::new().unwrap();
    #[cfg(unix)]
    {
        let outside = outside.path();
        fs::write(outside.join("o.log"), b"outside").unwrap();
        let link = std::os::unix::fs::symlink::<&Path, PathBuf>;
        link(folder.path(), folder.path().join("c/round")).unwrap();
        link(Path::new("a.log"), folder.path().join("z-current.log")).unwrap();
        link(outside, folder.path().join("z-outside")).unwrap();
        link(outside, outside.join("self")).unwrap();
    }
    let sources = sources(&[folder.path()], SMALL);
    let names: Vec<_> = sources
        .inputs()
        .iter()
        .map(|p| p.strip_prefix(folder.path()).unwrap().to_str().unwrap())
        .collect();
    let mut expected = vec![".hidden", "a.log", "b/1.log", "b/2.log", "c/d/e.log"];
    if cfg!(unix) {
        expected.push("z-outside/o.log");
    }
    assert_eq!(names, expected);
    assert_eq!(errors(&sources), []);
}

#[test]
fn missing_files_and_broken_links_are_named() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.log");
    let sound = write(&folder, "sound.log", b"x\n");
    let mut sources = sources(&[&missing, &sound], SMALL);
    assert_eq!(all(&mut sources).len(), 1);
    let errors = errors(&sources);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].path, missing);
    assert_eq!(errors[0].message, "there is no such file or folder");
}

#[test]
fn files_may_vanish_shrink_and_grow_between_finding_and_reading() {
    let folder = TempDir::new().unwrap();
    let paths = ["gone", "short", "long"].map(|name| write(&folder, name, &lines(9)));
    let mut sources = sources(&[folder.path()], SMALL);
    fs::remove_file(&paths[0]).unwrap();
    fs::write(&paths[1], b"").unwrap();
    fs::write(&paths[2], lines(50)).unwrap();
    assert_eq!(joined(&all(&mut sources)), lines(50));
    assert_eq!(errors(&sources).len(), 1);
}

#[test]
fn empty_files_are_no_error() {
    let folder = TempDir::new().unwrap();
    write(&folder, "empty", b"");
    write(&folder, "packed", &gzip(b""));
    write(&folder, "mark", b"\xEF\xBB\xBF");
    let mut sources = sources(&[folder.path()], SMALL);
    assert!(all(&mut sources).is_empty());
    assert_eq!(errors(&sources), []);
}

#[test]
fn the_format_given_wins() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "a", b"{}\n");
    let mut sources = Sources::new(&[path], Some(Format::Raw));
    assert_eq!(all(&mut sources)[0].block.format, Format::Raw);
}

/// Gives what is sent to it, and waits in between.
struct Sent(mpsc::Receiver<Vec<u8>>);

impl Read for Sent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Ok(bytes) = self.0.recv() else {
            return Ok(0);
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

fn stream() -> (mpsc::Sender<Vec<u8>>, Blocks) {
    let (sender, receiver) = mpsc::channel();
    let reader = Sent(receiver);
    let feed = Stream::spawn(move || super::unpack::unpack(reader)).unwrap();
    let opened = Opened {
        feed: Feed::Stream(feed),
        near: Timestamp::UNKNOWN,
    };
    (sender, Blocks::new(0, opened, None, Limits::default()))
}

#[test]
fn a_stream_that_pauses_delivers_its_lines() {
    let (sender, mut blocks) = stream();
    let mut batch = EventBatch::new();
    let mut next = |blocks: &mut Blocks| {
        let block = blocks.next(&mut batch);
        block.map(|_| String::from_utf8_lossy(batch.input()).into_owned())
    };
    sender.send(b"one\ntw".to_vec()).unwrap();
    assert_eq!(next(&mut blocks).as_deref(), Some("one\n"));
    sender.send(b"o\n".to_vec()).unwrap();
    assert_eq!(next(&mut blocks).as_deref(), Some("two\n"));
    sender.send(b"thr".to_vec()).unwrap();
    sender.send(b"ee\nend".to_vec()).unwrap();
    assert_eq!(next(&mut blocks).as_deref(), Some("three\n"));
    drop(sender);
    assert_eq!(next(&mut blocks).as_deref(), Some("end"));
    assert_eq!(next(&mut blocks), None);
    assert_eq!(next(&mut blocks), None);
}

#[test]
fn a_stream_may_be_packed_and_may_fail() {
    let (sender, mut blocks) = stream();
    let text = lines(50);
    let packed = gzip(&text);
    for part in packed[..packed.len() - 4].chunks(100) {
        sender.send(part.to_vec()).unwrap();
    }
    drop(sender);
    let mut batch = EventBatch::new();
    let mut got = Vec::new();
    while blocks.next(&mut batch).is_some() {
        got.extend_from_slice(batch.input());
    }
    assert_eq!(got, text);
    assert_eq!(
        blocks.take_error().unwrap().kind(),
        io::ErrorKind::UnexpectedEof
    );
}

fn in_parts(parts: &[&[u8]], limits: Limits) -> Vec<Got> {
    in_parts_as(Format::Raw, parts, limits)
}

fn in_parts_as(format: Format, parts: &[&[u8]], limits: Limits) -> Vec<Got> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|p| p.to_vec()).collect();
    let (sender, receiver) = mpsc::channel();
    for part in parts.into_iter().filter(|p| !p.is_empty()) {
        sender.send(part).unwrap();
    }
    drop(sender);
    let reader = Sent(receiver);
    let opened = Opened {
        feed: Feed::Stream(Stream::spawn(move || Ok(Box::new(reader) as _)).unwrap()),
        near: Timestamp::UNKNOWN,
    };
    let mut blocks = Blocks::new(0, opened, Some(format), limits);
    let mut batch = EventBatch::new();
    let mut got = Vec::new();
    while let Some(block) = blocks.next(&mut batch) {
        let bytes = batch.input().to_vec();
        got.push(Got { block, bytes });
    }
    got
}

#[test]
fn split_at_every_byte_is_the_same_as_whole() {
    let text = lines(4);
    for at in 0..=text.len() {
        let got = in_parts(&[&text[..at], &text[at..]], SMALL);
        assert_eq!(joined(&got), text, "split at {at}");
        for Got { bytes, .. } in &got {
            assert_eq!(bytes.last(), Some(&b'\n'), "split at {at}");
        }
    }
}

/// What of an event must not depend on how its source was read.
fn events(got: &[Got]) -> Vec<(u64, EventKind, Timestamp, Vec<u8>)> {
    let projection = ProjectionBuilder::new(Extent::Projected).build();
    let mut batch = EventBatch::new();
    let mut events = Vec::new();
    for Got { block, bytes } in got {
        batch.recycle().extend_from_slice(bytes);
        batch.parse(block.format, block.origin, &projection);
        events.extend(
            batch
                .events()
                .map(|e| (e.position(), e.kind(), e.time(), e.raw().to_vec())),
        );
    }
    events
}

#[test]
fn events_do_not_depend_on_how_their_source_is_read() {
    let samples: [(Format, &str); 5] = [
        (
            Format::Json,
            r#"[{"a": "}"}, {"b": {"c": [1, 2]}}, {"d": "\""}]"#,
        ),
        (
            Format::WindowsXml,
            "<Events>\n<Event><System><EventID>1</EventID></System></Event>\n\
             <Event><System><EventID>2</EventID></System></Event></Events>",
        ),
        (
            Format::Auditd,
            "type=SYSCALL msg=audit(1704164645.1:7): arch=c000003e\n\
             type=CWD msg=audit(1704164645.1:7): cwd=\"/\"\n\
             type=SYSCALL msg=audit(1704164646.1:8): arch=c000003e\n",
        ),
        (
            Format::Syslog,
            "Dec 31 23:59:59 host a: b\r\nJan  1 00:00:01 host a: c\n\nJan  1 00:00:02 host a: d",
        ),
        (
            Format::Cef,
            "CEF:0|A|B|1|1|n|5|rt=1704164645678\nJan  1 00:00:01 h CEF:0|A|B|1|1|n|5|a=b\n",
        ),
    ];
    let whole = Limits {
        head_bytes: 1 << 16,
        block_bytes: 1 << 20,
        record_bytes_max: 1 << 20,
    };
    let small = Limits {
        head_bytes: 4,
        block_bytes: 8,
        ..whole
    };
    for (format, text) in samples {
        let text = text.as_bytes();
        let expected = events(&in_parts_as(format, &[text], whole));
        assert!(expected.len() >= 2, "{format:?}");
        for at in 0..=text.len() {
            let parts = [&text[..at], &text[at..]];
            let got = in_parts_as(format, &parts, small);
            assert_eq!(events(&got), expected, "{format:?} split at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_byte_is_lost_whatever_they_are(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20),
    ) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let no_limit = Limits { head_bytes: 8, block_bytes: 16, record_bytes_max: 1 << 20 };
        let bom: &[u8] = b"\xEF\xBB\xBF";
        let whole = parts.concat();
        prop_assert_eq!(&joined(&in_parts(&parts, no_limit))[..], whole.strip_prefix(bom).unwrap_or(&whole));
    }

    #[test]
    fn any_file_is_read_to_its_end(content in proptest::collection::vec(any::<u8>(), 0..600)) {
        let folder = TempDir::new().unwrap();
        let path = write(&folder, "any", &content);
        let mut sources = sources(&[&path], SMALL);
        all(&mut sources);
        let counters = Arc::clone(&sources.counters());
        if errors(&sources).is_empty() {
            prop_assert_eq!(counters.read_bytes.load(Ordering::Relaxed), content.len() as u64);
        }
    }
}
