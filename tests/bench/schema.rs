//! The part of JSON Schema that `docs/bench.schema.json` uses.

use serde_json::Value;

/// All that does not fit, each with its place.
pub fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#'));
        return check(root, target.expect("a definition"), value, at, found);
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(value, name)) {
        found.push(format!("{at}: {value} is no {types:?}"));
    }
    if let Some(number) = value.as_f64() {
        if schema["minimum"]
            .as_f64()
            .is_some_and(|least| number < least)
        {
            found.push(format!("{at}: {number} is too small"));
        }
        if schema["maximum"].as_f64().is_some_and(|most| number > most) {
            found.push(format!("{at}: {number} is too large"));
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap_or_default()) {
                found.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, inner) in object {
            let at = format!("{at}.{name}");
            let others = &schema["additionalProperties"];
            match schema["properties"].get(name) {
                Some(of) => check(root, of, inner, &at, found),
                None if *others == false => found.push(format!("{at}: not in the schema")),
                None if others.is_null() => {}
                None => check(root, others, inner, &at, found),
            }
        }
    }
    if let (Some(items), Some(of)) = (value.as_array(), schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            check(root, of, item, &format!("{at}[{index}]"), found);
        }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
