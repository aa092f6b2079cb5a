//! The schema, as steps from one version (`user_version`) to the next. A step that was released
//! is never changed.

use rusqlite::{Connection, Transaction};

/// What [`migrate`] ended with.
pub(super) enum Migrated {
    Done,
    /// The file is of a later version.
    Newer(u32),
}

/// From version `n` to `n + 1`.
const STEPS: [&str; VERSION as usize] = [include_str!("schema/001.sql")];

/// The newest version.
pub(super) const VERSION: u32 = 1;

/// Brings the file to the newest version, each step whole or not at all.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Migrated> {
    let version = version(connection)?;
    let Some(steps) = usize::try_from(version).ok().and_then(|at| STEPS.get(at..)) else {
        return Ok(Migrated::Newer(version));
    };
    for (step, number) in steps.iter().zip(version + 1..) {
        let transaction = Transaction::new(connection, rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(Migrated::Done)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
