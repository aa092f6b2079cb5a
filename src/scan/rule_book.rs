//! All rules of a scan: what the engine evaluates, and what is made of its matches.

use std::sync::Arc;

use yagura_engine::{CaseRules, CompileError, Engine, RuleIndex, Wanted};
use yagura_parsers::Extent;
use yagura_rules::correlation::Target;
use yagura_rules::{Detection, Level, Loaded, Meta, Taxonomy};

/// See the module.
#[derive(Debug)]
pub struct RuleBook {
    /// The rules as they were loaded.
    pub loaded: Loaded,
    /// Correlations, sequences and the policy for incidents.
    pub cases: Arc<CaseRules>,
    /// Detections: those of the level and above, and those that others refer to.
    pub engine: Arc<Engine>,
    /// By index in the engine: their places in [`Loaded::detections`].
    detections: Vec<usize>,
    min_level: Level,
}

/// A rule that matched.
#[derive(Clone, Copy, Debug)]
pub struct MatchedRule<'b> {
    /// What it says about itself.
    pub meta: &'b Meta,
    /// Which it is.
    pub index: RuleIndex,
    /// Whether its matches are detections.
    pub stands_alone: bool,
}

impl RuleBook {
    /// Compiles what is wanted of the rules.
    pub fn compile(
        loaded: Loaded,
        min_level: Level,
        extent: Extent,
        taxonomy: &Taxonomy,
    ) -> Result<Self, CompileError> {
        let cases = CaseRules::compile(&loaded);
        let (mut detections, mut rules) = (Vec::new(), Vec::new());
        for (place, rule) in loaded.detections.iter().enumerate() {
            if rule.meta.level >= min_level && !rule.in_place || cases.is_referred_to(place) {
                detections.push(place);
                rules.push(Arc::clone(rule));
            }
        }
        let of_all = cases.wanted();
        let wanted = Wanted {
            by_rule: detections
                .iter()
                .map(|place| of_all.by_rule.get(*place).cloned().unwrap_or_default())
                .collect(),
            entities: of_all.entities,
        };
        let engine = Engine::compile_wanting(&rules, taxonomy, extent, &wanted)?;
        Ok(Self {
            cases: Arc::new(cases),
            engine: Arc::new(engine),
            detections,
            min_level,
            loaded,
        })
    }

    /// The place of a rule in [`Loaded::detections`].
    pub fn detection(&self, rule: RuleIndex) -> Option<usize> {
        self.detections.get(rule.0 as usize).copied()
    }

    /// Whether matches of a rule are detections, and not only parts of something else.
    pub fn stands_alone(&self, rule: RuleIndex) -> bool {
        let keeps = |place| self.cases.keeps_records(place);
        self.detection(rule).is_some_and(keeps) && self.is_asked_for(rule)
    }

    /// Whether a rule is of the level that is asked for, and one that its author knows as such.
    pub fn is_asked_for(&self, rule: RuleIndex) -> bool {
        let rule = self.engine.rules().get(rule.0 as usize);
        rule.is_some_and(|rule| rule.meta.level >= self.min_level && !rule.in_place)
    }

    /// What a rule says about itself.
    pub fn meta(&self, target: Target) -> Option<&Meta> {
        match target {
            Target::Detection(at) => self.loaded.detections.get(at).map(|rule| &rule.meta),
            Target::Correlation(at) => self.loaded.correlations.get(at).map(|rule| &rule.meta),
            Target::Sequence(at) => self.loaded.sequences.get(at).map(|rule| &rule.meta),
        }
    }

    /// The same of a rule whose alerts are shown.
    pub fn shown_meta(&self, target: Target) -> Option<&Meta> {
        let meta = self.meta(target);
        meta.filter(|meta| meta.level >= self.min_level)
    }

    /// The rules that matched, with the numbers given by index in the engine. Those below the
    /// level that is asked for, and those written in place, are left out.
    pub fn matched<'b>(
        &'b self,
        by_rule: &'b [u64],
    ) -> impl Iterator<Item = (MatchedRule<'b>, u64)> + 'b {
        let rules = (0..).map(RuleIndex).zip(self.engine.rules()).zip(by_rule);
        rules
            .filter(|((index, _), count)| **count > 0 && self.is_asked_for(*index))
            .map(|((index, rule), count)| {
                let rule = MatchedRule {
                    meta: &rule.meta,
                    index,
                    stands_alone: self.stands_alone(index),
                };
                (rule, *count)
            })
    }

    /// The rules that write alerts: correlations, then sequences.
    pub fn alerting(&self) -> impl Iterator<Item = &Meta> {
        let correlations = self.loaded.correlations.iter().map(|rule| &rule.meta);
        correlations.chain(self.loaded.sequences.iter().map(|rule| &rule.meta))
    }

    /// The number of a rule among [`Self::alerting`].
    pub fn alerting_number(&self, target: Target) -> Option<usize> {
        match target {
            Target::Detection(_) => None,
            Target::Correlation(at) => Some(at),
            Target::Sequence(at) => Some(self.loaded.correlations.len() + at),
        }
    }

    /// Active rules that no event can match, because no table knows their logsource.
    pub fn unrouted(&self) -> Vec<&Detection> {
        let rules = self.engine.unrouted().iter();
        rules
            .filter_map(|index| self.engine.rules().get(index.0 as usize))
            .map(|rule| &**rule)
            .collect()
    }
}
