//! Many connections that say nothing, some that say a byte a second, and those that work.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::served::Served;
use super::{message, rules};

/// Idle ones, slow ones, seconds. Others by `YAGURA_CONNECTIONS=10000,1000,60`; each takes a
/// file of this process and of the server.
const USUAL: [usize; 3] = [300, 50, 2];

#[test]
fn idle_and_slow_ones_disturb_nobody() {
    let [idle, slow, seconds] = asked();
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let config = folder.path().join("yagura.yml");
    let text = format!("limits: {{connections: {}}}\n", idle + slow + 100);
    std::fs::write(&config, text).expect("a file");
    let data = folder.path().join("data");
    let listen = ["http", "syslog-tcp"];
    let server = Served::with_config(Some(&config), &data, &rules, &listen).expect("it starts");
    let address = server.address("syslog-tcp");
    let connect = |_| TcpStream::connect(address).expect("a connection");
    let waiting: Vec<TcpStream> = (0..idle).map(connect).collect();
    let mut trickling: Vec<TcpStream> = (0..slow).map(connect).collect();
    let mut sent = 0;
    let mut largest = 0;
    for second in 0..seconds {
        for stream in &mut trickling {
            stream.write_all(b"<").expect("written");
        }
        for _ in 0..10 {
            let body: String = (sent..sent + 100).map(message).collect();
            let answer = server.ask("POST", "/ingest", body.as_bytes());
            assert_eq!(
                answer.map(|(status, _)| status),
                Some(200),
                "second {second}"
            );
            sent += 100;
            std::thread::sleep(Duration::from_millis(100));
        }
        largest = largest.max(server.resident_kib());
    }
    println!("{idle} idle and {slow} slow connections: {largest} KiB resident at most");
    assert!(largest < 500 << 10, "{largest} KiB");
    for (stream, number) in trickling.iter_mut().zip(sent..) {
        let rest = format!("\n{}", message(number));
        stream.write_all(rest.as_bytes()).expect("written");
    }
    drop(trickling);
    // What trickled in is a message each, too.
    let all = sent + 2 * slow as u64;
    server.wait_until("all are evaluated", |server| {
        server.get("/api/v1/status")["engine"]["events"] == all
    });
    drop(waiting);
    assert_eq!(server.end(), Some(0));
}

fn asked() -> [usize; 3] {
    let Ok(text) = std::env::var("YAGURA_CONNECTIONS") else {
        return USUAL;
    };
    let numbers: Vec<usize> = text
        .split(',')
        .filter_map(|n| n.trim().parse().ok())
        .collect();
    numbers
        .try_into()
        .expect("three numbers: IDLE,SLOW,SECONDS")
}
