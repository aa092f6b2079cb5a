//! How expressions look on a terminal: one line, close to the notation of rules.

use std::fmt;

use crate::pattern::Case;
use crate::predicate::{DatePart, Expr, Network, Ordering, Predicate, Relation, Subject, Test};

/// `Image: '*\cmd.exe' and not (User: 'a' or User: 'b')`. Nothing is `always`, or `never` where
/// one of nothing is asked for.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(predicate) => predicate.fmt(f),
            Self::Not(inner) => {
                f.write_str("not ")?;
                inner.fmt_within(f)
            }
            Self::All(parts) if parts.is_empty() => f.write_str("always"),
            Self::Any(parts) if parts.is_empty() => f.write_str("never"),
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::AtLeast(count, parts) => {
                write!(f, "{count} of (")?;
                joined(f, parts, ", ")?;
                f.write_str(")")
            }
        }
    }
}

impl Expr {
    /// In parentheses where it would be read differently without.
    fn fmt_within(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) | Self::Any(parts) if !parts.is_empty() => write!(f, "({self})"),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], separator: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        part.fmt_within(f)?;
    }
    Ok(())
}

/// `field|modifier: value`; keywords have `keyword` in place of the field.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Field(name) => f.write_str(name)?,
            Subject::Anything => f.write_str("keyword")?,
        }
        self.test.fmt(f)
    }
}

/// What follows the field.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pattern) => {
                f.write_str(cased(pattern.case))?;
                f.write_str(": ")?;
                quoted(f, &pattern.to_string())
            }
            Self::Number { text, .. } => write!(f, ": {text}"),
            Self::Bool(value) => write!(f, ": {value}"),
            Self::Compare { ordering, text, .. } => write!(f, "|{}: {text}", ordering.name()),
            Self::Regex(regex) => {
                f.write_str("|re")?;
                for (set, flag) in [
                    (regex.case == Case::Insensitive, "|i"),
                    (regex.multi_line, "|m"),
                    (regex.dot_all, "|s"),
                ] {
                    f.write_str(if set { flag } else { "" })?;
                }
                f.write_str(": ")?;
                quoted(f, &regex.pattern)
            }
            Self::Network(network) => write!(f, "|cidr: {network}"),
            Self::Exists => f.write_str("|exists: true"),
            Self::Null => f.write_str(": null"),
            Self::Field {
                other,
                relation,
                case,
            } => write!(
                f,
                "|fieldref{}{}: {other}",
                relation.modifier(),
                cased(*case)
            ),
            Self::DatePart(part, value) => write!(f, "|{}: {value}", part.name()),
        }
    }
}

/// `address/bits`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

fn cased(case: Case) -> &'static str {
    match case {
        Case::Sensitive => "|cased",
        Case::Insensitive => "",
    }
}

/// In single quotes as YAML has them, with control characters escaped: what a rule says must
/// not reach the terminal as is.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write as _;
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\'' => f.write_str("''")?,
            c if c.is_control() => write!(f, "{}", c.escape_unicode())?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

impl Ordering {
    /// The modifier's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Less => "lt",
            Self::LessOrEqual => "lte",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "gte",
        }
    }
}

impl DatePart {
    /// The modifier's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl Relation {
    fn modifier(self) -> &'static str {
        match self {
            Self::Equals => "",
            Self::Contains => "|contains",
            Self::StartsWith => "|startswith",
            Self::EndsWith => "|endswith",
        }
    }
}
