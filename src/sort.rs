//! External merge sort of rendered records: any number of them in bounded memory.
//!
//! ```text
//!  add ─▶ run in memory ──(32 MB)──▶ sorted, to a temporary file ──(64 files)──▶ merged into one
//!                                                    finish: k-way merge ─▶ records in order
//! ```
//!
//! A record has two parts: what is shown, and what travels along with it. They stay together, so
//! that each is copied and compared once.
//!
//! Temporary files have no name, so that nothing is left behind whatever ends the process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use crate::failure::Failure;

/// What a run takes in memory before it goes to a file.
pub const RUN_BYTES_MAX: usize = 32 << 20;

/// How many runs are merged at once: this bounds the number of open files.
const FAN_IN: usize = 64;

const BUFFER_BYTES: usize = 64 << 10;

/// What decides the order: time, then place, then rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    /// Nanoseconds since 1970; unknown sorts first.
    pub time: i64,
    /// Index of the input.
    pub input: u32,
    /// Position in the input.
    pub position: u64,
    /// Index of the rule.
    pub rule: u32,
}

const KEY_BYTES: usize = 24;
/// Key, and the lengths of both parts of the record behind it.
const HEAD_BYTES: usize = KEY_BYTES + 8;

impl SortKey {
    fn encode(self, shown: u32, carried: u32) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.position.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.input.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.rule.to_le_bytes());
        bytes[24..28].copy_from_slice(&shown.to_le_bytes());
        bytes[28..].copy_from_slice(&carried.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; HEAD_BYTES]) -> (Self, u32, u32) {
        let four = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let eight = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let key = Self {
            time: eight(0).cast_signed(),
            position: eight(8),
            input: four(16),
            rule: four(20),
        };
        (key, four(24), four(28))
    }
}

/// What is sorted.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its place.
    pub key: SortKey,
    /// What is shown of it.
    pub shown: &'a [u8],
    /// What travels along with it.
    pub carried: &'a [u8],
}

/// A record of the run in memory.
struct Head {
    key: SortKey,
    start: usize,
    shown: u32,
    carried: u32,
}

/// Records in a file without a name, in the order in which they were added.
#[derive(Debug)]
pub struct Run {
    file: File,
    records: u64,
}

/// Takes records in any order and gives them back sorted. Records with equal keys keep their
/// order of arrival.
pub struct ExternalSort {
    run_bytes_max: usize,
    text: Vec<u8>,
    heads: Vec<Head>,
    /// Runs by how often they were merged, so that each byte is rewritten a logarithmic number
    /// of times. A higher level is older.
    levels: Vec<Vec<Run>>,
}

