use serde::Deserialize;
use yagura_rules::Level;

use super::settings::{KindName, LevelName, StateName};
use crate::finding::{Finding, Kind, State};

/// Which findings an output gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Of this level and above.
    pub min_level: Level,
    /// In one of these states; those without a state always pass.
    pub states: Vec<State>,
}

/// A filter in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FilterSettings {
    /// Without it: alerts and incidents; of a store: all.
    pub kinds: Option<Vec<KindName>>,
    /// Without it: all.
    pub min_level: Option<LevelName>,
    /// Without it: all.
    pub states: Option<Vec<StateName>>,
}

impl FilterSettings {
    /// The filter, with the kinds that this output gets if nothing is said.
    pub fn filter(&self, default_kinds: &[Kind]) -> Filter {
        let kinds = self.kinds.as_ref();
        let states = self.states.as_ref();
        Filter {
            kinds: kinds.map_or_else(
                || default_kinds.to_vec(),
                |kinds| kinds.iter().map(|&kind| kind.into()).collect(),
            ),
            min_level: self.min_level.map_or(Level::Informational, Into::into),
            states: states.map_or_else(
                || vec![State::Open, State::Update, State::Closed],
                |states| states.iter().map(|&state| state.into()).collect(),
            ),
        }
    }
}

impl Filter {
    /// Whether the output gets it.
    pub fn passes(&self, finding: &Finding) -> bool {
        self.kinds.contains(&finding.kind)
            && finding.level >= self.min_level
            && finding
                .state
                .is_none_or(|state| self.states.contains(&state))
    }
}
