//! Tests of one value, compiled. The fast tables answer most of them many at a time; this is
//! the answer for one, used for the rest and to say what made a rule match.

use std::net::IpAddr;
use std::sync::OnceLock;

use yagura_parsers::{ValueKind, time};
use yagura_rules::pattern::Case;
use yagura_rules::predicate::{DatePart, Network, Ordering, Regex, Relation, Test};

use crate::fold::fold_into;
use crate::matcher::pattern::WildPattern;
use crate::number::Numeric;

/// A compiled [`Test`].
#[derive(Clone, Debug)]
pub(crate) enum Check {
    Text(WildPattern),
    Number {
        value: Numeric,
        text: Box<[u8]>,
    },
    Bool(&'static str),
    Compare(Ordering, Numeric),
    Regex(Box<Expression>),
    Network(Network),
    Exists,
    Null,
    /// The other field's sources are in [`super::plan::Predicate::other`].
    Field(Relation, Case),
    DatePart(DatePart, f64),
}

impl Check {
    pub(crate) fn new(test: &Test) -> Self {
        match test {
            Test::Text(pattern) => Self::Text(WildPattern::new(pattern)),
            Test::Number { value, text } => Self::Number {
                value: Numeric::parse(text.as_bytes()).unwrap_or(Numeric::Real(*value)),
                text: text.as_bytes().into(),
            },
            Test::Bool(true) => Self::Bool("true"),
            Test::Bool(false) => Self::Bool("false"),
            Test::Compare {
                ordering,
                bound,
                text,
            } => {
                let bound = Numeric::parse(text.as_bytes()).unwrap_or(whole_or_real(*bound));
                Self::Compare(*ordering, bound)
            }
            Test::Regex(regex) => Self::Regex(Box::new(Expression::new(regex))),
            Test::Network(network) => Self::Network(*network),
            Test::Exists => Self::Exists,
            Test::Null => Self::Null,
            Test::Field { relation, case, .. } => Self::Field(*relation, *case),
            Test::DatePart(part, number) => Self::DatePart(*part, *number),
        }
    }

    /// Whether one value, given by its kind and its text, satisfies the test. `folded` is room for its folded form.
    ///
    /// [`Check::Null`] on absent fields and [`Check::Field`] need more than one value and are
    /// answered elsewhere.
    pub(crate) fn holds(&self, kind: ValueKind, text: &[u8], folded: &mut Vec<u8>) -> bool {
        if kind == ValueKind::Null {
            return matches!(self, Self::Exists | Self::Null);
        }
        match self {
            Self::Text(pattern) if pattern.case == Case::Sensitive => pattern.matches(text),
            Self::Text(pattern) => {
                folded.clear();
                fold_into(text, folded);
                pattern.matches(folded)
            }
            Self::Number {
                value: number,
                text: written,
            } => text == &**written || Numeric::parse(text).is_some_and(|n| n == *number),
            Self::Bool(name) => text.eq_ignore_ascii_case(name.as_bytes()),
            Self::Compare(ordering, bound) => {
                Numeric::parse(text).is_some_and(|n| compares(n, *ordering, *bound))
            }
            Self::Regex(expression) => expression.is_match(text),
            Self::Network(network) => parse_address(text).is_some_and(|a| is_within(a, *network)),
            Self::Exists => true,
            Self::DatePart(part, number) => date_part(text, *part) == Some(*number),
            Self::Null | Self::Field(..) => false,
        }
    }
}

fn whole_or_real(bound: f64) -> Numeric {
    // A whole bound compares exactly with whole values of any size.
    if bound.fract() == 0.0 && bound.abs() < 9e15 {
        Numeric::Whole(bound as i128)
    } else {
        Numeric::Real(bound)
    }
}

fn compares(value: Numeric, ordering: Ordering, bound: Numeric) -> bool {
    match ordering {
        Ordering::Less => value < bound,
        Ordering::LessOrEqual => value <= bound,
        Ordering::Greater => value > bound,
        Ordering::GreaterOrEqual => value >= bound,
    }
}

/// An expression, compiled when a value is first tested: most never are, and compiling all of
/// them for every class would take longer than all the rest.
///
/// Texts beyond ASCII are rare. For the others an expression means the same without Unicode's
/// classes and case folding, and is a small fraction of the size and of the work to compile.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    written: Regex,
    for_ascii: OnceLock<Option<regex::bytes::Regex>>,
    for_all: OnceLock<Option<regex::bytes::Regex>>,
}

