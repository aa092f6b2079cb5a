//! What a parser could not understand, counted by reason, with the first examples.

/// Why a stretch of input became a raw event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not a JSON value, or text behind it.
    InvalidJson,
    /// JSON, but not an object.
    NotAnObject,
    /// XML that is not well-formed, or without an `Event`.
    InvalidXml,
    /// An EVTX chunk whose header or checksum does not hold.
    DamagedChunk,
    /// An EVTX record that could not be decoded.
    DamagedRecord,
    /// No syslog header.
    NoSyslogHeader,
    /// A CEF or LEEF header with too few parts.
    InvalidHeader,
    /// No audit record, or one without `msg=audit(…)`.
    InvalidAudit,
    /// No access log line.
    InvalidAccessLog,
    /// No `key=value` pair.
    NoKeyValue,
    /// Longer than the limit for one event; the rest of it was skipped.
    TooLong,
    /// More values than the limit for one event; it was read without the rest of them.
    TooManyValues,
    /// Bytes that belong to no format.
    Binary,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 13] = [
        Self::InvalidJson,
        Self::NotAnObject,
        Self::InvalidXml,
        Self::DamagedChunk,
        Self::DamagedRecord,
        Self::NoSyslogHeader,
        Self::InvalidHeader,
        Self::InvalidAudit,
        Self::InvalidAccessLog,
        Self::NoKeyValue,
        Self::TooLong,
        Self::TooManyValues,
        Self::Binary,
    ];

    /// The name used in statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::InvalidXml => "invalid_xml",
            Self::DamagedChunk => "damaged_chunk",
            Self::DamagedRecord => "damaged_record",
            Self::NoSyslogHeader => "no_syslog_header",
            Self::InvalidHeader => "invalid_header",
            Self::InvalidAudit => "invalid_audit",
            Self::InvalidAccessLog => "invalid_access_log",
            Self::NoKeyValue => "no_key_value",
            Self::TooLong => "too_long",
            Self::TooManyValues => "too_many_values",
            Self::Binary => "binary",
        }
    }
}

/// How many examples of each reason a batch keeps.
pub const EXAMPLES_MAX: usize = 3;

/// Where an unparsed stretch stands, and how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Why.
    pub reason: Reason,
    /// Position in the source, as in [`crate::Event::position`].
    pub position: u64,
    /// The first bytes, at most [`Example::TEXT_BYTES_MAX`].
    pub text: Vec<u8>,
}

impl Example {
    /// How much of the stretch an example shows.
    pub const TEXT_BYTES_MAX: usize = 200;
}

/// Counters by reason, and examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unparsed {
    counts: [u64; Reason::ALL.len()],
    examples: Vec<Example>,
}

impl Unparsed {
    /// Counts one unparsed stretch.
    pub fn record(&mut self, reason: Reason, position: u64, text: &[u8]) {
        let count = &mut self.counts[reason as usize];
        *count += 1;
        if *count <= EXAMPLES_MAX as u64 {
            let text = text[..text.len().min(Example::TEXT_BYTES_MAX)].to_vec();
            self.examples.push(Example {
                reason,
                position,
                text,
            });
        }
    }

    /// Counts and reasons that occurred.
    pub fn counts(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL
            .into_iter()
            .map(|r| (r, self.counts[r as usize]))
            .filter(|(_, n)| *n > 0)
    }

    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The first examples of each reason.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Adds the counts of `other`; of its examples the first ones, as far as there is room.
    pub fn merge(&mut self, other: &Self) {
        for example in &other.examples {
            let kept = self
                .examples
                .iter()
                .filter(|e| e.reason == example.reason)
                .count();
            if kept < EXAMPLES_MAX {
                self.examples.push(example.clone());
            }
        }
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.counts = [0; Reason::ALL.len()];
        self.examples.clear();
    }
}
