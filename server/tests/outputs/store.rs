use std::path::Path;

use yagura_parsers::Timestamp;
use yagura_rules::Level;
use yagura_server::Finding;
use yagura_server::finding::{Kind, State};
use yagura_server::output::{Output, Queued};
use yagura_server::spool::Position;
use yagura_server::store::{Search, StoreError, StoreOutput, StoreReader, StoreSettings};

use crate::world::{World, alert, break_off, finish, publish};

fn queued(findings: &[Finding]) -> Vec<Queued> {
    let positions = (1..).map(|number| Position::new(number * 4));
    let queued = positions.zip(findings.iter().cloned());
    queued
        .map(|(position, finding)| Queued { position, finding })
        .collect()
}

fn open(folder: &Path) -> StoreOutput {
    StoreOutput::open(&StoreSettings::default(), folder).expect("a store")
}

fn reader(folder: &Path) -> StoreReader {
    StoreReader::open(&folder.join("yagura.db")).expect("a store")
}

fn detection(id: u128, host: &str, level: Level) -> Finding {
    Finding {
        kind: Kind::Detection,
        state: None,
        level,
        json: format!(r#"{{"kind":"detection","id":"{id:032x}","host":"{host}"}}"#).into_bytes(),
        ..alert(id, id as u32)
    }
}

fn ids(search: &Search, reader: &StoreReader) -> Vec<u128> {
    let page = reader.alerts(search).expect("a page");
    let ids = page.rows.iter();
    ids.map(|row| u128::from_str_radix(&row.id, 16).expect("an id"))
        .collect()
}

#[test]
fn each_stands_once_with_its_latest_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let mut closed = alert(1, 2);
    closed.state = Some(State::Closed);
    closed.level = Level::Critical;
    let batch = queued(&[alert(1, 0), alert(2, 0), alert(1, 1), closed]);
    store.deliver(&batch).expect("delivered");
    // The same again, as after a crash: whole, a part, and a part of a part.
    for from in 0..batch.len() {
        store.deliver(&batch[from..]).expect("delivered");
    }
    let reader = reader(folder.path());
    let (kind, row) = reader.get(1).expect("read").expect("it is there");
    assert_eq!(kind, Kind::Alert);
    assert_eq!((row.state.as_deref(), row.updates), (Some("closed"), 3));
    assert_eq!(row.level, "critical");
    assert_eq!(row.opened, alert(1, 0).time);
    assert_eq!(row.time, alert(1, 2).time);
    assert!(row.record.get().contains("\"count\":2"));
    assert!(reader.get(3).expect("read").is_none());
    assert_eq!(store.position(), Some(Position::new(16)));
    drop(store);
    assert_eq!(open(folder.path()).position(), Some(Position::new(16)));
}

#[test]
fn crashes_between_store_and_cursor_count_nothing_twice() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["store"]);
    let findings: Vec<_> = (0..30)
        .map(|number| alert(u128::from(number % 3), number / 3))
        .collect();
    publish(&mut outbox, &findings);
    break_off(world.start(subscriptions.remove(0), open(world.path())));
    drop(outbox);
    // As if the cursor had never been written.
    std::fs::remove_file(world.path().join("outputs/store.cursor")).expect("removed");
    let (_outbox, mut subscriptions) = world.open(&["store"]);
    finish(world.start(subscriptions.remove(0), open(world.path())));
    let page = reader(world.path())
        .alerts(&Search::default())
        .expect("a page");
    let updates: Vec<i64> = page.rows.iter().map(|row| row.updates).collect();
    assert_eq!(updates, [10, 10, 10]);
}

