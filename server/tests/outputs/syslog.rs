//! Tiny syslog receivers on loopback that close, refuse and come back.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use yagura_server::output::{SyslogOutput, SyslogSettings, Transport};

use crate::world::{World, alert, finish, publish, wait_until};

fn settings(port: u16, transport: Transport) -> SyslogSettings {
    SyslogSettings {
        address: format!("localhost:{port}"),
        transport,
        ca_file: (transport == Transport::Tls).then(|| "ca.pem".into()),
        cert_file: None,
        key_file: None,
        facility: 16,
        hostname: Some("siem".to_owned()),
        message_bytes: None,
        timeout_seconds: 5,
    }
}

/// The messages of an octet-counted stream, up to `max` of them.
fn read_frames(from: impl Read, max: usize, got: &Mutex<Vec<String>>) {
    let mut from = BufReader::new(from);
    for _ in 0..max {
        let mut length = Vec::new();
        if from.read_until(b' ', &mut length).unwrap_or(0) == 0 {
            return;
        }
        let length = String::from_utf8_lossy(&length)
            .trim()
            .parse()
            .expect("a length");
        let mut message = vec![0; length];
        if from.read_exact(&mut message).is_err() {
            return;
        }
        let message = String::from_utf8(message).expect("UTF-8");
        got.lock().expect("unpoisoned").push(message);
    }
}

/// Ids in the order in which they first came.
fn ids(messages: &[String]) -> Vec<u128> {
    let mut ids: Vec<u128> = Vec::new();
    for message in messages {
        let (_, rest) = message.split_once(" id=\"").expect("an id");
        let id = u128::from_str_radix(&rest[..32], 16).expect("an id");
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[test]
fn by_tcp_nothing_is_lost_when_the_receiver_goes_and_comes_back() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["syslog"]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let got = Arc::<Mutex<Vec<String>>>::default();
    let receiver = {
        let got = Arc::clone(&got);
        thread::spawn(move || {
            // Each connection ends in the midst of what is sent, but for the last.
            for max in [3, 1, 0, usize::MAX] {
                let (stream, _) = listener.accept().expect("a connection");
                read_frames(stream, max, &got);
            }
        })
    };
    let output = SyslogOutput::new(&settings(port, Transport::Tcp), world.path());
    let running = world.start(subscriptions.remove(0), output.expect("an output"));
    for id in 0..40 {
        publish(&mut outbox, &[alert(id, 0)]);
    }
    let all: Vec<u128> = (0..40).collect();
    wait_until("all arrived", || {
        ids(&got.lock().expect("unpoisoned")).len() == 40
    });
    finish(running);
    receiver.join().expect("no panic");
    assert_eq!(ids(&got.lock().expect("unpoisoned")), all);
}

#[test]
fn by_tls_the_receiver_must_be_the_one_that_is_meant() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["other", "right"]);
    let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (own, other) = (made(), made());
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .expect("a certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let got = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&got);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, got) = (Arc::clone(&config), Arc::clone(&kept));
            thread::spawn(move || {
                let connection = ServerConnection::new(config).expect("a connection");
                read_frames(StreamOwned::new(connection, stream), usize::MAX, &got);
            });
        }
    });

    fs::write(world.path().join("ca.pem"), other.cert.pem()).expect("written");
    let output = SyslogOutput::new(&settings(port, Transport::Tls), world.path());
    let wrong = world.start(subscriptions.remove(0), output.expect("an output"));
    fs::write(world.path().join("ca.pem"), own.cert.pem()).expect("written");
    let output = SyslogOutput::new(&settings(port, Transport::Tls), world.path());
    let right = world.start(subscriptions.remove(0), output.expect("an output"));

    publish(&mut outbox, &[alert(1, 0), alert(2, 0)]);
    wait_until("arrived", || got.lock().expect("unpoisoned").len() == 2);
    wait_until("told", || {
        let reason = wrong.status().snapshot().reason;
        reason.is_some_and(|reason| reason.contains("certificate"))
    });
    finish(right);
    crate::world::break_off(wrong);
    assert_eq!(ids(&got.lock().expect("unpoisoned")), [1, 2]);
}

#[test]
fn by_udp_each_is_a_datagram() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["syslog"]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    let port = socket.local_addr().expect("an address").port();
    let mut settings = settings(port, Transport::Udp);
    settings.address = format!("127.0.0.1:{port}");
    let output = SyslogOutput::new(&settings, world.path()).expect("an output");
    let running = world.start(subscriptions.remove(0), output);
    publish(&mut outbox, &[alert(1, 0)]);
    let mut buffer = [0; 9000];
    let length = socket.recv(&mut buffer).expect("a datagram");
    let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let message = message.replace(&std::process::id().to_string(), "PID");
    let expected = "<131>1 2023-11-14T22:13:20Z siem yagura PID alert [yagura@32473 \
        id=\"00000000000000000000000000000001\" level=\"high\" state=\"open\" rule=\"r-1\" \
        title=\"Many failures\"] {\"kind\":\"alert\"";
    assert!(message.starts_with(expected), "{message}");
    finish(running);
}
