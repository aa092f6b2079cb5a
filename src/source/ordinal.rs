//! Positions in EVTX files: ordinal numbers of records, counted by the headers of chunks.

const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
const CHUNK_BYTES: usize = 64 * 1024;
const FILE_HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";

/// A chunk has 65,024 bytes for records, of which the smallest takes 28.
const RECORDS_PER_CHUNK_MAX: u64 = 65_024 / 28;

/// How many records the chunks of a block have, by their headers. A damaged header counts none.
pub(super) fn records_in(block: &[u8]) -> u64 {
    let chunks = if block.starts_with(FILE_MAGIC) {
        block.get(FILE_HEADER_BYTES..).unwrap_or_default()
    } else {
        block
    };
    chunks.chunks(CHUNK_BYTES).filter_map(records_of).sum()
}

/// Offsets 8 and 16 of a chunk: the numbers of its first and of its last record, counted within
/// the file.
fn records_of(chunk: &[u8]) -> Option<u64> {
    let number = |at: usize| {
        let bytes = chunk.get(at..at + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let count = number(16)?.checked_sub(number(8)?)?.checked_add(1)?;
    (chunk.starts_with(CHUNK_MAGIC) && count <= RECORDS_PER_CHUNK_MAX).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::records_in;

    fn chunk(first: u64, last: u64) -> Vec<u8> {
        let mut chunk = b"ElfChnk\0".to_vec();
        chunk.extend(first.to_le_bytes());
        chunk.extend(last.to_le_bytes());
        chunk.resize(64 * 1024, 0);
        chunk
    }

    #[test]
    fn counts_by_headers() {
        let mut block = b"ElfFile\0".to_vec();
        block.resize(4096, 0);
        block.extend(chunk(1, 90));
        block.extend(chunk(91, 100));
        assert_eq!(records_in(&block), 100);
        assert_eq!(records_in(&block[4096..]), 100);
        assert_eq!(records_in(&chunk(5, 4)), 0);
        assert_eq!(records_in(&chunk(0, u64::MAX)), 0);
        assert_eq!(records_in(b"ElfChnk\0"), 0);
    }
}
