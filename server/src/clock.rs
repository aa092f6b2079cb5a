//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use yagura_parsers::Timestamp;

/// Now, by the system's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = since.map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
    Timestamp(nanoseconds.unwrap_or(0))
}
