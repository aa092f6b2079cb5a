//! Compiled rules.

use std::sync::Arc;

use yagura_parsers::{Event, Extent, Projection};
use yagura_rules::{Detection, Taxonomy};

use crate::classes::Classes;
use crate::compile;
use crate::facts::{FactFields, Facts, Wanted};
use crate::matcher::Matcher;

/// A rule, as an index into [`Engine::rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub u32);

/// Why rules could not be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The rules name more fields than an id can tell apart.
    #[error("the rules use more than 65,000 different field names; load fewer rules at a time")]
    TooManyFields,
}

/// Compiled rules. Shared between threads, never changed.
#[derive(Debug)]
pub struct Engine {
    pub(crate) rules: Vec<Arc<Detection>>,
    pub(crate) unrouted: Vec<RuleIndex>,
    pub(crate) projection: Projection,
    /// Keeps every value whatever its name: what keywords are looked for in.
    pub(crate) whole: Projection,
    pub(crate) classes: Classes,
    pub(crate) facts: FactFields,
}

impl Engine {
    /// Compiles the active rules among `rules`. `extent`: [`Extent::Everything`] where whole
    /// events are wanted in the output.
    pub fn compile(
        rules: &[Arc<Detection>],
        taxonomy: &Taxonomy,
        extent: Extent,
    ) -> Result<Self, CompileError> {
        Self::compile_wanting(rules, taxonomy, extent, &Wanted::default())
    }

    /// As [`Engine::compile`]; matches can be asked for what is `wanted`.
    pub fn compile_wanting(
        rules: &[Arc<Detection>],
        taxonomy: &Taxonomy,
        extent: Extent,
        wanted: &Wanted,
    ) -> Result<Self, CompileError> {
        compile::compile(rules, taxonomy, extent, wanted)
    }

    /// Gathers what was wanted of a match.
    pub fn gather(&self, rule: RuleIndex, event: Event<'_>, into: &mut Facts) {
        self.facts.gather(rule, event, into);
    }

    /// What the parsers have to extract.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// All rules given, by [`RuleIndex`].
    pub fn rules(&self) -> &[Arc<Detection>] {
        &self.rules
    }

    /// Active rules that no event can match, because no table knows their logsource.
    pub fn unrouted(&self) -> &[RuleIndex] {
        &self.unrouted
    }

    /// What one thread needs to match.
    pub fn matcher(self: &Arc<Self>) -> Matcher {
        Matcher::new(Arc::clone(self))
    }
}

/// A projection that keeps every value of every event under its most usual name: for showing
/// events to people.
pub fn everything(taxonomy: &Taxonomy) -> Result<Projection, CompileError> {
    compile::everything(taxonomy)
}
