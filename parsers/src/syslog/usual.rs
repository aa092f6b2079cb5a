//! The header that most lines have, read straight through: `TIME HOST PROGRAM[PID]: MESSAGE`,
//! perhaps with a priority in front.
//!
//! Whatever is the least bit unusual is left to the grammars, which give the same for what is
//! read here.

use super::minute::LastMinute;
use super::{Header, priority};
use crate::time::Timestamp;

/// The header of a line; `None` says nothing about the line.
#[inline]
pub(super) fn header<'a>(
    line: &'a [u8],
    minute: &LastMinute,
    near: Timestamp,
) -> Option<Header<'a>> {
    let (text, priority) = match line {
        [b'<', ..] => priority::bracketed(line)
            .ok()
            .map(|(text, priority)| (text, Some(priority)))?,
        _ => (line, None),
    };
    let (text, time) = minute.read(text, near)?;
    let (host, text) = name(text, IN_HOST)?;
    let (program, text) = name(text.strip_prefix(b" ")?, IN_PROGRAM)?;
    let text = text.strip_prefix(b"[")?;
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (pid, text) = text.split_at_checked(digits)?;
    let message = text.strip_prefix(b"]: ")?;
    // Cisco's lines may carry a program too, in front of the mnemonic. An empty pid is no tag.
    if pid.is_empty() || host == b"last" || message.first() == Some(&b'%') {
        return None;
    }
    Some(Header {
        priority: priority.and_then(priority::Priority::known),
        time,
        host,
        program,
        pid,
        message,
        ..Header::default()
    })
}

const IN_HOST: u8 = 1;
const IN_PROGRAM: u8 = 2;

/// Which kinds of name may hold a byte.
const NAME_BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut i = 0;
    while i < 256 {
        bytes[i] = match i as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => IN_HOST | IN_PROGRAM,
            b'/' => IN_PROGRAM,
            _ => 0,
        };
        i += 1;
    }
    bytes
};

/// A name that begins with a letter, and what follows.
#[inline]
fn name(text: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let belongs = |byte: &u8| NAME_BYTES[usize::from(*byte)] & kind != 0;
    let end = text.iter().position(|byte| !belongs(byte))?;
    text.first()?
        .is_ascii_alphabetic()
        .then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::minute::LastMinute;
    use super::super::{header as by_grammar, near_behind, text_behind_priority};
    use crate::time::{Timestamp, parse_any};

    fn near() -> Timestamp {
        parse_any(b"2024-03-07T12:00:00Z").unwrap()
    }

    fn is_read(lines: &[&str]) -> bool {
        let mut minute = LastMinute::default();
        let mut read = false;
        for line in lines {
            let line = line.as_bytes();
            read = super::header(line, &minute, near()).is_some();
            minute.learn(text_behind_priority(line), near());
        }
        read
    }

    #[test]
    fn reads_the_second_line_of_a_minute() {
        for line in [
            "Mar  7 12:00:07 host sshd[1]: text",
            "<34>Mar  7 12:00:07 host sshd[1]: text",
            "2024-03-07T12:00:07.25+01:00 host sshd[1]: text",
            "2024-03-07T12:00:07Z host.example postfix/smtpd[1]: text",
        ] {
            assert!(!is_read(&[line]), "{line}");
            assert!(is_read(&[line, line]), "{line}");
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let time = prop_oneof![prop::sample::select(vec![
            "Mar  7 12:00:",
            "Mar 17 12:01:",
            "mar  7 12:00:",
            "Mar 7 12:00:",
            "Feb 29 12:00:",
            "Jan  1 00:00:",
            "2024-03-07T12:00:",
            "2024-03-07 12:00:",
            "2024-03-07T12:01:",
        ]),];
        let second = prop::sample::select(vec!["00", "07", "59", "60", "61", "0x"]);
        let fraction = prop::sample::select(vec!["", "", ".25", ",25", ".", ".0123456789"]);
        let offset = prop::sample::select(vec![
            "", "", "Z", "+01:00", "-0130", "+02", " UTC", " +01:00", " 2024", ": ", "+99:00",
        ]);
        let host = prop::sample::select(vec![
            "host",
            "host",
            "last",
            "2001:db8::1",
            "h:",
            "1host",
            "Web",
            "",
            "CEF:0",
            " host",
            "a[1]:",
        ]);
        let tag = prop::sample::select(vec![
            "sshd[1]: ",
            "sshd[1]: ",
            "sshd[1] ",
            "sshd[]: ",
            "sshd: ",
            "CEF[1]: ",
            "postfix/smtpd[1]:",
            "config[1]: %SYS-5-X: ",
            "a b[1]: ",
            "x[1] (y): ",
            "message repeated 2 times: ",
            "sshd[a]: ",
        ]);
        let priority = prop::sample::select(vec!["", "", "<34>", "<999>", "<>", "\u{feff}"]);
        let parts = (
            priority,
            time,
            second,
            fraction,
            offset,
            host,
            tag,
            "[ -~]{0,12}",
        );
        parts.prop_map(|(p, t, s, f, o, h, g, m)| format!("{p}{t}{s}{f}{o} {h} {g}{m}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn reads_what_the_grammars_read(lines in prop::collection::vec(line(), 1..12)) {
            let mut minute = LastMinute::default();
            let mut near = near();
            for line in &lines {
                let line = line.as_bytes();
                let expected = by_grammar(line, near);
                if let Some(found) = super::header(line, &minute, near) {
                    prop_assert_eq!(Some(found), expected);
                }
                minute.learn(text_behind_priority(line), near);
                near = near_behind(near, expected.map_or(Timestamp::UNKNOWN, |h| h.time));
            }
        }
    }
}
