//! Measuring a server that runs: events are sent as shippers send them, and its own counters
//! tell what became of them.
//!
//! ```text
//!  lines (in memory) ─▶ connections ─▶ server ─▶ /metrics before, after ─▶ ServerReport
//! ```

pub mod lines;
pub mod page;
pub mod report;
pub mod sender;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::lines::Lines;
use self::page::Page;
use self::report::ServerReport;
use self::sender::{Protocol, Sent, Task};
use crate::api_client::{ApiClient, trouble};
use crate::failure::Failure;

/// What is to be measured.
#[derive(Debug)]
pub struct Order<'a> {
    /// Where the server's API is: `HOST:PORT`.
    pub server: &'a str,
    /// What the API wants to see.
    pub token: Option<&'a str>,
    /// How events are sent.
    pub protocol: Protocol,
    /// Where to; the server is asked without.
    pub to: Option<&'a str>,
    /// What is sent.
    pub lines: &'a Lines,
    /// By how many connections.
    pub connections: NonZeroUsize,
    /// For how long.
    pub duration: Duration,
    /// Events a second, in all.
    pub rate: Option<u64>,
}

/// What was sent is evaluated by then, unless the server does nothing any more.
const DRAINED: Duration = Duration::from_secs(60);
/// Of datagrams nobody knows how many arrived: nothing new for so long is the end.
const QUIET: Duration = Duration::from_secs(2);
/// Findings wait for each other before they are stored; the last ones belong into the figures.
const STORED: Duration = Duration::from_millis(250);

/// Sends, waits, and looks at the server's counters.
///
/// # Errors
/// The server cannot be reached, has no such input, or refuses.
pub fn run(order: &Order<'_>) -> Result<ServerReport, Failure> {
    let api = ApiClient::new(order.server, order.token)?;
    let status = api.json("/api/v1/status")?;
    let address = match order.to {
        Some(to) => resolve(to)?,
        None => input_of(&status, order)?,
    };
    let before = page(&api)?;
    let begun = Instant::now();
    let sent = send_all(order, address)?;
    let sending = begun.elapsed();
    let analysing = wait(&api, &before, sent, order.protocol, begun)?;
    thread::sleep(STORED);
    let after = page(&api)?;
    Ok(ServerReport::new(
        order,
        (address, &status),
        (sent, sending),
        analysing,
        (&after.since(&before), &after),
    ))
}

fn send_all(order: &Order<'_>, address: SocketAddr) -> Result<Sent, Failure> {
    let connections = order.connections.get();
    let share = order.lines.len() / connections;
    let rate = order.rate.map(|rate| (rate / connections as u64).max(1));
    let task = |number: usize| Task {
        protocol: order.protocol,
        address,
        lines: order.lines,
        first: (number * share) as u64,
        duration: order.duration,
        rate,
        token: order.token,
    };
    let sent: Vec<io::Result<Sent>> = thread::scope(|scope| {
        let start = |number| scope.spawn(move || sender::send(task(number)));
        let threads: Vec<_> = (0..connections).map(start).collect();
        let ended = threads.into_iter().map(|thread| {
            let panicked = |_| Err(io::Error::other("a thread that sends ended unexpectedly"));
            thread.join().unwrap_or_else(panicked)
        });
        ended.collect()
    });
    let mut all = Sent::default();
    for of_one in sent {
        let of_one = of_one.map_err(|error| trouble(&address.to_string(), &error))?;
        all = all.and(of_one);
    }
    Ok(all)
}

fn resolve(address: &str) -> Result<SocketAddr, Failure> {
    let mut found = address
        .to_socket_addrs()
        .map_err(|error| trouble(address, &error))?;
    let none = || trouble(address, &"the name has no address");
    found.next().ok_or_else(none)
}

/// Where an input listens, by what the server says. One that listens everywhere is at the
/// address of the API.
fn input_of(status: &Value, order: &Order<'_>) -> Result<SocketAddr, Failure> {
    let wanted = order.protocol.input();
    if order.protocol == Protocol::Http {
        return resolve(order.server);
    }
    let inputs = status["inputs"].as_array().into_iter().flatten();
    let mut addresses = inputs
        .filter(|input| input["type"] == wanted)
        .filter_map(|input| input["address"].as_str()?.parse::<SocketAddr>().ok());
    let none = || {
        let how = format!("it has no input {wanted}; start one, or say where with --to");
        trouble(order.server, &how)
    };
    let mut address = addresses.next().ok_or_else(none)?;
    if address.ip().is_unspecified() {
        address.set_ip(resolve(order.server)?.ip());
    }
    Ok(address)
}

fn page(api: &ApiClient) -> Result<Page, Failure> {
    Ok(Page::read(&api.text("/metrics")?))
}

/// Waits until as many events are evaluated as were sent, or none are any more; how long that
/// took since `begun`.
fn wait(
    api: &ApiClient,
    before: &Page,
    sent: Sent,
    protocol: Protocol,
    begun: Instant,
) -> Result<Duration, Failure> {
    let goal = before.count("yagura_events_total") + sent.events;
    let patience = if protocol == Protocol::SyslogUdp {
        QUIET
    } else {
        DRAINED
    };
    let (mut last, mut moved) = (0, Instant::now());
    let mut took = begun.elapsed();
    loop {
        let events = api.json("/api/v1/status")?["engine"]["events"]
            .as_u64()
            .unwrap_or(0);
        if events != last {
            (last, moved) = (events, Instant::now());
            took = begun.elapsed();
        }
        if events >= goal || moved.elapsed() > patience {
            return Ok(took);
        }
        thread::sleep(Duration::from_millis(10));
    }
}
