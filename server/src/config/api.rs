//! Where the server tells about itself.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::{Secret, TlsSetting};

/// Health, metrics, and what was found, over HTTP. `/ingest` is there as well.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ApiConfig {
    /// Where; an address beyond loopback needs a token.
    pub listen: Option<SocketAddr>,
    /// What callers have to show (`Authorization: Bearer …`).
    pub token: Option<Secret>,
    /// With TLS.
    pub tls: Option<TlsSetting>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            token: None,
            tls: None,
        }
    }
}
