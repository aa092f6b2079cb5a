//! Conditions: `selection and not 1 of filter_*`.
//!
//! ```text
//!  or   := and ("or" and)*
//!  and  := not ("and" not)*
//!  not  := "not" not | "(" or ")" | count "of" pattern | name
//!  count := number | "all" | "any"        pattern := name, `*` allowed | "them"
//! ```
//!
//! Words of the grammar are recognised in any case.

mod aggregation;
mod tokens;

use crate::diagnostic::{Findings, Span};
use crate::document::Node;
use crate::suggestion::nearest;
use tokens::{Kind, Token};

pub(crate) use aggregation::Context as AggregationContext;

/// How deep parentheses and `not` may be nested.
const DEPTH_MAX: usize = 64;

/// A condition over names, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Name(usize),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    AtLeast(usize, Vec<Condition>),
}

/// Where a condition stands, and what its names may be.
pub(crate) struct Scope<'s> {
    pub(crate) names: &'s [&'s str],
    /// Which names were used; of the length of `names`.
    pub(crate) used: &'s mut [bool],
    /// What a name is, for messages: `search identifier`, `rule`.
    pub(crate) what: &'static str,
    /// For the correlation that replaces an old aggregation.
    pub(crate) aggregation: AggregationContext<'s>,
}

/// Parses a condition. `None` when it has errors, which are then among the findings.
pub(crate) fn parse(
    node: &Node<'_>,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
) -> Option<Condition> {
    let Some(text) = node.text().filter(|text| !text.trim().is_empty()) else {
        let message = match node.kind() {
            "a list" | "a mapping" => format!("a condition must be text, not {}", node.kind()),
            _ => "the condition is empty".to_owned(),
        };
        findings
            .error(node.span, message)
            .help("write an expression over the search identifiers: `selection and not filter`");
        return None;
    };
    let (tokens, stray) = tokens::tokenize(text, node.span, &findings.file().text);
    if let Some((c, span)) = stray {
        findings
            .error(span, format!("`{}` has no meaning in a condition", c.escape_default()))
            .help("use `and`, `or`, `not`, parentheses, and names of letters, digits, `_`, `-` and `.`");
        return None;
    }
    if let Some(index) = tokens.iter().position(|token| token.kind == Kind::Pipe) {
        let (before, after) = tokens.split_at(index);
        aggregation::refuse(text, before, after, &scope.aggregation, findings);
        return None;
    }
    let mut parser = ConditionParser {
        tokens: &tokens,
        next: 0,
        depth: 0,
        end: node.span,
        scope,
        findings,
    };
    let condition = parser.or()?;
    match parser.peek() {
        None => Some(condition),
        Some(token) => {
            let (span, shown) = (token.span, token.text);
            let help = if token.kind == Kind::Close {
                "remove it, or add the opening parenthesis"
            } else {
                "join the two by `and` or `or`"
            };
            parser
                .findings
                .error(span, format!("`{shown}` does not continue the condition"))
                .help(help);
            None
        }
    }
}

/// The words of a condition that may be names, with their places.
pub(crate) fn words(node: &Node<'_>, file: &str) -> Vec<(String, Span)> {
    const GRAMMAR: [&str; 7] = ["and", "or", "not", "of", "all", "any", "them"];
    let text = node.text().unwrap_or_default();
    let (tokens, _) = tokens::tokenize(text, node.span, file);
    tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == Kind::Word && !token.text.contains('*'))
        .filter(|(_, token)| !GRAMMAR.iter().any(|word| token.is_word(word)))
        // The count of `2 of them` is no name.
        .filter(|(at, _)| !tokens.get(at + 1).is_some_and(|next| next.is_word("of")))
        .map(|(_, token)| (token.text.to_owned(), token.span))
        .collect()
}

struct ConditionParser<'p, 's> {
    tokens: &'p [Token<'p>],
    next: usize,
    depth: usize,
    /// Pointed at where the condition ends too early.
    end: Span,
    scope: &'p mut Scope<'s>,
    findings: &'p mut Findings,
}

