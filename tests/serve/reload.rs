//! Rules change while events stream in.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use super::served::Served;
use super::{RULES, message, rules};

/// More by `YAGURA_RELOADS`.
const RELOADS: u64 = 10;

/// A rule that is another one each time, before those that matter, so that all of them get
/// other numbers.
fn other(number: u64) -> String {
    let other = RULES.split("---\n").next().unwrap_or_default();
    let names = other.replace("name: numbered", "name: other");
    let ids = names.replace("-0d5c5d0a9a01", &format!("-0d5c5d0b{number:04}"));
    ids.replace("'number-'", &format!("'nothing-like-{number}'"))
}

#[test]
fn nothing_is_lost_and_no_alert_is_doubled() {
    let reloads = std::env::var("YAGURA_RELOADS").ok();
    let reloads = reloads.and_then(|n| n.parse().ok()).unwrap_or(RELOADS);
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let server = Served::start(&folder.path().join("data"), &rules, &["http", "syslog-tcp"]);
    let (address, over) = (server.address("syslog-tcp"), AtomicBool::new(false));
    let mut longest = 0.0_f64;
    let sent = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut stream = TcpStream::connect(address).expect("a connection");
            let mut sent = 0;
            while !over.load(Ordering::Relaxed) {
                let body: String = (sent..sent + 20).map(message).collect();
                stream.write_all(body.as_bytes()).expect("written");
                sent += 20;
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            sent
        });
        for number in 0..reloads {
            fs::write(rules.join("another.yml"), other(number)).expect("a file");
            let answer = server.ask("POST", "/api/v1/rules/reload", b"");
            assert_eq!(answer.map(|(status, _)| status), Some(200));
            longest = longest.max(metric(&server, "yagura_reload_pause_seconds"));
        }
        over.store(true, Ordering::Relaxed);
        sender.join().expect("a count")
    });
    println!("{sent} events during {reloads} reloads, longest pause {longest} s");
    server.wait_until("all are evaluated", |server| {
        server.get("/api/v1/status")["engine"]["events"] == sent
    });
    let generation = server.get("/api/v1/status")["engine"]["rules"]["generation"].clone();
    assert!(generation.as_u64() > Some(reloads), "{generation}");
    server.wait_until("the store has the alert", |server| {
        server.get("/api/v1/alerts")["alerts"][0]["kind"] == "alert"
    });
    let alerts = server.get("/api/v1/alerts");
    let alerts = alerts["alerts"].as_array().expect("a list");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let matches = server.get("/api/v1/status")["engine"]["matches"].clone();
    assert_eq!(matches, sent, "each event by one rule");
    assert_eq!(server.end(), Some(0));
}

fn metric(server: &Served, name: &str) -> f64 {
    let (_, text) = server.ask("GET", "/metrics", b"").expect("an answer");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    lines
        .find_map(|rest| rest.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {name}: {text}"))
}