impl ExternalSort {
    /// An empty sort with runs of at most this size in memory.
    pub fn new(run_bytes_max: usize) -> Self {
        Self {
            run_bytes_max,
            text: Vec::new(),
            heads: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Takes a record.
    pub fn add(&mut self, record: Record<'_>) -> Result<(), Failure> {
        let held = self.text.len() + self.heads.len() * size_of::<Head>();
        let len = record.shown.len() + record.carried.len();
        if !self.heads.is_empty() && held + len + size_of::<Head>() > self.run_bytes_max {
            self.spill()?;
        }
        self.heads.push(Head {
            key: record.key,
            start: self.text.len(),
            shown: length(record.shown)?,
            carried: length(record.carried)?,
        });
        self.text.extend_from_slice(record.shown);
        self.text.extend_from_slice(record.carried);
        Ok(())
    }

    /// Gives all records in order.
    pub fn finish(
        mut self,
        mut each: impl FnMut(Record<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.levels.is_empty() {
            self.heads.sort_by_key(|head| head.key);
            for head in &self.heads {
                each(record_of(&self.text, head))?;
            }
            return Ok(());
        }
        self.spill()?;
        // The memory of the run is not needed any more.
        (self.text, self.heads) = (Vec::new(), Vec::new());
        let mut oldest_first: Vec<Run> = self.levels.into_iter().rev().flatten().collect();
        // The youngest runs are the smallest. Neighbours are merged, so that records with equal
        // keys keep their order.
        while oldest_first.len() > FAN_IN {
            let kept = oldest_first.len().saturating_sub(FAN_IN).max(FAN_IN - 1);
            let youngest = oldest_first.split_off(kept);
            oldest_first.push(merged(youngest)?);
        }
        merge(oldest_first, each)
    }

    fn spill(&mut self) -> Result<(), Failure> {
        if self.heads.is_empty() {
            return Ok(());
        }
        self.heads.sort_by_key(|head| head.key);
        let mut run = RunWriter::create()?;
        for head in &self.heads {
            run.add(record_of(&self.text, head))?;
        }
        self.text.clear();
        self.heads.clear();
        self.keep(run.finish()?, 0)
    }

    fn keep(&mut self, run: Run, level: usize) -> Result<(), Failure> {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(runs) = self.levels.get_mut(level) else {
            return Ok(());
        };
        runs.push(run);
        if runs.len() < FAN_IN {
            return Ok(());
        }
        let full = std::mem::take(runs);
        self.keep(merged(full)?, level + 1)
    }
}

fn record_of<'a>(text: &'a [u8], head: &Head) -> Record<'a> {
    let carried = head.start + head.shown as usize;
    Record {
        key: head.key,
        shown: &text[head.start..carried],
        carried: &text[carried..carried + head.carried as usize],
    }
}

fn length(part: &[u8]) -> Result<u32, Failure> {
    u32::try_from(part.len())
        .map_err(|_| Failure::Spill(io::Error::other("a record is longer than 4 GiB")))
}

/// Writes a run.
#[derive(Debug)]
pub struct RunWriter {
    file: BufWriter<File>,
    records: u64,
}

impl RunWriter {
    /// An empty run.
    pub fn create() -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(Failure::Spill)?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            records: 0,
        })
    }

    /// Appends a record.
    pub fn add(&mut self, record: Record<'_>) -> Result<(), Failure> {
        let (shown, carried) = (length(record.shown)?, length(record.carried)?);
        self.records += 1;
        self.file
            .write_all(&record.key.encode(shown, carried))
            .and_then(|()| self.file.write_all(record.shown))
            .and_then(|()| self.file.write_all(record.carried))
            .map_err(Failure::Spill)
    }

    /// Ends the run, so that it can be read.
    pub fn finish(self) -> Result<Run, Failure> {
        let mut file = self
            .file
            .into_inner()
            .map_err(|error| Failure::Spill(error.into_error()))?;
        file.rewind().map_err(Failure::Spill)?;
        Ok(Run {
            file,
            records: self.records,
        })
    }
}

/// Reads a run, record by record.
pub struct RunReader {
    file: BufReader<File>,
    left: u64,
    key: SortKey,
    shown: usize,
    /// Both parts.
    record: Vec<u8>,
}

impl RunReader {
    /// Begins with the first record.
    pub fn open(run: Run) -> Self {
        Self {
            file: BufReader::with_capacity(BUFFER_BYTES, run.file),
            left: run.records,
            key: SortKey {
                time: 0,
                input: 0,
                position: 0,
                rule: 0,
            },
            shown: 0,
            record: Vec::new(),
        }
    }

    /// The next record; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Failure> {
        let key = self.advance().map_err(Failure::Spill)?;
        Ok(key.map(|_| self.record()))
    }

    fn record(&self) -> Record<'_> {
        let parts = self.record.split_at_checked(self.shown);
        let (shown, carried) = parts.unwrap_or_default();
        Record {
            key: self.key,
            shown,
            carried,
        }
    }

    /// Steps to the next record and gives its key; `None` at the end.
    fn advance(&mut self) -> io::Result<Option<SortKey>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut head = [0; HEAD_BYTES];
        self.file.read_exact(&mut head)?;
        let (key, shown, carried) = SortKey::decode(&head);
        (self.key, self.shown) = (key, shown as usize);
        self.record.resize(shown as usize + carried as usize, 0);
        self.file.read_exact(&mut self.record)?;
        Ok(Some(key))
    }
}

