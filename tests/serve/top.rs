//! `yagura top` on a server.

use std::process::{Command, Output};

use serde_json::Value;

use super::served::Served;
use super::{message, rules};

fn top(server: &str, options: &[&str]) -> Output {
    let mut top = Command::new(env!("CARGO_BIN_EXE_yagura"));
    top.args(["top", "--server", server, "--interval", "100ms"]);
    top.args(options).output().expect("it runs")
}

#[test]
fn a_frame_tells_what_the_server_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let server = Served::start(&folder.path().join("data"), &rules, &["http"]);
    let body: String = (0..150).map(message).collect();
    let answer = server.ask("POST", "/ingest", body.as_bytes());
    assert_eq!(answer.map(|(status, _)| status), Some(200));
    server.wait_until("the store has the incident", |server| {
        server.get("/api/v1/incidents")["incidents"][0]["kind"] == "incident"
    });
    let address = server.address("http").to_string();
    // Without a terminal one frame is what it prints.
    for options in [&["--once"][..], &[]] {
        let printed = top(&address, options);
        assert!(printed.status.success(), "{printed:?}");
        let text = String::from_utf8(printed.stdout).expect("text");
        for part in [
            "150 detections",
            "http/127.0.0.1",
            "store",
            "Numbered message",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
    let printed = top(&address, &["--json"]);
    let glance: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(glance["status"]["engine"]["events"], 150);
    assert_eq!(glance["sources"][0]["received"], 150);
    assert_eq!(server.end(), Some(0));
    let printed = top(&address, &["--once"]);
    assert_eq!(printed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&printed.stderr).contains(&address));
}
