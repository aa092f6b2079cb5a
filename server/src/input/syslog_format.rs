//! Which format comes over a syslog socket, or stands in a followed file.

use serde::{Deserialize, Deserializer, de};
use yagura_parsers::{Format, recognise};

/// By the first message of a client. A priority decides for [`Format::Syslog`], whose parser
/// knows the bodies of all other formats: a relay sends many kinds, and its first message must
/// not decide for one of them.
pub(super) fn of_message(message: &[u8]) -> Format {
    let message = message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message);
    if let [b'<', digit, ..] = message
        && digit.is_ascii_digit()
    {
        return Format::Syslog;
    }
    match recognise(message) {
        Format::Raw | Format::Evtx => Format::Syslog,
        format => format,
    }
}

/// Reads a format by its name from settings.
pub(super) fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Format>, D::Error> {
    let Some(name) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let found = Format::from_name(&name);
    let unknown = || {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        de::Error::custom(format!(
            "no format is called `{name}`; there are {}",
            names.join(", ")
        ))
    };
    found.map(Some).ok_or_else(unknown)
}
