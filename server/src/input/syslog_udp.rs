//! Syslog over UDP (RFC 5426): a message a datagram.
//!
//! Nobody can be told to wait, so what finds no room is dropped and counted: here as `no_room` of
//! its sender, and what the system itself dropped before it could be read as `no_room` of the
//! input (from `/proc/net/udp`, where there is one).

mod kernel_drops;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hashbrown::HashMap;
use serde::Deserialize;
use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval};
use yagura_parsers::Format;

use self::kernel_drops::KernelDrops;
use super::packer::Packer;
use super::{Context, InputError, syslog_format};
use crate::source::DropReason;

/// What only this input needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SyslogUdpSettings {
    /// The format of all senders. Without it, each one's first message decides.
    #[serde(deserialize_with = "syslog_format::named")]
    pub format: Option<Format>,
    /// How much the system may hold for us (`SO_RCVBUF`); it takes its own limit if that is less.
    pub receive_buffer_bytes: usize,
}

impl Default for SyslogUdpSettings {
    fn default() -> Self {
        Self {
            format: None,
            receive_buffer_bytes: 8 << 20,
        }
    }
}

/// A bound socket.
#[derive(Debug)]
pub struct SyslogUdp {
    socket: UdpSocket,
    address: SocketAddr,
    context: Context,
}

/// The largest datagram of IP.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// How many datagrams are read before they are handed over.
const DATAGRAMS_AT_ONCE: usize = 1024;
/// How often the system is asked what it dropped.
const DROPS_EVERY: Duration = Duration::from_secs(5);

impl SyslogUdp {
    /// Binds.
    ///
    /// # Errors
    /// [`InputError::Bind`].
    pub async fn bind(address: SocketAddr, context: Context) -> Result<Self, InputError> {
        let bind = |error| InputError::Bind { address, error };
        let socket = UdpSocket::bind(address).await.map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self {
            socket,
            address,
            context,
        })
    }

    /// Where it listens: the port that the system chose, if it was 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Receives until the input has to stop.
    pub async fn run(self, settings: SyslogUdpSettings) {
        let wanted = settings.receive_buffer_bytes;
        if let Err(error) = rustix::net::sockopt::set_socket_recv_buffer_size(&self.socket, wanted)
        {
            tracing::warn!(input = &*self.context.name, %error, "cannot enlarge the receive buffer");
        }
        let mut drops = KernelDrops::of(&self.socket);
        let mut ask = interval(DROPS_EVERY);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut senders = Senders {
            format: settings.format,
            by_address: HashMap::new(),
            context: self.context.clone(),
        };
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            tokio::select! {
                biased;
                () = self.context.stop.cancelled() => break,
                _ = ask.tick() => self.count(&mut drops),
                ready = self.socket.readable() => {
                    if ready.is_ok() {
                        self.receive(&mut datagram, &mut senders);
                    }
                }
            }
        }
        self.count(&mut drops);
    }

    fn count(&self, drops: &mut KernelDrops) {
        let more = drops.since_last();
        if more > 0 {
            let source = self.context.sources.of_input(&self.context.name);
            source.dropped(DropReason::NoRoom, more);
        }
    }

    /// Takes what is there, then hands it over: a parcel a sender.
    fn receive(&self, datagram: &mut [u8], senders: &mut Senders) {
        for _ in 0..DATAGRAMS_AT_ONCE {
            match self.socket.try_recv_from(datagram) {
                Ok((length, from)) => {
                    senders.take(from.ip(), datagram.get(..length).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Such as an ICMP answer to nothing we sent; the socket goes on.
                Err(error) => {
                    tracing::debug!(input = &*self.context.name, %error, "cannot receive");
                }
            }
        }
        senders.hand_over();
    }
}

struct Senders {
    format: Option<Format>,
    by_address: HashMap<IpAddr, Packer>,
    context: Context,
}

impl Senders {
    fn take(&mut self, from: IpAddr, message: &[u8]) {
        if !self.by_address.contains_key(&from) {
            self.admit(from, message);
        }
        let Some(packer) = self.by_address.get_mut(&from) else {
            return;
        };
        packer.line(message);
        if packer.is_full() {
            hand_over(packer, &self.context);
        }
    }

    /// Addresses can be forged, so there may be any number of them: when there are too many, all
    /// are forgotten, at the price of recognising formats anew.
    fn admit(&mut self, from: IpAddr, message: &[u8]) {
        if self.by_address.len() >= self.context.limits.sources.max(1) {
            self.hand_over();
            self.by_address.clear();
        }
        let Context {
            sources,
            name,
            limits,
            ..
        } = &self.context;
        let format = self.format;
        let format = format.unwrap_or_else(|| syslog_format::of_message(message.trim_ascii()));
        let packer = Packer::new(sources.of_peer(name, from), format, limits.line_bytes);
        self.by_address.insert(from, packer);
    }

    fn hand_over(&mut self) {
        for packer in self.by_address.values_mut() {
            hand_over(packer, &self.context);
        }
    }
}

fn hand_over(packer: &mut Packer, context: &Context) {
    let Some(parcel) = packer.take() else {
        return;
    };
    let (source, records) = (parcel.source.clone(), u64::from(parcel.records));
    if context.intake.try_submit(parcel).is_err() {
        source.dropped(DropReason::NoRoom, records);
    }
}
