use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::clock;

/// What an output will never get, with the reason: JSON lines in a file that is made when it is
/// needed. When it has reached its limit it becomes the former one (`….1`), and the one before is
/// overwritten.
pub(super) struct DeadLetters {
    output: String,
    path: PathBuf,
    limit_bytes: u64,
}

#[derive(Serialize)]
struct Letter<'a> {
    time: String,
    output: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

impl DeadLetters {
    pub(super) fn new(output: &str, path: PathBuf, limit_bytes: u64) -> Self {
        Self {
            output: output.to_owned(),
            path,
            limit_bytes,
        }
    }

    /// Writes records down for good; says how many older ones were overwritten. After an error
    /// some of them may be there.
    pub(super) fn write(&self, records: &[&[u8]], reason: &str) -> io::Result<u64> {
        let mut lines = Vec::new();
        for record in records {
            lines.extend(self.line(record, reason)?);
        }
        let discarded = self.make_room(lines.len() as u64)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .append(true)
            .read(true)
            .open(&self.path)?;
        if ends_within_line(&file)? {
            lines.insert(0, b'\n');
        }
        file.write_all(&lines)?;
        file.sync_data()?;
        Ok(discarded)
    }

    fn line(&self, record: &[u8], reason: &str) -> io::Result<Vec<u8>> {
        let raw = std::str::from_utf8(record)
            .ok()
            .and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let letter = Letter {
            time: clock::now().to_string(),
            output: &self.output,
            reason,
            record: raw,
            // Somebody may still make sense of it.
            bytes: raw.is_none().then(|| {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(record)
            }),
        };
        let mut line = serde_json::to_vec(&letter)?;
        line.push(b'\n');
        Ok(line)
    }

    fn make_room(&self, bytes: u64) -> io::Result<u64> {
        let length = fs::metadata(&self.path).map_or(0, |meta| meta.len());
        if length == 0 || length.saturating_add(bytes) <= self.limit_bytes {
            return Ok(0);
        }
        let mut former = self.path.clone().into_os_string();
        former.push(".1");
        let discarded = count_lines(&PathBuf::from(&former))?;
        fs::rename(&self.path, former)?;
        Ok(discarded)
    }
}

/// A crash may have cut the last line.
fn ends_within_line(mut file: &File) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn count_lines(path: &PathBuf) -> io::Result<u64> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut buffer = [0; 16 << 10];
    let mut lines = 0;
    loop {
        let read = reader.read(&mut buffer)?;
        let Some(read) = buffer.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(lines);
        };
        lines += memchr::memchr_iter(b'\n', read).count() as u64;
    }
}