#[test]
fn is_searched_by_all_that_people_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let mut findings: Vec<_> = (0..6)
        .map(|number| alert(u128::from(number), number))
        .collect();
    findings[2].level = Level::Low;
    findings[3].rule = "r-2".to_owned();
    findings[4].title = "100% sure".to_owned();
    store.deliver(&queued(&findings)).expect("delivered");
    let reader = reader(folder.path());
    let all = Search::default();
    let found = |search: Search| ids(&search, &reader);
    assert_eq!(found(all.clone()), [5, 4, 3, 2, 1, 0]);
    let open = vec![State::Open];
    assert_eq!(
        found(Search {
            states: open,
            ..all.clone()
        }),
        [0]
    );
    let level = Some(Level::Medium);
    assert_eq!(
        found(Search {
            min_level: level,
            ..all.clone()
        }),
        [5, 4, 3, 1, 0]
    );
    let rule = Some("r-2".to_owned());
    assert_eq!(
        found(Search {
            rule,
            ..all.clone()
        }),
        [3]
    );
    let entity = Some("ws4".to_owned());
    assert_eq!(
        found(Search {
            entity: entity.clone(),
            ..all.clone()
        }),
        [4]
    );
    let entity_kind = Some("user".to_owned());
    assert!(
        found(Search {
            entity,
            entity_kind,
            ..all.clone()
        })
        .is_empty()
    );
    let from = Some(findings[4].time);
    assert_eq!(
        found(Search {
            from,
            ..all.clone()
        }),
        [5, 4]
    );
    let to = Some(findings[1].time);
    assert_eq!(found(Search { to, ..all.clone() }), [0]);
    let text = Some("0% S".to_owned());
    assert_eq!(
        found(Search {
            text,
            ..all.clone()
        }),
        [4]
    );
    let text = Some("0_ s".to_owned());
    assert!(found(Search { text, ..all }).is_empty());
    let counts = reader.counts_by_rule(Kind::Alert).expect("counts");
    let counts: Vec<_> = counts.iter().map(|one| (&*one.rule, one.count)).collect();
    assert_eq!(counts, [("r-1", 5), ("r-2", 1)]);
    let levels = reader.counts_by_level(Kind::Alert).expect("counts");
    assert_eq!(levels, [("high".to_owned(), 5), ("low".to_owned(), 1)]);
}

#[test]
fn pages_go_on_where_they_ended_also_among_equal_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let findings: Vec<_> = (0..25).map(|id| alert(id, id as u32 / 10)).collect();
    store.deliver(&queued(&findings)).expect("delivered");
    let reader = reader(folder.path());
    let mut search = Search {
        limit: 4,
        ..Search::default()
    };
    let mut all = Vec::new();
    loop {
        let page = reader.alerts(&search).expect("a page");
        assert!(page.rows.len() <= 4);
        all.extend(page.rows.iter().map(|row| row.id.clone()));
        let Some(next) = page.next else { break };
        search.after = Some(next.parse().expect("a cursor"));
    }
    let expected: Vec<String> = (0..25).rev().map(|id| format!("{id:032x}")).collect();
    assert_eq!(all, expected);
    let wrong = "1_x".parse::<yagura_server::store::PageCursor>();
    assert!(matches!(wrong, Err(StoreError::Cursor(_))));
}

#[test]
fn only_the_latest_detections_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = StoreSettings {
        detections: 10,
        cases: 2,
        ..StoreSettings::default()
    };
    let mut store = StoreOutput::open(&settings, folder.path()).expect("a store");
    let findings: Vec<_> = (0..50).map(|id| detection(id, "ws", Level::High)).collect();
    for batch in queued(&findings).chunks(7) {
        store.deliver(batch).expect("delivered");
        store.deliver(batch).expect("delivered");
    }
    let reader = reader(folder.path());
    let page = reader.detections(&Search::default()).expect("a page");
    assert_eq!(page.rows.len(), 10);
    assert_eq!(page.rows[0].id, format!("{:032x}", 49));
    let search = Search {
        entity: Some("WS".to_owned()),
        ..Search::default()
    };
    assert_eq!(reader.detections(&search).expect("a page").rows.len(), 10);
}

#[test]
fn closed_cases_go_open_ones_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = StoreSettings {
        cases: 3,
        ..StoreSettings::default()
    };
    let mut findings: Vec<_> = (0..10).map(|id| alert(id, 0)).collect();
    for finding in &mut findings[3..] {
        finding.state = Some(State::Closed);
    }
    let mut store = StoreOutput::open(&settings, folder.path()).expect("a store");
    store.deliver(&queued(&findings)).expect("delivered");
    let reader = reader(folder.path());
    assert_eq!(ids(&Search::default(), &reader), [2, 1, 0]);
}

#[test]
fn a_record_without_a_time_is_the_oldest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    let mut timeless = alert(9, 0);
    timeless.time = Timestamp::UNKNOWN;
    store
        .deliver(&queued(&[timeless, alert(1, 0)]))
        .expect("delivered");
    assert_eq!(ids(&Search::default(), &reader(folder.path())), [1, 9]);
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let connection = rusqlite::Connection::open(folder.path().join("yagura.db"));
    let connection = connection.expect("a database");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("set");
    let opened = StoreOutput::open(&StoreSettings::default(), folder.path());
    assert!(matches!(opened, Err(StoreError::Newer { found: 99, .. })));
}
