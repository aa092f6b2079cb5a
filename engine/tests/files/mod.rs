//! Reads whole files into blocks, in the simplest way.

// Each test binary uses a part of this.
#![allow(dead_code)]

use std::io::Read;
use std::path::{Path, PathBuf};

use yagura_parsers::{BlockExtent, Format, Framer, Input, Origin, Timestamp, recognise};

pub struct ReadBlock {
    pub path: PathBuf,
    pub format: Format,
    pub origin: Origin,
    pub bytes: Vec<u8>,
}

/// Where the logs and rules of others are.
pub fn corpus() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let place = std::env::var_os("YAGURA_CORPUS").map_or(beside.into(), PathBuf::from);
    place.join("sigma-rules").is_dir().then_some(place)
}

/// All log files below a folder, sorted.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|e| e.to_str()) {
                _ if path.is_dir() => open.push(path),
                Some("csv" | "yml" | "md" | "txt") => {}
                _ => files.push(path),
            }
        }
    }
    files.sort();
    files
}

/// A file's blocks of about 256 KiB.
pub fn blocks_of(path: &Path) -> Vec<ReadBlock> {
    let mut bytes = std::fs::read(path).expect("readable");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        let mut packed = flate2::read::MultiGzDecoder::new(bytes.as_slice());
        packed.read_to_end(&mut unpacked).expect("gzip");
        bytes = unpacked;
    }
    let format = recognise(&bytes[..bytes.len().min(65_536)]);
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let (mut blocks, mut start, mut end, mut records) = (Vec::new(), 0, 0, 0);
    while start < bytes.len() {
        end = (end + (256 << 10)).min(bytes.len());
        let input = if end == bytes.len() {
            Input::Ended
        } else {
            Input::Open
        };
        let cut = framer.cut(&bytes[start..end], input);
        if cut.len == 0 {
            assert!(end < bytes.len(), "the rest is always cut");
            continue;
        }
        blocks.push(ReadBlock {
            path: path.to_path_buf(),
            format,
            origin: Origin {
                position: if format == Format::Evtx {
                    records
                } else {
                    start as u64
                },
                near: cut.near,
                extent: BlockExtent::Whole,
            },
            bytes: bytes[start..start + cut.len].to_vec(),
        });
        records += 1_000;
        start += cut.len;
    }
    blocks
}
