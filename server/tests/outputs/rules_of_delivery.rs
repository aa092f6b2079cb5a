use yagura_server::Finding;
use yagura_server::output::Undelivered;

use crate::world::{Told, World, alert, break_off, finish, publish, wait_until};

fn history(ids: u128, states: u32) -> Vec<Finding> {
    (0..states)
        .flat_map(|number| (0..ids).map(move |id| alert(id, number)))
        .collect()
}

#[test]
fn an_output_that_fails_and_comes_back_gets_all_in_order() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    let mut attempts = 0;
    let output = Told::new(move |_| {
        attempts += 1;
        match attempts % 3 {
            0 => Ok(()),
            _ => Err(Undelivered::later(0, "not now")),
        }
    });
    let running = world.start(subscriptions.remove(0), output.clone());
    let findings = history(4, 5);
    publish(&mut outbox, &findings);
    let status = finish(running);
    assert_eq!(output.findings(), findings);
    assert_eq!((status.delivered, status.retried), (20, 40));
    assert_eq!(status.lag_bytes, 0);
}

#[test]
fn the_reason_is_seen_while_it_fails() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    let output = Told::new(|_| Err(Undelivered::later(0, "no route")));
    let running = world.start(subscriptions.remove(0), output.clone());
    publish(&mut outbox, &[alert(1, 0)]);
    let reason = || running.status().snapshot().reason;
    wait_until("a reason", || reason().as_deref() == Some("no route"));
    assert!(running.status().snapshot().lag_bytes > 0);
    output.follow(|_| Ok(()));
    wait_until("no reason", || reason().is_none());
    assert_eq!(finish(running).delivered, 1);
}

#[test]
fn what_is_refused_is_a_dead_letter_and_the_rest_goes_on() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    let output = Told::new(|queued| match queued.finding.id {
        2 | 3 => Err(Undelivered::refused(0, "not for me")),
        _ => Ok(()),
    });
    let running = world.start(subscriptions.remove(0), output.clone());
    publish(&mut outbox, &history(5, 1));
    let status = finish(running);
    let ids: Vec<u128> = output.findings().iter().map(|finding| finding.id).collect();
    assert_eq!(ids, [0, 1, 4]);
    assert_eq!((status.delivered, status.dead), (3, 2));
    let dead = world.dead_letters("a");
    assert_eq!(dead.len(), 2);
    assert_eq!(dead[0]["reason"], "not for me");
    assert_eq!(dead[1]["record"]["id"], format!("{:032x}", 3));
}

#[test]
fn one_that_is_down_loses_its_oldest_to_dead_letters_and_disturbs_no_other() {
    let mut world = World::new();
    world.options.limit_bytes = 100_000;
    let (mut outbox, mut subscriptions) = world.open(&["down", "up"]);
    let up = Told::new(|_| Ok(()));
    let down = Told::new(|_| Err(Undelivered::later(0, "gone")));
    let up_running = world.start(subscriptions.remove(1), up.clone());
    let down_running = world.start(subscriptions.remove(0), down.clone());
    let mut findings = history(300, 1);
    for finding in &mut findings {
        finding.title = "x".repeat(1000);
    }
    for (number, some) in (1..).zip(findings.chunks(10)) {
        publish(&mut outbox, some);
        wait_until("all are up", || up.findings().len() == number * 10);
    }
    let status = || down_running.status().snapshot();
    wait_until("it has let go", || status().lag_bytes <= 100_000);
    down.follow(|_| Ok(()));
    let status = finish(down_running);
    finish(up_running);
    assert_eq!(status.dead + status.delivered, 300, "{status:?}");
    assert!(status.dead > 100 && status.lost == 0, "{status:?}");
    let dead = world.dead_letters("down");
    let reason = dead[0]["reason"].as_str().expect("a reason");
    assert!(
        reason.ends_with("more than 100000 bytes behind: gone"),
        "{reason}"
    );
    let mut all: Vec<String> = Vec::new();
    all.extend(
        dead.iter()
            .map(|dead| dead["record"]["id"].as_str().expect("an id").to_owned()),
    );
    all.extend(
        down.findings()
            .iter()
            .map(|finding| format!("{:032x}", finding.id)),
    );
    let expected: Vec<String> = (0..300).map(|id| format!("{id:032x}")).collect();
    assert_eq!(all, expected);
}

#[test]
fn after_a_restart_it_goes_on_where_it_was() {
    let world = World::new();
    let findings = history(10, 3);
    let output = Told::new(|queued| match queued.finding.id {
        7 => Err(Undelivered::later(0, "stuck")),
        _ => Ok(()),
    });
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    let running = world.start(subscriptions.remove(0), output.clone());
    publish(&mut outbox, &findings);
    wait_until("stuck", || output.findings().len() == 7);
    break_off(running);
    drop(outbox);

    output.follow(|_| Ok(()));
    let (_outbox, mut subscriptions) = world.open(&["a"]);
    finish(world.start(subscriptions.remove(0), output.clone()));
    assert_eq!(output.findings(), findings);
}

#[test]
fn without_its_cursor_it_gets_the_same_positions_again() {
    let world = World::new();
    let findings = history(3, 2);
    let output = Told::new(|_| Ok(()));
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    publish(&mut outbox, &findings);
    finish(world.start(subscriptions.remove(0), output.clone()));
    drop(outbox);

    std::fs::remove_file(world.path().join("outputs/a.cursor")).expect("removed");
    let (_outbox, mut subscriptions) = world.open(&["a"]);
    finish(world.start(subscriptions.remove(0), output.clone()));
    let got = output.got.lock().expect("unpoisoned");
    let (first, second) = got.split_at(findings.len());
    assert_eq!(first, second);
}
