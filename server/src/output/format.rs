use std::borrow::Cow;

use serde::Deserialize;

use super::{Undelivered, to_ocsf};
use crate::finding::Finding;

/// How a record is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// As `docs/records.md` says.
    #[default]
    Record,
    /// As an OCSF finding.
    Ocsf,
}

impl Format {
    /// The record without a line end.
    pub(super) fn write(self, finding: &Finding, at: usize) -> Result<Cow<'_, [u8]>, Undelivered> {
        match self {
            Self::Record => Ok(Cow::Borrowed(&finding.json)),
            Self::Ocsf => to_ocsf(finding)
                .map(|value| Cow::Owned(value.to_string().into_bytes()))
                .map_err(|error| {
                    Undelivered::refused(at, format!("the record is no JSON object: {error}"))
                }),
        }
    }
}
