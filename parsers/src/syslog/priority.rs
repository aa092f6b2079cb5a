//! The priority: facility and severity in one number (RFC 5424, section 6.2.1).

use nom::Parser;
use nom::bytes::complete::take_while_m_n;
use nom::character::complete::char;
use nom::sequence::delimited;

use crate::time::text::Parsed;

/// Facility times eight plus severity. A facility is unknown where only a severity was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Priority {
    facility: Option<u8>,
    severity: u8,
}

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

impl Priority {
    /// A severity without a facility, as Cisco writes it into the message.
    pub(super) fn of_severity(severity: u8) -> Option<Self> {
        (usize::from(severity) < SEVERITIES.len()).then_some(Self {
            facility: None,
            severity,
        })
    }

    /// The priority, unless its number is above the highest that has a meaning.
    pub(super) fn known(self) -> Option<Self> {
        let facility = usize::from(self.facility.unwrap_or(0));
        (facility < FACILITIES.len()).then_some(self)
    }

    pub(super) fn facility_name(self) -> Option<&'static str> {
        FACILITIES.get(usize::from(self.facility?)).copied()
    }

    pub(super) fn severity_name(self) -> &'static str {
        SEVERITIES[usize::from(self.severity & 7)]
    }
}

/// `<34>`. Any number of up to three digits is taken, so that a sender that counts wrong does
/// not cost the line.
pub(super) fn bracketed(input: &[u8]) -> Parsed<'_, Priority> {
    let digits = take_while_m_n(1, 3, |b: u8| b.is_ascii_digit());
    let (rest, digits) = delimited(char('<'), digits, char('>')).parse(input)?;
    let number = digits
        .iter()
        .fold(0_u16, |n, d| n * 10 + u16::from(d - b'0'));
    let priority = Priority {
        facility: Some((number >> 3) as u8),
        severity: (number & 7) as u8,
    };
    Ok((rest, priority))
}
