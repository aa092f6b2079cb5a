//! Fields whose values have a form: numbers, ports, hashes, addresses.

use std::net::IpAddr;

use crate::document::Node;
use crate::lint::document::Item;
use crate::lint::report::Report;

const PORTS: [&str; 5] = [
    "SourcePort",
    "DestinationPort",
    "src_port",
    "dst_port",
    "IpPort",
];
const ADDRESSES: [&str; 6] = [
    "SourceIp",
    "DestinationIp",
    "src_ip",
    "dst_ip",
    "IpAddress",
    "c-ip",
];
const HASHES: [(&str, usize); 8] = [
    ("MD5=", 32),
    ("SHA1=", 40),
    ("SHA256=", 64),
    ("IMPHASH=", 32),
    ("md5", 32),
    ("sha1", 40),
    ("sha256", 64),
    ("imphash", 32),
];

pub(super) fn check(item: &Item<'_>, report: &mut Report) {
    if !item.is_text() {
        return;
    }
    for value in item.values {
        let Some(text) = value.text() else { continue };
        match item.field {
            "EventID" => event_id(text, value, report),
            field if PORTS.contains(&field) => port(text, value, report),
            field if ADDRESSES.contains(&field) => address(item, text, value, report),
            "Hashes" | "Hash" | "md5" | "sha1" | "sha256" | "imphash" => {
                hash(item, text, value, report);
            }
            _ => {}
        }
        if item.has("cased") && !text.chars().any(char::is_alphabetic) {
            report
                .find(
                    345,
                    value.span,
                    "`cased` has no effect: there is no letter in this value",
                )
                .help("remove the modifier");
        }
    }
}

fn event_id(text: &str, value: &Node<'_>, report: &mut Report) {
    if text.is_empty()
        || !text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'?'))
    {
        report
            .find(
                335,
                value.span,
                format!("`{}` is no event id", text.escape_default()),
            )
            .help("event ids are whole numbers");
    }
}

fn port(text: &str, value: &Node<'_>, report: &mut Report) {
    if text.parse::<u64>().is_ok_and(|port| port > 65_535) {
        report
            .find(323, value.span, format!("there is no port {text}"))
            .help("ports go up to 65535");
    }
}

fn address(item: &Item<'_>, text: &str, value: &Node<'_>, report: &mut Report) {
    let prefix = text.trim_end_matches('*');
    let begins = item.has("startswith") || (item.opening().is_none() && text.ends_with('*'));
    let octets: Vec<&str> = prefix.trim_end_matches('.').split('.').collect();
    let numbers = octets.iter().all(|octet| octet.parse::<u8>().is_ok());
    if begins && numbers && prefix.ends_with('.') && (1..4).contains(&octets.len()) {
        let mut network = octets.clone();
        network.resize(4, "0");
        report
            .find(333, value.span, "this is a network written as text")
            .help(format!(
                "write `|cidr: {}/{}`",
                network.join("."),
                octets.len() * 8
            ));
    } else if begins && numbers && octets.len() < 4 {
        report
            .find(333, value.span, format!("`{text}` also fits `{prefix}9`"))
            .help("end it with a dot, or write the network by `|cidr`");
    }
    if item.opening().is_none() && text.contains('/') {
        report
            .find(
                346,
                value.span,
                "an address is compared with this text as it stands",
            )
            .help("write `|cidr` behind the field for a network");
    } else if item.opening().is_none() && text.bytes().filter(|b| *b == b'.').count() == 3 {
        let all_digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if all_digits && text.parse::<IpAddr>().is_err() {
            report
                .find(347, value.span, format!("`{text}` is no address"))
                .help("the parts of an IPv4 address go from 0 to 255, without leading zeros");
        }
    }
}

fn hash(item: &Item<'_>, text: &str, value: &Node<'_>, report: &mut Report) {
    let known = HASHES.iter().find_map(|(name, len)| {
        if name.ends_with('=') {
            let at = text.to_ascii_uppercase().find(name)?;
            // `SHA1=` is also the end of nothing else, but `MD5=` might follow a comma.
            Some((text.get(at + name.len()..)?, *len))
        } else {
            (item.field == *name && item.opening().is_none()).then_some((text, *len))
        }
    });
    let Some((digits, wanted)) = known else {
        return;
    };
    let digits = digits.split(',').next().unwrap_or_default();
    if digits.is_empty() || digits.contains(['*', '?', '%']) {
        return;
    }
    let len = digits.len();
    if len != wanted || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        report
            .find(
                325,
                value.span,
                format!(
                    "a hash of {wanted} digits is needed here, not `{}`",
                    digits.escape_default()
                ),
            )
            .help("it never matches: look the hash up again");
    } else if item.has("cased")
        && item.field == "Hashes"
        && digits.bytes().any(|b| b.is_ascii_lowercase())
    {
        report
            .find(326, value.span, "Sysmon writes hashes in upper case")
            .help("remove `cased`");
    }
}
