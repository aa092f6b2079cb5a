//! EVTX: a file header of 4 KiB, then chunks of 64 KiB that stand for themselves.
//!
//! ```text
//!  ElfFile … (4096) │ ElfChnk … (65536) │ ElfChnk … (65536) │ …
//! ```
//!
//! The header goes into the first block. Nothing in it is needed, so it may be damaged: it is
//! known by the chunk behind it.

/// The length of a chunk.
pub(crate) const CHUNK_BYTES: usize = 1 << 16;

const HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";

/// How long the file header at the beginning of `block` is; 0 where a chunk begins.
pub(crate) fn header_len(block: &[u8]) -> usize {
    let is_chunk = |at: usize| block.get(at..).is_some_and(|b| b.starts_with(CHUNK_MAGIC));
    if block.starts_with(FILE_MAGIC) || (!is_chunk(0) && is_chunk(HEADER_BYTES)) {
        HEADER_BYTES.min(block.len())
    } else {
        0
    }
}

/// Behind the first chunk.
pub(super) fn cut(buffer: &[u8]) -> usize {
    let end = header_len(buffer) + CHUNK_BYTES;
    if buffer.len() < end { 0 } else { end }
}
