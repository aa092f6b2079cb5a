//! Compares forms with the JSON schemas in `docs/`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml::Value;

use super::Form;

/// A JSON schema. JSON is YAML.
pub(crate) struct Schema(Value);

impl Schema {
    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs")
            .join(name);
        let text = std::fs::read_to_string(path).unwrap();
        Self(serde_yaml::from_str(&text).unwrap())
    }

    pub(crate) fn property(&self, definition: &str, name: &str) -> &Value {
        &self.0["$defs"][definition]["properties"][name]
    }
}

/// The definition allows exactly the keys of the form.
pub(crate) fn assert_keys(schema: &Schema, definition: &str, form: &Form) {
    let definition = &schema.0["$defs"][definition];
    assert_eq!(definition["additionalProperties"], false, "{}", form.what);
    let properties = definition["properties"].as_mapping().unwrap();
    let names: BTreeSet<&str> = properties.keys().filter_map(Value::as_str).collect();
    let keys: BTreeSet<&str> = form.keys.iter().copied().collect();
    assert_eq!(names, keys, "{}", form.what);
}
