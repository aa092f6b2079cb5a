//! What a scenario promises, counted in what it writes.

use std::collections::HashSet;

use super::company::{self, INFECTED_SERVERS, INFECTED_WORKSTATIONS};
use super::{Attack, Lane, LaneKind, START, ScenarioOptions};

fn written(kind: LaneKind, attack: Attack, slice_nanos: i64) -> Vec<u8> {
    let options = ScenarioOptions {
        seed: 5,
        days: 5,
        attack,
        scale_percent: 1,
    };
    let (mut lane, mut out, mut until) = (Lane::new(kind, &options), Vec::new(), START.0);
    while !lane.is_over() {
        until += slice_nanos;
        lane.write_until(until, &mut out);
    }
    out
}

fn lines_with(text: &[u8], parts: &[&str]) -> usize {
    let text = String::from_utf8_lossy(text);
    let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
    text.lines().filter(has_all).count()
}

#[test]
fn the_flood_is_exact_and_has_lookalikes() {
    const SCRIPT: &str = "\"python-requests/";
    let web = written(LaneKind::Web, Attack::Included, super::HOUR);
    let export = ["/vault/api/export/", "svc-cad-sync", SCRIPT];
    assert_eq!(lines_with(&web, &export), 300_000);
    let quiet = written(LaneKind::Web, Attack::LeftOut, super::HOUR);
    assert_eq!(lines_with(&quiet, &export), 0);
    assert_eq!(lines_with(&quiet, &["/vault/api/export/", SCRIPT]), 40);
    assert!(lines_with(&quiet, &["svc-cad-sync", SCRIPT]) > 10_000);
    assert!(lines_with(&quiet, &["/vault/api/export/"]) > 40);
}

#[test]
fn slices_do_not_change_what_is_written() {
    for kind in LaneKind::ALL {
        let by_hour = written(kind, Attack::LeftOut, super::HOUR);
        let at_once = written(kind, Attack::LeftOut, 10 * 24 * super::HOUR);
        assert!(by_hour == at_once, "{kind:?}");
    }
}

#[test]
fn infected_machines_are_distinct() {
    for seed in 0..50 {
        let infected = company::infected(seed);
        let distinct: HashSet<usize> = infected.iter().copied().collect();
        assert_eq!(distinct.len(), INFECTED_SERVERS + INFECTED_WORKSTATIONS);
        let servers = distinct.iter().filter(|host| company::is_server(**host));
        assert_eq!(servers.count(), INFECTED_SERVERS);
        assert!(distinct.contains(&company::VAULT));
    }
}

/// On a busy day too, when programs of a machine come and go.
#[test]
fn the_attachment_is_opened_by_the_mail_client() {
    for seed in 1..=3 {
        let options = ScenarioOptions {
            seed,
            days: 5,
            attack: Attack::Included,
            scale_percent: 100,
        };
        let (mut lane, mut out) = (Lane::new(LaneKind::Windows, &options), Vec::new());
        // The line itself may be late.
        lane.write_until(START.0 + 10 * super::HOUR + 15 * super::MINUTE, &mut out);
        let opened = [
            "\"Image\":\"C:\\\\Users\\\\Public\\\\Documents\\\\tender-viewer.exe\"",
            "\\\\mail.exe\",\"ParentCommandLine\"",
        ];
        assert_eq!(lines_with(&out, &opened), 1, "seed {seed}");
    }
}
