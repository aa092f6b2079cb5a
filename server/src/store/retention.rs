use rusqlite::{Transaction, params};

use super::StoreSettings;
use super::writer::optional_number;
use crate::finding::Kind;
use crate::output::Queued;

/// Rows removed with one batch, at most: more than come with one, so that the store shrinks, and
/// few enough that a batch stays short.
const ROWS_MAX: i64 = 2000;
/// Pages given back to the file system with one batch.
const PAGES_MAX: u32 = 2000;
const DAY_NS: i64 = 86_400_000_000_000;
/// Batches between two looks at alerts and incidents, whose number must be counted.
const CASES_EVERY: u32 = 50;

/// What is kept, and for how long.
pub(super) struct Retention {
    detections: i64,
    detection_ns: Option<i64>,
    cases: i64,
    case_ns: Option<i64>,
    batches: u32,
}

impl Retention {
    pub(super) fn new(settings: &StoreSettings) -> Self {
        let limit = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let time = |days: Option<u32>| days.map(|days| i64::from(days).saturating_mul(DAY_NS));
        Self {
            detections: limit(settings.detections),
            detection_ns: time(settings.detection_days),
            cases: limit(settings.cases),
            case_ns: time(settings.case_days),
            batches: 0,
        }
    }

    /// Removes what is too much or too old, a bit at a time.
    pub(super) fn apply(
        &mut self,
        transaction: &Transaction<'_>,
        batch: &[Queued],
        now: i64,
    ) -> rusqlite::Result<()> {
        let is_detection = |queued: &Queued| queued.finding.kind == Kind::Detection;
        let mut removed = 0;
        if batch.iter().any(is_detection) || self.batches == 0 {
            removed += self.remove_detections(transaction, now)?;
        }
        if self.batches.is_multiple_of(CASES_EVERY) {
            for table in ["incidents", "alerts"] {
                removed += self.remove_cases(transaction, table, now)?;
            }
        }
        self.batches = self.batches.wrapping_add(1);
        if removed > 0 {
            let vacuum = format!("PRAGMA incremental_vacuum({PAGES_MAX})");
            let mut vacuum = transaction.prepare_cached(&vacuum)?;
            // It gives one page back for each row that is fetched.
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
        }
        Ok(())
    }

    /// By `seq`, which has no gaps but for those that came here: rows are not counted.
    fn remove_detections(
        &self,
        transaction: &Transaction<'_>,
        now: i64,
    ) -> rusqlite::Result<usize> {
        let Some(newest) = optional_number(transaction, "SELECT max(seq) FROM detections")? else {
            return Ok(0);
        };
        let too_many = newest.saturating_sub(self.detections);
        let too_old = self.detection_ns.map_or(i64::MIN, |age| now - age);
        let oldest = "SELECT min(seq) FROM detections";
        let oldest = optional_number(transaction, oldest)?.unwrap_or(0);
        // Old ones stand first, so a look at the first ones is enough: no scan of all.
        let mut select = transaction.prepare_cached(
            "SELECT seq, id FROM detections
             WHERE seq BETWEEN ?1 AND ?2 AND (seq <= ?3 OR changed < ?4) ORDER BY seq",
        )?;
        let last = oldest.saturating_add(ROWS_MAX);
        let rows = select.query_map(params![oldest, last, too_many, too_old], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        for (seq, id) in &rows {
            forget_entities(transaction, "detection", id)?;
            let mut delete = transaction.prepare_cached("DELETE FROM detections WHERE seq = ?1")?;
            delete.execute([seq])?;
        }
        Ok(rows.len())
    }

    fn remove_cases(
        &self,
        transaction: &Transaction<'_>,
        table: &str,
        now: i64,
    ) -> rusqlite::Result<usize> {
        let count = format!("SELECT count(*) FROM {table}");
        let rows = optional_number(transaction, &count)?.unwrap_or(0);
        let excess = rows.saturating_sub(self.cases).clamp(0, ROWS_MAX);
        let too_old = self.case_ns.map_or(i64::MIN, |age| now - age);
        let select = format!(
            "SELECT id FROM (SELECT id, changed FROM {table} WHERE state = 'closed'
                             ORDER BY changed LIMIT ?1)
             UNION
             SELECT id FROM (SELECT id FROM {table} WHERE state = 'closed' AND changed < ?2
                             ORDER BY changed LIMIT ?3)"
        );
        let mut select = transaction.prepare_cached(&select)?;
        let ids = select.query_map(params![excess, too_old, ROWS_MAX], |row| row.get(0))?;
        let ids: Vec<String> = ids.collect::<rusqlite::Result<_>>()?;
        let of = table.strip_suffix('s').unwrap_or(table);
        for id in &ids {
            forget_entities(transaction, of, id)?;
            let delete = format!("DELETE FROM {table} WHERE id = ?1");
            transaction.prepare_cached(&delete)?.execute([id])?;
        }
        Ok(ids.len())
    }
}

fn forget_entities(transaction: &Transaction<'_>, of: &str, id: &str) -> rusqlite::Result<()> {
    let delete = "DELETE FROM entities WHERE of = ?1 AND id = ?2";
    transaction.prepare_cached(delete)?.execute([of, id])?;
    Ok(())
}
