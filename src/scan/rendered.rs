//! Rendered records of a block, in bounded memory.
//!
//! Matches × size of an event has no bound: a block of 1 MB that 60 rules match in each event
//! comes out as 100 MB and more. What passes [`HELD_BYTES_MAX`] goes to a file without a name,
//! from which the sink takes it in pieces. The pipeline holds three results a thread at most, so
//! that those under way take `3 × threads × (HELD_BYTES_MAX + one record)`, whatever the rules
//! and events.

use crate::failure::Failure;
use crate::sort::{Run, RunReader, RunWriter, SortKey};

/// What a result holds in memory, texts and their heads.
pub const HELD_BYTES_MAX: usize = 8 << 20;

/// One rendered record: a part of [`Piece::text`].
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Its place in the order.
    pub key: SortKey,
    /// Where it ends; it begins where the one before ends.
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
    /// Ends the record whose text was appended last.
    fn end(&mut self, key: SortKey) {
        let end = self.text.len();
        self.records.push(Record { key, end });
    }

    /// Gives each record.
    pub fn each(
        &self,
        mut take: impl FnMut(SortKey, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut start = 0;
        for record in &self.records {
            take(
                record.key,
                self.text.get(start..record.end).unwrap_or_default(),
            )?;
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

    /// Appends a record that `render` writes.
    pub fn add(&mut self, key: SortKey, render: impl FnOnce(&mut Vec<u8>)) {
        if self.failed.is_some() {
            return;
        }
        render(&mut self.held.text);
        self.held.end(key);
        if self.held.held_bytes() > self.held_bytes_max {
            self.failed = self.spill().err();
        }
    }

    fn spill(&mut self) -> Result<(), Failure> {
        let writer = match &mut self.spilled {
            Some(writer) => writer,
            none => none.insert(RunWriter::create()?),
        };
        self.held.each(|key, record| writer.add(key, record))?;
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
    while let Some((key, record)) = reader.next()? {
        piece.text.extend_from_slice(record);
        piece.end(key);
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
                rendered.add(key, |out| out.extend_from_slice(text(position).as_bytes()));
                assert!(rendered.held.held_bytes() <= held_bytes_max);
            }
            let mut got = Vec::new();
            let pieces = rendered.each_piece(|piece| {
                piece.each(|key, record| {
                    got.push((key.position, record.to_vec()));
                    Ok(())
                })
            });
            pieces.expect("temporary folder is writable");
            assert_eq!(got, expected, "{held_bytes_max}");
        }
    }
}
