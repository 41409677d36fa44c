//! The shape of a JSON value as a JSON Schema, and whether a value has it.
//!
//! Only what is needed of JSON Schema 2020-12: types, properties, items. An object whose keys are names of fields is a
//! struct: all keys are required and no other is allowed; any other object is a map.

use serde_json::{Map, Value, json};

/// The schema of an output, as far as the value shows it. What is null there may be anything.
pub(super) fn schema(title: &str, value: &Value) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".to_owned(), title.into());
    schema.extend(of(value).as_object().cloned().unwrap_or_default());
    schema.into()
}

/// Where `value` does not have the shape.
pub(super) fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(schema, value, "", &mut found);
    found
}

fn of(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Array(items) => json!({ "type": "array", "items": of_all(items.iter()) }),
        Value::Object(entries) if is_struct(entries) => {
            let properties: Map<String, Value> = entries.iter().map(|(key, value)| (key.clone(), of(value))).collect();
            let required: Vec<&String> = entries.keys().collect();
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
        }
        Value::Object(entries) => json!({ "type": "object", "additionalProperties": of_all(entries.values()) }),
    }
}

fn of_all<'a>(values: impl Iterator<Item = &'a Value>) -> Value {
    let values: Vec<&Value> = values.collect();
    let nullable = values.iter().any(|value| value.is_null());
    let shapes = values.iter().filter(|value| !value.is_null()).map(|value| of(value));
    let merged = shapes.reduce(|a, b| merge(&a, &b)).unwrap_or_else(|| json!({}));
    if nullable { or_null(merged) } else { merged }
}

fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").filter(|kind| kind.is_string()).cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

/// What fits either.
fn merge(a: &Value, b: &Value) -> Value {
    if a == b || a.is_boolean() {
        return a.clone();
    }
    if b.is_boolean() {
        return b.clone();
    }
    match (kinds(a), kinds(b)) {
        // Null in one of them.
        (of_a, _) if of_a.is_empty() => or_null(b.clone()),
        (_, of_b) if of_b.is_empty() => or_null(a.clone()),
        (of_a, of_b) => {
            let nullable = of_a.contains(&"null") || of_b.contains(&"null");
            let of_a: Vec<&str> = of_a.into_iter().filter(|kind| *kind != "null").collect();
            let of_b: Vec<&str> = of_b.into_iter().filter(|kind| *kind != "null").collect();
            let merged = match (of_a[0], of_b[0]) {
                ("object", "object") => merge_objects(a, b),
                ("array", "array") => json!({ "type": "array", "items": merge(&a["items"], &b["items"]) }),
                ("integer" | "number", "integer" | "number") if of_a != of_b => json!({ "type": "number" }),
                (one, other) if one == other => json!({ "type": one }),
                // Of several kinds: anything.
                (_, _) => Value::Bool(true),
            };
            if nullable { or_null(merged) } else { merged }
        }
    }
}

fn merge_objects(a: &Value, b: &Value) -> Value {
    let (Some(of_a), Some(of_b)) = (a.get("properties"), b.get("properties")) else {
        let values = |schema: &Value| match schema.get("additionalProperties") {
            Some(values) if values.is_object() => values.clone(),
            Some(_) | None => json!({}),
        };
        return json!({ "type": "object", "additionalProperties": merge(&values(a), &values(b)) });
    };
    let mut properties = of_a.as_object().cloned().unwrap_or_default();
    for (key, shape) in of_b.as_object().into_iter().flatten() {
        let merged = properties.get(key).map_or_else(|| shape.clone(), |other| merge(other, shape));
        properties.insert(key.clone(), merged);
    }
    let required: Vec<&Value> =
        items(&a["required"]).filter(|key| items(&b["required"]).any(|other| other == *key)).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn compare(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let kinds = kinds(schema);
    let fits = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !kinds.is_empty() && !kinds.iter().any(fits) {
        found.push(format!("{place} is {value}, where {} is shipped", kinds.join(" or ")));
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                compare(schema.get("items").unwrap_or(&Value::Null), item, &format!("{place}/{index}"), found);
            }
        }
        Value::Object(entries) => {
            let properties = schema.get("properties");
            for (key, value) in entries {
                let shape = properties.and_then(|all| all.get(key)).or(schema.get("additionalProperties"));
                match shape {
                    Some(Value::Bool(false)) => found.push(format!("{place} has `{key}`, which is not shipped")),
                    Some(shape) => compare(shape, value, &format!("{place}/{key}"), found),
                    None => {}
                }
            }
            let missing =
                items(&schema["required"]).filter_map(Value::as_str).filter(|key| !entries.contains_key(*key));
            found.extend(missing.map(|key| format!("{place} lacks `{key}`")));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The types that a schema names; none: anything.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether all keys are names of fields: `in_progress`, but not `In Progress`, `T003` or `wal.syncs`.
fn is_struct(entries: &Map<String, Value>) -> bool {
    let fits = |key: &String| {
        key.starts_with(|char: char| char.is_ascii_lowercase())
            && key.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
    };
    !entries.is_empty() && entries.keys().all(fits)
}
