//! One item of a search identifier: `field|modifier|…: value or list`.
//!
//! Modifiers apply in the order written. Those that change text (`contains`, `base64offset`)
//! work on the values at once; those that change the comparison (`re`, `cidr`, `lt`) set what
//! the values are taken for in the end.

mod combination;
mod parsed;
mod quoted_number;

use crate::diagnostic::Span;
use crate::document::{Content, Key, Node, Scalar, Style, number};
use crate::modifier::Modifier;
use crate::operand::{Open, Operand};
use crate::pattern::{Case, Pattern, Piece, parse_pieces};
use crate::predicate::{DatePart, Expr, Ordering, Predicate, Relation, Subject, Test};
use crate::selection::Reading;
use crate::suggestion::nearest;

/// What the values are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// As they stand: text, numbers, booleans, null.
    Plain,
    /// Text that modifiers have changed.
    Text,
    /// Values of placeholders, which may still become anything.
    Expanded,
    Regex {
        case: Case,
        multi_line: bool,
        dot_all: bool,
    },
    Network,
    Order(Ordering),
    Field(Relation),
    Presence,
    DatePart(DatePart),
}

/// How the values of a list belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Linking {
    Any,
    All,
}

struct Item<'n> {
    subject: Subject,
    comparison: Comparison,
    linking: Linking,
    case: Case,
    negated: bool,
    /// The values as written.
    values: Vec<&'n Node<'n>>,
    /// The values as text, once a modifier has changed them.
    operands: Vec<Operand>,
    /// Whether the values hold placeholders.
    expansion: Expansion,
}

/// Whether `expand` was among the modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expansion {
    None,
    Placeholders,
}

/// Reads an item. `None` when it has errors, which are then among the findings.
pub(crate) fn read(key: &Key<'_>, value: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
    let mut parts = key.text.split('|');
    let field = parts.next().unwrap_or_default();
    let mut modifiers = Vec::new();
    let mut skip = field.len() + 1;
    for name in parts {
        let span = reading.span_in(key.span, &key.text, skip, name.len());
        skip += name.len() + 1;
        modifiers.push((modifier(name, span, reading)?, name, span));
    }
    let subject = if field.is_empty() {
        Subject::Anything
    } else {
        Subject::Field(field.to_owned())
    };
    if subject == Subject::Anything && modifiers.is_empty() {
        reading
            .findings
            .error(key.span, "this item has no field name")
            .help("name a field, or write `'|all': […]` for keywords that must all occur");
        return None;
    }
    let mut item = Item {
        subject,
        comparison: Comparison::Plain,
        linking: Linking::Any,
        case: Case::Insensitive,
        negated: false,
        values: values(value, reading)?,
        operands: Vec::new(),
        expansion: Expansion::None,
    };
    for (modifier, name, span) in modifiers {
        item.apply(modifier, name, span, reading)?;
    }
    item.finish(key, reading)
}

/// Plain values as keywords: any of them must occur somewhere in the event.
pub(crate) fn keyword(value: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
    let item = Item {
        subject: Subject::Anything,
        comparison: Comparison::Plain,
        linking: Linking::Any,
        case: Case::Insensitive,
        negated: false,
        values: vec![value],
        operands: Vec::new(),
        expansion: Expansion::None,
    };
    let key = Key {
        text: "".into(),
        style: Style::Plain,
        span: value.span,
    };
    item.finish(&key, reading)
}

fn modifier(name: &str, span: Span, reading: &mut Reading<'_>) -> Option<Modifier> {
    let found = Modifier::from_name(name);
    if found.is_none() {
        let diagnostic = reading
            .findings
            .error(span, format!("there is no modifier `{name}`"));
        match nearest(name, Modifier::names()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help(
                "known: contains, startswith, endswith, all, cased, exists, neq, re (i, m, s), windash, base64, base64offset, wide, utf16, utf16be, cidr, lt, lte, gt, gte, fieldref, expand, minute, hour, day, week, month, year",
            ),
        };
    }
    found
}

/// The scalars of an item's value.
fn values<'n>(value: &'n Node<'n>, reading: &mut Reading<'_>) -> Option<Vec<&'n Node<'n>>> {
    let list = value.one_or_many();
    if list.is_empty() {
        reading
            .findings
            .error(value.span, "an empty list matches nothing")
            .help("list at least one value; `null` matches an absent field, `''` an empty one");
        return None;
    }
    let mut scalars = Vec::with_capacity(list.len());
    for node in list {
        if !matches!(node.content, Content::Scalar(..)) {
            reading
                .findings
                .error(node.span, format!("a value cannot be {}", node.kind()))
                .help("write text, a number, a boolean or null, or a list of them");
            return None;
        }
        if value.as_list().is_some() && node.is_null() {
            reading
                .findings
                .warning(node.span, "null in a list of values")
                .help("it matches an absent field; write it as an item of its own, or as `''` if an empty value is meant");
        }
        scalars.push(node);
    }
    Some(scalars)
}

