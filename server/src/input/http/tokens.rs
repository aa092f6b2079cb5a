//! Who may send: whoever knows one of the input's tokens.

use std::fmt;
use std::sync::Arc;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, de};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::config::Secret;

/// The tokens of an input; without any, everybody may send.
///
/// Only their hashes are kept, and those are compared in constant time, all of them each time: the
/// time of an answer tells neither a token nor its length.
#[derive(Clone, Default)]
pub struct Tokens(Arc<[[u8; 32]]>);

/// Why a sender is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// There is no token.
    Missing,
    /// The header is not of a kind that is known.
    Malformed,
    /// The token is none of ours.
    Unknown,
}

/// What an `Authorization` header offers: any of these may be the token.
#[derive(Debug, Default)]
pub(crate) struct Credentials(Vec<Vec<u8>>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let tokens = Vec::<Secret>::deserialize(from)?;
        if tokens.iter().any(|token| token.reveal().trim().is_empty()) {
            return Err(de::Error::custom(
                "a token is empty: everybody could send; leave out `tokens` if that is meant",
            ));
        }
        Ok(Self::new(tokens.iter().map(Secret::reveal)))
    }
}

impl Tokens {
    /// These tokens.
    pub fn new<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = T>) -> Self {
        Self(
            tokens
                .into_iter()
                .map(|token| hash(token.as_ref()))
                .collect(),
        )
    }

    /// Whether a header holds one of the tokens.
    pub(crate) fn admit(&self, header: Option<&HeaderValue>) -> Result<(), Denied> {
        if self.0.is_empty() {
            return Ok(());
        }
        let header = header.ok_or(Denied::Missing)?;
        let credentials = Credentials::of(header.as_bytes()).ok_or(Denied::Malformed)?;
        let mut known = Choice::from(0);
        for offered in &credentials.0 {
            let offered = hash(offered);
            for token in self.0.iter() {
                known |= offered.ct_eq(token);
            }
        }
        if bool::from(known) {
            Ok(())
        } else {
            Err(Denied::Unknown)
        }
    }
}

impl Credentials {
    /// `Bearer T` and `Splunk T` are the token itself. `ApiKey T` is it in base64 or as it
    /// stands; `Basic T` holds it as the password, or as user and password.
    pub(crate) fn of(header: &[u8]) -> Option<Self> {
        let space = memchr::memchr(b' ', header)?;
        let (scheme, value) = header.split_at_checked(space)?;
        let value = value.trim_ascii();
        if value.is_empty() {
            return None;
        }
        let offered = match &*scheme.to_ascii_lowercase() {
            b"bearer" | b"splunk" => vec![value.to_vec()],
            b"apikey" => {
                let mut offered = vec![value.to_vec()];
                offered.extend(STANDARD.decode(value).ok());
                offered
            }
            b"basic" => {
                let pair = STANDARD.decode(value).ok()?;
                let colon = memchr::memchr(b':', &pair)?;
                let password = pair.get(colon + 1..).unwrap_or_default().to_vec();
                vec![pair, password]
            }
            _ => return None,
        };
        Some(Self(offered))
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(tokens: &[&str], header: Option<&str>) -> Result<(), Denied> {
        let header = header.map(|text| HeaderValue::from_str(text).unwrap());
        Tokens::new(tokens).admit(header.as_ref())
    }

    #[test]
    fn without_tokens_everybody_may() {
        assert_eq!(admit(&[], None), Ok(()));
        assert_eq!(admit(&[], Some("nonsense")), Ok(()));
    }

    #[test]
    fn each_scheme_carries_a_token() {
        let tokens = ["s3cret", "id:key"];
        for header in [
            "Bearer s3cret",
            "bearer  s3cret",
            "Splunk s3cret",
            "ApiKey s3cret",
            "ApiKey aWQ6a2V5",
            "Basic aWQ6a2V5",
            "Basic eDpzM2NyZXQ=",
        ] {
            assert_eq!(admit(&tokens, Some(header)), Ok(()), "{header}");
        }
    }

    #[test]
    fn all_else_is_denied() {
        let tokens = ["s3cret"];
        assert_eq!(admit(&tokens, None), Err(Denied::Missing));
        for (header, denied) in [
            ("s3cret", Denied::Malformed),
            ("Digest s3cret", Denied::Malformed),
            ("Basic s3cret", Denied::Malformed),
            ("Bearer ", Denied::Malformed),
            ("Bearer s3cre", Denied::Unknown),
            ("Bearer s3cret1", Denied::Unknown),
            ("Splunk S3CRET", Denied::Unknown),
        ] {
            assert_eq!(admit(&tokens, Some(header)), Err(denied), "{header}");
        }
    }

    #[test]
    fn settings_name_no_empty_token() {
        assert!(serde_json::from_str::<Tokens>(r#"["a"]"#).is_ok());
        assert!(serde_json::from_str::<Tokens>(r#"["a", " "]"#).is_err());
    }
}
