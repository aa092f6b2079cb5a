//! Which events a logsource means, and where fields are found: tables as data
//! (`rules/taxonomy/*.yml`), embedded at build time.

use crate::logsource::Logsource;
use crate::predicate::Expr;

/// What an event looks like as a whole. Decided by the engine: an event with a Windows channel
/// (or from EVTX or Windows XML) is [`Shape::Windows`] whatever carried it; any other has the
/// shape of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// A Windows event (Sysmon for Linux too: it has a channel).
    Windows,
    /// A syslog message.
    Syslog,
    /// Linux audit records.
    Auditd,
    /// A web server's access or error log line.
    AccessLog,
    /// CEF.
    Cef,
    /// LEEF.
    Leef,
    /// `key=value` pairs.
    KeyValue,
    /// A JSON object of any other form.
    Json,
    /// A line that no parser understood.
    Raw,
}

/// One way in which a logsource occurs among events. All conditions given must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// For people: `Sysmon 1`, `Security 4688`.
    pub name: String,
    /// Shapes of events; never empty.
    pub shapes: Vec<Shape>,
    /// Channels, lower case; empty: any. Only for [`Shape::Windows`].
    pub channels: Vec<String>,
    /// Event ids; empty: any. Only for [`Shape::Windows`].
    pub event_ids: Vec<u32>,
    /// Program names of syslog messages, lower case, `*` at the end allowed; empty: any.
    pub programs: Vec<String>,
    /// Further conditions on fields (`EventType: CreateKey`).
    pub guard: Option<Expr>,
    /// Fields that have other names here.
    pub renames: Vec<Rename>,
}

/// A field of rules that events of one [`Route`] carry under other names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The name in rules: `Image`.
    pub field: String,
    /// The names in events, all of whose values count: `NewProcessName`.
    pub sources: Vec<String>,
    /// Whether values are numbers written in hexadecimal (`0x1a4`).
    pub hexadecimal: bool,
}

/// Where parsers find a field besides its own name, best first: paths with dots, `*` for any
/// one segment. The field `(time)` is the event's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPaths {
    /// The field, as rules write it.
    pub field: String,
    /// Its other names.
    pub paths: Vec<String>,
}

/// The spelling of name and value pairs in an array (`Event.EventData.Data[]` with `@Name`,
/// `#text`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairPath {
    /// Where the array is.
    pub path: String,
    /// The key that holds the field's name.
    pub name: String,
    /// The key that holds its value.
    pub value: String,
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub struct Taxonomy {
    fields: Vec<FieldPaths>,
    transparent: Vec<String>,
    pairs: Vec<PairPath>,
}

impl Taxonomy {
    /// The tables that ship with yagura.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// The routes of a logsource. Empty: no event has it.
    pub fn routes(&self, logsource: &Logsource) -> Vec<Route> {
        let _ = logsource;
        Vec::new()
    }

    /// The channel that events of a provider without a channel belong to; names lower case.
    pub fn channel_of_provider(&self, provider: &str) -> Option<&str> {
        let _ = provider;
        None
    }

    /// All channels that the tables name; lower case, each once.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// Providers whose events may lack a channel, and that channel; lower case.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::empty()
    }

    /// Where fields are found.
    pub fn fields(&self) -> &[FieldPaths] {
        &self.fields
    }

    /// Paths below which names count as top-level names (`Event.EventData`).
    pub fn transparent(&self) -> &[String] {
        &self.transparent
    }

    /// Arrays of name and value pairs.
    pub fn pairs(&self) -> &[PairPath] {
        &self.pairs
    }
}
