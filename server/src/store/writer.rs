use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;

use super::retention::Retention;
use super::schema::{self, Migrated};
use super::{StoreError, StoreSettings};
use crate::clock;
use crate::finding::{Finding, Kind, State};
use crate::output::{Output, Queued, Undelivered};
use crate::spool::Position;

/// Names of one record that can be searched for, at most.
const ENTITIES_MAX: usize = 1000;

/// Writes findings into the store.
pub struct StoreOutput {
    connection: Connection,
    path: PathBuf,
    position: Position,
    retention: Retention,
}

impl StoreOutput {
    /// Opens the file, or makes it, and brings it to the newest schema.
    pub fn open(settings: &StoreSettings, folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(&settings.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| StoreError::Folder {
                path: parent.to_path_buf(),
                source,
            })?;
        }
        let sqlite = |source| StoreError::Sqlite {
            path: path.clone(),
            source,
        };
        let mut connection = Connection::open(&path).map_err(sqlite)?;
        prepare(&connection).map_err(sqlite)?;
        match schema::migrate(&mut connection).map_err(sqlite)? {
            Migrated::Done => {}
            Migrated::Newer(found) => {
                return Err(StoreError::Newer {
                    path,
                    found,
                    known: schema::VERSION,
                });
            }
        }
        let query = "SELECT position FROM progress";
        let position = connection.query_row(query, [], |row| row.get(0));
        let position: i64 = position.map_err(sqlite)?;
        Ok(Self {
            connection,
            path,
            position: Position::new(position.max(0).unsigned_abs()),
            retention: Retention::new(settings),
        })
    }

    fn write(&mut self, batch: &[Queued]) -> rusqlite::Result<()> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new(&mut self.connection, behavior)?;
        let now = clock::now().0;
        for queued in batch {
            put(&transaction, queued, now)?;
        }
        if let Some(last) = batch.last() {
            let position = number(last.position);
            let query = "UPDATE progress SET position = max(position, ?1)";
            transaction.execute(query, [position])?;
        }
        self.retention.apply(&transaction, batch, now)?;
        transaction.commit()?;
        if let Some(last) = batch.last() {
            self.position = self.position.max(last.position);
        }
        Ok(())
    }
}

impl Output for StoreOutput {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        let text = |queued: &Queued| std::str::from_utf8(&queued.finding.json).is_ok();
        // A prefix of good ones goes in; then the bad one is the first.
        let good = batch.iter().take_while(|queued| text(queued)).count();
        let (good_ones, bad) = batch.split_at(good);
        if !good_ones.is_empty() {
            self.write(good_ones).map_err(|error| {
                let path = self.path.display();
                Undelivered::later(0, format!("cannot write to the store {path}: {error}"))
            })?;
        }
        match bad.first() {
            None => Ok(()),
            Some(_) => Err(Undelivered::refused(good, "the record is no UTF-8")),
        }
    }

    fn position(&self) -> Option<Position> {
        Some(self.position)
    }

    fn finish(&mut self) -> Result<(), String> {
        let optimised = self.connection.execute_batch("PRAGMA optimize");
        optimised.map_err(|error| format!("the store {}: {error}", self.path.display()))
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    // Only a new file takes this.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // The outbox forgets what is committed here. With NORMAL a commit may be gone after a power
    // failure; FULL costs one fsync a batch, at most ten a second.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn put(transaction: &Transaction<'_>, queued: &Queued, now: i64) -> rusqlite::Result<()> {
    let finding = &queued.finding;
    let id = format!("{:032x}", finding.id);
    let record = String::from_utf8_lossy(&finding.json);
    let position = number(queued.position);
    let severity = finding.level as i64;
    let changed = if finding.kind == Kind::Detection {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO detections
                (id, time, level, severity, rule, title, changed, position, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO NOTHING",
        )?;
        insert.execute(params![
            id,
            finding.time.0,
            finding.level.name(),
            severity,
            finding.rule,
            finding.title,
            now,
            position,
            record
        ])?
    } else {
        let mut upsert = transaction.prepare_cached(upsert_into(finding.kind))?;
        upsert.execute(params![
            id,
            state_name(finding.state),
            finding.time.0,
            finding.level.name(),
            severity,
            finding.rule,
            finding.title,
            now,
            position,
            record
        ])?
    };
    if changed > 0 {
        put_entities(transaction, finding, &id)?;
    }
    Ok(())
}

fn upsert_into(kind: Kind) -> &'static str {
    macro_rules! upsert {
        ($table:literal) => {
            concat!(
                "INSERT INTO ",
                $table,
                " (id, state, time, opened, level, severity, rule, title, updates, changed,
                   position, record)
                  VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10)
                  ON CONFLICT (id) DO UPDATE SET
                    state = excluded.state, time = excluded.time, level = excluded.level,
                    severity = excluded.severity, rule = excluded.rule, title = excluded.title,
                    updates = updates + 1, changed = excluded.changed,
                    position = excluded.position, record = excluded.record
                  WHERE excluded.position > position"
            )
        };
    }
    match kind {
        Kind::Incident => upsert!("incidents"),
        Kind::Alert | Kind::Detection => upsert!("alerts"),
    }
}

/// Names only become more, but for those that the record has no room for any more; these stay.
fn put_entities(
    transaction: &Transaction<'_>,
    finding: &Finding,
    id: &str,
) -> rusqlite::Result<()> {
    let Ok(record) = serde_json::from_slice::<Value>(&finding.json) else {
        return Ok(());
    };
    let of = of_kind(finding.kind);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO entities (of, id, entity, value) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    let lists = record.get("entities").and_then(Value::as_object);
    let named = lists.into_iter().flatten().flat_map(|(entity, values)| {
        let values = values.as_array().into_iter().flatten();
        values.filter_map(move |value| Some((entity.as_str(), value.as_str()?)))
    });
    let host = record.get("host").and_then(Value::as_str);
    let host = host.map(|host| ("host", host));
    for (entity, value) in named.chain(host).take(ENTITIES_MAX) {
        insert.execute(params![of, id, entity, value])?;
    }
    Ok(())
}

pub(super) fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Detection => "detection",
        Kind::Alert => "alert",
        Kind::Incident => "incident",
    }
}

pub(super) fn state_name(state: Option<State>) -> &'static str {
    match state {
        // An alert without a state is as new as one can be.
        None | Some(State::Open) => "open",
        Some(State::Update) => "update",
        Some(State::Closed) => "closed",
    }
}

/// Positions stay below 2^62.
pub(super) fn number(position: Position) -> i64 {
    i64::try_from(position.get()).unwrap_or(i64::MAX)
}

/// The number of rows that a query counts.
pub(super) fn optional_number(
    transaction: &Transaction<'_>,
    query: &str,
) -> rusqlite::Result<Option<i64>> {
    let number = transaction
        .prepare_cached(query)?
        .query_row([], |row| row.get(0));
    number.optional().map(Option::flatten)
}
