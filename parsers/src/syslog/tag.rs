//! The tag in front of a message: `program[pid]: `, and what programs make of it.

use memchr::memchr;
use nom::Parser;
use nom::bytes::complete::{is_not, take_while1};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::delimited;

use crate::time::text::Parsed;

/// The parts of a tag, empty where they are missing, and what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) program: &'a [u8],
    pub(super) pid: &'a [u8],
    pub(super) service: &'a [u8],
    pub(super) message: &'a [u8],
}

/// Names with blanks (`Microsoft Word[123]:`, `syslogd 1.4.1:`) are no longer than this.
const SPACED_NAME_BYTES_MAX: usize = 64;

/// Separates the tag, if there is one, from the message.
pub(super) fn split(text: &[u8]) -> Tag<'_> {
    let text = text
        .strip_prefix(b": ")
        .or_else(|| text.strip_prefix(b":"))
        .unwrap_or(text);
    let untagged = Tag {
        message: text,
        ..Tag::default()
    };
    if is_payload(text) {
        return untagged;
    }
    let end = text
        .iter()
        .position(|b| matches!(b, b' ' | b'[' | b':'))
        .unwrap_or(text.len());
    let (program, rest) = text.split_at(end);
    let found = match rest {
        [b':', ..] if !program.is_empty() => with_colon(text, end),
        [b'[', ..] if !program.is_empty() => with_pid(program, rest).ok().map(|(_, tag)| tag),
        _ => None,
    };
    found.or_else(|| with_blanks(text)).unwrap_or(untagged)
}

/// Whether a structured message begins here, whose first word could be taken for a tag.
pub(super) fn is_payload(text: &[u8]) -> bool {
    match text {
        [b'{' | b'<' | b'@' | b'%', ..] => true,
        [b'C' | b'L', ..] => text.starts_with(b"CEF:") || text.starts_with(b"LEEF:"),
        _ => false,
    }
}

/// `program: message`. A colon inside the name (`a::b: message`) does not end it, unless no
/// other does.
fn with_colon(text: &[u8], first: usize) -> Option<Tag<'_>> {
    let word = memchr(b' ', text).map_or(text, |end| &text[..end]);
    let end = match word {
        [.., b':'] => word.len() - 1,
        _ if word.contains(&b'[') => {
            let end = memchr(b'[', text)?;
            let (program, rest) = text.split_at(end);
            return with_pid(program, rest).ok().map(|(_, tag)| tag);
        }
        _ => first,
    };
    let message = text.get(end + 1..)?;
    Some(Tag {
        program: text.get(..end)?,
        message: message.strip_prefix(b" ").unwrap_or(message),
        ..Tag::default()
    })
}

/// `[pid]`, perhaps ` (service)`, and the colon, which some leave out.
fn with_pid<'a>(program: &'a [u8], rest: &'a [u8]) -> Parsed<'a, Tag<'a>> {
    let (rest, pid) = delimited(char('['), is_not("[] "), char(']')).parse(rest)?;
    let (rest, service) = opt(service).parse(rest)?;
    let (rest, colon) = opt(char(':')).parse(rest)?;
    let is_number = pid.iter().all(u8::is_ascii_digit);
    if colon.is_none() && !(is_number && matches!(rest, [] | [b' ', ..])) {
        return crate::time::text::no_match(rest);
    }
    let tag = Tag {
        program,
        pid,
        service: service.unwrap_or_default(),
        message: rest.strip_prefix(b" ").unwrap_or(rest),
    };
    Ok((b"", tag))
}

/// ` (com.apple.example[123])` in front of the colon.
fn service(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, _) = nom::bytes::complete::tag(" (")(input)?;
    let (after, service) = is_not(")")(rest)?;
    let (after, _) = char(')')(after)?;
    if after.first() == Some(&b':') {
        Ok((after, service))
    } else {
        crate::time::text::no_match(input)
    }
}

