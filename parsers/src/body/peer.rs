//! The other side of a connection: `192.0.2.1 port 22`, `host[192.0.2.1]`.

use nom::Parser;
use nom::bytes::complete::{is_not, tag, take_till1, take_while1};
use nom::combinator::opt;
use nom::sequence::preceded;

use crate::time::text::{Parsed, no_match};

/// Address, name and port of a peer; empty where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer<'a> {
    /// What the peer was called by; may turn out to be a name.
    pub(super) address: &'a [u8],
    /// Its name, where one stands beside the address.
    pub(super) host: &'a [u8],
    pub(super) port: &'a [u8],
}

impl<'a> Peer<'a> {
    pub(super) fn at(address: &'a [u8]) -> Self {
        Self {
            address,
            ..Self::default()
        }
    }
}

/// Whether this is an IP address and not a name. Names have letters beyond hexadecimal digits
/// or no colon, so a look at the characters is enough.
pub(super) fn is_address(text: &[u8]) -> bool {
    let version_4 = || {
        // Without an early end, so that all bytes are looked at together.
        let (points, digits) = text.iter().fold((0, 0), |(points, digits), b| {
            let (point, digit) = (*b == b'.', b.is_ascii_digit());
            (points + usize::from(point), digits + usize::from(digit))
        });
        points == 3 && points + digits == text.len()
    };
    let version_6 = || {
        let before_zone = text.split(|b| *b == b'%').next().unwrap_or_default();
        before_zone.contains(&b':')
            && (before_zone.iter()).all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
    };
    version_4() || version_6()
}

/// The last place of a text that begins with a blank: messages are short and have few blanks
/// behind it, so that a searcher would cost more than the search.
pub(super) fn last_place(text: &[u8], of: &[u8]) -> Option<usize> {
    debug_assert_eq!(of.first(), Some(&b' '));
    memchr::memrchr_iter(b' ', text).find(|at| text[*at..].starts_with(of))
}

/// `ADDRESS`, `ADDRESS port N`; the address may be a name.
pub(super) fn peer(input: &[u8]) -> Parsed<'_, Peer<'_>> {
    let ends = |b: u8| matches!(b, b' ' | b',' | b'[' | b']' | b'(' | b')');
    let (rest, word) = take_till1(ends)(input)?;
    let (rest, port) = opt(preceded(tag(" port "), port)).parse(rest)?;
    // `192.0.2.1: 11: Bye`: the colon ends the address and is no part of it.
    let address = word.strip_suffix(b":").unwrap_or(word);
    if address.is_empty() {
        return no_match(input);
    }
    let peer = Peer {
        address,
        host: b"",
        port: port.unwrap_or_default(),
    };
    Ok((rest, peer))
}

fn port(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b: u8| b.is_ascii_digit())(input)
}

/// Text, then `separator`, then a peer. The last separator counts: names of users may hold one.
pub(super) fn before_peer<'a>(
    input: &'a [u8],
    separator: &[u8],
) -> Parsed<'a, (&'a [u8], Peer<'a>)> {
    let Some(at) = last_place(input, separator) else {
        return no_match(input);
    };
    let (rest, peer) = peer(&input[at + separator.len()..])?;
    Ok((rest, (&input[..at], peer)))
}

/// `USER ADDRESS port N`, the way sshd writes it since 7.5: the user may hold blanks, so the
/// address is found from the end.
pub(super) fn user_and_peer(input: &[u8]) -> Parsed<'_, (&[u8], Peer<'_>)> {
    let Some(port_at) = last_place(input, b" port ") else {
        return no_match(input);
    };
    let Some(blank) = memchr::memrchr(b' ', &input[..port_at]) else {
        return no_match(input);
    };
    let (rest, peer) = peer(&input[blank + 1..])?;
    Ok((rest, (&input[..blank], peer)))
}

/// `host[192.0.2.1]`, with `:port` or without; the name may be missing.
pub(super) fn bracketed(input: &[u8]) -> Parsed<'_, Peer<'_>> {
    let (rest, host) = opt(is_not("[ ,")).parse(input)?;
    let (rest, _) = tag("[")(rest)?;
    let (rest, address) = is_not("]")(rest)?;
    let (rest, _) = tag("]")(rest)?;
    let (rest, port) = opt(preceded(tag(":"), port)).parse(rest)?;
    let peer = Peer {
        address,
        host: host.unwrap_or_default(),
        port: port.unwrap_or_default(),
    };
    Ok((rest, peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_addresses_from_names() {
        for address in [
            "192.0.2.1",
            "2001:db8::1",
            "::1",
            "fe80::1%eth0",
            "::ffff:192.0.2.1",
        ] {
            assert!(is_address(address.as_bytes()), "{address}");
        }
        for name in [
            "host.example",
            "1.2.3",
            "220-135-151-1.example",
            "",
            "cafe",
            "a:z",
        ] {
            assert!(!is_address(name.as_bytes()), "{name}");
        }
    }
}
