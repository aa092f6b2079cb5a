//! Whatever was acknowledged is accounted for, whenever the process is killed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::served::{Served, ask};
use super::{message, rules};

/// More by `YAGURA_KILLS`.
const KILLS: u64 = 4;
const BATCH: u64 = 40;

#[test]
fn nothing_acknowledged_is_lost() {
    let kills = std::env::var("YAGURA_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules(folder.path());
    let data = folder.path().join("data");
    let mut acknowledged = 0;
    // Any numbers that differ: what is interrupted has to differ.
    let mut random = 0x9e37_79b9_u64;
    for _ in 0..kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let server = Served::start(&data, &rules, &["http"]);
        let (address, killed) = (server.address("http"), AtomicBool::new(false));
        let begin = acknowledged;
        acknowledged += std::thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut done = 0;
                while !killed.load(Ordering::Relaxed) {
                    let from = begin + done;
                    let body: String = (from..from + BATCH).map(message).collect();
                    match ask(address, "POST", "/ingest", body.as_bytes()) {
                        Some((200, _)) => {
                            done += BATCH;
                            // So many that the store is soon through with them.
                            std::thread::sleep(Duration::from_millis(10));
                        }
                        // Not acknowledged: sent again, to whoever comes up.
                        _ => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
                done
            });
            std::thread::sleep(Duration::from_millis(100 + random % 700));
            server.kill();
            killed.store(true, Ordering::Relaxed);
            sender.join().expect("a count")
        });
    }
    let server = Served::start(&data, &rules, &["http"]);
    println!("{acknowledged} messages acknowledged over {kills} kills");
    server.wait_until("all acknowledged are in the store", |server| {
        let seen = numbers(server);
        (0..acknowledged).all(|number| seen.contains(&number))
    });
    let incidents = all(&server, "incidents");
    let ids: BTreeSet<&str> = incidents
        .iter()
        .filter_map(|of| of["id"].as_str())
        .collect();
    assert_eq!(ids.len(), incidents.len(), "each incident once");
    assert_eq!(server.end(), Some(0));
}

/// The numbers of the messages that were found.
fn numbers(server: &Served) -> BTreeSet<u64> {
    let detections = all(server, "detections");
    let texts = detections
        .iter()
        .filter_map(|of| of["matched"]["keywords"].as_str());
    let numbers = texts.filter_map(|text| text.split_once("number-")?.1.split(' ').next());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn all(server: &Served, what: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/{what}?limit=1000{after}"));
        all.extend(page[what].as_array().cloned().unwrap_or_default());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}
