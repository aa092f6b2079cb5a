//! Audit records: a block ends between two events, whose records share an id.
//!
//! Records of one event are adjacent or nearly so, see [`crate::auditd`]; so only the last few
//! lines of the buffer are looked at.

use memchr::memrchr;

use crate::auditd::{Id, OPEN_IDS_MAX, id_of_line};

/// How many lines at the end are looked at. An event with more records than this is cut.
const LINES_MAX: usize = 64;

/// One line: where it begins, and which event it belongs to (none: a line of another kind).
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    id: Option<Id<'a>>,
    completes: bool,
}

/// Up to and with the last event that certainly gets no further record: each of the youngest
/// events may get some, unless one of its records says that it was the last.
pub(super) fn cut(buffer: &[u8]) -> usize {
    let Some(end) = memrchr(b'\n', buffer).map(|at| at + 1) else {
        return 0;
    };
    let mut room = [Line {
        start: 0,
        id: None,
        completes: false,
    }; LINES_MAX];
    // From the last line to the first.
    let lines = last_lines(&buffer[..end], &mut room);
    let mut kept = oldest_open(lines).map_or(0, |at| at + 1);
    // Events that are mixed with those that stay, stay as well.
    while let Some(shared) = (kept..lines.len())
        .rev()
        .find(|at| is_in(&lines[..kept], lines[*at].id))
    {
        kept = shared + 1;
    }
    if kept == LINES_MAX {
        // More lines than an event has: better an event in two parts than a block without end.
        kept = least_split(lines);
    }
    match kept.checked_sub(1) {
        Some(last) => lines.get(last).map_or(end, |line| line.start),
        None => end,
    }
}

/// How many lines to keep so that the fewest events are in two parts. Of such places the last.
fn least_split(lines: &[Line<'_>]) -> usize {
    let is_first_of_id = |at: usize| lines[at].id.is_some() && !is_in(&lines[..at], lines[at].id);
    let is_open = |id| !lines.iter().any(|line| line.id == id && line.completes);
    let cost = |kept: usize| {
        let (young, old) = lines.split_at(kept);
        let split = (0..kept).filter(|at| is_first_of_id(*at) && is_in(old, young[*at].id));
        // Those that lie before the cut as a whole may go on behind the buffer.
        let going_on =
            (kept..lines.len()).filter(|at| is_first_of_id(*at) && is_open(lines[*at].id));
        split.count() + going_on.count()
    };
    (0..lines.len()).min_by_key(|kept| cost(*kept)).unwrap_or(0)
}

/// The line farthest from the end that belongs to one of the youngest events and leaves it open.
fn oldest_open(lines: &[Line<'_>]) -> Option<usize> {
    let mut youngest = [None; OPEN_IDS_MAX];
    let mut count = 0;
    for id in lines.iter().filter_map(|line| line.id) {
        if count < OPEN_IDS_MAX && !youngest.contains(&Some(id)) {
            youngest[count] = Some(id);
            count += 1;
        }
    }
    let is_open = |id: Id<'_>| {
        !lines
            .iter()
            .any(|line| line.id == Some(id) && line.completes)
    };
    lines.iter().rposition(|line| {
        line.id
            .is_some_and(|id| youngest.contains(&Some(id)) && is_open(id))
    })
}

fn is_in(lines: &[Line<'_>], id: Option<Id<'_>>) -> bool {
    id.is_some() && lines.iter().any(|line| line.id == id)
}

fn last_lines<'a, 'b>(text: &'a [u8], room: &'b mut [Line<'a>; LINES_MAX]) -> &'b [Line<'a>] {
    let mut rest = text;
    let mut count = 0;
    for slot in room.iter_mut() {
        let Some(body) = rest.strip_suffix(b"\n") else {
            break;
        };
        let start = memrchr(b'\n', body).map_or(0, |at| at + 1);
        let found = id_of_line(body[start..].trim_ascii_end());
        *slot = Line {
            start,
            id: found.map(|(id, _)| id),
            completes: found.is_some_and(|(_, last)| last),
        };
        count += 1;
        rest = &rest[..start];
    }
    &room[..count]
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
        let next = [("SYSCALL", 1), ("PROCTITLE", 1), ("SYSCALL", 2)];
        assert_eq!(cut_lines(&next), 2);
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("CWD", 1)]), 0);
    }

    #[test]
    fn waits_for_younger_events_where_no_record_is_the_last() {
        let open = |count| (1..=count).map(|id| ("SYSCALL", id)).collect::<Vec<_>>();
        assert_eq!(cut_lines(&open(4)), 0);
        assert_eq!(cut_lines(&open(6)), 2);
    }

    #[test]
    fn takes_an_event_that_is_complete() {
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("PROCTITLE", 1)]), 2);
        assert_eq!(cut_lines(&[("SYSCALL", 1), ("EOE", 1)]), 2);
    }

    #[test]
    fn keeps_mixed_events_together() {
        let mixed = [
            ("EOE", 1),
            ("SYSCALL", 2),
            ("SYSCALL", 3),
            ("EOE", 2),
            ("CWD", 3),
        ];
        assert_eq!(cut_lines(&mixed), 1);
    }

    #[test]
    fn never_waits_for_ever() {
        let one_id = vec![("PATH", 1); LINES_MAX + 1];
        assert_eq!(cut_lines(&one_id), LINES_MAX + 1);
    }

    /// Where events go on into each other without a gap, the place is taken that splits least.
    #[test]
    fn splits_as_few_events_as_it_can() {
        let mut lines = Vec::new();
        for id in 0..40 {
            // The first record of an event comes before the last of the one before it.
            lines.extend([("SYSCALL", id + 1), ("PATH", id), ("EOE", id)]);
            if id == 35 {
                lines.push(("CWD", id + 2));
            }
        }
        lines.extend([("SYSCALL", 42), ("SYSCALL", 43)]);
        let cut = cut_lines(&lines);
        let (before, behind) = lines.split_at(cut);
        let ids = |lines: &[(&str, u32)]| lines.iter().map(|line| line.1).collect::<Vec<_>>();
        let behind = ids(behind);
        let mut split: Vec<_> = ids(before)
            .into_iter()
            .filter(|id| behind.contains(id))
            .collect();
        split.dedup();
        assert_eq!(split.len(), 1, "{split:?}");
    }

    #[test]
    fn waits_for_a_line_end() {
        assert_eq!(cut(b"type=SYSCALL msg=audit(1.2:3): a"), 0);
        assert_eq!(cut(b""), 0);
    }
}
