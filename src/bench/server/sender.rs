//! What sends: one connection, as fast as it may.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use clap::ValueEnum;
use yagura_parsers::Timestamp;

use super::lines::{Lines, Stamp};

/// By which protocol events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Syslog over TCP, a line each
    SyslogTcp,
    /// Syslog over UDP, a datagram each
    SyslogUdp,
    /// RELP, with 128 messages under way
    Relp,
    /// `POST /ingest`, 500 lines a request
    Http,
}

impl Protocol {
    /// What the server calls such an input.
    pub fn input(self) -> &'static str {
        match self {
            Self::SyslogTcp => "syslog-tcp",
            Self::SyslogUdp => "syslog-udp",
            Self::Relp => "relp",
            Self::Http => "http",
        }
    }

    /// Whether who sends is told what was stored.
    pub fn acknowledges(self) -> bool {
        matches!(self, Self::Relp | Self::Http)
    }

    /// How many events are handed over at once, if nothing slows it down.
    fn batch(self) -> u64 {
        match self {
            Self::SyslogTcp | Self::Http => 500,
            Self::SyslogUdp => 16,
            Self::Relp => WINDOW / 2,
        }
    }
}

/// Messages under way, as rsyslog has them.
const WINDOW: u64 = 128;
/// A server that does not answer for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where a rate is asked for, a second is sent in so many parts.
const STRETCHES: u64 = 200;

/// What a connection has to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// How.
    pub protocol: Protocol,
    /// To whom.
    pub address: SocketAddr,
    /// What; each connection begins at another line.
    pub lines: &'a Lines,
    /// The first line.
    pub first: u64,
    /// For how long.
    pub duration: Duration,
    /// Events a second; as many as possible without.
    pub rate: Option<u64>,
    /// What `/ingest` wants to see.
    pub token: Option<&'a str>,
}

/// What a connection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Events that were sent.
    pub events: u64,
    /// Their bytes, without what the protocol adds.
    pub bytes: u64,
    /// Events that the server said were stored.
    pub acknowledged: u64,
    /// Events that it told us to send later.
    pub put_off: u64,
}

impl Sent {
    /// With what another connection did.
    pub fn and(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            bytes: self.bytes + other.bytes,
            acknowledged: self.acknowledged + other.acknowledged,
            put_off: self.put_off + other.put_off,
        }
    }
}

/// Sends until the time is over.
///
/// # Errors
/// The connection is refused, breaks, or is silent for too long.
pub fn send(task: Task<'_>) -> io::Result<Sent> {
    let mut wire = Wire::open(task)?;
    let begun = Instant::now();
    let mut sent = Sent::default();
    let batch = match task.rate {
        Some(rate) => task.protocol.batch().min((rate / STRETCHES).max(1)),
        None => task.protocol.batch(),
    };
    while begun.elapsed() < task.duration {
        if let Some(rate) = task.rate {
            let due = Duration::from_nanos(sent.events * 1_000_000_000 / rate);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        wire.batch(task.first + sent.events, batch, &mut sent)?;
    }
    wire.close(&mut sent)?;
    Ok(sent)
}

/// One connection.
struct Wire<'a> {
    task: Task<'a>,
    socket: Socket,
    out: Vec<u8>,
    line: Vec<u8>,
    received: Vec<u8>,
    /// Of RELP: the number of the next message, and how many are not acknowledged.
    number: u64,
    under_way: u64,
}

enum Socket {
    Stream(TcpStream),
    Datagrams(UdpSocket),
}

