//! Detections as a table for people.
//!
//! ```text
//!  TIME (UTC)           LEVEL     HOST              RULE                MATCHED
//!  2024-01-02 03:04:05  high      ws01.example.org  Encoded PowerShell  Image=C:\Win…ell.exe  …
//! ```
//!
//! Columns have fixed widths, since rows are made before the others are known. On narrow
//! terminals the matched fields take a line of their own.

use std::io::Write;

use yagura_parsers::Timestamp;
use yagura_rules::{Level, Meta};

use super::colour::{Style, paint};
use super::detection::{DetectionView, shown_value};
use super::escape::visible_bytes;
use crate::detection::{Field, FieldList};
use crate::scan::TimeSlot;
use crate::terminal::{Colour, Stream};

const TIME_WIDTH: usize = 19;
const LEVEL_WIDTH: usize = 8;
const HOST_WIDTH: usize = 18;
const GAP: &str = "  ";
const CUT: &str = "…";
/// No more matched fields than these fit into any line.
const CELLS_MAX: usize = 16;
const NAME_WIDTH_MAX: usize = 24;
/// Shorter than this a value says nothing any more.
const VALUE_WIDTH_MIN: usize = 10;
/// Of longer values only so many bytes of both ends are looked at.
const VALUE_END_BYTES: usize = 2048;
const INDENT: &str = "    ";

/// The widths that depend on the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    colour: Colour,
    title_width: usize,
    matched: Matched,
}

#[derive(Clone, Copy, Debug)]
enum Matched {
    SameLine { width: usize },
    NextLine { width: usize },
}

impl Layout {
    /// The layout for a stream.
    pub fn of(stream: Stream) -> Self {
        let before_title = TIME_WIDTH + LEVEL_WIDTH + HOST_WIDTH + 3 * GAP.len();
        let left = stream.width.saturating_sub(before_title);
        let (title_width, matched) = if left >= 90 {
            let title = (left / 3).min(44);
            let width = left - title - GAP.len();
            (title, Matched::SameLine { width })
        } else {
            let width = stream.width.saturating_sub(INDENT.len());
            (left, Matched::NextLine { width })
        };
        Self {
            colour: stream.colour,
            title_width,
            matched,
        }
    }
}

/// The name of a level in its column.
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Informational => "info",
        other => other.name(),
    }
}

/// The coloured level, padded to its column.
pub fn level_cell(level: Level, colour: Colour) -> String {
    let cell = format!("{:LEVEL_WIDTH$}", level_name(level));
    paint(&cell, Style::Level(level), colour)
}

pub fn header(out: &mut Vec<u8>, layout: Layout) {
    let mut text = format!(
        "{:TIME_WIDTH$}{GAP}{:LEVEL_WIDTH$}{GAP}{:HOST_WIDTH$}{GAP}",
        "TIME (UTC)", "LEVEL", "HOST"
    );
    match layout.matched {
        Matched::SameLine { .. } => {
            text += &pad("RULE", layout.title_width);
            text += GAP;
            text += "MATCHED";
        }
        Matched::NextLine { .. } => text += "RULE",
    }
    // Writing to a vector cannot fail.
    let _ = writeln!(out, "{}", paint(&text, Style::Heading, layout.colour));
}

/// The rule's title, cut or padded to its column.
pub fn rule(out: &mut Vec<u8>, layout: Layout, meta: &Meta) {
    title(out, layout, &meta.title);
}

/// The same for any title.
pub fn title(out: &mut Vec<u8>, layout: Layout, title: &str) {
    let title = visible_bytes(title.as_bytes());
    let title = console::truncate_str(&title, layout.title_width, CUT);
    let title = match layout.matched {
        Matched::SameLine { .. } => pad(&title, layout.title_width),
        Matched::NextLine { .. } => title.into_owned(),
    };
    out.extend_from_slice(title.as_bytes());
}

pub fn detection(out: &mut Vec<u8>, layout: Layout, view: &DetectionView<'_>) {
    row(
        out,
        layout,
        &Row {
            time: view.time,
            level: view.rule.level,
            host: view.host.unwrap_or(b"-"),
            title: &view.rule.text,
            fields: view.matched,
        },
    );
    if let Some(event) = view.event {
        out.extend_from_slice(event);
    }
}