impl<'p> ConditionParser<'p, '_> {
    fn peek(&self) -> Option<&'p Token<'p>> {
        self.tokens.get(self.next)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.tokens
            .get(self.next + ahead)
            .is_some_and(|token| token.is_word(word))
    }

    fn or(&mut self) -> Option<Condition> {
        let mut parts = vec![self.and()?];
        while self.is_word(0, "or") {
            self.next += 1;
            parts.push(self.and()?);
        }
        Some(joined(parts, Condition::Any))
    }

    fn and(&mut self) -> Option<Condition> {
        let mut parts = vec![self.not()?];
        while self.is_word(0, "and") {
            self.next += 1;
            parts.push(self.not()?);
        }
        Some(joined(parts, Condition::All))
    }

    fn not(&mut self) -> Option<Condition> {
        let Some(token) = self.peek() else {
            self.findings
                .error(self.end, "the condition ends too early")
                .help("a name is expected after `and`, `or`, `not` and `(`");
            return None;
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            self.findings
                .error(
                    token.span,
                    format!("the condition is nested more than {DEPTH_MAX} levels deep"),
                )
                .help("divide it: a list of conditions means any of them");
            return None;
        }
        let condition = match token.kind {
            Kind::Open => self.parenthesis(token),
            Kind::Word if token.is_word("not") => {
                self.next += 1;
                self.not().map(|inner| Condition::Not(Box::new(inner)))
            }
            Kind::Word if self.is_word(1, "of") => self.count_of(token),
            Kind::Word if !["and", "or", "of"].iter().any(|word| token.is_word(word)) => {
                self.name(token)
            }
            Kind::Word | Kind::Close | Kind::Pipe => {
                self.findings
                    .error(
                        token.span,
                        format!("a name is expected before `{}`", token.text),
                    )
                    .help("write a search identifier, `not`, or a parenthesis");
                None
            }
        };
        self.depth -= 1;
        condition
    }

    fn parenthesis(&mut self, open: &Token<'_>) -> Option<Condition> {
        self.next += 1;
        let inner = self.or()?;
        match self.peek() {
            Some(token) if token.kind == Kind::Close => {
                self.next += 1;
                Some(inner)
            }
            Some(token) => {
                self.findings
                    .error(
                        token.span,
                        format!("`{}` does not continue the condition", token.text),
                    )
                    .help("join the two by `and` or `or`, or close the parenthesis");
                None
            }
            None => {
                self.findings
                    .error(open.span, "this parenthesis is never closed")
                    .help("add the closing parenthesis");
                None
            }
        }
    }

    fn name(&mut self, token: &Token<'_>) -> Option<Condition> {
        self.next += 1;
        if let Some(index) = self.scope.names.iter().position(|name| *name == token.text) {
            self.mark(index);
            return Some(Condition::Name(index));
        }
        let what = self.scope.what;
        if token.text.contains('*') {
            self.findings
                .error(
                    token.span,
                    format!("the pattern `{}` needs to be counted", token.text),
                )
                .help(format!("write `1 of {0}` or `all of {0}`", token.text));
            return None;
        }
        let diagnostic = self
            .findings
            .error(token.span, format!("there is no {what} `{}`", token.text));
        match nearest(token.text, self.scope.names.iter().copied()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help(format!("known: {}", known(self.scope.names))),
        };
        None
    }

    fn mark(&mut self, index: usize) {
        if let Some(used) = self.scope.used.get_mut(index) {
            *used = true;
        }
    }

    /// `count of pattern`
    fn count_of(&mut self, count: &Token<'_>) -> Option<Condition> {
        self.next += 2;
        let Some(pattern) = self.peek().filter(|token| token.kind == Kind::Word) else {
            let span = self.peek().map_or(self.end, |token| token.span);
            self.findings
                .error(span, "a name, a pattern or `them` is expected after `of`")
                .help("for example `1 of selection_*`");
            return None;
        };
        self.next += 1;
        let matching = self.matching(pattern)?;
        for index in &matching {
            self.mark(*index);
        }
        let total = matching.len();
        let parts: Vec<_> = matching.into_iter().map(Condition::Name).collect();
        if count.is_word("all") {
            return Some(joined(parts, Condition::All));
        }
        let least = match count.text.parse::<usize>() {
            Ok(number) => number,
            Err(_) if count.is_word("any") => 1,
            Err(_) => {
                self.findings
                    .error(count.span, format!("`{}` is not a count", count.text))
                    .help("write a number, `all` or `any` before `of`");
                return None;
            }
        };
        match least {
            0 => {
                self.findings
                    .error(count.span, "`0 of` always holds")
                    .help("write `not 1 of` for none of them");
                None
            }
            1 => Some(joined(parts, Condition::Any)),
            _ => {
                if least > total {
                    self.findings
                        .warning(
                            count.span,
                            format!(
                                "this never holds: `{}` stands for {total} only",
                                pattern.text
                            ),
                        )
                        .help("lower the number, or write `all of`");
                }
                Some(Condition::AtLeast(least, parts))
            }
        }
    }

    /// The names that a pattern stands for; none is an error.
    fn matching(&mut self, pattern: &Token<'_>) -> Option<Vec<usize>> {
        let them = pattern.is_word("them");
        let fits = |name: &str| {
            if them {
                !name.starts_with('_')
            } else {
                fits(name, pattern.text)
            }
        };
        let names = self.scope.names.iter().enumerate();
        let matching: Vec<usize> = names
            .filter(|(_, name)| fits(name))
            .map(|(i, _)| i)
            .collect();
        if !matching.is_empty() {
            return Some(matching);
        }
        let what = self.scope.what;
        let stem = pattern.text.trim_end_matches('*').trim_end_matches('_');
        let stems = self
            .scope
            .names
            .iter()
            .map(|name| name.split_once('_').map_or(*name, |(s, _)| s));
        let diagnostic = self.findings.error(
            pattern.span,
            format!("no {what} matches `{}`", pattern.text),
        );
        match nearest(stem, stems) {
            Some(meant) if meant != stem => diagnostic.help(format!("did you mean `{meant}*`?")),
            _ => diagnostic.help(format!("known: {}", known(self.scope.names))),
        };
        None
    }
}

fn joined(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// Whether a name fits a pattern with `*`.
fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The names for a message, not more than fit a line or two.
fn known(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len() {
        0 => "none".to_owned(),
        n if n > SHOWN_MAX => format!("{} and {} more", shown.join(", "), n - SHOWN_MAX),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        assert!(fits("selection_a", "sel*"));
        assert!(fits("selection_a", "*_a"));
        assert!(fits("selection_a", "s*t*a"));
        assert!(fits("a", "a"));
        assert!(!fits("ab", "a"));
        assert!(!fits("aba", "ab*ba"));
        assert!(fits("", "*"));
    }
}
