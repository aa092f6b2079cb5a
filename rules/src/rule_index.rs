//! Finds rules by the id or the name by which correlations and filters refer to them.

use hashbrown::HashMap;

use crate::correlation::Target;

/// What an id or a name leads to.
pub(crate) enum Found<'i> {
    One(Target),
    /// The files of all rules that have it.
    Several(Vec<String>),
    /// A rule that was refused, and why.
    Refused(&'i str),
    None,
}

struct Entry<'i> {
    target: Option<Target>,
    file: String,
    reason: &'i str,
}

/// All rules of a load. Ids compare without case, names as written.
#[derive(Default)]
pub(crate) struct RuleIndex<'i> {
    entries: HashMap<String, Vec<Entry<'i>>>,
    names: Vec<&'i str>,
}

impl<'i> RuleIndex<'i> {
    pub(crate) fn add(
        &mut self,
        id: Option<&'i str>,
        name: Option<&'i str>,
        file: String,
        target: Target,
    ) {
        self.insert(id, name, &file, Some(target), "");
    }

    pub(crate) fn add_refused(
        &mut self,
        id: Option<&'i str>,
        name: Option<&'i str>,
        file: String,
        reason: &'i str,
    ) {
        self.insert(id, name, &file, None, reason);
    }

    fn insert(
        &mut self,
        id: Option<&'i str>,
        name: Option<&'i str>,
        file: &str,
        target: Option<Target>,
        reason: &'i str,
    ) {
        let id_key = id.map(str::to_lowercase);
        let name_key = name
            .map(str::to_owned)
            .filter(|name| Some(name) != id_key.as_ref());
        for key in id_key.into_iter().chain(name_key) {
            let entry = Entry {
                target,
                file: file.to_owned(),
                reason,
            };
            self.entries.entry(key).or_default().push(entry);
        }
        self.names.extend(name);
    }

    pub(crate) fn find(&self, written: &str) -> Found<'_> {
        let found = self
            .entries
            .get(written)
            .or_else(|| self.entries.get(&written.to_lowercase()));
        let Some(entries) = found else {
            return Found::None;
        };
        let mut usable = entries.iter().filter_map(|entry| entry.target);
        match (usable.next(), usable.next()) {
            (Some(target), None) => Found::One(target),
            (Some(_), Some(_)) => Found::Several(
                entries
                    .iter()
                    .filter(|entry| entry.target.is_some())
                    .map(|entry| entry.file.clone())
                    .collect(),
            ),
            (None, _) => Found::Refused(entries.first().map_or("", |entry| entry.reason)),
        }
    }

    /// All names, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'i str> {
        self.names.iter().copied()
    }
}
