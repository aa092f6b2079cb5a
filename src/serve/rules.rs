//! The rules in force, and how others take their place.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use include_dir::{Dir, include_dir};
use yagura_engine::RuleIndex;
use yagura_parsers::Extent;
use yagura_rules::{Activity, Diagnostic, Level, Severity, Taxonomy};

use crate::failure::Failure;
use crate::render::{DetectionRenderer, diagnostics};
use crate::rule_set;
use crate::scan::Arrangement;
use crate::scan::{Finder, Inputs, RuleBook, ScanRule, What};
use crate::terminal::Stream;

/// The rules that ship: what is evaluated where nothing else is asked for.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/attack");

/// Rules as the server evaluates them.
#[derive(Debug)]
pub struct ServeRules {
    /// Compiled.
    pub book: RuleBook,
    /// What each contributes to its detections, by index in the engine.
    rules: Vec<ScanRule>,
    /// The how manieth set it is.
    pub generation: u64,
}

impl ServeRules {
    /// The worker's view of them.
    pub fn finder<'a>(&'a self, inputs: &'a Inputs) -> Finder<'a> {
        Finder {
            engine: &self.book.engine,
            rules: &self.rules,
            inputs,
            renderer: DetectionRenderer::Jsonl,
            what: What::Evidence,
            arrangement: Arrangement::ByArrival,
        }
    }

    /// What a rule contributes to its detections.
    pub fn rule(&self, rule: RuleIndex) -> Option<&ScanRule> {
        self.rules.get(rule.0 as usize)
    }
}

/// Where rules come from.
#[derive(Clone, Debug)]
pub struct RuleSetting {
    /// Files and folders; none: those that ship.
    pub paths: Vec<PathBuf>,
    /// Values for `|expand`.
    pub placeholders: Option<PathBuf>,
    /// Rules below it are not evaluated, unless others refer to them.
    pub min_level: Level,
    /// Whether a set with refused rules is taken, without them.
    pub keep_going: bool,
}

/// Why a set of rules was not taken; the one before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Some are wrong.
    #[error("{refused} rules cannot be used:\n{report}")]
    Refused {
        /// How many.
        refused: usize,
        /// What is wrong with them, and where.
        report: String,
    },
    /// They cannot be used as a whole.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The rules in force; shared by all threads.
#[derive(Debug)]
pub struct RuleSet {
    setting: RuleSetting,
    current: ArcSwap<ServeRules>,
    generation: AtomicU64,
    /// One reload at a time.
    reloading: Mutex<()>,
}

impl RuleSet {
    /// Loads the first set.
    pub fn open(setting: RuleSetting) -> Result<Self, RulesError> {
        let rules = load(&setting, 1)?;
        Ok(Self {
            setting,
            current: ArcSwap::from_pointee(rules),
            generation: AtomicU64::new(1),
            reloading: Mutex::new(()),
        })
    }

    /// Those in force.
    pub fn current(&self) -> Arc<ServeRules> {
        self.current.load_full()
    }

    /// Loads them again beside those in force, and puts them into force if they are sound.
    pub fn reload(&self) -> Result<Arc<ServeRules>, RulesError> {
        let _one = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let generation = self.generation.load(Ordering::Relaxed) + 1;
        let rules = Arc::new(load(&self.setting, generation)?);
        self.generation.store(generation, Ordering::Relaxed);
        self.current.store(Arc::clone(&rules));
        Ok(rules)
    }
}

fn load(setting: &RuleSetting, generation: u64) -> Result<ServeRules, RulesError> {
    let placeholders = setting.placeholders.as_deref();
    let loaded = if setting.paths.is_empty() {
        let folder = tempfile::tempdir().map_err(Failure::Spill)?;
        let path = folder.path().to_owned();
        let unpacked = fs::create_dir_all(&path).and_then(|()| SHIPPED.extract(&path));
        unpacked.map_err(|source| Failure::File {
            path: path.clone(),
            source,
        })?;
        rule_set::load(&[path], placeholders)?
    } else {
        rule_set::load(&setting.paths, placeholders)?
    };
    if !loaded.refused.is_empty() && !setting.keep_going {
        let errors = loaded.diagnostics.iter();
        let errors = errors.filter(|d: &&Diagnostic| d.severity == Severity::Error);
        return Err(RulesError::Refused {
            refused: loaded.refused.len(),
            report: diagnostics::render_all(errors, Stream::PLAIN),
        });
    }
    let taxonomy = Taxonomy::shipped();
    let book = RuleBook::compile(loaded, setting.min_level, Extent::Projected, &taxonomy)
        .map_err(Failure::from)?;
    let rules = book.engine.rules();
    if !rules.iter().any(|rule| rule.activity == Activity::Active) {
        let why = "none was found where the rules should be".to_owned();
        return Err(Failure::NoRules(why).into());
    }
    let rules = (0..).map(RuleIndex).zip(rules);
    let rules = rules.map(|(index, rule)| ScanRule {
        card: DetectionRenderer::Jsonl.rule_card(&rule.meta),
        stands_alone: book.stands_alone(index),
    });
    Ok(ServeRules {
        rules: rules.collect(),
        book,
        generation,
    })
}
