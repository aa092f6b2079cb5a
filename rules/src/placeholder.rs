//! Values for `|expand` placeholders, from a YAML file of names and lists.

use std::collections::BTreeMap;

/// Placeholder name (without `%`) → the values that replace it.
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    values: BTreeMap<String, Vec<String>>,
}

impl Placeholders {
    /// The values of one placeholder.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.values.get(name).map(Vec::as_slice)
    }
}
