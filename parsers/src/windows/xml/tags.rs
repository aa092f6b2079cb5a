//! Finding the tags of `Event` elements without reading what is in between: to cut a stream, and
//! to go on behind something damaged.

use memchr::memmem;

/// Which tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagKind {
    Open,
    Close,
}

/// The tag of an `Event` element with any prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventTag {
    pub(crate) kind: TagKind,
    /// Offset of its `<`.
    pub(crate) start: usize,
    /// Offset behind it; of an opening tag, behind its name.
    pub(crate) end: usize,
}

const NAME: &[u8] = b"Event";

/// Prefixes that are longer are not known as such.
const PREFIX_BYTES_MAX: usize = 64;

/// How much white space may stand in `</Event   >`.
const SPACE_BYTES_MAX: usize = 32;

/// The first tag that begins at or behind `from`.
pub(crate) fn next_event_tag(text: &[u8], from: usize) -> Option<EventTag> {
    let searched = text.get(from..)?;
    memmem::find_iter(searched, NAME)
        .find_map(|at| tag_around(searched, at))
        .map(|tag| EventTag {
            start: tag.start + from,
            end: tag.end + from,
            ..tag
        })
}

/// Behind the last closing tag.
pub(crate) fn last_event_end(text: &[u8]) -> Option<usize> {
    memmem::rfind_iter(text, NAME)
        .filter_map(|at| tag_around(text, at))
        .find(|tag| tag.kind == TagKind::Close)
        .map(|tag| tag.end)
}

/// The tag whose name stands at `at`.
fn tag_around(text: &[u8], at: usize) -> Option<EventTag> {
    let end = at + NAME.len();
    let prefix_from = at.saturating_sub(PREFIX_BYTES_MAX + 2);
    let before = text.get(prefix_from..at)?;
    let bracket = before.iter().rposition(|b| *b == b'<')?;
    let (kind, prefix) = match before.get(bracket + 1..)? {
        [b'/', prefix @ ..] => (TagKind::Close, prefix),
        prefix => (TagKind::Open, prefix),
    };
    let is_prefix = match prefix {
        [] => true,
        [name @ .., b':'] => name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b)),
        _ => false,
    };
    let behind = text.get(end..)?;
    let end = match kind {
        _ if !is_prefix => return None,
        TagKind::Open => {
            let next = behind.first()?;
            (next.is_ascii_whitespace() || matches!(next, b'>' | b'/')).then_some(end)?
        }
        TagKind::Close => {
            let spaces = behind
                .iter()
                .take(SPACE_BYTES_MAX)
                .take_while(|b| b.is_ascii_whitespace());
            let spaces = spaces.count();
            (behind.get(spaces) == Some(&b'>')).then_some(end + spaces + 1)?
        }
    };
    Some(EventTag {
        kind,
        start: prefix_from + bracket,
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(TagKind, &str)> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(tag) = next_event_tag(text.as_bytes(), from) {
            found.push((tag.kind, &text[tag.start..tag.end]));
            from = tag.end;
        }
        found
    }

    #[test]
    fn only_tags_of_events_count() {
        let text = "<Events><Event x='1'><EventData/></Event ><e:Event></e:Event></Events>Event>";
        let expected = [
            (TagKind::Open, "<Event"),
            (TagKind::Close, "</Event >"),
            (TagKind::Open, "<e:Event"),
            (TagKind::Close, "</e:Event>"),
        ];
        assert_eq!(all(text), expected);
        assert_eq!(last_event_end(text.as_bytes()), text.find("</Events>"));
    }
}
