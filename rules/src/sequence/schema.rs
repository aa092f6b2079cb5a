//! `docs/sequence.schema.json` knows the keys and the limits that the reader knows.

use super::{matches, read, stage};
use crate::strict_mapping::schema::{Schema, assert_keys};

#[test]
fn the_schema_has_the_keys_of_the_reader() {
    let schema = Schema::read("sequence.schema.json");
    for (name, form) in [
        ("sequence", &read::FORM),
        ("stage", &stage::FORM),
        ("any_order", &stage::ANY_ORDER),
        ("in_place", &matches::IN_PLACE),
        ("keyed", &matches::KEYED),
    ] {
        assert_keys(&schema, name, form);
    }
}

#[test]
fn the_schema_has_the_limits_of_the_reader() {
    let schema = Schema::read("sequence.schema.json");
    let at_least = schema.property("stage", "at-least");
    assert_eq!(at_least["maximum"], stage::AT_LEAST_MAX);
    let stages = schema.property("sequence", "stages");
    assert_eq!(stages["maxItems"].as_u64(), Some(read::STAGES_MAX as u64));
}
