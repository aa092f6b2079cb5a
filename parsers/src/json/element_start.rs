//! Finding an element again behind damage, by what stands before its brace.
//!
//! ```text
//!  },{"a":1}          inline: behind the end of another
//!  },\n  {"a":1}      line: only white space, or a comma, on its line before it
//!  \n, {"a":1}
//! ```
//!
//! Objects inside of an event may look alike. Those on lines of their own are told apart by their
//! indent; where all is on one line, a few of them may be taken for elements behind damage.

use memchr::{memchr_iter, memrchr};

use super::boundary::{Boundary, Edge};

/// How far is looked back from a brace.
const LEAD_BYTES_MAX: usize = 64;

/// How much behind a fault is looked at first for the end of the element it is in.
const WINDOW_BYTES: usize = 4096;

/// How much behind the beginning of another is looked at, at least, for the end of an element.
const REACH_BYTES_MIN: usize = 256;

/// What stands before the brace of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Nothing that an element has before it, or not known.
    #[default]
    Other,
    /// The end of another object on the same line.
    Inline,
    /// So many bytes of white space and comma on its line.
    Line(usize),
}

impl Lead {
    /// Whether an object that has this before it may be an element beside one that has `own`.
    pub(crate) fn begins_element_like(self, own: Self) -> bool {
        match (self, own) {
            (Self::Other, _) => false,
            (Self::Line(indent), Self::Line(own)) => indent <= own,
            (Self::Inline | Self::Line(_), _) => true,
        }
    }

    /// Whether it is one that begins a line no deeper than `own`, or unindented if that is not
    /// known.
    pub(crate) fn begins_line_like(self, own: Self) -> bool {
        let most = match own {
            Self::Line(own) => own,
            Self::Other | Self::Inline => 0,
        };
        matches!(self, Self::Line(indent) if indent <= most)
    }
}

/// What stands before a brace, and where it can be separated from what is before that.
pub(crate) fn lead(text: &[u8], brace: usize) -> (Lead, usize) {
    let from = brace.saturating_sub(LEAD_BYTES_MAX);
    let before = text.get(from..brace).unwrap_or_default();
    let unspaced = before.trim_ascii_end();
    let on_line = |end: usize, blanks: &[u8]| {
        let newline = end + memrchr(b'\n', blanks)?;
        Some((Lead::Line(before.len() - newline - 1), from + newline))
    };
    if let Some(found) = on_line(unspaced.len(), &before[unspaced.len()..]) {
        return found;
    }
    let (other, has_comma) = match unspaced.strip_suffix(b",") {
        Some(other) => (other, true),
        None => (unspaced, false),
    };
    let end = other.trim_ascii_end().len();
    if let Some(found) = on_line(end, &other[end..]) {
        return found;
    }
    match other[..end].last() {
        Some(b'}') => (Lead::Inline, from + end),
        // A block or buffer begins behind the object before.
        None if has_comma && from == 0 => (Lead::Inline, 0),
        _ => (Lead::Other, brace),
    }
}

/// The first brace at or behind `from` whose lead is accepted: the lead, and where to separate.
pub(crate) fn find(
    text: &[u8],
    from: usize,
    accepts: impl Fn(usize, Lead) -> bool,
) -> Option<(Lead, usize)> {
    let rest = text.get(from..)?;
    memchr_iter(b'{', rest).find_map(|at| {
        let (lead, start) = lead(text, from + at);
        accepts(from + at, lead).then_some((lead, start))
    })
}

/// The end of the element that begins at `start` and has a fault at or before `fault`: where its
/// braces balance, or before what begins like another.
///
/// Looks at no more than a small multiple of what is given up, and a window.
pub(super) fn end_of_damaged(text: &[u8], start: usize, fault: usize) -> usize {
    let own = lead(text, start).0;
    let mut window = WINDOW_BYTES;
    loop {
        let end = fault.saturating_add(window).min(text.len());
        let seen = text.get(..end).unwrap_or(text);
        let next = find(seen, start + 1, |brace, lead| match lead {
            Lead::Line(_) => lead.begins_element_like(own),
            Lead::Inline => brace >= fault,
            Lead::Other => false,
        });
        // Short elements, all damaged, must not cost a window each.
        let reach = next.map_or(end, |(_, next)| {
            let given_up = next.saturating_sub(start);
            next.saturating_add(given_up.saturating_mul(8).saturating_add(REACH_BYTES_MIN))
        });
        let edge = first_edge(text.get(..reach).unwrap_or(text), start);
        match (edge, next) {
            (Some(edge), Some((Lead::Line(_), next))) => return edge.min(next),
            (Some(edge), _) => return edge,
            (None, Some((_, next))) => return next,
            (None, None) if end == text.len() => return end,
            (None, None) => window = window.saturating_mul(2),
        }
    }
}

fn first_edge(text: &[u8], start: usize) -> Option<usize> {
    let mut boundary = Boundary::default();
    let mut at = start;
    loop {
        match boundary.next(text, &mut at)? {
            Edge::Opened(_) => {}
            Edge::Closed(end) | Edge::Damaged(end) => return Some(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_are_told_apart() {
        for (text, expected) in [
            ("},{", Lead::Inline),
            ("} , {", Lead::Inline),
            ("}{", Lead::Inline),
            (", {", Lead::Inline),
            ("},\n  {", Lead::Line(2)),
            ("}\r\n,{", Lead::Line(1)),
            ("\n{", Lead::Line(0)),
            ("[{", Lead::Other),
            ("\"a\":{", Lead::Other),
            ("{", Lead::Other),
        ] {
            assert_eq!(lead(text.as_bytes(), text.len() - 1).0, expected, "{text}");
        }
    }
}
