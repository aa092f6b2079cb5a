//! Audit records: a block ends between two events, whose records share an id.
//!
//! Records of one event are adjacent or nearly so, see [`crate::auditd`]; so only the last few
//! lines of the buffer are looked at.

use memchr::memrchr;

use crate::auditd::{Id, id_of_line};

/// How many lines at the end are looked at. An event with more records than this is cut.
const LINES_MAX: usize = 64;

/// One line: where it begins, and which event it belongs to (none: a line of another kind).
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    id: Option<Id<'a>>,
}

/// Up to and with the last event that is certainly complete: the youngest may lack records
/// still, unless its last one says that no more will come, and with it those that it is mixed
/// with.
pub(super) fn cut(buffer: &[u8]) -> usize {
    let Some(end) = memrchr(b'\n', buffer).map(|at| at + 1) else {
        return 0;
    };
    let mut lines = [Line { start: 0, id: None }; LINES_MAX];
    let (lines, is_complete) = last_lines(&buffer[..end], &mut lines);
    // Lines stand from the last to the first.
    let mut after = match lines.first() {
        Some(Line { id: Some(_), .. }) if !is_complete => 1,
        _ => 0,
    };
    // Lines `..after` stay in the buffer; grow them until no id is on both sides.
    while let Some(shared) = (after..lines.len())
        .rev()
        .find(|at| is_in(&lines[..after], lines[*at].id))
    {
        after = shared + 1;
    }
    let at = match after {
        0 => end,
        _ => lines.get(after - 1).map_or(end, |line| line.start),
    };
    // More lines than an event has: better an event in two parts than a block without end.
    if at == 0 && lines.len() == LINES_MAX {
        end
    } else {
        at
    }
}

fn is_in(lines: &[Line<'_>], id: Option<Id<'_>>) -> bool {
    id.is_some() && lines.iter().any(|line| line.id == id)
}

/// The last lines, from the last on, and whether the very last completes its event.
fn last_lines<'a, 'b>(
    text: &'a [u8],
    room: &'b mut [Line<'a>; LINES_MAX],
) -> (&'b [Line<'a>], bool) {
    let mut rest = text;
    let mut count = 0;
    let mut is_complete = false;
    for slot in room.iter_mut() {
        let Some(body) = rest.strip_suffix(b"\n") else {
            break;
        };
        let start = memrchr(b'\n', body).map_or(0, |at| at + 1);
        let found = id_of_line(body[start..].trim_ascii_end());
        if count == 0 {
            is_complete = found.is_some_and(|(_, last)| last);
        }
        *slot = Line {
            start,
            id: found.map(|(id, _)| id),
        };
        count += 1;
        rest = &rest[..start];
    }
    (&room[..count], is_complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, id: u32) -> String {
        format!("type={kind} msg=audit(1700000000.123:{id}): a=1\n")
    }

    fn cut_lines(lines: &[(&str, u32)]) -> usize {
        let text: String = lines.iter().map(|(kind, id)| line(kind, *id)).collect();
        let cut = cut(text.as_bytes());
        text[..cut].lines().count()
    }

    #[test]
    fn cuts_between_events() {
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("CWD", 1), ("SYSCALL", 2)]), 2);
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("CWD", 1)]), 0);
    }

    #[test]
    fn takes_an_event_that_is_complete() {
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("PROCTITLE", 1)]), 2);
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("EOE", 1)]), 2);
    }

    #[test]
    fn keeps_mixed_events_together() {
        let mixed = [
            ("SYSCALL", 1),
            ("SYSCALL", 2),
            ("SYSCALL", 3),
            ("CWD", 2),
            ("CWD", 3),
        ];
        assert_eq!(cut_lines(&mixed), 1);
    }

    #[test]
    fn never_waits_for_ever() {
        let one_id = vec![("PATH", 1); LINES_MAX + 1];
        assert_eq!(cut_lines(&one_id), LINES_MAX + 1);
    }

    #[test]
    fn waits_for_a_line_end() {
        assert_eq!(cut(b"type=SYSCALL msg=audit(1.2:3): a"), 0);
        assert_eq!(cut(b""), 0);
    }
}
