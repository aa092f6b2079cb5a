use yagura_server::outbox::Appended;

use crate::world::{Told, World, alert, finish, publish};

fn alerts(ids: std::ops::Range<u128>) -> Vec<yagura_server::Finding> {
    ids.map(|id| alert(id, 0)).collect()
}

#[test]
fn a_replay_leaves_out_what_is_there() {
    let world = World::new();
    let (mut outbox, _) = world.open(&["a"]);
    publish(&mut outbox, &alerts(0..2));
    let checkpoint = outbox.durable();
    publish(&mut outbox, &alerts(2..5));
    drop(outbox);

    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    outbox.begin_replay(checkpoint).expect("a replay");
    let again: Vec<_> = alerts(2..7)
        .iter()
        .map(|finding| outbox.append(finding).expect("appended"))
        .collect();
    let (there, new) = (Appended::Replayed, Appended::Taken);
    assert_eq!(again, [there, there, there, new, new]);
    assert_eq!(outbox.end_replay(), (0, 0));
    outbox.commit().expect("durable");

    let output = Told::new(|_| Ok(()));
    finish(world.start(subscriptions.remove(0), output.clone()));
    assert_eq!(output.findings(), alerts(0..7));
}

#[test]
fn what_was_not_committed_is_found_again() {
    let world = World::new();
    let (mut outbox, _) = world.open(&["a"]);
    publish(&mut outbox, &alerts(0..2));
    let checkpoint = outbox.durable();
    outbox.append(&alert(2, 0)).expect("appended");
    drop(outbox);

    let (mut outbox, _) = world.open(&["a"]);
    outbox.begin_replay(checkpoint).expect("a replay");
    assert_eq!(
        outbox.append(&alert(2, 0)).expect("appended"),
        Appended::Taken
    );
}

#[test]
fn what_all_have_behind_them_is_given_back() {
    let mut world = World::new();
    world.options.limit_bytes = 1 << 20;
    let (mut outbox, mut subscriptions) = world.open(&["a"]);
    let running = world.start(subscriptions.remove(0), Told::new(|_| Ok(())));
    let mut large = alert(1, 0);
    large.json = vec![b' '; 50_000];
    for _ in 0..100 {
        publish(&mut outbox, std::slice::from_ref(&large));
        let end = outbox.durable();
        outbox.checkpointed(end);
    }
    crate::world::wait_until("released", || {
        outbox.commit().expect("durable");
        outbox.used_bytes() < 200_000
    });
    assert_eq!(finish(running).delivered, 100);
}
