//! `yagura serve` as its users see it: sockets, HTTP, signals, files.

mod bench;
mod connections;
mod kill;
mod reload;
mod served;
mod top;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use served::Served;

/// One rule that finds each message, one that counts them.
const RULES: &str = "\
title: Numbered message
id: 7c0f7a34-4b0e-4a2e-8d5e-0d5c5d0a9a01
name: numbered
status: test
logsource: {product: linux}
detection:
  numbers: ['number-']
  condition: numbers
level: high
---
title: Many numbered messages
id: 7c0f7a34-4b0e-4a2e-8d5e-0d5c5d0a9a02
status: test
correlation:
  type: event_count
  rules: [numbered]
  timespan: 1h
  generate: true
  condition: {gte: 50}
level: high
";

fn rules(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("rules");
    fs::create_dir_all(&path).expect("a folder");
    fs::write(path.join("numbered.yml"), RULES).expect("a file");
    path
}

fn message(number: u64) -> String {
    let (minute, second) = (number / 60 % 60, number % 60);
    format!("2026-03-02T08:{minute:02}:{second:02}Z web01 app[7]: number-{number} of many\n")
}

#[test]
fn what_is_ingested_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let data = folder.path().join("data");
    let server = Served::start(&data, &rules, &["http", "syslog-tcp"]);
    let body: String = (0..100).map(message).collect();
    let (status, answer) = server
        .ask("POST", "/ingest", body.as_bytes())
        .expect("an answer");
    assert_eq!(
        (status, answer.as_str()),
        (200, r#"{"accepted":100,"refused":0}"#)
    );
    let mut stream = TcpStream::connect(server.address("syslog-tcp")).expect("a connection");
    let more: String = (100..150).map(message).collect();
    stream.write_all(more.as_bytes()).expect("written");
    drop(stream);
    server.wait_until("150 events are evaluated", |server| {
        server.get("/api/v1/status")["engine"]["events"] == 150
    });
    server.wait_until("the store has the incident", |server| {
        server.get("/api/v1/incidents")["incidents"][0]["kind"] == "incident"
    });
    let alerts = server.get("/api/v1/alerts");
    assert_eq!(
        alerts["alerts"].as_array().map(Vec::len),
        Some(1),
        "{alerts}"
    );
    let sources = server.get("/api/v1/sources");
    let named = |name: &str| {
        let all = sources["sources"].as_array().expect("a list");
        all.iter()
            .find(|source| source["name"] == name)
            .cloned()
            .expect(name)
    };
    assert_eq!(named("http/127.0.0.1")["received"], 100);
    assert_eq!(named("syslog-tcp/127.0.0.1")["received"], 50);
    assert_eq!(server.end(), Some(0));
    // What was under way is closed by nobody: it goes on after a start.
    let server = Served::start(&data, &rules, &["http"]);
    let body: String = (150..160).map(message).collect();
    assert_eq!(
        server.ask("POST", "/ingest", body.as_bytes()).map(|a| a.0),
        Some(200)
    );
    server.wait_until("the rest is evaluated", |server| {
        server.get("/api/v1/status")["engine"]["events"] == 10
    });
    let alerts = server.get("/api/v1/alerts");
    assert_eq!(
        alerts["alerts"].as_array().map(Vec::len),
        Some(1),
        "still one: {alerts}"
    );
    assert_eq!(server.end(), Some(0));
}