/// A name with blanks in it. Only two forms are sure enough: one that ends in a numeric pid and
/// a colon, and a name with its version (`syslogd 1.4.1: restart.`).
fn with_blanks(text: &[u8]) -> Option<Tag<'_>> {
    let head = &text[..text.len().min(SPACED_NAME_BYTES_MAX)];
    let end = head.iter().position(|b| matches!(b, b'[' | b':' | b'='))?;
    let (name, rest) = text.split_at(end);
    let is_tag = match rest {
        [b'[', ..] => {
            numeric_pid(rest).is_ok_and(|(after, _)| matches!(after, [b':', ..] | [b' ', b'(', ..]))
        }
        [b':', b' ', ..] | [b':'] => ends_in_version(name),
        _ => false,
    };
    if !is_tag {
        return None;
    }
    let program = name.trim_ascii();
    if rest.first() == Some(&b'[') {
        return with_pid(program, rest).ok().map(|(_, tag)| tag);
    }
    let message = rest.get(1..)?;
    Some(Tag {
        program,
        message: message.strip_prefix(b" ").unwrap_or(message),
        ..Tag::default()
    })
}

fn numeric_pid(input: &[u8]) -> Parsed<'_, &[u8]> {
    delimited(
        char('['),
        take_while1(|b: u8| b.is_ascii_digit()),
        char(']'),
    )
    .parse(input)
}

/// Two words, the second of digits and points.
fn ends_in_version(name: &[u8]) -> bool {
    let Some(blank) = memchr(b' ', name) else {
        return false;
    };
    let version = &name[blank + 1..];
    version.contains(&b'.') && version.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> [&str; 4] {
        let tag = split(text.as_bytes());
        [tag.program, tag.pid, tag.service, tag.message].map(|p| std::str::from_utf8(p).unwrap())
    }

    #[test]
    fn splits_what_programs_write() {
        for (text, expected) in [
            ("sshd[123]: text", ["sshd", "123", "", "text"]),
            (
                "sshd(pam_unix)[123]: text",
                ["sshd(pam_unix)", "123", "", "text"],
            ),
            ("kernel: text", ["kernel", "", "", "text"]),
            ("kernel:   text ", ["kernel", "", "", "  text "]),
            ("kernel:text", ["kernel", "", "", "text"]),
            ("postfix/smtpd[9]: a: b", ["postfix/smtpd", "9", "", "a: b"]),
            (
                "/usr/sbin/cron[9]: (root) CMD (x)",
                ["/usr/sbin/cron", "9", "", "(root) CMD (x)"],
            ),
            ("a.b-c_d/e[9]:text", ["a.b-c_d/e", "9", "", "text"]),
            ("app[web.1]: text", ["app", "web.1", "", "text"]),
            ("app[9] text", ["app", "9", "", "text"]),
            ("a::b: text", ["a::b", "", "", "text"]),
            (
                "Web Helper (Renderer)[9]: text",
                ["Web Helper (Renderer)", "9", "", "text"],
            ),
            (
                "Microsoft Word[9]: text",
                ["Microsoft Word", "9", "", "text"],
            ),
            (" -- root[2421]: text", ["-- root", "2421", "", "text"]),
            (
                "syslogd 1.4.1: restart.",
                ["syslogd 1.4.1", "", "", "restart."],
            ),
            (
                "launchd[1] (a.b[7]): text",
                ["launchd", "1", "a.b[7]", "text"],
            ),
            (
                "sandboxd[129] ([31211]): x",
                ["sandboxd", "129", "[31211]", "x"],
            ),
            (
                "launchd[1] (text) more",
                ["launchd", "1", "", "(text) more"],
            ),
            ("kernel[0]: a[1]: b", ["kernel", "0", "", "a[1]: b"]),
            ("no tag here: text", ["", "", "", "no tag here: text"]),
            ("CEF:0|a|b", ["", "", "", "CEF:0|a|b"]),
            ("{\"a\": 1}", ["", "", "", "{\"a\": 1}"]),
            (": text", ["", "", "", "text"]),
            ("", ["", "", "", ""]),
            ("[", ["", "", "", "["]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
