//! Values that are read in a notation of their own: regular expressions and networks.

use super::{Comparison, Expansion, Item};
use crate::diagnostic::Span;
use crate::document::Node;
use crate::operand::{self, Expanded};
use crate::pattern::{Pattern, Piece};
use crate::predicate::{Expr, Network, Regex, Test};
use crate::selection::Reading;

impl Item<'_> {
    /// `expand`, before or after the modifier that says what the values are taken for.
    pub(super) fn expand(
        &mut self,
        name: &str,
        span: Span,
        reading: &mut Reading<'_>,
    ) -> Option<()> {
        self.expansion = Expansion::Placeholders;
        self.begin_text(name, reading)?;
        if self.comparison == Comparison::Plain {
            self.comparison = Comparison::Expanded;
        }
        if matches!(
            self.comparison,
            Comparison::Regex { .. } | Comparison::Network
        ) {
            let without = |node: &&Node<'_>| {
                node.text()
                    .is_some_and(|text| !operand::has_placeholder(text))
            };
            for _ in self.values.iter().copied().filter(without) {
                without_placeholder(span, reading);
            }
            return Some(());
        }
        let mut missing = Vec::new();
        for operand in &mut self.operands {
            match operand.expand(reading.placeholders, &mut missing) {
                Ok(true) => {}
                Ok(false) => without_placeholder(span, reading),
                Err(message) => {
                    reading
                        .findings
                        .error(operand.span, format!("`{name}`: {message}"));
                    return None;
                }
            }
            for placeholder in missing.drain(..) {
                reading.lacks_placeholder(placeholder, operand.span);
            }
        }
        Some(())
    }

    /// A regular expression or a network.
    pub(super) fn parsed(
        &self,
        text: &str,
        node: &Node<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Expr> {
        let test = match self.comparison {
            Comparison::Regex {
                case,
                multi_line,
                dot_all,
            } => {
                let regex = Regex {
                    pattern: text.to_owned(),
                    case,
                    multi_line,
                    dot_all,
                };
                regex_test(regex, node, reading)?
            }
            _ => network_test(text, node, reading)?,
        };
        self.is(test, node.span, reading)
    }

    /// The same for every text that placeholders make of it.
    pub(super) fn parsed_expansions(
        &self,
        text: &str,
        node: &Node<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Expr> {
        match operand::expand_text(text, reading.placeholders) {
            Err(message) => {
                reading
                    .findings
                    .error(node.span, format!("`expand`: {message}"));
                None
            }
            Ok(Expanded::Lacks(names)) => {
                for name in names {
                    reading.lacks_placeholder(name, node.span);
                }
                // The rule is inactive; this only shows what it says.
                let written = Pattern::from_pieces([Piece::Literal(text.to_owned())], self.case);
                self.is(Test::Text(written), node.span, reading)
            }
            Ok(Expanded::Texts(texts)) => {
                let mut alternatives = Vec::with_capacity(texts.len());
                for expanded in &texts {
                    alternatives.push(self.parsed(expanded, node, reading)?);
                }
                Some(Expr::any(alternatives))
            }
        }
    }
}

fn without_placeholder(span: Span, reading: &mut Reading<'_>) {
    reading
        .findings
        .warning(span, "`expand` on a value without a placeholder")
        .help("write placeholders as `%name%`, or remove `expand`; a name has letters, digits, `_`, `-`, `.`");
}

/// The place of a byte of a value; of the whole where the text comes from a placeholder.
fn place(at: Option<usize>, node: &Node<'_>, reading: &Reading<'_>) -> Span {
    let text = node.text().unwrap_or_default();
    at.map_or(node.span, |at| reading.span_in(node.span, text, at, 1))
}

fn regex_test(regex: Regex, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Test> {
    let as_written = node.text() == Some(&regex.pattern);
    match regex.parse() {
        Ok(parsed) => {
            if let Some(at) = parsed.weakened_at {
                let span = place(Some(at).filter(|_| as_written), node, reading);
                reading
                    .findings
                    .warning(
                        span,
                        "possessive quantifiers and atomic groups match as ordinary ones here",
                    )
                    .help("the expression may match more than in PCRE, which never gives back what they took; write `+` and `(?:…)` if that is meant");
            }
            Some(Test::Regex(parsed.regex))
        }
        Err(refused) => {
            let span = place(refused.at.filter(|_| as_written), node, reading);
            reading
                .findings
                .error(span, refused.message)
                .help(refused.help);
            None
        }
    }
}

fn network_test(text: &str, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Test> {
    let Some(parsed) = Network::parse(text) else {
        reading
            .findings
            .error(node.span, format!("`{text}` is not a network"))
            .help("write an address and its number of leading bits: `10.0.0.0/8`, `fe80::/10`");
        return None;
    };
    if parsed.had_host_bits {
        reading
            .findings
            .warning(
                node.span,
                format!(
                    "`{text}` has bits set beyond its prefix; it is taken as `{}`",
                    parsed.network
                ),
            )
            .help("write the first address of the network");
    }
    Some(Test::Network(parsed.network))
}
