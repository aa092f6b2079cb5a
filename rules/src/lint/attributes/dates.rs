//! `date` and `modified`.

use crate::document::Node;
use crate::lint::report::Report;

pub(super) fn check(root: &Node<'_>, report: &mut Report) {
    let read = |name: &str, report: &mut Report| {
        let node = root.get(name)?;
        let date = one(name, node, node.text()?, report)?;
        Some((date, node.span))
    };
    let written = read("date", report);
    let modified = read("modified", report);
    if let (Some((written, first)), Some((modified, span))) = (written, modified)
        && modified < written
    {
        report
            .find(108, span, "`modified` lies before `date`")
            .help("exchange or correct them")
            .related(first, "written here");
    }
}

type Date = (u16, u8, u8);

fn one(name: &str, node: &Node<'_>, text: &str, report: &mut Report) -> Option<Date> {
    if let Some(date) = parse(text, '-') {
        if is_possible(date) {
            return Some(date);
        }
        report
            .find(107, node.span, format!("there is no day `{text}`"))
            .help("write year, month and day: `2026-01-31`");
        return None;
    }
    let slashed = parse(text, '/');
    let found = report.find(
        106,
        node.span,
        format!("`{name}` is not of the form year-month-day"),
    );
    match slashed.filter(|date| is_possible(*date)) {
        Some((year, month, day)) => {
            let quote = node.span.len == text.len() + 2;
            let date = format!("{year:04}-{month:02}-{day:02}");
            found.help(format!("write `{date}`"));
            if !quote {
                found.replace(node.span, date);
            }
        }
        None => {
            found.help("write `2026-01-31`");
        }
    }
    slashed
}

fn parse(text: &str, separator: char) -> Option<Date> {
    let mut parts = text.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shape = parts.next().is_none()
        && year.len() == 4
        && (separator == '/' || (month.len() == 2 && day.len() == 2));
    let date = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    shape.then_some(date)
}

fn is_possible((year, month, day): Date) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::{is_possible, parse};

    #[test]
    fn dates() {
        assert_eq!(parse("2024-02-29", '-'), Some((2024, 2, 29)));
        assert!(is_possible((2024, 2, 29)));
        assert!(!is_possible((2023, 2, 29)));
        assert!(!is_possible((2023, 13, 1)));
        assert_eq!(parse("2024-2-9", '-'), None);
        assert_eq!(parse("2024/2/9", '/'), Some((2024, 2, 9)));
        assert_eq!(parse("29.2.2024", '-'), None);
    }
}
