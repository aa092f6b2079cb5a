//! Syslog messages (RFC 5424) by TCP, TLS or UDP.
//!
//! Syslog has no acknowledgement: what the operating system took may still be lost when the
//! connection breaks. So what was sent lately is kept, and sent again on the next connection;
//! the id in each message tells a repetition.

mod connection;
mod message;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use self::connection::{Connection, Endpoint};
use self::message::Header;
use super::{Output, Queued, Undelivered};

/// A syslog receiver in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SyslogSettings {
    /// `HOST:PORT`.
    pub address: String,
    /// How it is spoken to.
    #[serde(default)]
    pub transport: Transport,
    /// With `tls`: the authorities that may vouch for the receiver, in PEM format.
    pub ca_file: Option<PathBuf>,
    /// With `tls`: a certificate to show, in PEM format, and
    pub cert_file: Option<PathBuf>,
    /// its key.
    pub key_file: Option<PathBuf>,
    /// 0 to 23; 16 is `local0`.
    #[serde(default = "local0")]
    pub facility: u8,
    /// The host that messages say they come from; without it, this machine's name.
    pub hostname: Option<String>,
    /// A record that makes a message longer than this is left out of it; its title is sent.
    /// Without it: 8,192 by UDP, 1 MiB else.
    pub message_bytes: Option<usize>,
    /// How long connecting, or sending a batch, may take.
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

/// How a receiver is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Octet counting (RFC 6587).
    #[default]
    Tcp,
    /// Octet counting within TLS (RFC 5425).
    Tls,
    /// A datagram a message (RFC 5426); what is lost on the way, nobody knows.
    Udp,
}

fn local0() -> u8 {
    16
}

fn ten() -> u64 {
    10
}

/// What was sent lately and goes out again when the connection breaks.
const UNCONFIRMED_MAX: usize = 1024;
const UNCONFIRMED_BYTES_MAX: usize = 1 << 20;
const UNCONFIRMED_AGE_MAX: Duration = Duration::from_secs(30);

/// See [`SyslogSettings`].
pub struct SyslogOutput {
    endpoint: Endpoint,
    header: Header,
    message_bytes: usize,
    connection: Option<Connection>,
    /// Sent on this connection or the one before, oldest first.
    unconfirmed: VecDeque<(Instant, Vec<u8>)>,
    unconfirmed_bytes: usize,
    /// The last connection broke: all the unconfirmed are to be sent again.
    owes: bool,
}

impl SyslogOutput {
    /// Checks the settings and reads certificates; connects when there is something to send.
    pub fn new(settings: &SyslogSettings, folder: &Path) -> Result<Self, String> {
        if settings.facility > 23 {
            return Err("facility is a number from 0 to 23".to_owned());
        }
        let is_datagram = settings.transport == Transport::Udp;
        let default_bytes = if is_datagram { 8192 } else { 1 << 20 };
        Ok(Self {
            endpoint: Endpoint::new(settings, folder)?,
            header: Header::new(settings.facility, settings.hostname.as_deref()),
            message_bytes: settings.message_bytes.unwrap_or(default_bytes).max(480),
            connection: None,
            unconfirmed: VecDeque::new(),
            unconfirmed_bytes: 0,
            owes: false,
        })
    }

    /// A connection that works as far as one can see, with all that is owed already sent on it.
    fn connect(&mut self) -> Result<(), String> {
        let is_broken = self
            .connection
            .as_mut()
            .is_some_and(|connection| !connection.is_open());
        if is_broken {
            self.disconnect();
        }
        if self.connection.is_some() {
            return Ok(());
        }
        let mut connection = self.endpoint.connect()?;
        if self.owes {
            for (_, message) in &self.unconfirmed {
                let sent = connection.send(message);
                sent.map_err(|error| self.endpoint.explain("send to", &error))?;
            }
            self.owes = false;
            let now = Instant::now();
            for (sent, _) in &mut self.unconfirmed {
                *sent = now;
            }
        }
        self.connection = Some(connection);
        Ok(())
    }

    fn disconnect(&mut self) {
        // What is old when the connection breaks has arrived.
        if !self.owes {
            self.forget_old();
        }
        self.connection = None;
        self.owes = true;
    }

    fn remember(&mut self, message: Vec<u8>) {
        if self.endpoint.is_datagram() {
            return;
        }
        self.unconfirmed_bytes += message.len();
        self.unconfirmed.push_back((Instant::now(), message));
        while self.unconfirmed.len() > UNCONFIRMED_MAX
            || self.unconfirmed_bytes > UNCONFIRMED_BYTES_MAX
        {
            self.forget_first();
        }
    }

    fn forget_old(&mut self) {
        while let Some((sent, _)) = self.unconfirmed.front()
            && sent.elapsed() > UNCONFIRMED_AGE_MAX
        {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, message)) = self.unconfirmed.pop_front() {
            self.unconfirmed_bytes -= message.len();
        }
    }
}

impl Output for SyslogOutput {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        self.connect()
            .map_err(|reason| Undelivered::later(0, reason))?;
        if let Some(connection) = &mut self.connection {
            connection.begin_batch();
        }
        for (at, queued) in batch.iter().enumerate() {
            let message = self.header.message(&queued.finding, self.message_bytes);
            let sent = match &mut self.connection {
                Some(connection) => connection.send(&message),
                None => Err(std::io::ErrorKind::NotConnected.into()),
            };
            if let Err(error) = sent {
                self.disconnect();
                let reason = self.endpoint.explain("send to", &error);
                return Err(Undelivered::later(at, reason));
            }
            self.remember(message);
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), String> {
        if !self.owes {
            self.forget_old();
        }
        let is_open = self.connection.as_mut().is_none_or(Connection::is_open);
        if !is_open {
            self.disconnect();
        }
        if self.owes && !self.unconfirmed.is_empty() {
            return self.connect();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
        Ok(())
    }
}
