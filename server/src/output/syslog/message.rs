//! A finding as an RFC 5424 message.

use std::fmt::Write as _;

use yagura_parsers::Timestamp;
use yagura_rules::Level;

use crate::finding::{Finding, Kind, State};

/// Private enterprise number that is reserved for documentation (RFC 5612): there is none of our
/// own.
const SD_ID: &str = "yagura@32473";
/// Characters of a parameter's value; titles are shorter.
const VALUE_CHARS_MAX: usize = 256;

/// What all messages begin with.
pub(super) struct Header {
    facility: u8,
    hostname: String,
    process: u32,
}

impl Header {
    pub(super) fn new(facility: u8, hostname: Option<&str>) -> Self {
        let own = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let hostname = hostname.map_or_else(own, str::to_owned);
        let hostname: String = hostname
            .trim()
            .chars()
            .filter(char::is_ascii_graphic)
            .take(255)
            .collect();
        Self {
            facility,
            hostname: if hostname.is_empty() {
                "-".to_owned()
            } else {
                hostname
            },
            process: std::process::id(),
        }
    }

    /// The message. A record that would make it too long is left out, and `record` says so.
    pub(super) fn message(&self, finding: &Finding, bytes_max: usize) -> Vec<u8> {
        let mut message = self.head(finding);
        let longest = bytes_max.saturating_sub(message.len() + 2);
        if finding.json.len() <= longest {
            message.push_str("] ");
            let mut message = message.into_bytes();
            message.extend_from_slice(&finding.json);
            return message;
        }
        let _ = write!(message, " record=\"omitted\"] {}", plain(&finding.title));
        message.into_bytes()
    }

    fn head(&self, finding: &Finding) -> String {
        let severity = match finding.level {
            Level::Critical => 2,
            Level::High => 3,
            Level::Medium => 4,
            Level::Low => 5,
            Level::Informational => 6,
        };
        let priority = u32::from(self.facility) * 8 + severity;
        let kind = match finding.kind {
            Kind::Detection => "detection",
            Kind::Alert => "alert",
            Kind::Incident => "incident",
        };
        let mut head = format!("<{priority}>1 ");
        write_time(&mut head, finding.time);
        let (hostname, process) = (&self.hostname, self.process);
        let _ = write!(
            head,
            " {hostname} yagura {process} {kind} [{SD_ID} id=\"{:032x}\" level=\"{}\"",
            finding.id,
            finding.level.name()
        );
        let state = finding.state.map(|state| match state {
            State::Open => "open",
            State::Update => "update",
            State::Closed => "closed",
        });
        let params = [
            ("state", state.unwrap_or_default()),
            ("rule", &finding.rule),
            ("title", &finding.title),
        ];
        for (name, value) in params {
            if !value.is_empty() {
                let _ = write!(head, " {name}=\"{}\"", escaped(value));
            }
        }
        head
    }
}

/// RFC 5424 allows six digits of a fraction.
fn write_time(out: &mut String, time: Timestamp) {
    if time == Timestamp::UNKNOWN {
        out.push('-');
        return;
    }
    let microseconds = time.0.div_euclid(1000) * 1000;
    let _ = write!(out, "{}", Timestamp(microseconds));
}

/// RFC 5424, 6.3.3.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for char in plain(value).chars() {
        if matches!(char, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// Texts of rules and logs may hold anything; receivers take control characters badly.
fn plain(text: &str) -> String {
    let chars = text.chars().take(VALUE_CHARS_MAX);
    chars
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding {
            kind: Kind::Alert,
            state: Some(State::Open),
            id: 0xab,
            time: Timestamp(1_700_000_000_123_456_789),
            level: Level::High,
            rule: "r-1".to_owned(),
            title: "say \"x]\\\n".to_owned(),
            json: b"{\"kind\":\"alert\"}".to_vec(),
        }
    }

    fn header() -> Header {
        Header {
            facility: 16,
            hostname: "siem".to_owned(),
            process: 7,
        }
    }

    #[test]
    fn has_the_record() {
        let message = header().message(&finding(), 8192);
        let expected = "<131>1 2023-11-14T22:13:20.123456Z siem yagura 7 alert \
            [yagura@32473 id=\"000000000000000000000000000000ab\" level=\"high\" state=\"open\" \
            rule=\"r-1\" title=\"say \\\"x\\]\\\\ \"] {\"kind\":\"alert\"}";
        assert_eq!(String::from_utf8_lossy(&message), expected);
    }

    #[test]
    fn leaves_a_long_record_out() {
        let mut finding = finding();
        finding.json = vec![b' '; 9000];
        let message = header().message(&finding, 8192);
        assert!(message.len() < 400);
        assert!(String::from_utf8_lossy(&message).contains(" record=\"omitted\"] say "));
    }
}