impl Expression {
    fn new(written: &Regex) -> Self {
        Self {
            written: written.clone(),
            for_ascii: OnceLock::new(),
            for_all: OnceLock::new(),
        }
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let compiled = if text.is_ascii() {
            // What cannot be said without Unicode (`\p{Greek}`) is compiled with it.
            let with_unicode = || compile_regex(&self.written, true);
            let for_ascii = || compile_regex(&self.written, false).or_else(with_unicode);
            self.for_ascii.get_or_init(for_ascii)
        } else {
            let for_all = || compile_regex(&self.written, true);
            self.for_all.get_or_init(for_all)
        };
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// The loader has compiled every expression before; a failure here is a limit that it did not
/// know, and the test then never holds.
fn compile_regex(regex: &Regex, unicode: bool) -> Option<regex::bytes::Regex> {
    regex::bytes::RegexBuilder::new(&regex.pattern)
        .unicode(unicode)
        .case_insensitive(regex.case == Case::Insensitive)
        .multi_line(regex.multi_line)
        .dot_matches_new_line(regex.dot_all)
        .build()
        .ok()
}

/// The parsed form, for finding required literals.
pub(crate) fn regex_hir(regex: &Regex) -> Option<regex_syntax::hir::Hir> {
    regex_syntax::ParserBuilder::new()
        .utf8(false)
        .case_insensitive(regex.case == Case::Insensitive)
        .multi_line(regex.multi_line)
        .dot_matches_new_line(regex.dot_all)
        .build()
        .parse(&regex.pattern)
        .ok()
}

/// An address, IPv4-mapped IPv6 as IPv4, an IPv6 zone (`%eth0`) ignored.
pub(crate) fn parse_address(text: &[u8]) -> Option<IpAddr> {
    // The longest spelling of an address with a zone that is worth reading.
    if text.len() > 64 {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

pub(crate) fn is_within(address: IpAddr, network: Network) -> bool {
    let mapped = network.address.to_canonical();
    match (address, mapped) {
        (IpAddr::V4(address), IpAddr::V4(first)) => {
            // A mapped network (`::ffff:10.0.0.0/104`) counts its bits from the IPv6 side.
            let bits = if network.address.is_ipv6() {
                network.prefix_bits.saturating_sub(96)
            } else {
                network.prefix_bits
            };
            let differing = u32::from(address) ^ u32::from(first);
            bits == 0 || differing >> (32 - u32::from(bits.min(32))) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(first)) => {
            let differing = u128::from(address) ^ u128::from(first);
            let bits = network.prefix_bits;
            bits == 0 || differing >> (128 - u32::from(bits.min(128))) == 0
        }
        _ => false,
    }
}

fn date_part(text: &[u8], part: DatePart) -> Option<f64> {
    // Counted from 1970 in whatever unit, dates of this century have nine digits or more; a port
    // or a counter is no date.
    if text.len() < 9 && text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let time = time::parse_any(text)?;
    let (year, month, day, nanos_of_day) = time.civil();
    let minutes = (nanos_of_day / 60_000_000_000) as i32;
    Some(match part {
        DatePart::Minute => f64::from(minutes % 60),
        DatePart::Hour => f64::from(minutes / 60),
        DatePart::Day => f64::from(day),
        DatePart::Week => f64::from(time.iso_week()),
        DatePart::Month => f64::from(month),
        DatePart::Year => f64::from(year),
    })
}

/// Whether `value` relates to `other`; both folded where case does not count.
pub(crate) fn relates(value: &[u8], relation: Relation, other: &[u8]) -> bool {
    match relation {
        Relation::Equals => value == other,
        Relation::Contains => memchr::memmem::find(value, other).is_some(),
        Relation::StartsWith => value.starts_with(other),
        Relation::EndsWith => value.ends_with(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_rules::pattern::Case;
    use yagura_rules::predicate::Regex;

    use super::{Expression, compile_regex};

    const PATTERNS: [&str; 8] = [
        r"\w+`(?:\w+|-|.)`[\w+|\s]",
        r"[^\\]{1,9}$",
        r"k\b.s",
        r"\d{2}\S?\W",
        r"\p{Greek}|a",
        r"[é-ü]x",
        r"\Bs\x{212A}?",
        r"(?i:straße|KS)",
    ];

    proptest! {
        #[test]
        fn ascii_texts_need_no_unicode(
            pattern in prop::sample::select(PATTERNS.to_vec()),
            insensitive: bool,
            text in "[ks`\\\\0-9 \n.a\u{212a}éΩ]{0,12}",
        ) {
            let regex = Regex {
                pattern: pattern.to_owned(),
                case: if insensitive { Case::Insensitive } else { Case::Sensitive },
                multi_line: false,
                dot_all: false,
            };
            let full = compile_regex(&regex, true).unwrap();
            let expression = Expression::new(&regex);
            prop_assert_eq!(expression.is_match(text.as_bytes()), full.is_match(text.as_bytes()));
        }
    }
}