/// The cells of a row.
pub struct Row<'a> {
    /// When.
    pub time: Timestamp,
    /// How grave.
    pub level: Level,
    /// What stands in the column of hosts.
    pub host: &'a [u8],
    /// The title as [`rule`] and [`title`] make it.
    pub title: &'a [u8],
    /// What stands behind it.
    pub fields: &'a FieldList,
}

/// Writes a row.
pub fn row(out: &mut Vec<u8>, layout: Layout, row: &Row<'_>) {
    clock(out, row.time);
    let level = level_cell(row.level, layout.colour);
    let host = visible_bytes(row.host);
    // The domain, at the end, is mostly the same for all.
    let host = pad(&console::truncate_str(&host, HOST_WIDTH, CUT), HOST_WIDTH);
    let _ = write!(out, "{GAP}{level}{GAP}{host}{GAP}");
    out.extend_from_slice(row.title);
    match layout.matched {
        Matched::SameLine { width } => {
            out.extend_from_slice(GAP.as_bytes());
            matched(out, row.fields, width, layout.colour);
        }
        Matched::NextLine { width } if row.fields.fields().len() > 0 => {
            out.push(b'\n');
            out.extend_from_slice(INDENT.as_bytes());
            matched(out, row.fields, width, layout.colour);
        }
        Matched::NextLine { .. } => {}
    }
    while out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

/// Where the time stands.
pub const TIME_SLOT: TimeSlot = TimeSlot {
    offset: 0,
    write: clock,
};

/// `2024-01-02 03:04:05`, or a dash, always as wide.
pub fn clock(out: &mut Vec<u8>, time: Timestamp) {
    let text = time.to_string();
    let text = text.get(..TIME_WIDTH).unwrap_or("-").replace('T', " ");
    let _ = write!(out, "{text:TIME_WIDTH$}");
}

/// A matched field, ready to be shown.
struct Cell {
    name: String,
    value: String,
}

impl Cell {
    fn of(field: Field<'_>) -> Self {
        let name = cut_middle(&visible_bytes(field.name()), NAME_WIDTH_MAX);
        let mut value = String::new();
        for (index, v) in field.values().enumerate() {
            if index > 0 {
                value += ", ";
            }
            value += &shortened(shown_value(v));
            if value.len() > 2 * VALUE_END_BYTES {
                break;
            }
        }
        Self { name, value }
    }

    fn width(&self) -> usize {
        columns(&self.name) + 1 + columns(&self.value)
    }

    fn width_min(&self) -> usize {
        let value = columns(&self.value).min(VALUE_WIDTH_MIN);
        columns(&self.name) + 1 + value
    }
}

/// Writes the fields into one line, in their order, as many as there is room for, and how many
/// there are besides.
fn matched(out: &mut Vec<u8>, fields: &FieldList, width: usize, colour: Colour) {
    let count = fields.fields().len();
    let mut cells: Vec<Cell> = fields.fields().take(CELLS_MAX).map(Cell::of).collect();
    let note = format!("{GAP}+{count}");
    let mut used = 0;
    let fits = |cell: &&Cell| {
        used += cell.width_min() + GAP.len();
        used + note.len() <= width + GAP.len()
    };
    // The first is shown in any case.
    let shown = cells.iter().take_while(fits).count().max(1);
    cells.truncate(shown);
    let note = match count - cells.len() {
        0 => String::new(),
        more => format!("{GAP}+{more}"),
    };
    let gaps = cells.len().saturating_sub(1) * GAP.len();
    let share = fair_share(&cells, width.saturating_sub(gaps + note.len()));
    for (index, cell) in cells.iter().enumerate() {
        let gap = if index == 0 { "" } else { GAP };
        let value = cut_middle(&cell.value, share.saturating_add(VALUE_WIDTH_MIN));
        let name = paint(&format!("{}=", cell.name), Style::Dim, colour);
        let _ = write!(out, "{gap}{name}{value}");
    }
    out.extend_from_slice(note.as_bytes());
}

/// How many columns each cell may have beyond its least width, so that all fit into the room:
/// what narrow cells do not need is left to the wide ones (max-min fairness).
fn fair_share(cells: &[Cell], room: usize) -> usize {
    let least: usize = cells.iter().map(Cell::width_min).sum();
    let mut slack = room.saturating_sub(least);
    let mut needs: Vec<usize> = cells.iter().map(|c| c.width() - c.width_min()).collect();
    needs.sort_unstable();
    for (index, need) in needs.iter().enumerate() {
        let share = slack / (needs.len() - index);
        if *need > share {
            return share;
        }
        slack -= need;
    }
    usize::MAX
}

/// Writes the fields of an event, one a line.
pub fn event(out: &mut Vec<u8>, event: &FieldList, layout: Layout) {
    for field in event.fields() {
        let name = visible_bytes(field.name());
        for value in field.values() {
            let value = visible_bytes(shown_value(value));
            let name = paint(&format!("{name}="), Style::Dim, layout.colour);
            let _ = writeln!(out, "{INDENT}{name}{value}");
        }
    }
}

fn shortened(value: &[u8]) -> String {
    if value.len() <= 2 * VALUE_END_BYTES {
        return visible_bytes(value).into_owned();
    }
    let (head, rest) = value.split_at(VALUE_END_BYTES);
    let tail = &rest[rest.len() - VALUE_END_BYTES..];
    format!("{}{CUT}{}", visible_bytes(head), visible_bytes(tail))
}

/// How many columns text takes.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        console::measure_text_width(text)
    }
}