impl<'a> Wire<'a> {
    fn open(task: Task<'a>) -> io::Result<Self> {
        let socket = if task.protocol == Protocol::SyslogUdp {
            let any = if task.address.is_ipv6() {
                "[::]:0"
            } else {
                "0.0.0.0:0"
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(task.address)?;
            Socket::Datagrams(socket)
        } else {
            let stream = TcpStream::connect_timeout(&task.address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Socket::Stream(stream)
        };
        let mut wire = Self {
            task,
            socket,
            out: Vec::new(),
            line: Vec::new(),
            received: Vec::new(),
            number: 2,
            under_way: 0,
        };
        if task.protocol == Protocol::Relp {
            const OFFERS: &str = "relp_version=0\nrelp_software=yagura-bench\ncommands=syslog";
            wire.out = format!("1 open {} {OFFERS}\n", OFFERS.len()).into_bytes();
            wire.under_way = 1;
            wire.write()?;
            wire.acknowledgements(0)?;
        }
        Ok(wire)
    }

    /// Sends so many lines from `first` on.
    fn batch(&mut self, first: u64, count: u64, sent: &mut Sent) -> io::Result<()> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        let now = Timestamp(i64::try_from(now).unwrap_or(i64::MAX));
        let stamp = Stamp::of(now).ok_or_else(|| io::Error::other("the clock is far off"))?;
        let before = sent.bytes;
        self.out.clear();
        for number in first..first + count {
            self.line.clear();
            self.task.lines.write(number, &stamp, &mut self.line);
            sent.bytes += self.line.len() as u64;
            self.frame()?;
        }
        match self.task.protocol {
            Protocol::SyslogUdp => {}
            Protocol::SyslogTcp => self.write()?,
            Protocol::Relp => {
                self.write()?;
                sent.acknowledged += self.acknowledgements(WINDOW - count)?;
            }
            Protocol::Http => {
                if !self.request()? {
                    sent.put_off += count;
                    sent.bytes = before;
                    std::thread::sleep(Duration::from_millis(20));
                    return Ok(());
                }
                sent.acknowledged += count;
            }
        }
        sent.events += count;
        Ok(())
    }

    /// Adds the line to what is to be sent.
    fn frame(&mut self) -> io::Result<()> {
        match (&self.socket, self.task.protocol) {
            (Socket::Datagrams(socket), _) => {
                socket.send(&self.line)?;
            }
            (Socket::Stream(_), Protocol::Relp) => {
                write!(self.out, "{} syslog {} ", self.number, self.line.len())?;
                self.out.append(&mut self.line);
                self.out.push(b'\n');
                // Numbers go back to 1 behind the largest that the protocol has.
                self.number = self.number % 999_999_999 + 1;
                self.under_way += 1;
            }
            (Socket::Stream(_), _) => {
                self.out.append(&mut self.line);
                self.out.push(b'\n');
            }
        }
        Ok(())
    }

    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        match &mut self.socket {
            Socket::Stream(stream) => Ok(stream),
            Socket::Datagrams(_) => Err(io::Error::other("datagrams have no stream")),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        self.stream()?.write_all(&out)?;
        self.out = out;
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut some = [0; 16 << 10];
        let count = self.stream()?.read(&mut some)?;
        if count == 0 {
            let why = "the server closed the connection";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        self.received
            .extend_from_slice(some.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Reads answers until no more than `left` messages wait for theirs; how many came.
    fn acknowledgements(&mut self, left: u64) -> io::Result<u64> {
        let before = self.under_way;
        loop {
            while let Some((answer, len)) = relp_answer(&self.received) {
                if !answer.starts_with(b"200") {
                    let text = String::from_utf8_lossy(answer).into_owned();
                    return Err(io::Error::other(format!("the server refuses: {text}")));
                }
                self.received.drain(..len);
                self.under_way = self.under_way.saturating_sub(1);
            }
            if self.under_way <= left {
                return Ok(before - self.under_way);
            }
            self.read()?;
        }
    }

    /// Sends what is there as a request; whether it was taken.
    fn request(&mut self) -> io::Result<bool> {
        let token = self
            .task
            .token
            .map(|token| format!("Authorization: Bearer {token}\r\n"));
        let head = format!(
            "POST /ingest HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n",
            self.task.address,
            self.out.len(),
            token.unwrap_or_default(),
        );
        self.stream()?.write_all(head.as_bytes())?;
        self.write()?;
        loop {
            if let Some((status, len)) = http_answer(&self.received) {
                let text = String::from_utf8_lossy(&self.received).into_owned();
                self.received.drain(..len);
                return match status {
                    200 => Ok(true),
                    429 | 503 => Ok(false),
                    _ => Err(io::Error::other(format!(
                        "the server refuses: {}",
                        text.trim_end()
                    ))),
                };
            }
            self.read()?;
        }
    }

    /// Waits until the server has all that was sent.
    fn close(&mut self, sent: &mut Sent) -> io::Result<()> {
        match self.task.protocol {
            Protocol::Relp => {
                sent.acknowledged += self.acknowledgements(0)?;
                self.out = format!("{} close 0\n", self.number).into_bytes();
                self.write()
            }
            Protocol::SyslogTcp => {
                let stream = self.stream()?;
                stream.shutdown(Shutdown::Write)?;
                // It closes its side when it has read all.
                let mut some = [0; 16];
                while stream.read(&mut some)? > 0 {}
                Ok(())
            }
            Protocol::SyslogUdp | Protocol::Http => Ok(()),
        }
    }
}

/// `TXNR rsp LENGTH TEXT\n`: the text, and how long all is; `None` if it is not there in whole.
fn relp_answer(received: &[u8]) -> Option<(&[u8], usize)> {
    let mut at = 0;
    let mut word = |ends: &[u8]| {
        let rest = received.get(at..)?;
        let len = rest.iter().position(|byte| ends.contains(byte))?;
        at += len + 1;
        rest.get(..len)
    };
    word(b" ")?;
    word(b" ")?;
    let len: usize = std::str::from_utf8(word(b" \n")?).ok()?.parse().ok()?;
    let text = received.get(at..at + len)?;
    let end = at + len + usize::from(len > 0);
    (received.len() >= end).then_some((text, end))
}

/// The status of an answer with a length, and how long all is.
fn http_answer(received: &[u8]) -> Option<(u16, usize)> {
    let head = memchr::memmem::find(received, b"\r\n\r\n")?;
    let text = std::str::from_utf8(received.get(..head)?).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head + 4 + length.unwrap_or(0);
    (received.len() >= end).then_some((status, end))
}

#[cfg(test)]
mod tests {
    use super::{http_answer, relp_answer};

    #[test]
    fn reads_answers_when_they_are_whole() {
        let relp = b"2 rsp 6 200 OK\n3 rsp 0\n";
        assert_eq!(relp_answer(relp), Some((&b"200 OK"[..], 15)));
        assert_eq!(relp_answer(&relp[..14]), None);
        assert_eq!(relp_answer(&relp[15..]), Some((&b""[..], 8)));
        let http = b"HTTP/1.1 503 Busy\r\nContent-length: 2\r\n\r\nno";
        assert_eq!(http_answer(http), Some((503, http.len())));
        assert_eq!(http_answer(&http[..http.len() - 1]), None);
    }
}
