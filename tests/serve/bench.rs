//! `yagura bench --server` against a server.

use std::process::Command;

use serde_json::Value;

use super::rules;
use super::served::Served;

#[test]
fn what_was_sent_is_what_was_analysed() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let inputs = ["http", "syslog-tcp", "syslog-udp", "relp"];
    let server = Served::start(&folder.path().join("data"), &rules, &inputs);
    let lines = folder.path().join("lines.log");
    let text: String = (0..50).map(super::message).collect();
    std::fs::write(&lines, text).expect("a file");
    for protocol in ["syslog-tcp", "relp", "http", "syslog-udp"] {
        let report = folder.path().join("report.json");
        let measured = Command::new(env!("CARGO_BIN_EXE_yagura"))
            .arg("bench")
            .arg(&lines)
            .args(["--server", &server.address("http").to_string()])
            .args([
                "--protocol",
                protocol,
                "--rate",
                "2000",
                "--duration",
                "500ms",
            ])
            .args(["--connections", "2", "--json"])
            .arg(&report)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&measured.stdout);
        assert!(measured.status.success(), "{protocol}: {said}{measured:?}");
        let report = std::fs::read(&report).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let sent = report["sent"].as_u64().expect("a number");
        assert!(sent > 0, "{report}");
        assert_eq!(report["analysed"], sent, "{report}");
        assert_eq!(report["unparsed"], 0, "{report}");
        assert_eq!(report["findings"]["detection"], sent, "{report}");
        let acknowledges = matches!(protocol, "relp" | "http");
        assert_eq!(
            report["acknowledged"].as_u64(),
            acknowledges.then_some(sent)
        );
        assert!(report["latency"]["blocks"].as_u64() > Some(0), "{report}");
    }
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let said = |args: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_yagura"))
            .args(["bench", "--server"])
            .args(args)
            .output()
            .expect("it runs");
        assert_eq!(ran.status.code(), Some(2));
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    assert!(said(&[&address]).contains(&address));
    assert!(said(&["http://127.0.0.1:1"]).contains("without http://"));
    assert!(said(&["127.0.0.1:1", "--rules", "x"]).contains("cannot be used with"));
}