/// Text with blanks up to a width.
pub fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{:blanks$}", "")
}

/// Cuts the middle out of text that is too wide: of paths and command lines both ends matter.
pub fn cut_middle(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let tail_width = room * 2 / 5;
    let head = text.chars();
    let tail = text.chars().rev();
    let head = fitting(head, room - tail_width);
    let tail: String = fitting(tail, tail_width).chars().rev().collect();
    format!("{head}{CUT}{tail}")
}

/// The first characters that fit into a width.
fn fitting(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut text = String::new();
    let (mut used, mut buffer) = (0, [0; 4]);
    for c in chars {
        used += columns(c.encode_utf8(&mut buffer));
        if used > width {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_parsers::{Timestamp, Value, ValueKind};

    use super::{clock, columns, cut_middle, matched};
    use crate::detection::{Duplicates, FieldList, ListLimits};
    use crate::terminal::Colour;

    fn line(pairs: &[(&str, &str)], width: usize) -> String {
        let mut list = FieldList::new(Duplicates::Drop, ListLimits::NONE);
        for (name, text) in pairs {
            list.push(
                name.as_bytes(),
                Value::new(ValueKind::Text, text.as_bytes()),
            );
        }
        let mut out = Vec::new();
        matched(&mut out, &list, width, Colour::Off);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn shows_times_without_fraction() {
        let mut out = Vec::new();
        clock(&mut out, Timestamp(1_704_164_645_123_000_000));
        clock(&mut out, Timestamp::UNKNOWN);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "2024-01-02 03:04:05-                  "
        );
    }

    #[test]
    fn keeps_both_ends_of_what_is_too_wide() {
        assert_eq!(
            cut_middle(r"C:\Windows\System32\cmd.exe", 20),
            r"C:\Windows\S…cmd.exe"
        );
        assert_eq!(cut_middle("short", 20), "short");
        assert_eq!(columns(&cut_middle("櫓櫓櫓櫓櫓櫓", 7)), 7);
    }

    #[test]
    fn shares_the_line_between_fields() {
        let pairs = [
            ("Image", r"C:\Windows\System32\cmd.exe"),
            ("User", "bob"),
            ("keywords", "mimikatz"),
        ];
        assert_eq!(
            line(&pairs, 120),
            r"Image=C:\Windows\System32\cmd.exe  User=bob  keywords=mimikatz"
        );
        assert_eq!(
            line(&pairs, 60),
            r"Image=C:\Windows\Syst…2\cmd.exe  User=bob  keywords=mimikatz"
        );
        assert_eq!(line(&pairs, 30), r"Image=C:\Win…exe  User=bob  +1");
    }

    proptest! {
        #[test]
        fn never_wider_than_asked(
            pairs in prop::collection::vec(("[a-zA-Z]{1,30}", ".{0,60}"), 1..8),
            width in 40..200usize,
        ) {
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let got = line(&pairs, width);
            prop_assert!(columns(&got) <= width, "{} > {width}: {got}", columns(&got));
            prop_assert!(!got.contains('\n'));
        }
    }
}
