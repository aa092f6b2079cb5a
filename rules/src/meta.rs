//! What a rule says about itself.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{SourceFile, Span};

/// How grave a detection is. A rule without a level is taken as informational.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not an alert by itself.
    #[default]
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// Worth a look.
    Medium,
    /// Should be looked at soon.
    High,
    /// Look now.
    Critical,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name that rules use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|l| l.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The attributes that describe a rule and decide nothing.
#[derive(Clone, Debug)]
pub struct Meta {
    /// `id`, as written (a UUID by convention).
    pub id: Option<String>,
    /// `name`, by which correlations may refer to the rule.
    pub name: Option<String>,
    /// `title`.
    pub title: String,
    /// `status`.
    pub status: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `author`.
    pub author: Option<String>,
    /// `date`, as written.
    pub date: Option<String>,
    /// `modified`, as written.
    pub modified: Option<String>,
    /// `level`.
    pub level: Level,
    /// `tags`, as written.
    pub tags: Vec<String>,
    /// `references`.
    pub references: Vec<String>,
    /// `falsepositives`.
    pub false_positives: Vec<String>,
    /// `fields`: what an analyst wants to see.
    pub fields: Vec<String>,
    /// The file it stands in.
    pub file: Arc<SourceFile>,
    /// Where its document begins there.
    pub span: Span,
}
