//! A rule's boolean expression as an indented tree.

use std::fmt::Write;

use yagura_rules::pattern::{Case, Pattern, Piece};
use yagura_rules::predicate::{DatePart, Expr, Ordering, Predicate, Relation, Subject, Test};

use super::escape::visible;

const STEP: &str = "  ";

/// Writes an expression, one test a line.
pub fn tree(out: &mut String, expr: &Expr, depth: usize) {
    // Writing to a string cannot fail.
    let indent = STEP.repeat(depth);
    let (heading, parts) = match expr {
        Expr::Is(predicate) => {
            let _ = writeln!(out, "{indent}{}", test(predicate));
            return;
        }
        Expr::All(parts) => ("all of".to_owned(), parts.as_slice()),
        Expr::Any(parts) => ("any of".to_owned(), parts.as_slice()),
        Expr::AtLeast(count, parts) => (format!("at least {count} of"), parts.as_slice()),
        Expr::Not(inner) => ("not".to_owned(), std::slice::from_ref(&**inner)),
    };
    if let ([only], Expr::All(_) | Expr::Any(_)) = (parts, expr) {
        return tree(out, only, depth);
    }
    let _ = writeln!(out, "{indent}{heading}");
    for part in parts {
        tree(out, part, depth + 1);
    }
}

/// One test in a line.
fn test(predicate: &Predicate) -> String {
    let subject = match &predicate.subject {
        Subject::Field(name) => visible(name),
        Subject::Anything => "(anything)".into(),
    };
    let test = match &predicate.test {
        Test::Text(pattern) => text(pattern),
        Test::Number { text, .. } => format!("= {}", visible(text)),
        Test::Bool(value) => format!("is {value}"),
        Test::Compare(ordering, bound) => format!("{} {bound}", sign(*ordering)),
        Test::Regex(regex) => {
            let mut flags = String::new();
            for (given, flag) in [
                (regex.case == Case::Insensitive, 'i'),
                (regex.multi_line, 'm'),
                (regex.dot_all, 's'),
            ] {
                if given {
                    flags.push(flag);
                }
            }
            format!("matches /{}/{flags}", visible(&regex.pattern))
        }
        Test::Network(network) => format!("within {}/{}", network.address, network.prefix_bits),
        Test::Exists => "exists".to_owned(),
        Test::Null => "is absent or null".to_owned(),
        Test::Field {
            other,
            relation,
            case,
        } => {
            let relation = relation_name(*relation);
            format!("{relation} field {}{}", visible(other), case_note(*case))
        }
        Test::DatePart(part, value) => format!("{} = {value}", part_name(*part)),
    };
    format!("{subject} {test}")
}

fn text(pattern: &Pattern) -> String {
    let (mut pieces, mut open_start, mut open_end) = (pattern.pieces.as_slice(), false, false);
    if let [Piece::AnyRun, rest @ ..] = pieces {
        (pieces, open_start) = (rest, true);
    }
    if let [rest @ .., Piece::AnyRun] = pieces {
        (pieces, open_end) = (rest, true);
    }
    let relation = match (open_start, open_end) {
        (false, false) => "=",
        (true, false) => "ends with",
        (false, true) => "starts with",
        (true, true) => "contains",
    };
    if pieces.is_empty() && open_start {
        return "= *".to_owned();
    }
    let mut value = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => value.push_str(&visible(literal)),
            Piece::AnyRun => value.push('*'),
            Piece::AnyOne => value.push('?'),
        }
    }
    format!("{relation} '{value}'{}", case_note(pattern.case))
}

fn case_note(case: Case) -> &'static str {
    match case {
        Case::Insensitive => "",
        Case::Sensitive => " (case counts)",
    }
}

fn sign(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::Less => "<",
        Ordering::LessOrEqual => "<=",
        Ordering::Greater => ">",
        Ordering::GreaterOrEqual => ">=",
    }
}

fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Equals => "=",
        Relation::Contains => "contains",
        Relation::StartsWith => "starts with",
        Relation::EndsWith => "ends with",
    }
}

fn part_name(part: DatePart) -> &'static str {
    match part {
        DatePart::Minute => "minute",
        DatePart::Hour => "hour",
        DatePart::Day => "day",
        DatePart::Week => "week",
        DatePart::Month => "month",
        DatePart::Year => "year",
    }
}