#[test]
fn wrong_rules_are_refused_while_the_old_ones_run_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let server = Served::start(&folder.path().join("data"), &rules, &["http"]);
    fs::write(rules.join("wrong.yml"), "title: Wrong\ndetection: 7\n").expect("a file");
    let (status, report) = server
        .ask("POST", "/api/v1/rules/reload", b"")
        .expect("an answer");
    assert_eq!(status, 422, "{report}");
    assert!(report.contains("wrong.yml"), "says where: {report}");
    assert_eq!(
        server.get("/api/v1/status")["engine"]["rules"]["detections"],
        1
    );
    let more = RULES
        .replace("-0d5c5d0a9a0", "-0d5c5d0a9b0")
        .replace("name: numbered", "name: other");
    let more = more.replace("rules: [numbered]", "rules: [other]");
    fs::write(rules.join("wrong.yml"), more).expect("a file");
    let (status, now) = server
        .ask("POST", "/api/v1/rules/reload", b"")
        .expect("an answer");
    assert_eq!(status, 200, "{now}");
    let found = server
        .ask("POST", "/api/v1/rules/test", message(1).as_bytes())
        .expect("an answer");
    assert_eq!(
        found.1.matches("\"kind\":\"detection\"").count(),
        2,
        "{}",
        found.1
    );
    assert_eq!(server.end(), Some(0));
}

#[test]
fn what_makes_no_sense_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let data = folder.path().join("data");
    let server = Served::start(&data, &rules, &["http"]);
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/ingest", 405),
        ("POST", "/ingest/nonsense", 400),
        ("GET", "/api/v1/incidents?level=awful", 400),
        ("GET", "/api/v1/incidents?colour=red", 400),
        ("GET", "/api/v1/incidents?after=nonsense", 400),
        ("GET", "/api/v1/incidents/xyz", 400),
        ("GET", "/api/v1/incidents/00", 404),
        ("GET", "/..%2f..%2fetc/passwd", 404),
    ] {
        let answer = server.ask(method, path, b"x").expect("an answer");
        assert_eq!(answer.0, status, "{method} {path}: {}", answer.1);
    }
    let second = Served::try_start(&data, &rules, &["http"]).map(Served::kill);
    let said = second.expect_err("the data are in use");
    assert!(said.contains("used by another process"), "{said}");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_full_spool_refuses_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let config = folder.path().join("yagura.yml");
    let text = "spool: {limit: 1MiB, segment: 128KiB, memory: 64KiB}\nlimits: {room: 100ms}\n";
    fs::write(&config, text).expect("a file");
    let data = folder.path().join("data");
    let server = Served::with_config(Some(&config), &data, &rules, &["http"]).expect("it starts");
    let (mut sent, mut refused) = (0, 0);
    // Six times what the spool may hold.
    while sent < 300 * 400 {
        let body: String = (sent..sent + 400).map(message).collect();
        match server.ask("POST", "/ingest/syslog", body.as_bytes()) {
            Some((200, _)) => sent += 400,
            Some((429 | 503, _)) => {
                refused += 1;
                assert!(
                    refused < 1000,
                    "it never goes on: {}",
                    server.get("/api/v1/status")
                );
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => panic!("{other:?}"),
        }
    }
    server.wait_until("all are evaluated", |server| {
        let events = server.get("/api/v1/status")["engine"]["events"].as_u64();
        events >= Some(sent)
    });
    let spool = &server.get("/api/v1/status")["spool"];
    assert!(spool["used_bytes"].as_u64() <= Some(1 << 20), "{spool}");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_wrong_configuration_is_told_by_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let config = folder.path().join("yagura.yml");
    for (text, told) in [
        (
            "data-dir: x\nspol: {}\n",
            "yagura.yml:2:1: unknown field `spol`",
        ),
        ("lateness: 5 weeks\n", "yagura.yml:1:11"),
        ("inputs:\n  - {type: pigeon}\n", "unknown variant `pigeon`"),
        (
            "inputs:\n  - {listen: 127.0.0.1:1, type: relp}\n",
            "`type` has to stand first",
        ),
        (
            "inputs:\n  - {type: relp}\n  - {type: relp}\n",
            "two inputs are called relp",
        ),
        (
            "api: {token: '${YAGURA_NOT_SET}'}\n",
            "no variable YAGURA_NOT_SET",
        ),
        ("api: {listen: '0.0.0.0:0'}\n", "set `api.token`"),
    ] {
        fs::write(&config, text).expect("a file");
        let data = folder.path().join("data");
        let started = Served::with_config(Some(&config), &data, &rules, &[]);
        let said = started.map(Served::kill).expect_err(text);
        assert!(said.contains(told), "{text}: {said}");
    }
}
