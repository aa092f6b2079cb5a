use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};
use serde::Serialize;
use serde_json::value::RawValue;
use yagura_parsers::Timestamp;

use super::query::{columns, table};
use super::{PageCursor, Search, StoreError, schema};
use crate::finding::Kind;

/// Reads the store while it is written; one for each thread, or one for each question.
pub struct StoreReader {
    connection: Connection,
    path: PathBuf,
}

/// A record of the store.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// 32 hexadecimal digits.
    pub id: String,
    /// `open`, `update`, `closed`; detections have none.
    pub state: Option<String>,
    /// Event time of the latest record, in nanoseconds since 1970.
    #[serde(rename = "time_ns")]
    #[serde(serialize_with = "nanoseconds")]
    pub time: Timestamp,
    /// The same of the first record.
    #[serde(rename = "opened_ns")]
    #[serde(serialize_with = "nanoseconds")]
    pub opened: Timestamp,
    /// The level's name.
    pub level: String,
    /// The rule's id; of an incident empty.
    pub rule: String,
    /// The rule's title, or the incident's.
    pub title: String,
    /// How many records there were of this id.
    pub updates: i64,
    /// The latest record.
    pub record: Box<RawValue>,
}

/// A part of what was found, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// At most as many as asked for.
    pub rows: Vec<Row>,
    /// Where to go on ([`Search::after`]), if there is more.
    pub next: Option<String>,
}

/// How many there are of a rule (incidents: of a title).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The rule's id.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Its level.
    pub level: String,
    /// How many.
    pub count: i64,
}

impl StoreReader {
    /// Opens the store for reading only.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let sqlite = |source| StoreError::Sqlite {
            path: path.to_path_buf(),
            source,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
        let timeout = connection.busy_timeout(Duration::from_secs(2));
        timeout.map_err(sqlite)?;
        let found = schema::version(&connection).map_err(sqlite)?;
        if found > schema::VERSION {
            return Err(StoreError::Newer {
                path: path.to_path_buf(),
                found,
                known: schema::VERSION,
            });
        }
        Ok(Self {
            connection,
            path: path.to_path_buf(),
        })
    }

    /// Incidents, newest first.
    pub fn incidents(&self, search: &Search) -> Result<Page, StoreError> {
        self.page(Kind::Incident, search)
    }

    /// Alerts, newest first.
    pub fn alerts(&self, search: &Search) -> Result<Page, StoreError> {
        self.page(Kind::Alert, search)
    }

    /// Detections, newest first.
    pub fn detections(&self, search: &Search) -> Result<Page, StoreError> {
        self.page(Kind::Detection, search)
    }

    /// The record of this id, whatever it is.
    pub fn get(&self, id: u128) -> Result<Option<(Kind, Row)>, StoreError> {
        let id = format!("{id:032x}");
        for kind in [Kind::Incident, Kind::Alert, Kind::Detection] {
            let (columns, table) = (columns(kind), table(kind));
            let query = format!("SELECT {columns} FROM {table} WHERE id = ?1");
            let found = self.connection.prepare_cached(&query);
            let found = found.and_then(|mut found| found.query_row([&id], row).optional());
            if let Some(row) = found.map_err(|source| self.failed(source))? {
                return Ok(Some((kind, row)));
            }
        }
        Ok(None)
    }

    /// How many there are by rule, most first. Incidents have no rule and count by title.
    pub fn counts_by_rule(&self, kind: Kind) -> Result<Vec<Counted>, StoreError> {
        let table = table(kind);
        // SQLite takes title and level from the row with the largest severity.
        let query = format!(
            "SELECT rule, title, level, count(*), max(severity) FROM {table}
             GROUP BY rule, CASE rule WHEN '' THEN title END
             ORDER BY count(*) DESC, rule, title LIMIT 10000"
        );
        self.all(&query, |row| {
            Ok(Counted {
                rule: row.get(0)?,
                title: row.get(1)?,
                level: row.get(2)?,
                count: row.get(3)?,
            })
        })
    }

    /// How many there are by level, worst first.
    pub fn counts_by_level(&self, kind: Kind) -> Result<Vec<(String, i64)>, StoreError> {
        let table = table(kind);
        let query =
            format!("SELECT level, count(*) FROM {table} GROUP BY severity ORDER BY severity DESC");
        self.all(&query, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Ends what this reader is asked at the moment, from another thread.
    pub fn interrupt_handle(&self) -> rusqlite::InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    fn page(&self, kind: Kind, search: &Search) -> Result<Page, StoreError> {
        let (query, values) = search.select(kind);
        let rows = self
            .connection
            .prepare_cached(&query)
            .and_then(|mut select| {
                let rows = select.query_map(params_from_iter(values), row)?;
                rows.collect::<rusqlite::Result<Vec<Row>>>()
            });
        let mut rows = rows.map_err(|source| self.failed(source))?;
        let has_more = rows.len() > search.page_rows();
        rows.truncate(search.page_rows());
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| PageCursor {
            time: last.time.0,
            id: last.id.clone(),
        });
        Ok(Page {
            next: next.map(|next| next.to_string()),
            rows,
        })
    }

    fn all<T>(
        &self,
        query: &str,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.connection.prepare_cached(query);
        let rows = rows.and_then(|mut select| select.query_map([], row)?.collect());
        rows.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let record: String = row.get(8)?;
    // Somebody may have written other things there by hand.
    let record = RawValue::from_string(record);
    let record = record.unwrap_or_else(|_| RawValue::NULL.to_owned());
    Ok(Row {
        id: row.get(0)?,
        state: row.get(1)?,
        time: Timestamp(row.get(2)?),
        opened: Timestamp(row.get(3)?),
        level: row.get(4)?,
        rule: row.get(5)?,
        title: row.get(6)?,
        updates: row.get(7)?,
        record,
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn nanoseconds<S: serde::Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    match *time {
        Timestamp::UNKNOWN => to.serialize_none(),
        time => to.serialize_i64(time.0),
    }
}
