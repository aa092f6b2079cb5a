//! STUB
use std::sync::Arc;

use yagura_parsers::{EventBatch, Extent, Format, Projection, ProjectionBuilder, Value};
use yagura_rules::{Detection, Taxonomy};

/// A rule, as an index into [`Engine::rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub u32);

/// Why rules could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The rules name more fields than an id can tell apart.
    #[error("the rules use more than 65,000 different field names")]
    TooManyFields,
}

/// Compiled rules. Shared between threads, never changed.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Arc<Detection>>,
    projection: Projection,
}

impl Engine {
    /// Compiles the active rules among `rules`. `extent`: `Everything` where whole events are
    /// wanted in the output.
    pub fn compile(
        rules: &[Arc<Detection>],
        taxonomy: &Taxonomy,
        extent: Extent,
    ) -> Result<Self, CompileError> {
        let _ = taxonomy;
        Ok(Self {
            rules: rules.to_vec(),
            projection: ProjectionBuilder::new(extent).build(),
        })
    }

    /// What the parsers have to extract.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// All rules given, by [`RuleIndex`].
    pub fn rules(&self) -> &[Arc<Detection>] {
        &self.rules
    }

    /// Rules that no event can match because no table knows their logsource.
    pub fn unrouted(&self) -> &[RuleIndex] {
        &[]
    }

    /// What one thread needs to match.
    pub fn matcher(&self) -> Matcher<'_> {
        Matcher { engine: self }
    }
}

/// A rule that an event satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule.
    pub rule: RuleIndex,
    /// The event, as an index into its batch (see [`EventBatch::event`]).
    pub event: usize,
}

/// A field and the value with which an event satisfied a part of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The field's name as the rule writes it; empty for keywords.
    pub field: &'a str,
    /// The value; for keywords the value or line in which they stand.
    pub value: Value<'a>,
}

/// Matches batches; one for each thread.
pub struct Matcher<'a> {
    engine: &'a Engine,
}

impl<'a> Matcher<'a> {
    /// Adds to `found` each rule that each event satisfies, in the order of events, then of
    /// rules. `format` is the one that the batch was parsed with.
    pub fn scan(&mut self, batch: &EventBatch, format: Format, found: &mut Vec<Match>) {
        let _ = (batch, format, found, self.engine);
    }

    /// The values that made a rule match, in the order of the rule.
    pub fn evidence(
        &mut self,
        batch: &EventBatch,
        format: Format,
        of: Match,
        mut each: impl FnMut(Evidence<'_>),
    ) {
        let _ = (batch, format, of, &mut each);
    }
}

/// A projection that keeps every value of every event under its most usual name: for showing
/// events to people.
pub fn everything(taxonomy: &Taxonomy) -> Projection {
    let _ = taxonomy;
    ProjectionBuilder::new(Extent::Everything).build()
}
