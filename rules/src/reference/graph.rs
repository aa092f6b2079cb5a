//! Who refers to whom: correlations and sequences, each to any rule.

use super::{Name, Referrer, Refused};
use crate::correlation::Target;

/// A path in a message ends after so many names.
const PATH_NAMES_MAX: usize = 8;

/// All rules that refer to others, by the place of their drafts.
pub(crate) struct Graph<'g> {
    pub(crate) correlations: Vec<&'g mut Referrer>,
    pub(crate) sequences: Vec<&'g mut Referrer>,
}

/// Where rules are once the refused ones are left out.
pub(crate) struct Places {
    correlations: Vec<usize>,
    sequences: Vec<usize>,
}

impl Places {
    /// The target of a reference that counted drafts.
    pub(crate) fn of(&self, target: Target) -> Target {
        let left = |places: &[usize], at: usize| places.get(at).copied().unwrap_or(at);
        match target {
            Target::Detection(at) => Target::Detection(at),
            Target::Correlation(at) => Target::Correlation(left(&self.correlations, at)),
            Target::Sequence(at) => Target::Sequence(left(&self.sequences, at)),
        }
    }
}

impl Graph<'_> {
    /// Refuses what refers to itself, then what refers to refused rules.
    pub(crate) fn settle(mut self) -> Places {
        let all: Vec<Target> = (0..self.correlations.len())
            .map(Target::Correlation)
            .chain((0..self.sequences.len()).map(Target::Sequence))
            .collect();
        for target in &all {
            self.refuse_cycle(*target);
        }
        // Each pass refuses at least one rule, or is the last.
        let mut refused = true;
        while refused {
            let left = all.iter().filter(|target| self.refuse_dependant(**target));
            refused = left.count() > 0;
        }
        Places {
            correlations: places(&self.correlations),
            sequences: places(&self.sequences),
        }
    }

    fn get(&self, target: Target) -> Option<&Referrer> {
        match target {
            Target::Detection(_) => None,
            Target::Correlation(at) => self.correlations.get(at).map(|r| &**r),
            Target::Sequence(at) => self.sequences.get(at).map(|r| &**r),
        }
    }

    fn get_mut(&mut self, target: Target) -> Option<&mut Referrer> {
        match target {
            Target::Detection(_) => None,
            Target::Correlation(at) => self.correlations.get_mut(at).map(|r| &mut **r),
            Target::Sequence(at) => self.sequences.get_mut(at).map(|r| &mut **r),
        }
    }

    fn refuse_cycle(&mut self, start: Target) {
        let Some(path) = self.path_back(start) else {
            return;
        };
        let (Some(first), Some(referrer)) = (path.first().cloned(), self.get_mut(start)) else {
            return;
        };
        let mut message = format!("`{}` leads back to this {}", first.text, referrer.what);
        if path.len() > 1 {
            let names = path.iter().take(PATH_NAMES_MAX);
            let mut names: Vec<&str> = names.map(|name| name.text.as_str()).collect();
            if path.len() > PATH_NAMES_MAX {
                names.push("…");
            }
            message = format!("{message}: {}", names.join(" → "));
        }
        referrer
            .findings
            .error(first.span, message.clone())
            .help("remove the reference that closes the circle");
        referrer.refused = Some(Refused {
            cause: message.clone(),
            message,
        });
    }

    /// The names along a shortest way from a rule back to it.
    fn path_back(&self, start: Target) -> Option<Vec<Name>> {
        let own = self.get(start)?;
        if own.refused.is_some() {
            return None;
        }
        let mut seen = [
            vec![false; self.correlations.len()],
            vec![false; self.sequences.len()],
        ];
        let mut is_new = |target: Target| {
            let place = match target {
                Target::Detection(_) => None,
                Target::Correlation(at) => seen[0].get_mut(at),
                Target::Sequence(at) => seen[1].get_mut(at),
            };
            place.is_some_and(|seen| !std::mem::replace(seen, true))
        };
        // Each step with the one it comes from.
        let mut steps: Vec<(&Name, Target, Option<usize>)> = Vec::new();
        let mut from = None;
        let mut links = own.links.iter();
        loop {
            for (name, target) in links {
                if *target == start {
                    let mut path = vec![name.clone()];
                    while let Some((name, _, before)) = from.and_then(|at: usize| steps.get(at)) {
                        path.push((*name).clone());
                        from = *before;
                    }
                    path.reverse();
                    return Some(path);
                }
                if is_new(*target) {
                    steps.push((name, *target, from));
                }
            }
            let next = from.map_or(0, |at| at + 1);
            let (_, target, _) = steps.get(next)?;
            links = self.get(*target)?.links.iter();
            from = Some(next);
        }
    }

    /// Whether a rule had to be refused since one that it refers to was.
    fn refuse_dependant(&mut self, target: Target) -> bool {
        let Some(referrer) = self.get(target).filter(|r| r.refused.is_none()) else {
            return false;
        };
        let found = referrer.links.iter().find_map(|(name, target)| {
            let refused = self.get(*target)?.refused.as_ref()?;
            Some((name.clone(), refused.cause.clone()))
        });
        let (Some((name, cause)), Some(referrer)) = (found, self.get_mut(target)) else {
            return false;
        };
        let message = format!("the rule `{}` was refused: {cause}", name.text);
        referrer
            .findings
            .error(name.span, message.clone())
            .help("correct that rule");
        referrer.refused = Some(Refused { message, cause });
        true
    }
}

fn places(referrers: &[&mut Referrer]) -> Vec<usize> {
    let mut left = 0;
    referrers
        .iter()
        .map(|referrer| {
            let own = left;
            left += usize::from(referrer.refused.is_none());
            own
        })
        .collect()
}
