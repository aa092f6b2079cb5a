//! Which events a logsource means, and where fields are found: tables as data
//! (`rules/taxonomy/*.yml`), embedded at build time.
//!
//! ```text
//!  windows.yml ┐                ┌ entries: logsource → routes ─▶ lookup ─▶ routes()
//!  linux.yml   ├─▶ table ───────┤
//!  other.yml   │   (serde)      └ fields, transparent, pairs, host, providers
//!  fields.yml  ┘
//! ```

mod lookup;
mod table;

use std::collections::BTreeMap;

use crate::logsource::Logsource;
use crate::predicate::Expr;

/// What an event looks like as a whole. Decided by the engine: an event with a Windows channel
/// (or from EVTX or Windows XML) is [`Shape::Windows`] whatever carried it; any other has the
/// shape of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 9] = [
        Self::Windows,
        Self::Syslog,
        Self::Auditd,
        Self::AccessLog,
        Self::Cef,
        Self::Leef,
        Self::KeyValue,
        Self::Json,
        Self::Raw,
    ];
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
    /// Further conditions on fields (`EventType: CreateKey`), by the names that events use:
    /// renames do not apply to it.
    pub guard: Option<Expr>,
    /// Fields that have other names here.
    pub renames: Vec<Rename>,
}

/// A field of rules that events of one [`Route`] carry under other names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The name in rules: `Image`.
    pub field: String,
    /// The names in events, all of whose values count: `NewProcessName`. The field's own name
    /// counts only if it is among them.
    pub sources: Vec<String>,
    /// Whether values are numbers written in hexadecimal (`0x1a4`), to be read as decimal.
    /// Collectors may have done so already: a value without `0x` stays as it is.
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairPath {
    /// Where the array is.
    pub path: String,
    /// The key that holds the field's name.
    pub name: String,
    /// The key that holds its value.
    pub value: String,
}

/// Why a table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TaxonomyError {
    /// It is not YAML, or not of the form that tables have.
    #[error("{file}: {source}")]
    Form {
        /// The table.
        file: String,
        /// What is wrong, with line and column.
        source: serde_yaml::Error,
    },
    /// It is of the right form and says something that cannot be meant.
    #[error("{file}: {what}")]
    Meaning {
        /// The table.
        file: String,
        /// What is wrong, and where.
        what: String,
    },
}

/// The tables that ship with yagura: file name and text.
const SHIPPED: [(&str, &str); 4] = [
    ("windows.yml", include_str!("../../taxonomy/windows.yml")),
    ("linux.yml", include_str!("../../taxonomy/linux.yml")),
    ("other.yml", include_str!("../../taxonomy/other.yml")),
    ("fields.yml", include_str!("../../taxonomy/fields.yml")),
];

/// All tables.
#[derive(Clone, Debug, Default)]
pub struct Taxonomy {
    entries: Vec<Entry>,
    channels: BTreeMap<String, String>,
    fields: Vec<FieldPaths>,
    transparent: Vec<String>,
    pairs: Vec<PairPath>,
    host: Vec<String>,
}

/// A logsource that a table knows.
#[derive(Clone, Debug)]
struct Entry {
    logsource: Logsource,
    routes: Vec<Route>,
}

impl Taxonomy {
    /// The tables that ship with yagura.
    ///
    /// # Panics
    ///
    /// Never: the tables are part of the program, and a test reads them.
    pub fn shipped() -> Self {
        Self::read(SHIPPED).expect("the embedded tables are well-formed")
    }

    /// Tables from texts, each with the name that errors call it by. All have the same form
    /// and add to each other.
    pub fn read<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, TaxonomyError> {
        let mut all = Self::default();
        for (file, text) in files {
            table::add(&mut all, file, text)?;
        }
        Ok(all)
    }

    /// The routes of a logsource. Empty: no event has it.
    ///
    /// All parts given must hold, in any case of letters. A part left out stands for any; a logsource that no table
    /// knows is looked for in every format that has no product of its own.
    pub fn routes(&self, logsource: &Logsource) -> Vec<Route> {
        lookup::find(&self.entries, logsource).unwrap_or_else(|| lookup::fallback(logsource))
    }

    /// Whether a table knows the logsource. If not, [`Taxonomy::routes`] is a guess, which
    /// serves the logs of one's own applications and hides misspelt names.
    pub fn is_known(&self, logsource: &Logsource) -> bool {
        lookup::find(&self.entries, logsource).is_some()
    }

    /// All logsources that tables know, in their order.
    pub fn logsources(&self) -> impl Iterator<Item = &Logsource> {
        self.entries.iter().map(|entry| &entry.logsource)
    }

    /// The channel that events of a provider without a channel belong to, lower case; the
    /// provider in any case.
    pub fn channel_of_provider(&self, provider: &str) -> Option<&str> {
        let channel = self.channels.get(&provider.to_ascii_lowercase());
        channel.map(String::as_str)
    }

    /// Providers whose events may lack a channel, and that channel; lower case.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.channels.iter().map(|(p, c)| (p.as_str(), c.as_str()))
    }

    /// All channels that the tables name; lower case, some repeatedly.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        let routes = self.entries.iter().flat_map(|entry| &entry.routes);
        let named = routes.flat_map(|route| route.channels.iter().map(String::as_str));
        named.chain(self.channels.values().map(String::as_str))
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

    /// The fields that say on which machine an event happened, best first.
    pub fn host(&self) -> &[String] {
        &self.host
    }
}
