//! Texts that travel within a record of another protocol, which knows more of them than they say
//! themselves.
//!
//! | text | becomes |
//! |---|---|
//! | syslog, audit records, access logs, Windows XML | that format, as it stands: it has its own time |
//! | CEF, LEEF, Snare, `key=value` without a header | that format, with a syslog header in front |
//! | any other text of a known program | syslog with that program, whose grammar then reads it |
//! | a JSON object, any other text | for the caller to write as a JSON line |

use std::fmt::Write;

use yagura_parsers::{Format, Timestamp, recognise};

use super::Batch;

/// What the protocol says of a text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Envelope<'a> {
    pub(crate) time: Option<Timestamp>,
    pub(crate) host: Option<&'a str>,
    pub(crate) program: Option<&'a str>,
    pub(crate) pid: Option<&'a str>,
    /// As syslog counts it: 0 emergency to 7 debug.
    pub(crate) severity: Option<u8>,
}

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// It is in the batch.
    Taken,
    /// It looks like a JSON object.
    Object,
    /// It is of no known format.
    Plain,
}

/// Facility `user`.
const FACILITY: u8 = 1;
const INFORMATIONAL: u8 = 6;
/// RFC 5424, section 6: no part of a header is longer.
const WORD_BYTES_MAX: usize = 255;

impl Envelope<'_> {
    /// Puts a text into the batch if it says itself what it is.
    pub(crate) fn put(&self, text: &str, batch: &mut Batch) -> Text {
        let text = text.trim();
        let format = recognise(text.as_bytes());
        match format {
            Format::JsonLines | Format::Json => return Text::Object,
            Format::WindowsXml => batch.record(format, text.as_bytes()),
            Format::Syslog | Format::AccessLog => batch.line(format, text.as_bytes()),
            Format::Auditd => self.audit(text, batch),
            Format::Cef | Format::Leef | Format::Snare | Format::KeyValue => {
                let with_header = self.with_header(text, has_header(format, text));
                batch.line(format, with_header.as_bytes());
            }
            Format::Evtx | Format::Raw => {
                if self.program.is_none() || text.is_empty() {
                    return Text::Plain;
                }
                batch.line(
                    Format::Syslog,
                    self.with_header(text, Header::Missing).as_bytes(),
                );
            }
        }
        Text::Taken
    }

    /// The records of one event may come in one text.
    #[expect(
        clippy::unused_self,
        reason = "audit records have a time, but no place for a host"
    )]
    fn audit(&self, text: &str, batch: &mut Batch) {
        for line in text.lines() {
            batch.line(Format::Auditd, line.as_bytes());
        }
    }

    fn with_header(&self, text: &str, header: Header) -> String {
        let mut line = String::new();
        if header == Header::Missing {
            let priority = FACILITY * 8 + self.severity.unwrap_or(INFORMATIONAL).min(7);
            // Writing to a string does not fail.
            let _ = match self.time {
                Some(time) => write!(line, "<{priority}>1 {time}"),
                None => write!(line, "<{priority}>1 -"),
            };
            for word in [self.host, self.program, self.pid] {
                line.push(' ');
                push_word(&mut line, word);
            }
            line.push_str(" - - ");
        }
        line.push_str(text);
        line
    }
}

/// Whether a text brings a header of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Present,
    Missing,
}

fn has_header(format: Format, text: &str) -> Header {
    let begins_bare = match format {
        Format::Cef => text.starts_with("CEF:"),
        Format::Leef => text.starts_with("LEEF:"),
        Format::Snare => text.starts_with("MSWinEventLog"),
        // Pairs begin with a key; a priority or a time in front of them does not.
        _ => text.starts_with(|first: char| first.is_alphabetic() || first == '_'),
    };
    if begins_bare {
        Header::Missing
    } else {
        Header::Present
    }
}

fn push_word(line: &mut String, word: Option<&str>) {
    let word = word.unwrap_or_default();
    if word.is_empty() {
        return line.push('-');
    }
    let printable = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    line.extend(word.chars().take(WORD_BYTES_MAX).map(printable));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::http::unix_seconds;

    fn envelope() -> Envelope<'static> {
        Envelope {
            time: unix_seconds("1700000000.5"),
            host: Some("web 01"),
            ..Envelope::default()
        }
    }

    #[test]
    fn a_header_goes_before_what_has_none() {
        let envelope = envelope();
        assert_eq!(
            envelope.with_header("CEF:0|", has_header(Format::Cef, "CEF:0|")),
            "<14>1 2023-11-14T22:13:20.5Z web_01 - - - - CEF:0|"
        );
        let headed = "<13>Jan  1 00:00:00 h CEF:0|";
        assert_eq!(
            envelope.with_header(headed, has_header(Format::Cef, headed)),
            headed
        );
        let timed = "2024-01-02T03:04:05Z a=b c=d";
        assert_eq!(has_header(Format::KeyValue, timed), Header::Present);
        assert_eq!(has_header(Format::KeyValue, "a=b c=d"), Header::Missing);
    }
}
