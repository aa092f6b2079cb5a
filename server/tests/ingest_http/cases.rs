//! Cases as data: `tests/cases/INPUT/NAME/` with
//!
//! - `*.http`: requests in the order of their names: head, empty line, body. `Content-Length` is
//!   added; `X-Encode: gzip` compresses the body.
//! - `settings.json`, optional: the settings of the input; `refuses.txt`: the disk is full.
//! - `expected.txt`: the answers, what is stored, and what is counted as dropped.
//!   `YAGURA_BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use yagura_server::DropReason;

use crate::stage::{Disk, Stage, limits};

#[tokio::test]
async fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut failed = Vec::new();
    let mut count = 0;
    for input in ["ingest", "bulk", "hec", "otlp"] {
        for case in sorted(&folder.join(input)) {
            count += 1;
            let found = play(input, &case).await;
            let expected = case.join("expected.txt");
            if std::env::var_os("YAGURA_BLESS").is_some() {
                fs::write(&expected, &found).unwrap();
            } else if fs::read_to_string(&expected).unwrap_or_default() != found {
                failed.push(format!("{}:\n{found}", case.display()));
            }
        }
    }
    assert!(count > 0, "no cases below {}", folder.display());
    assert!(failed.is_empty(), "not as expected:\n{}", failed.join("\n"));
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
}

async fn play(input: &str, case: &Path) -> String {
    let settings = fs::read_to_string(case.join("settings.json")).unwrap_or("{}".to_owned());
    let disk = if case.join("refuses.txt").exists() {
        Disk::Refuses
    } else {
        Disk::Stores
    };
    let stage = Stage::with(input, &settings, disk, limits()).await;
    let mut found = String::new();
    for request in sorted(case) {
        if request
            .extension()
            .is_some_and(|extension| extension == "http")
        {
            let name = request.file_name().unwrap().to_string_lossy();
            let answer = stage.talk(&wire_form(&fs::read(&request).unwrap())).await;
            let answer = masked(&shown(&answer));
            writeln!(found, "── {name}\n{answer}").unwrap();
        }
    }
    for parcel in stage.parcels() {
        let (format, records) = (parcel.format.name(), parcel.records);
        let text = String::from_utf8_lossy(&parcel.bytes);
        write!(found, "── stored: {format}, {records} records\n{text}").unwrap();
    }
    for why in DropReason::ALL {
        let count = stage.dropped(why);
        if count > 0 {
            writeln!(found, "── dropped: {} {count}", why.name()).unwrap();
        }
    }
    found
}

fn wire_form(request: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(request, b"\n\n").unwrap();
    let head = std::str::from_utf8(&request[..at]).unwrap();
    let mut body = request[at + 2..].to_vec();
    if head.contains("X-Encode: gzip") {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&body).unwrap();
        body = encoder.finish().unwrap();
    }
    let mut wire = head
        .replace("X-Encode: gzip", "Content-Encoding: gzip")
        .replace('\n', "\r\n");
    write!(
        wire,
        "\r\nHost: yagura\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    [wire.as_bytes(), &body].concat()
}

/// The answer without what says nothing here.
fn shown(answer: &[u8]) -> String {
    let answer = String::from_utf8_lossy(answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let dull = ["connection:", "date:", "content-length:", "allow:"];
    let is_dull = |line: &&str| dull.iter().any(|name| line.starts_with(name));
    let head: Vec<&str> = head.lines().filter(|line| !is_dull(line)).collect();
    format!("{}\n\n{body}", head.join("\n"))
}

/// Times and ids made of times are different each time.
fn masked(answer: &str) -> String {
    let mut masked = String::new();
    let mut rest = answer;
    loop {
        let next = [r#""took":"#, r#""_id":""#].into_iter();
        let next = next
            .filter_map(|key| rest.find(key).map(|at| at + key.len()))
            .min();
        let Some(at) = next else {
            return masked + rest;
        };
        let (before, value) = rest.split_at(at);
        let end = value
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(value.len());
        masked += before;
        let is_made = before.ends_with("took\":") || end == 21;
        masked += if is_made { "…" } else { &value[..end] };
        rest = &value[end..];
    }
}
