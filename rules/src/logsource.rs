//! The `logsource` attribute.

use std::fmt;

/// Which logs a rule is about. All parts given must hold; lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Logsource {
    /// For example `process_creation`.
    pub category: Option<String>,
    /// For example `windows`.
    pub product: Option<String>,
    /// For example `security`.
    pub service: Option<String>,
    /// Text for people: what has to be logged.
    pub definition: Option<String>,
}

/// `product/category/service` as far as given, `any` where nothing is.
impl fmt::Display for Logsource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.product, &self.category, &self.service];
        let given: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.pad(&if given.is_empty() {
            "any".to_owned()
        } else {
            given.join("/")
        })
    }
}
