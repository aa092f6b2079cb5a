use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::{SyslogSettings, Transport};
use crate::output::tls;

/// Where to connect, and how.
pub(super) struct Endpoint {
    address: String,
    transport: Transport,
    timeout: Duration,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

pub(super) struct Connection {
    kind: Kind,
    timeout: Duration,
    /// When what is being sent must have been taken.
    until: Instant,
}

enum Kind {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Udp(UdpSocket),
}

impl Endpoint {
    pub(super) fn new(settings: &SyslogSettings, folder: &Path) -> Result<Self, String> {
        let address = settings.address.clone();
        let Some((host, _)) = address.rsplit_once(':') else {
            return Err(format!("address {address:?} is not of the form HOST:PORT"));
        };
        let tls = match (settings.transport, &settings.ca_file) {
            (Transport::Tls, None) => {
                return Err("with transport tls, ca-file must say whom to trust".to_owned());
            }
            (Transport::Tls, Some(ca_file)) => {
                let client = match (&settings.cert_file, &settings.key_file) {
                    (None, None) => None,
                    (Some(cert), Some(key)) => Some((folder.join(cert), folder.join(key))),
                    _ => return Err("cert-file and key-file go together".to_owned()),
                };
                let client = client
                    .as_ref()
                    .map(|(cert, key)| (cert.as_path(), key.as_path()));
                let config = tls::client_config(&folder.join(ca_file), client)?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                let name = ServerName::try_from(host.to_owned());
                let name = name.map_err(|_| format!("{host:?} is no name of a host"))?;
                Some((config, name))
            }
            _ => None,
        };
        Ok(Self {
            address,
            transport: settings.transport,
            timeout: Duration::from_secs(settings.timeout_seconds.clamp(1, 30)),
            tls,
        })
    }

    pub(super) fn is_datagram(&self) -> bool {
        self.transport == Transport::Udp
    }

    pub(super) fn explain(&self, action: &str, error: &io::Error) -> String {
        format!("cannot {action} {}: {error}", self.address)
    }

    pub(super) fn connect(&self) -> Result<Connection, String> {
        let connected = self.try_connect();
        connected.map_err(|error| self.explain("connect to", &error))
    }

    fn try_connect(&self) -> io::Result<Connection> {
        let addresses = self.address.to_socket_addrs()?;
        let mut failure = io::Error::other("the name has no address");
        for address in addresses.take(4) {
            match self.connect_to(address) {
                Ok(kind) => {
                    return Ok(Connection {
                        kind,
                        timeout: self.timeout,
                        until: Instant::now() + self.timeout,
                    });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn connect_to(&self, address: SocketAddr) -> io::Result<Kind> {
        if self.is_datagram() {
            let local = if address.is_ipv4() {
                "0.0.0.0:0"
            } else {
                "[::]:0"
            };
            let socket = UdpSocket::bind(local)?;
            socket.connect(address)?;
            return Ok(Kind::Udp(socket));
        }
        let stream = TcpStream::connect_timeout(&address, self.timeout)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.timeout))?;
        stream.set_read_timeout(Some(self.timeout))?;
        let Some((config, name)) = &self.tls else {
            return Ok(Kind::Tcp(stream));
        };
        let connection = ClientConnection::new(Arc::clone(config), name.clone());
        let mut stream = StreamOwned::new(connection.map_err(io::Error::other)?, stream);
        let until = Instant::now() + self.timeout;
        // Now, so that a certificate that does not pass is told as such.
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(Kind::Tls(Box::new(stream)))
    }
}

impl Connection {
    pub(super) fn begin_batch(&mut self) {
        self.until = Instant::now() + self.timeout;
    }

    pub(super) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if let Kind::Udp(socket) = &self.kind {
            return socket.send(message).map(|_| ());
        }
        let mut frame = format!("{} ", message.len()).into_bytes();
        frame.extend_from_slice(message);
        match &mut self.kind {
            Kind::Tcp(stream) => write_until(stream, &frame, self.until),
            Kind::Tls(stream) => {
                write_until(stream, &frame, self.until)?;
                stream.flush()
            }
            Kind::Udp(_) => Ok(()),
        }
    }

    /// Whether the other side has not closed it. What it says is read and not looked at.
    pub(super) fn is_open(&mut self) -> bool {
        match &mut self.kind {
            Kind::Udp(_) => true,
            Kind::Tcp(stream) => {
                let open = stream.set_nonblocking(true).is_ok() && drain(stream);
                stream.set_nonblocking(false).is_ok() && open
            }
            Kind::Tls(stream) => {
                let open = stream.sock.set_nonblocking(true).is_ok() && drain(stream);
                stream.sock.set_nonblocking(false).is_ok() && open
            }
        }
    }

    pub(super) fn close(self) {
        match self.kind {
            Kind::Udp(_) => {}
            Kind::Tcp(stream) => {
                let _ = stream.shutdown(Shutdown::Write);
            }
            Kind::Tls(mut stream) => {
                stream.conn.send_close_notify();
                let _ = stream.flush();
                let _ = stream.sock.shutdown(Shutdown::Write);
            }
        }
    }
}

/// A receiver that takes a byte now and then must not hold an output for ever.
fn write_until(to: &mut impl Write, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is there; false at the end. Bounded: a receiver may talk without end.
fn drain(from: &mut impl Read) -> bool {
    let mut buffer = [0; 1024];
    for _ in 0..64 {
        match from.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    true
}
