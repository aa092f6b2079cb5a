//! The order of the attributes at the top of a document.

use crate::document::Node;

/// The order of the specification, as the public rules have it. What is not here comes last, in
/// the order it had.
const ORDER: [&str; 26] = [
    "action",
    "title",
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "scope",
    "logsource",
    "sequence",
    "incident",
    "correlation",
    "generate",
    "filter",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "regression_tests_path",
];

/// The documents with their attributes in order, each with the comments above it.
pub(super) fn reorder(text: &str, roots: &[Node<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for root in roots {
        let Some(blocks) = blocks(text, root, at) else {
            continue;
        };
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            continue;
        };
        out.push_str(text.get(at..first.start).unwrap_or_default());
        at = last.end;
        let mut ordered: Vec<&Block<'_>> = blocks.iter().collect();
        ordered.sort_by_key(|block| place(block.name));
        for block in ordered {
            out.push_str(text.get(block.start..block.end).unwrap_or_default());
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn place(name: &str) -> usize {
    let known = ORDER.iter().position(|known| *known == name);
    known.unwrap_or(ORDER.len())
}

/// The place of an attribute among others, for those who want to know whether they are in order.
struct Block<'t> {
    name: &'t str,
    start: usize,
    end: usize,
}

/// The attributes of a document with their text. `None` where they do not each begin a line.
fn blocks<'t>(text: &'t str, root: &'t Node<'_>, from: usize) -> Option<Vec<Block<'t>>> {
    let entries = root.as_map()?;
    let mut starts: Vec<(usize, &str)> = Vec::with_capacity(entries.len());
    for (key, _) in entries {
        let quoted = text.get(key.span.start..)?.starts_with(['\'', '"']);
        if key.span.column != 1 || key.span.start < from || quoted {
            return None;
        }
        starts.push((key.span.start, key.text.as_ref()));
    }
    starts.sort_unstable();
    let end = document_end(text, starts.last()?.0);
    let mut blocks: Vec<Block<'t>> = Vec::with_capacity(starts.len());
    for (start, name) in starts {
        let floor = blocks.last().map_or(from, |block| block.start);
        // The comments above the first attribute are about the file as often as about it.
        let begin = if blocks.is_empty() {
            start
        } else {
            with_comments(text, floor, start)
        };
        if let Some(before) = blocks.last_mut() {
            before.end = begin;
        }
        blocks.push(Block {
            name,
            start: begin,
            end,
        });
    }
    Some(blocks)
}

/// Where the comments that stand directly above begin.
fn with_comments(text: &str, floor: usize, start: usize) -> usize {
    let mut begin = start;
    for line in text
        .get(floor..start)
        .unwrap_or_default()
        .split_inclusive('\n')
        .rev()
    {
        if !line.starts_with('#') {
            break;
        }
        begin -= line.len();
    }
    begin
}

/// Where the document that has an attribute at `start` ends: at a line of `---` or `...`.
fn document_end(text: &str, start: usize) -> usize {
    let mut at = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        if line.starts_with("---") || line.starts_with("...") {
            return at;
        }
        at += line.len();
    }
    at
}
