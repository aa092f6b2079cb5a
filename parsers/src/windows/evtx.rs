//! EVTX, the binary log files of Windows, by the crate `evtx`.
//!
//! The crate renders each record to the XML that Windows shows for it, which [`super::xml`]
//! reads: so a field has the same name and the same text whichever way an event came. A record
//! costs one allocation, inside the crate.
//!
//! What is damaged is counted and passed over, never more than the record or the chunk it is in.
//! A chunk whose checksum does not hold (the log was copied while in use, or bytes are wrong)
//! is counted and read as far as its records go. The crate is written not to panic; should it
//! do so all the same, that counts as a damaged chunk, too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evtx::{EvtxChunkData, IterChunkRecords, ParserSettings, SerializedEvtxRecord};

use super::xml;
use crate::event::EventKind;
use crate::framing::evtx::{CHUNK_BYTES, header_len};
use crate::time::Timestamp;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// The records of a block: one chunk, with the file header if it is the first; at the end of a
/// file whatever is left. `position` is the ordinal of the first record.
pub(crate) fn chunk(input: &[u8], position: u64, out: &mut EventWriter<'_>) {
    let mut records = Records {
        next: position,
        out,
    };
    let chunks = input.get(header_len(input)..).unwrap_or_default();
    for chunk in chunks.chunks(CHUNK_BYTES) {
        // Logs are allotted in advance; chunks that are not in use yet are zero.
        if chunk.iter().any(|b| *b != 0) {
            records.read_chunk(chunk);
        }
    }
}

struct Records<'w, 'b> {
    /// The ordinal of the next record.
    next: u64,
    out: &'w mut EventWriter<'b>,
}

impl Records<'_, '_> {
    fn read_chunk(&mut self, bytes: &[u8]) {
        let Some(Ok(mut data)) = unless_panic(|| EvtxChunkData::new(bytes.to_vec(), false)) else {
            return self.damaged(Reason::DamagedChunk);
        };
        if unless_panic(|| data.validate_checksum()) != Some(true) {
            self.damaged(Reason::DamagedChunk);
        }
        let settings = Arc::new(ParserSettings::default().indent(false));
        let Some(Ok(mut chunk)) = unless_panic(|| data.parse(settings)) else {
            return self.damaged(Reason::DamagedChunk);
        };
        let mut records = chunk.iter();
        loop {
            match unless_panic(|| next_record(&mut records)) {
                Some(None) => return,
                Some(Some(Ok(record))) => self.event(&record),
                Some(Some(Err(_))) => self.damaged(Reason::DamagedRecord),
                // The state of the iterator is unknown now.
                None => return self.damaged(Reason::DamagedChunk),
            }
        }
    }

    fn event(&mut self, record: &SerializedEvtxRecord<Vec<u8>>) {
        self.out.begin_without_text(EventKind::Windows, self.next);
        if xml::body(&record.data, self.out) {
            // The event's own time comes first: exports may leave that of the record empty.
            if let Ok(nanos) = i64::try_from(record.timestamp.as_nanosecond()) {
                self.out.time(Timestamp(nanos));
            }
            self.out.finish();
            self.next += 1;
        } else {
            self.damaged(Reason::DamagedRecord);
        }
    }

    fn damaged(&mut self, reason: Reason) {
        self.out.count_unparsed(reason, self.next, b"");
        if reason == Reason::DamagedRecord {
            self.next += 1;
        }
    }
}

type Rendered = Result<SerializedEvtxRecord<Vec<u8>>, evtx::err::EvtxError>;

fn next_record(records: &mut IterChunkRecords<'_>) -> Option<Rendered> {
    Some(records.next()?.and_then(evtx::EvtxRecord::into_xml_bytes))
}

fn unless_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
