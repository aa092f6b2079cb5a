//! Line by line: indentation, blanks at ends, empty lines.

use hashbrown::HashMap;

use super::indentation::{Line, plan};
use crate::document::Node;

/// The text with clean lines, and with the usual indentation if that is wanted.
pub(super) fn clean(text: &str, roots: &[Node<'_>], indent: bool) -> String {
    let plan = plan(text, roots);
    let lines: Vec<&str> = text.lines().collect();
    let columns = if indent {
        columns(&lines, &plan)
    } else {
        lines.iter().map(|line| leading(line)).collect()
    };
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for (at, (line, column)) in lines.iter().zip(columns).enumerate() {
        let inside = matches!(plan.get(&at), Some(Line::Continues { .. }));
        let content = line.trim_start_matches([' ', '\t']);
        if content.trim_end().is_empty() {
            empty += 1;
            // Within a value every line counts; elsewhere one is enough, and none at the top.
            if inside || (empty == 1 && !out.is_empty()) {
                if inside {
                    out.push_str(line);
                }
                out.push('\n');
            }
            continue;
        }
        empty = 0;
        out.extend(std::iter::repeat_n(' ', column));
        out.push_str(if inside { content } else { content.trim_end() });
        out.push('\n');
    }
    let kept = out.trim_end_matches('\n').len();
    out.truncate(kept);
    out.push('\n');
    out
}

fn leading(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The column of every line.
fn columns(lines: &[&str], plan: &HashMap<usize, Line>) -> Vec<usize> {
    let mut columns = Vec::with_capacity(lines.len());
    // How far the last line with a key or dash was moved.
    let mut shift = 0isize;
    let mut block_shift: Option<isize> = None;
    for (at, line) in lines.iter().enumerate() {
        let own = leading(line);
        let column = match plan.get(&at) {
            Some(Line::Begins { column }) => {
                shift = signed(*column) - signed(own);
                *column
            }
            Some(Line::Continues {
                block: Some(column),
            }) => {
                let first = block_shift.is_none();
                let by = if first {
                    block_begin(lines, plan, at, *column)
                } else {
                    block_shift
                };
                block_shift = by;
                moved(own, by.unwrap_or(shift))
            }
            Some(Line::Continues { block: None }) => moved(own, shift),
            None => comment(lines, plan, at, own, shift),
        };
        if !matches!(plan.get(&at), Some(Line::Continues { block: Some(_) })) {
            block_shift = None;
        }
        columns.push(column);
    }
    columns
}

fn signed(column: usize) -> isize {
    isize::try_from(column).unwrap_or(isize::MAX)
}

fn moved(column: usize, by: isize) -> usize {
    column.saturating_add_signed(by)
}

/// How far the lines of a block have to move, so that the least indented of them begins in the
/// column wanted.
fn block_begin(
    lines: &[&str],
    plan: &HashMap<usize, Line>,
    at: usize,
    column: usize,
) -> Option<isize> {
    let of_block =
        lines.iter().enumerate().skip(at).take_while(|(line, _)| {
            matches!(plan.get(line), Some(Line::Continues { block: Some(_) }))
        });
    let least = of_block
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(_, line)| leading(line))
        .min()?;
    Some(signed(column) - signed(least))
}

/// A comment stands where what follows it stands, if it did so before; else it moves with what
/// comes before.
fn comment(
    lines: &[&str],
    plan: &HashMap<usize, Line>,
    at: usize,
    own: usize,
    shift: isize,
) -> usize {
    if own == 0 {
        return 0;
    }
    let next = lines
        .iter()
        .enumerate()
        .skip(at + 1)
        .find_map(|(line, text)| match plan.get(&line) {
            Some(Line::Begins { column }) => Some((leading(text), *column)),
            _ => None,
        });
    match next {
        Some((theirs, column)) if theirs == own => column,
        _ => moved(own, shift),
    }
}
