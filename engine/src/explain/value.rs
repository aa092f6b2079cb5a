//! One value of an event, and every test on it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use yagura_parsers::{Value, ValueKind, time};
use yagura_rules::pattern::Case;
use yagura_rules::predicate::{DatePart, Network, Ordering, Relation, Test};

use super::glob::{Unit, equal, glob, units};

/// So many regular expressions are kept compiled.
const EXPRESSIONS_MAX: usize = 4_096;

/// A value with its text taken apart.
#[derive(Clone, Debug)]
pub(super) struct SeenValue {
    pub(super) kind: ValueKind,
    bytes: Vec<u8>,
    units: Vec<Unit>,
}

impl SeenValue {
    pub(super) fn new(value: Value<'_>) -> Self {
        let mut bytes = Vec::new();
        value.append_to(&mut bytes);
        Self {
            kind: value.kind,
            units: units(&bytes),
            bytes,
        }
    }

    pub(super) fn text(text: &[u8]) -> Self {
        Self::new(Value::new(ValueKind::Text, text))
    }

    /// Its text; what is not UTF-8 becomes U+FFFD.
    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(super) fn is_null(&self) -> bool {
        self.kind == ValueKind::Null
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// ASCII lower case, for names of channels and programs.
    pub(super) fn lower(&self) -> String {
        String::from_utf8_lossy(&self.bytes).to_ascii_lowercase()
    }

    /// `0x1a4` as `420`.
    pub(super) fn decimal(&self) -> Self {
        let text = self.string().unwrap_or_default();
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        let plain = digits.filter(|d| !d.starts_with('+'));
        match plain.and_then(|d| u64::from_str_radix(d, 16).ok()) {
            None => self.clone(),
            Some(number) => Self::text(number.to_string().as_bytes()),
        }
    }

    fn string(&self) -> Option<String> {
        String::from_utf8(self.bytes.clone()).ok()
    }

    /// Every test of a single value; absence is the caller's.
    pub(super) fn satisfies(&self, test: &Test) -> bool {
        if self.kind == ValueKind::Null {
            return false;
        }
        match test {
            Test::Text(pattern) => glob(pattern, &self.units),
            Test::Number { value, text } => {
                self.bytes == text.as_bytes() || self.equals_number(*value, text)
            }
            Test::Bool(value) => self.lower() == value.to_string(),
            Test::Compare {
                ordering,
                bound,
                text,
            } => self
                .order(*bound, text)
                .is_some_and(|order| match ordering {
                    Ordering::Less => order.is_lt(),
                    Ordering::LessOrEqual => order.is_le(),
                    Ordering::Greater => order.is_gt(),
                    Ordering::GreaterOrEqual => order.is_ge(),
                }),
            Test::Regex(regex) => {
                let mut flags = String::from("(?");
                flags.push_str(if regex.case == Case::Insensitive {
                    "i"
                } else {
                    ""
                });
                flags.push_str(if regex.multi_line { "m" } else { "" });
                flags.push_str(if regex.dot_all { "s" } else { "" });
                flags.push(':');
                let pattern = format!("{flags}{})", regex.pattern);
                cached(&pattern, |r| r.is_match(&self.bytes))
            }
            Test::Network(network) => self.address().is_some_and(|a| within(a, *network)),
            Test::DatePart(part, number) => self.date_part(*part) == Some(*number),
            // These need more than one value: the caller's.
            Test::Exists | Test::Null | Test::Field { .. } => false,
        }
    }

    pub(super) fn relates(&self, relation: Relation, case: Case, other: &Self) -> bool {
        if self.kind == ValueKind::Null || other.kind == ValueKind::Null {
            return false;
        }
        let same = |a: &[Unit], b: &[Unit]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(*a, *b, case))
        };
        let (a, b) = (&self.units, &other.units);
        match relation {
            Relation::Equals => same(a, b),
            Relation::StartsWith => a.get(..b.len()).is_some_and(|start| same(start, b)),
            Relation::EndsWith => (a.len().checked_sub(b.len()))
                .and_then(|from| a.get(from..))
                .is_some_and(|end| same(end, b)),
            Relation::Contains => b.is_empty() || a.windows(b.len()).any(|w| same(w, b)),
        }
    }

    fn number(&self) -> Option<f64> {
        let text = self.string().filter(|t| t.len() <= 64)?;
        let numeric = text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
        let number = text.parse::<f64>().ok()?;
        (numeric && number.is_finite()).then_some(number)
    }

    fn equals_number(&self, value: f64, written: &str) -> bool {
        let whole = |text: &str| text.parse::<i128>().ok();
        let mine = self.string().filter(|t| t.len() <= 64);
        match (mine.as_deref().and_then(whole), whole(written)) {
            (Some(a), Some(b)) => a == b,
            _ => self.number() == Some(value),
        }
    }

    fn order(&self, bound: f64, written: &str) -> Option<std::cmp::Ordering> {
        let whole = |text: &str| text.parse::<i128>().ok();
        let mine = self.string().filter(|t| t.len() <= 64);
        match (mine.as_deref().and_then(whole), whole(written)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => self.number()?.partial_cmp(&bound),
        }
    }

    fn address(&self) -> Option<IpAddr> {
        let text = self.string().filter(|t| t.len() <= 64)?;
        text.split('%').next()?.parse().ok()
    }

    fn date_part(&self, part: DatePart) -> Option<f64> {
        let digits_only = self.bytes.iter().all(u8::is_ascii_digit);
        if digits_only && self.bytes.len() < 9 {
            return None;
        }
        let time = time::parse_any(&self.bytes)?;
        let (year, month, day, nanos) = time.civil();
        let minute_of_day = (nanos / 60_000_000_000) as i32;
        Some(match part {
            DatePart::Minute => f64::from(minute_of_day % 60),
            DatePart::Hour => f64::from(minute_of_day / 60),
            DatePart::Day => f64::from(day),
            DatePart::Month => f64::from(month),
            DatePart::Year => f64::from(year),
            DatePart::Week => f64::from(time.iso_week()),
        })
    }
}

fn cached(pattern: &str, run: impl FnOnce(&regex::bytes::Regex) -> bool) -> bool {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local! {
        static COMPILED: RefCell<HashMap<String, Option<regex::bytes::Regex>>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|known| {
        if known.len() >= EXPRESSIONS_MAX {
            known.clear();
        }
        // The loader refuses rules whose expressions do not compile.
        let compile = || regex::bytes::Regex::new(pattern).ok();
        let expression = known.entry(pattern.to_owned()).or_insert_with(compile);
        expression.as_ref().is_some_and(run)
    })
}

/// Compares bit by bit, both as IPv6 addresses or both as IPv4.
fn within(address: IpAddr, network: Network) -> bool {
    let as_v6 = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let v4 = |ip: Ipv6Addr| ip.to_ipv4_mapped() as Option<Ipv4Addr>;
    let (address, first) = (as_v6(address), as_v6(network.address));
    if v4(address).is_some() != v4(first).is_some() {
        return false;
    }
    let offset = if network.address.is_ipv4() { 96 } else { 0 };
    let bits = offset + usize::from(network.prefix_bits);
    let bit = |ip: Ipv6Addr, i: usize| ip.to_bits() >> (127 - i) & 1;
    (0..bits.min(128)).all(|i| bit(address, i) == bit(first, i))
}
