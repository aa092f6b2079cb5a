//! The request line: `GET /path?query HTTP/1.1`, or whatever was sent in its place.

use memchr::{memchr, memmem, memrchr};

use super::access::{escaped, unescape};
use crate::event::{FieldId, ValueKind};
use crate::fields;
use crate::writer::EventWriter;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Request<'a> {
    method: &'a [u8],
    uri: &'a [u8],
    version: &'a [u8],
}

/// `None` for what is no request: bytes of a TLS handshake, say.
fn request(text: &[u8]) -> Option<Request<'_>> {
    let end = memchr(b' ', text)?;
    let (method, rest) = (&text[..end], &text[end + 1..]);
    let is_method = !method.is_empty()
        && method.len() <= 32
        && (method.iter()).all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    if !is_method {
        return None;
    }
    // The address may hold blanks where a client did not encode them, and HTTP/0.9 has no
    // version at all.
    let (uri, version) = match memrchr(b' ', rest) {
        Some(at) if rest[at + 1..].starts_with(b"HTTP/") => (&rest[..at], &rest[at + 1..]),
        _ => (rest, &b""[..]),
    };
    Some(Request {
        method,
        uri,
        version,
    })
}

/// Adds the fields of a request to the event under construction. What is no request stands
/// under `request` as a whole.
pub(super) fn emit(text: &[u8], out: &mut EventWriter<'_>) {
    let Some(request) = request(text) else {
        if !text.is_empty() && text != b"-" {
            out.named(b"request", ValueKind::Text, text);
        }
        return;
    };
    out.text(fields::CS_METHOD, request.method);
    if request.method == b"CONNECT" {
        emit_authority(request.uri, out);
        escaped(fields::CS_VERSION, request.version, out);
        return;
    }
    if request.uri.contains(&b'\\') {
        // Rare enough that this may allocate: its parts are fields of their own.
        let mut uri = Vec::with_capacity(request.uri.len());
        unescape(request.uri, &mut uri);
        emit_uri(&uri, out);
    } else {
        emit_uri(request.uri, out);
    }
    escaped(fields::CS_VERSION, request.version, out);
}

/// What `CONNECT` names: a host and a port, no path.
fn emit_authority(authority: &[u8], out: &mut EventWriter<'_>) {
    let host = &authority[..memrchr(b':', authority).unwrap_or(authority.len())];
    if !host.is_empty() {
        out.text(fields::CS_HOST, host);
    }
    out.text(fields::CS_URI, authority);
    alias(fields::C_URI, authority, out);
}

/// The address whole and in parts. An absolute one names the host as well.
fn emit_uri(uri: &[u8], out: &mut EventWriter<'_>) {
    let (host, local) = match memmem::find(uri, b"://") {
        Some(at) if uri[..at].iter().all(u8::is_ascii_alphabetic) => {
            let behind = &uri[at + 3..];
            behind.split_at(memchr(b'/', behind).unwrap_or(behind.len()))
        }
        _ => (&b""[..], uri),
    };
    let (stem, query) = match memchr(b'?', local) {
        Some(at) => (&local[..at], Some(&local[at + 1..])),
        None => (local, None),
    };
    if !host.is_empty() {
        out.text(fields::CS_HOST, host);
    }
    out.text(fields::CS_URI, uri);
    out.text(fields::CS_URI_STEM, stem);
    alias(fields::C_URI, uri, out);
    alias(fields::C_URI_STEM, stem, out);
    if let Some(query) = query {
        out.text(fields::CS_URI_QUERY, query);
        alias(fields::C_URI_QUERY, query, out);
    }
    let name = &stem[memrchr(b'/', stem).map_or(0, |at| at + 1)..];
    if let Some(at) = memrchr(b'.', name) {
        alias(fields::C_URI_EXTENSION, &name[at + 1..], out);
    }
}

/// A second name, for rules only: people need not see a value twice.
fn alias(field: FieldId, value: &[u8], out: &mut EventWriter<'_>) {
    if out.projection().wants(field) {
        out.text(field, value);
    }
}