/// Merges runs into one.
fn merged(runs: Vec<Run>) -> Result<Run, Failure> {
    let mut merged = RunWriter::create()?;
    merge(runs, |record| merged.add(record))?;
    merged.finish()
}

fn merge(
    runs: Vec<Run>,
    mut each: impl FnMut(Record<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    debug_assert!(
        runs.len() <= FAN_IN,
        "each open run holds a buffer and a record"
    );
    let mut readers: Vec<RunReader> = runs.into_iter().map(RunReader::open).collect();
    let mut heads = BinaryHeap::with_capacity(readers.len());
    for (index, reader) in readers.iter_mut().enumerate() {
        if let Some(key) = reader.advance().map_err(Failure::Spill)? {
            heads.push(Reverse((key, index)));
        }
    }
    while let Some(Reverse((_, index))) = heads.pop() {
        let Some(reader) = readers.get_mut(index) else {
            continue;
        };
        each(reader.record())?;
        if let Some(key) = reader.advance().map_err(Failure::Spill)? {
            heads.push(Reverse((key, index)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ExternalSort, Record, SortKey};

    fn key(time: i64, input: u32, position: u64, rule: u32) -> SortKey {
        SortKey {
            time,
            input,
            position,
            rule,
        }
    }

    fn sorted(run_bytes_max: usize, records: &[(SortKey, Vec<u8>)]) -> Vec<Vec<u8>> {
        let mut sort = ExternalSort::new(run_bytes_max);
        for (key, record) in records {
            let (shown, carried) = record.split_at(record.len() / 3);
            let record = Record {
                key: *key,
                shown,
                carried,
            };
            sort.add(record).expect("temporary folder is writable");
        }
        let mut got = Vec::new();
        sort.finish(|record| {
            let len = record.shown.len() + record.carried.len();
            assert_eq!(record.shown.len(), len / 3);
            got.push([record.shown, record.carried].concat());
            Ok(())
        })
        .expect("temporary folder is readable");
        got
    }

    #[test]
    fn orders_by_time_then_input_then_position_then_rule() {
        let records = [
            (key(5, 0, 0, 0), b"f".to_vec()),
            (key(i64::MIN, 9, 9, 9), b"a".to_vec()),
            (key(-1, 1, 0, 0), b"d".to_vec()),
            (key(-1, 0, 300, 1), b"c".to_vec()),
            (key(-1, 0, 300, 0), b"b".to_vec()),
            (key(-1, 1, 1, 0), b"e".to_vec()),
        ];
        for run_bytes_max in [1, 100, 1 << 20] {
            assert_eq!(sorted(run_bytes_max, &records).concat(), b"abcdef");
        }
    }

    #[test]
    fn merges_more_runs_than_may_be_open_at_once() {
        // Two records a run: 4,500 runs, merged over two levels; and 4,095, which leaves 63 of
        // both levels for the end.
        for count in [9_000u64, 8_190] {
            let records: Vec<_> = (0..count)
                .map(|i| {
                    let place = i * 7_919 % count;
                    (key(0, 0, place, 0), place.to_string().into_bytes())
                })
                .collect();
            let got = sorted(110, &records);
            let expected: Vec<_> = (0..count).map(|i| i.to_string().into_bytes()).collect();
            assert_eq!(got, expected);
        }
    }

    proptest! {
        #[test]
        fn spilled_equals_sorted_in_memory(
            items in prop::collection::vec((any::<i8>(), 0..3u32, any::<u8>(), ".{0,20}"), 0..200),
            run_bytes_max in 1..2_000usize,
        ) {
            let records: Vec<_> = items
                .into_iter()
                .map(|(t, input, position, text)| {
                    (key(t.into(), input, position.into(), 0), text.into_bytes())
                })
                .collect();
            let mut expected = records.clone();
            expected.sort_by_key(|(key, _)| *key);
            let expected: Vec<_> = expected.into_iter().map(|(_, text)| text).collect();
            prop_assert_eq!(sorted(run_bytes_max, &records), expected);
        }
    }
}
