//! Sizes and times as people write them.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};

/// Bytes: `65536`, `64KiB`, `10 GB`.
pub fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Quantity {
        what: "a size such as 64KiB or 10GB",
        plain: Some,
        read: read_bytes,
    })
}

/// The same, as a length in memory.
pub fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let bytes = bytes(deserializer)?;
    usize::try_from(bytes).map_err(|_| de::Error::custom("larger than this machine's memory"))
}

/// A time: `500ms`, `5s`, `10m`, `1h`, `2d`.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(Quantity {
        what: "a time such as 500ms, 5s, 10m, 1h or 2d",
        plain: |number| (number == 0).then_some(Duration::ZERO),
        read: read_time,
    })
}

struct Quantity<T> {
    what: &'static str,
    plain: fn(u64) -> Option<T>,
    read: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Quantity<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        (self.plain)(number)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// Reads a size.
pub fn read_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        "t" | "tib" => 1 << 40,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Reads a time.
pub fn read_time(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{read_bytes, read_time};

    #[test]
    fn quantities() {
        assert_eq!(read_bytes("64KiB"), Some(65_536));
        assert_eq!(read_bytes("10 GB"), Some(10_000_000_000));
        assert_eq!(read_bytes("7"), Some(7));
        assert_eq!(read_bytes("-7"), None);
        assert_eq!(read_bytes("99999999999999TB"), None);
        assert_eq!(read_time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(read_time("2d"), Some(Duration::from_secs(172_800)));
        assert_eq!(read_time("5"), None);
        assert_eq!(read_time("5 weeks"), None);
    }
}
