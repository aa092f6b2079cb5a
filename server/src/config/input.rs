//! How events come in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess};

use super::TlsSetting;
use super::typed::{Typed, typed};
use crate::input::bulk::BulkSettings;
use crate::input::file::FileSettings;
use crate::input::forward::ForwardSettings;
use crate::input::hec::HecSettings;
use crate::input::ingest::IngestSettings;
use crate::input::lumberjack::LumberjackSettings;
use crate::input::otlp::OtlpSettings;
use crate::input::relp::RelpSettings;
use crate::input::stdin::StdinSettings;
use crate::input::syslog_tcp::SyslogTcpSettings;
use crate::input::syslog_udp::SyslogUdpSettings;

/// One input.
#[derive(Clone, Debug)]
pub struct InputConfig {
    /// What all inputs have.
    pub common: Common,
    /// What it is.
    pub kind: InputKind,
}

/// What all inputs have.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// Its name, if not that of its type.
    pub name: Option<Arc<str>>,
    /// Where it listens, if not at its usual port on loopback.
    pub listen: Option<SocketAddr>,
    /// With TLS.
    pub tls: Option<TlsSetting>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($settings:ty) = $name:literal, $port:expr;)+) => {
        /// What an input is, with what only it needs.
        #[derive(Clone, Debug)]
        pub enum InputKind { $($(#[$doc])* $variant($settings),)+ }

        impl InputKind {
            /// The name of its type.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// The port at which clients expect it; `None`: it does not listen.
            pub fn usual_port(&self) -> Option<u16> {
                match self { $(Self::$variant(_) => $port,)+ }
            }

            /// One with nothing but defaults.
            pub fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant(<$settings>::default())),)+
                    _ => None,
                }
            }
        }

        const TYPES: &[&str] = &[$($name),+];

        fn own<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<InputKind, D::Error> {
            match kind {
                $($name => <$settings>::deserialize(rest).map(InputKind::$variant),)+
                other => Err(de::Error::unknown_variant(other, TYPES)),
            }
        }
    };
}

kinds! {
    /// Syslog over TCP, with or without TLS.
    SyslogTcp(SyslogTcpSettings) = "syslog-tcp", Some(5514);
    /// The same; a certificate is required.
    SyslogTls(SyslogTcpSettings) = "syslog-tls", Some(6514);
    /// Syslog over UDP.
    SyslogUdp(SyslogUdpSettings) = "syslog-udp", Some(5514);
    /// RELP.
    Relp(RelpSettings) = "relp", Some(2514);
    /// Lumberjack 2: Beats.
    Beats(LumberjackSettings) = "beats", Some(5044);
    /// Forward: Fluentd and Fluent Bit.
    Forward(ForwardSettings) = "forward", Some(24224);
    /// Elasticsearch's `_bulk`.
    Elasticsearch(BulkSettings) = "elasticsearch", Some(9200);
    /// Splunk's HTTP event collector.
    Hec(HecSettings) = "hec", Some(8088);
    /// OpenTelemetry's protocol over gRPC; HTTP is taken there as well.
    OtlpGrpc(OtlpSettings) = "otlp-grpc", Some(4317);
    /// The same over HTTP; gRPC is taken there as well.
    OtlpHttp(OtlpSettings) = "otlp-http", Some(4318);
    /// Lines of any format over HTTP, as at the API's port, with tokens of its own.
    Http(IngestSettings) = "http", Some(8081);
    /// Followed files.
    File(FileSettings) = "file", None;
    /// Standard input.
    Stdin(StdinSettings) = "stdin", None;
}

/// The types that listen where nothing else is configured.
const USUAL: &[&str] = &[
    "syslog-tcp",
    "syslog-udp",
    "relp",
    "beats",
    "forward",
    "elasticsearch",
    "hec",
    "otlp-grpc",
    "otlp-http",
];

impl InputConfig {
    /// All types of inputs.
    pub const TYPES: &'static [&'static str] = TYPES;

    /// Those that listen on loopback where nothing is configured.
    pub fn usual() -> Vec<Self> {
        let kinds = USUAL.iter().filter_map(|name| InputKind::of_name(name));
        let of_kind = |kind| Self {
            common: Common::default(),
            kind,
        };
        kinds.map(of_kind).collect()
    }

    /// From `TYPE=ADDRESS:PORT`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn of_flag(text: &str) -> Result<Self, String> {
        let (kind, address) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` has to be TYPE=ADDRESS:PORT"))?;
        let listens = |kind: &InputKind| kind.usual_port().is_some();
        let kind = InputKind::of_name(kind).filter(listens).ok_or_else(|| {
            let types = TYPES
                .iter()
                .filter(|name| **name != "file" && **name != "stdin");
            let types: Vec<&str> = types.copied().collect();
            format!(
                "`{kind}` is no input that listens; there are {}",
                types.join(", ")
            )
        })?;
        let address = address.parse().map_err(|_| {
            format!("`{address}` is no address with a port, such as 127.0.0.1:5514")
        })?;
        Ok(Self {
            common: Common {
                listen: Some(address),
                ..Common::default()
            },
            kind,
        })
    }

    /// Its name in counters and messages.
    pub fn name(&self) -> Arc<str> {
        let name = self.common.name.as_ref();
        name.map_or_else(|| self.kind.name().into(), Arc::clone)
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        let port = self.kind.usual_port()?;
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Some(self.common.listen.unwrap_or(usual))
    }
}

impl<'de> Deserialize<'de> for InputConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        typed(deserializer)
    }
}

impl<'de> Typed<'de> for InputConfig {
    type Common = Common;

    const TYPES: &'static [&'static str] = TYPES;

    fn common<A: MapAccess<'de>>(
        common: &mut Common,
        key: &str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match key {
            "name" => common.name = Some(map.next_value::<String>()?.into()),
            "listen" => common.listen = Some(map.next_value()?),
            "tls" => common.tls = Some(map.next_value()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn own<D: Deserializer<'de>>(
        kind: &str,
        rest: D,
        common: impl FnOnce() -> Common,
    ) -> Result<Self, D::Error> {
        let kind = own(kind, rest)?;
        let common = common();
        if kind.usual_port().is_none() && (common.listen.is_some() || common.tls.is_some()) {
            let name = kind.name();
            return Err(de::Error::custom(format!(
                "`{name}` neither listens nor has TLS"
            )));
        }
        if matches!(kind, InputKind::SyslogTls(_)) && common.tls.is_none() {
            return Err(de::Error::custom(
                "`syslog-tls` needs `tls` with certificate and key",
            ));
        }
        if let InputKind::Forward(of) = &kind
            && of.shared_key.is_none()
            && !of.users.is_empty()
        {
            return Err(de::Error::custom("`users` need a `shared-key`"));
        }
        Ok(Self { common, kind })
    }
}
