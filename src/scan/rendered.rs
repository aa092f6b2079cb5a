//! Rendered records of a block, in bounded memory.
//!
//! Matches × size of an event has no bound: a block of 1 MB that 60 rules match in each event
//! comes out as 100 MB and more. What passes [`HELD_BYTES_MAX`] goes to a file without a name,
//! from which the sink takes it in pieces. The pipeline holds three results a thread at most, so
//! that those under way take `3 × threads × (HELD_BYTES_MAX + one record)`, whatever the rules
//! and events.

use std::ops::Range;

use crate::failure::Failure;
use crate::sort::{self, Run, RunReader, RunWriter, SortKey};

/// What a result holds in memory, texts and their heads.
pub const HELD_BYTES_MAX: usize = 8 << 20;

/// One rendered record: a part of [`Piece::text`].
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Its place in the order.
    pub key: SortKey,
    /// Where the part ends that is shown; it begins where the record before ends.
    pub shown_end: usize,
    /// Where the part ends that travels along, behind the one that is shown.
    pub end: usize,
}

/// Rendered records one after the other.
#[derive(Debug, Default)]
pub struct Piece {
    /// Where each ends, and its place in the order.
    pub records: Vec<Record>,
    /// Their text.
    pub text: Vec<u8>,
}

impl Piece {
    /// Appends a record.
    fn add(
        &mut self,
        key: SortKey,
        shown: impl FnOnce(&mut Vec<u8>),
        carried: impl FnOnce(&mut Vec<u8>),
    ) {
        shown(&mut self.text);
        let shown_end = self.text.len();
        carried(&mut self.text);
        self.records.push(Record {
            key,
            shown_end,
            end: self.text.len(),
        });
    }

    /// Gives each record.
    pub fn each(
        &self,
        mut take: impl FnMut(sort::Record<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut start = 0;
        for record in &self.records {
            let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
            take(sort::Record {
                key: record.key,
                shown: part(start..record.shown_end),
                carried: part(record.shown_end..record.end),
            })?;
            start = record.end;
        }
        Ok(())
    }

    fn held_bytes(&self) -> usize {
        self.text.len() + self.records.len() * size_of::<Record>()
    }

    fn clear(&mut self) {
        self.records.clear();
        self.text.clear();
    }
}

/// All rendered records of a block.
#[derive(Debug)]
pub struct Rendered {
    held_bytes_max: usize,
    /// The first ones, where they are many.
    spilled: Option<RunWriter>,
    held: Piece,
    failed: Option<Failure>,
}

impl Default for Rendered {
    fn default() -> Self {
        Self::new(HELD_BYTES_MAX)
    }
}

impl Rendered {
    fn new(held_bytes_max: usize) -> Self {
        Self {
            held_bytes_max,
            spilled: None,
            held: Piece::default(),
            failed: None,
        }
    }

    /// Appends a record: `shown` writes what is shown of it, `carried` what travels along.
    pub fn add(
        &mut self,
        key: SortKey,
        shown: impl FnOnce(&mut Vec<u8>),
        carried: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.failed.is_some() {
            return;
        }
        self.held.add(key, shown, carried);
        if self.held.held_bytes() > self.held_bytes_max {
            self.failed = self.spill().err();
        }
    }

    fn spill(&mut self) -> Result<(), Failure> {
        let writer = match &mut self.spilled {
            Some(writer) => writer,
            none => none.insert(RunWriter::create()?),
        };
        self.held.each(|record| writer.add(record))?;
        self.held.clear();
        Ok(())
    }

    /// Gives the records in their order, in pieces of bounded size.
    pub fn each_piece(
        self,
        mut take: impl FnMut(&mut Piece) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(failure) = self.failed {
            return Err(failure);
        }
        let Some(writer) = self.spilled else {
            let mut held = self.held;
            return take(&mut held);
        };
        pieces_of(writer.finish()?, self.held_bytes_max, &mut take)?;
        let mut held = self.held;
        take(&mut held)
    }
}

fn pieces_of(
    run: Run,
    bytes_max: usize,
    take: &mut impl FnMut(&mut Piece) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut reader = RunReader::open(run);
    let mut piece = Piece::default();
    while let Some(record) = reader.next()? {
        piece.add(
            record.key,
            |out| out.extend_from_slice(record.shown),
            |out| out.extend_from_slice(record.carried),
        );
        if piece.held_bytes() > bytes_max {
            take(&mut piece)?;
            piece.clear();
        }
    }
    take(&mut piece)
}

#[cfg(test)]
mod tests {
    use super::Rendered;
    use crate::sort::SortKey;

    #[test]
    fn gives_the_same_records_however_little_is_held() {
        let text = |n: u64| "x".repeat(n as usize % 50) + &n.to_string();
        let expected: Vec<_> = (0..500).map(|n| (n, text(n).into_bytes())).collect();
        for held_bytes_max in [1, 100, 1_000, 1 << 20] {
            let mut rendered = Rendered::new(held_bytes_max);
            for position in 0..500 {
                let key = SortKey {
                    time: 0,
                    input: 0,
                    position,
                    rule: 0,
                };
                let text = text(position);
                rendered.add(
                    key,
                    |out| out.extend_from_slice(text.as_bytes()),
                    |out| out.extend_from_slice(b"+"),
                );
                assert!(rendered.held.held_bytes() <= held_bytes_max);
            }
            let mut got = Vec::new();
            let pieces = rendered.each_piece(|piece| {
                piece.each(|record| {
                    assert_eq!(record.carried, b"+");
                    got.push((record.key.position, record.shown.to_vec()));
                    Ok(())
                })
            });
            pieces.expect("temporary folder is writable");
            assert_eq!(got, expected, "{held_bytes_max}");
        }
    }
}
