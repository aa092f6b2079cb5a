//! Filling an index, block by block.

use super::{AHEAD, BEHIND_TEXT, Marks};

/// An index that is being filled. What counts is kept apart from the index itself: in registers,
/// since each block would wait for what the one before wrote to memory.
pub(super) struct Filling<'i> {
    pub(super) quotes: &'i mut Vec<u32>,
    pub(super) backslashes: &'i mut Vec<u64>,
    pub(super) count: usize,
    pub(super) blocks: usize,
    pub(super) index_count: &'i mut usize,
}

#[expect(clippy::inline_always, reason = "measured: once a block")]
impl Filling<'_> {
    /// Adds the backslashes of the next block, and gives room for its quotes.
    #[inline(always)]
    pub(super) fn next_block(&mut self, backslashes: u64) -> Option<&mut [u32; 64]> {
        if self.backslashes.len() - self.blocks < 2 || self.quotes.len() - self.count < 128 {
            grow(self.quotes, self.backslashes);
        }
        *self.backslashes.get_mut(self.blocks)? = backslashes;
        self.blocks += 1;
        self.quotes.get_mut(self.count..)?.first_chunk_mut()
    }

    /// Adds the block that begins at `base`.
    #[inline(always)]
    pub(super) fn add(&mut self, base: usize, marks: Marks) {
        let Some(room) = self.next_block(marks.backslashes) else {
            return;
        };
        let base = base as u32;
        let mut rest = marks.quotes;
        // Most blocks have a few: which of these there are is not asked, since a branch on that
        // would often go the wrong way.
        for place in &mut room[..4] {
            *place = base.wrapping_add(rest.trailing_zeros());
            rest &= rest.wrapping_sub(1);
        }
        for place in &mut room[4..] {
            if rest == 0 {
                break;
            }
            *place = base.wrapping_add(rest.trailing_zeros());
            rest &= rest.wrapping_sub(1);
        }
        self.count += marks.quotes.count_ones() as usize;
    }

    /// Marks the end, for which each block left room.
    pub(super) fn end(mut self) {
        let count = self.count;
        if let Some(room) = self.next_block(0) {
            room[..AHEAD].fill(BEHIND_TEXT);
        }
        *self.index_count = count;
    }
}

#[cold]
#[inline(never)]
fn grow(quotes: &mut Vec<u32>, backslashes: &mut Vec<u64>) {
    quotes.resize((quotes.len() * 2).max(1024), 0);
    backslashes.resize((backslashes.len() * 2).max(64), 0);
}
