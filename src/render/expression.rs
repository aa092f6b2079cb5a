//! A rule's boolean expression as an indented tree, one test a line.

use std::fmt::Write;

use yagura_rules::predicate::Expr;

use super::escape::visible;

const STEP: &str = "  ";

/// Writes an expression, indented by `depth` steps.
pub fn tree(out: &mut String, expr: &Expr, depth: usize) {
    // Writing to a string cannot fail.
    let indent = STEP.repeat(depth);
    let (heading, parts) = match expr {
        Expr::Is(predicate) => {
            let _ = writeln!(out, "{indent}{}", visible(&predicate.to_string()));
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
