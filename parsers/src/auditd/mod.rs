//! Linux audit records, joined by their id into events.
//!
//! ```text
//!  type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=59 … exe="/bin/ls"  ┐
//!  type=EXECVE msg=audit(1364481363.243:24287): argc=2 a0="ls" a1="-l"                     ├ one event
//!  type=PROCTITLE msg=audit(1364481363.243:24287): proctitle=6C73002D6C                    ┘
//! ```
//!
//! The kernel writes the records of one id one after the other; only where several processors
//! log at once do the records of a few ids mix. So a few ids are kept open at a time
//! ([`OPEN_IDS_MAX`]), and the event of an id ends when that many younger ones are there, or with
//! its `EOE`. The raw text of an event whose records were mixed with others runs from its first
//! record to its last and so shows records of its neighbours too.

mod event;
mod names;
mod record;
mod value;

use crate::event::EventKind;
use crate::framing;
use crate::unparsed::Reason;
use crate::writer::EventWriter;
use event::{Scratch, emit};
use record::Record;

pub(crate) use record::{Id, id_of_line};

/// How many ids may be open at a time.
pub(crate) const OPEN_IDS_MAX: usize = 4;

/// No id has more records than this; what comes beyond starts another event. The kernel's own
/// limit lies at some dozens of paths for one system call.
const RECORDS_MAX: usize = 256;

/// The records of one id.
#[derive(Debug, Default)]
struct Group<'a> {
    records: Vec<Record<'a>>,
    ended: bool,
}

/// Parses all records of a block.
pub(crate) fn block(input: &[u8], out: &mut EventWriter<'_>) {
    let mut joiner = Joiner::default();
    for line in framing::lines(input) {
        if let Ok((_, record)) = record::record(line) {
            joiner.add(record, input, out);
        } else {
            joiner.flush(0, input, out);
            out.begin(EventKind::Raw, line);
            out.refuse(Reason::InvalidAudit);
        }
    }
    joiner.flush(0, input, out);
}

/// Adds the fields of one record that came by syslog to the event under construction; whether
/// it understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let Ok((_, record)) = record::carried(text) else {
        return false;
    };
    emit(&[record], &mut Scratch::default(), out);
    true
}

/// Keeps the open ids, oldest first. Its memory is taken once a block, not once an event.
#[derive(Debug, Default)]
struct Joiner<'a> {
    open: Vec<Group<'a>>,
    spare: Vec<Group<'a>>,
    scratch: Scratch,
}

impl<'a> Joiner<'a> {
    fn add(&mut self, record: Record<'a>, input: &'a [u8], out: &mut EventWriter<'_>) {
        let same = |g: &&mut Group<'a>| {
            g.records.len() < RECORDS_MAX
                && (g.records.first()).is_some_and(|r| r.id == record.id && r.node == record.node)
        };
        let group = self.open.iter_mut().rev().find(same);
        if record.kind == b"EOE" {
            // A mark, not a record: it says nothing but that the event is complete.
            if let Some(group) = group {
                group.ended = true;
            }
            while self.open.first().is_some_and(|g| g.ended) {
                self.flush(self.open.len() - 1, input, out);
            }
            return;
        }
        if let Some(group) = group {
            group.records.push(record);
            return;
        }
        let mut group = self.spare.pop().unwrap_or_default();
        group.records.push(record);
        self.open.push(group);
        self.flush(OPEN_IDS_MAX, input, out);
    }

    /// Ends the oldest events until at most `keep` are open.
    fn flush(&mut self, keep: usize, input: &'a [u8], out: &mut EventWriter<'_>) {
        while self.open.len() > keep {
            let mut group = self.open.remove(0);
            out.begin(EventKind::Auditd, stretch(&group.records, input));
            emit(&group.records, &mut self.scratch, out);
            out.finish();
            group.records.clear();
            group.ended = false;
            self.spare.push(group);
        }
    }
}

/// From the beginning of the first record to the end of the last.
fn stretch<'a>(records: &[Record<'a>], input: &'a [u8]) -> &'a [u8] {
    let offset = |line: &[u8]| (line.as_ptr() as usize).wrapping_sub(input.as_ptr() as usize);
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return b"";
    };
    let (start, end) = (offset(first.line), offset(last.line) + last.line.len());
    input.get(start..end).unwrap_or(first.line)
}