impl Item<'_> {
    fn apply(
        &mut self,
        modifier: Modifier,
        name: &str,
        span: Span,
        reading: &mut Reading<'_>,
    ) -> Option<()> {
        if let Err((message, help)) = self.check(modifier, name) {
            reading.findings.error(span, message).help(help);
            return None;
        }
        match modifier {
            Modifier::All => {
                if self.values.len() == 1 {
                    reading
                        .findings
                        .warning(span, "`all` has no effect on a single value")
                        .help("remove it, or list the values that must all match");
                }
                self.linking = Linking::All;
            }
            Modifier::Cased => self.case = Case::Sensitive,
            Modifier::Neq => self.negated = true,
            Modifier::Exists => self.comparison = Comparison::Presence,
            Modifier::Re => {
                self.comparison = Comparison::Regex {
                    case: Case::Sensitive,
                    multi_line: false,
                    dot_all: false,
                };
            }
            Modifier::IgnoreCase | Modifier::MultiLine | Modifier::DotAll => self.flag(modifier),
            Modifier::Cidr => self.comparison = Comparison::Network,
            Modifier::Compare(ordering) => self.comparison = Comparison::Order(ordering),
            Modifier::FieldRef => self.comparison = Comparison::Field(Relation::Equals),
            Modifier::DatePart(part) => self.comparison = Comparison::DatePart(part),
            Modifier::Expand => self.expand(name, span, reading)?,
            Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith
                if matches!(self.comparison, Comparison::Field(_)) =>
            {
                self.comparison = Comparison::Field(match modifier {
                    Modifier::Contains => Relation::Contains,
                    Modifier::StartsWith => Relation::StartsWith,
                    _ => Relation::EndsWith,
                });
            }
            _ => self.change_text(modifier, name, reading)?,
        }
        Some(())
    }

    fn flag(&mut self, modifier: Modifier) {
        if let Comparison::Regex {
            case,
            multi_line,
            dot_all,
        } = &mut self.comparison
        {
            match modifier {
                Modifier::IgnoreCase => *case = Case::Insensitive,
                Modifier::MultiLine => *multi_line = true,
                _ => *dot_all = true,
            }
        }
    }

    fn change_text(
        &mut self,
        modifier: Modifier,
        name: &str,
        reading: &mut Reading<'_>,
    ) -> Option<()> {
        self.begin_text(name, reading)?;
        self.comparison = Comparison::Text;
        for operand in &mut self.operands {
            let changed = match modifier {
                Modifier::Contains => operand.open(Open::Both),
                Modifier::StartsWith => operand.open(Open::End),
                Modifier::EndsWith => operand.open(Open::Start),
                Modifier::WinDash => operand.windash(),
                Modifier::Base64 => operand.base64(),
                Modifier::Base64Offset => operand.base64_offset(),
                Modifier::Utf16(order) => operand.utf16(order),
                _ => Ok(()),
            };
            if let Err(message) = changed {
                reading
                    .findings
                    .error(operand.span, format!("`{name}`: {message}"));
                return None;
            }
        }
        Some(())
    }

    /// Takes the values for text, if no modifier has done so before.
    fn begin_text(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<()> {
        if self.comparison != Comparison::Plain {
            return Some(());
        }
        for node in &self.values {
            let Some(text) = node.text() else {
                reading
                    .findings
                    .error(node.span, format!("null cannot be used with `{name}`"))
                    .help("quote it if the text `null` is meant, or give it an item of its own");
                return None;
            };
            self.operands.push(Operand::parse(text, node.span));
        }
        Some(())
    }

    fn finish(self, key: &Key<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
        let mut parts = Vec::with_capacity(self.values.len());
        if matches!(self.comparison, Comparison::Text | Comparison::Expanded) {
            for operand in &self.operands {
                parts.extend(self.text_of(operand, key, reading));
            }
        } else {
            for node in &self.values {
                parts.extend(self.compare(node, reading));
            }
        }
        // Every value was looked at, so that all errors of a list are told at once.
        if parts.len() < self.values.len() {
            return None;
        }
        // `neq` is none of the values, with `all` as well as without. It holds where the
        // field is absent, too.
        Some(match (self.negated, self.linking) {
            (true, _) => Expr::Not(Box::new(Expr::any(parts))),
            (false, Linking::Any) => Expr::any(parts),
            (false, Linking::All) => Expr::all(parts),
        })
    }

    fn text_of(&self, operand: &Operand, key: &Key<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
        let mut patterns = Vec::with_capacity(operand.alternatives.len());
        for form in &operand.alternatives {
            match form.clone().into_text() {
                Ok(pieces) => patterns.push(match self.expanded_number(&pieces) {
                    Some(number) => self.is(number, operand.span, reading)?,
                    None => self.text(pieces, operand.span, reading)?,
                }),
                Err(message) => {
                    reading.findings.error(key.span, message);
                    return None;
                }
            }
        }
        Some(Expr::any(patterns))
    }

    /// A comparison with text; that of keywords is open on both sides.
    fn text(&self, mut pieces: Vec<Piece>, span: Span, reading: &mut Reading<'_>) -> Option<Expr> {
        let keyword = self.subject == Subject::Anything;
        if keyword {
            pieces.insert(0, Piece::AnyRun);
            pieces.push(Piece::AnyRun);
        }
        let pattern = Pattern::from_pieces(pieces, self.case);
        if pattern.fits_everything() && (keyword || self.comparison != Comparison::Plain) {
            reading
                .findings
                .warning(span, "this value matches everything")
                .help("write what must occur; `exists: true` asks whether the field is there");
        }
        self.is(Test::Text(pattern), span, reading)
    }

    /// A value as written, by what the modifiers said it is.
    fn compare(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
        let test = match self.comparison {
            Comparison::Plain | Comparison::Text | Comparison::Expanded => {
                return self.plain(node, reading);
            }
            Comparison::Presence => return self.presence(node, reading),
            Comparison::Regex { .. } | Comparison::Network => {
                let text = self.written(node, reading)?;
                return match self.expansion {
                    Expansion::None => self.parsed(text, node, reading),
                    Expansion::Placeholders => self.parsed_expansions(text, node, reading),
                };
            }
            Comparison::Order(ordering) => Test::Compare {
                ordering,
                bound: Self::number(node, reading)?,
                text: node.text().unwrap_or_default().trim().to_owned(),
            },
            Comparison::DatePart(part) => Test::DatePart(part, Self::number(node, reading)?),
            Comparison::Field(relation) => Test::Field {
                other: self.written(node, reading)?.to_owned(),
                relation,
                case: self.case,
            },
        };
        self.is(test, node.span, reading)
    }

    /// A value without modifiers.
    fn plain(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
        let keyword = self.subject == Subject::Anything;
        let test = match node.scalar() {
            Some(Scalar::Null) if keyword => {
                reading
                    .findings
                    .error(node.span, "a keyword cannot be empty")
                    .help("write the text to look for");
                return None;
            }
            Some(Scalar::Null) => Test::Null,
            Some(Scalar::Bool(value)) if !keyword => Test::Bool(value),
            Some(Scalar::Number(value)) if !keyword && value.abs() <= quoted_number::EXACT_MAX => {
                Test::Number {
                    value,
                    text: node.text().unwrap_or_default().to_owned(),
                }
            }
            _ => {
                let text = node.text().unwrap_or_default();
                match self.number_in_text(text) {
                    Some(number) => number,
                    None => return self.text(parse_pieces(text), node.span, reading),
                }
            }
        };
        if self.case == Case::Sensitive {
            let kind = if node.is_null() { "null" } else { node.kind() };
            reading
                .findings
                .warning(node.span, format!("`cased` has no effect on {kind}"))
                .help("remove it, or quote the value if text is meant");
        }
        self.is(test, node.span, reading)
    }

    fn presence(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
        let wanted = match node.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes") => true,
            Some("false" | "no") => false,
            _ => {
                reading
                    .findings
                    .error(node.span, "`exists` needs a boolean")
                    .help("write `true` or `false`");
                return None;
            }
        };
        let exists = self.is(Test::Exists, node.span, reading)?;
        Some(if wanted {
            exists
        } else {
            Expr::Not(Box::new(exists))
        })
    }

    /// The text of a value that must have some.
    fn written<'n>(&self, node: &'n Node<'_>, reading: &mut Reading<'_>) -> Option<&'n str> {
        let text = node.text().filter(|text| !text.is_empty());
        if text.is_none() {
            reading.findings.error(
                node.span,
                format!("an empty value cannot be used with {}", self.so_far()),
            );
        }
        text
    }

    fn number(node: &Node<'_>, reading: &mut Reading<'_>) -> Option<f64> {
        let value = node.text().and_then(|text| number(text.trim()));
        if value.is_none() {
            reading
                .findings
                .error(
                    node.span,
                    format!(
                        "a number is needed here, not `{}`",
                        node.text().unwrap_or("null")
                    ),
                )
                .help("write it in decimal digits");
        }
        value
    }

    fn is(&self, test: Test, span: Span, reading: &mut Reading<'_>) -> Option<Expr> {
        reading.spend(1, span)?;
        Some(Expr::Is(Predicate {
            subject: self.subject.clone(),
            test,
        }))
    }
}
