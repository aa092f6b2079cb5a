//! Lengths of time as rules write them: `30s`, `5m`, `1h`.

use crate::diagnostic::Findings;
use crate::document::{Content, Node};

/// A century: more than any window needs, and far from the limits of nanoseconds.
const SECONDS_MAX: u64 = 100 * 365 * 86_400;

/// Reads a length of time in seconds; what is none is an error.
pub(crate) fn read(node: &Node<'_>, findings: &mut Findings) -> Option<u64> {
    let text = node.text().unwrap_or_default();
    let seconds = seconds(text);
    if seconds.is_none() {
        let shown = match &node.content {
            Content::Scalar(..) => format!("`{}`", text.escape_default()),
            Content::List(_) | Content::Map(_) => node.kind().to_owned(),
        };
        findings
            .error(node.span, format!("{shown} is not a length of time"))
            .help(
                "write a whole number above zero and one of s, m, h, d, w, M, y: `30s`, `5m`, `1h`",
            );
    }
    seconds
}

/// The seconds of `30s`, `5m`, `1h`, `7d`, `2w`, `1M` (30 days), `1y` (365 days).
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
        .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn lengths_of_time() {
        assert_eq!(seconds("30s"), Some(30));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("1M"), Some(2_592_000));
        for text in [
            "",
            "s",
            "0s",
            "-1m",
            "1.5h",
            "5 m",
            "5x",
            "99999999999999999999d",
            "999999999y",
            "5é",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
