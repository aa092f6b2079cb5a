//! The modifiers of a field: `CommandLine|contains|all`.

use crate::encoding::ByteOrder;
use crate::predicate::{DatePart, Ordering};

/// A modifier of the specification, version 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    Contains,
    StartsWith,
    EndsWith,
    All,
    Cased,
    Exists,
    Neq,
    Re,
    IgnoreCase,
    MultiLine,
    DotAll,
    WinDash,
    Base64,
    Base64Offset,
    Utf16(ByteOrder),
    Cidr,
    Compare(Ordering),
    FieldRef,
    Expand,
    DatePart(DatePart),
}

/// All names, also those that are only other names.
const NAMES: [(&str, Modifier); 34] = [
    ("contains", Modifier::Contains),
    ("startswith", Modifier::StartsWith),
    ("endswith", Modifier::EndsWith),
    ("all", Modifier::All),
    ("cased", Modifier::Cased),
    ("exists", Modifier::Exists),
    ("neq", Modifier::Neq),
    ("re", Modifier::Re),
    ("i", Modifier::IgnoreCase),
    ("ignorecase", Modifier::IgnoreCase),
    ("m", Modifier::MultiLine),
    ("multiline", Modifier::MultiLine),
    ("s", Modifier::DotAll),
    ("dotall", Modifier::DotAll),
    ("windash", Modifier::WinDash),
    ("base64", Modifier::Base64),
    ("base64offset", Modifier::Base64Offset),
    ("wide", Modifier::Utf16(ByteOrder::Little)),
    ("utf16le", Modifier::Utf16(ByteOrder::Little)),
    ("utf16be", Modifier::Utf16(ByteOrder::Big)),
    ("utf16", Modifier::Utf16(ByteOrder::Marked)),
    ("cidr", Modifier::Cidr),
    ("lt", Modifier::Compare(Ordering::Less)),
    ("lte", Modifier::Compare(Ordering::LessOrEqual)),
    ("gt", Modifier::Compare(Ordering::Greater)),
    ("gte", Modifier::Compare(Ordering::GreaterOrEqual)),
    ("fieldref", Modifier::FieldRef),
    ("expand", Modifier::Expand),
    ("minute", Modifier::DatePart(DatePart::Minute)),
    ("hour", Modifier::DatePart(DatePart::Hour)),
    ("day", Modifier::DatePart(DatePart::Day)),
    ("week", Modifier::DatePart(DatePart::Week)),
    ("month", Modifier::DatePart(DatePart::Month)),
    ("year", Modifier::DatePart(DatePart::Year)),
];

impl Modifier {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, modifier)| *modifier)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}
