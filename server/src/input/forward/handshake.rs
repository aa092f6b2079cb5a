//! Who may send: both sides show that they know the shared key without saying it.
//!
//! ```text
//!  server  ["HELO", {"nonce", "auth", "keepalive"}]
//!  client  ["PING", host, salt, digest(salt host nonce key), user, digest(auth user password)]
//!  server  ["PONG", yes?, why not, host, digest(salt host nonce key)]
//! ```
//!
//! Digests are SHA-512 in hexadecimal digits.

use std::collections::BTreeMap;

use bytes::{BufMut, BytesMut};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use tokio_rustls::rustls::crypto::ring;

use super::json::hexadecimal;
use super::msgpack::{Cursor, Head};
use crate::config::Secret;

const NONCE_BYTES: usize = 16;

/// What a server asks of one client.
#[derive(Debug)]
pub(super) struct Challenge<'a> {
    key: &'a str,
    users: &'a BTreeMap<String, Secret>,
    host: &'a str,
    nonce: [u8; NONCE_BYTES],
    /// Of passwords.
    salt: [u8; NONCE_BYTES],
}

/// The system gives no random bytes.
#[derive(Debug)]
pub(super) struct NoRandomness;

impl<'a> Challenge<'a> {
    pub(super) fn new(
        key: &'a str,
        users: &'a BTreeMap<String, Secret>,
        host: &'a str,
    ) -> Result<Self, NoRandomness> {
        let random = ring::default_provider().secure_random;
        let (mut nonce, mut salt) = ([0; NONCE_BYTES], [0; NONCE_BYTES]);
        random.fill(&mut nonce).map_err(|_| NoRandomness)?;
        random.fill(&mut salt).map_err(|_| NoRandomness)?;
        Ok(Self {
            key,
            users,
            host,
            nonce,
            salt,
        })
    }

    /// What the server says first.
    pub(super) fn helo(&self) -> BytesMut {
        let mut out = BytesMut::new();
        out.put_u8(0x92);
        text(&mut out, "HELO");
        out.put_u8(0x83);
        text(&mut out, "nonce");
        binary(&mut out, &self.nonce);
        text(&mut out, "auth");
        if self.users.is_empty() {
            text(&mut out, "");
        } else {
            binary(&mut out, &self.salt);
        }
        text(&mut out, "keepalive");
        out.put_u8(0xc3);
        out
    }

    /// What it answers, and whether the client may go on.
    pub(super) fn pong(&self, ping: &[u8]) -> (BytesMut, bool) {
        let salt_or_why = self.judge(ping);
        let mut out = BytesMut::new();
        out.put_u8(0x95);
        text(&mut out, "PONG");
        let is_known = salt_or_why.is_ok();
        out.put_u8(if is_known { 0xc3 } else { 0xc2 });
        text(&mut out, salt_or_why.err().unwrap_or(""));
        text(&mut out, self.host);
        match salt_or_why {
            Ok(salt) => {
                let parts = [salt, self.host.as_bytes(), &self.nonce, self.key.as_bytes()];
                text(&mut out, &digest(&parts));
            }
            Err(_) => text(&mut out, ""),
        }
        (out, is_known)
    }

    /// The salt of a client that is known, or why it is not.
    fn judge<'p>(&self, ping: &'p [u8]) -> Result<&'p [u8], &'static str> {
        const NO_PING: &str = "a PING of six parts was expected";
        let mut cursor = Cursor::of(ping);
        if cursor.head() != Ok(Head::Array(6)) {
            return Err(NO_PING);
        }
        let mut part = || match cursor.head() {
            Ok(Head::Text(part) | Head::Binary(part)) => Ok(part),
            _ => Err(NO_PING),
        };
        let [name, host, salt, shown, user, password] =
            [part()?, part()?, part()?, part()?, part()?, part()?];
        if name != b"PING" {
            return Err(NO_PING);
        }
        let known = digest(&[salt, host, &self.nonce, self.key.as_bytes()]);
        if !bool::from(known.as_bytes().ct_eq(shown)) {
            return Err("the shared key is another one");
        }
        if self.users.is_empty() {
            return Ok(salt);
        }
        let secret = str::from_utf8(user)
            .ok()
            .and_then(|user| self.users.get(user));
        let secret = secret.map_or("", Secret::reveal);
        let known = digest(&[&self.salt, user, secret.as_bytes()]);
        let is_right: bool = known.as_bytes().ct_eq(password).into();
        // Nobody has an empty password.
        if is_right && !secret.is_empty() {
            Ok(salt)
        } else {
            Err("the user or the password is unknown")
        }
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}

/// Appends a text.
fn text(out: &mut BytesMut, of: &str) {
    bytes_as_text(out, of.as_bytes());
}

/// Appends bytes as they are, as a text.
pub(super) fn bytes_as_text(out: &mut BytesMut, of: &[u8]) {
    // None is longer than a message, which is far below 4 GiB.
    let length = u32::try_from(of.len()).unwrap_or(u32::MAX);
    if let Ok(length) = u16::try_from(length) {
        out.put_u8(0xda);
        out.put_u16(length);
    } else {
        out.put_u8(0xdb);
        out.put_u32(length);
    }
    out.put_slice(of);
}

fn binary(out: &mut BytesMut, of: &[u8; NONCE_BYTES]) {
    out.put_u8(0xc4);
    out.put_u8(NONCE_BYTES as u8);
    out.put_slice(of);
}
