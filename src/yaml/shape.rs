//! Nodes against the JSON Schema of the type they are read into.
//!
//! Only what schemars writes for plain structs and enums is understood; a test refuses any other keyword, so that
//! nothing in a schema is skipped in silence.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::Schema;
use serde_json::{Map, Value};

use super::words::{described, first_sentence, in_words, nearest, subject};
use super::{Entry, Fault, Faults, Kind, Node, Source};

/// Keywords that [`check`] enforces.
#[cfg(test)]
const ENFORCED: &[&str] = &[
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "enum",
    "items",
    "maximum",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "type",
    "minItems",
    "minLength",
];

/// Keywords that only describe.
#[cfg(test)]
const DESCRIPTIVE: &[&str] = &["$defs", "$schema", "default", "description", "format", "title", "examples"];

/// Reports everything in `node` that does not fit `schema`.
pub(super) fn check(schema: &Schema, source: &Arc<Source>, node: &Node, faults: &mut Faults) {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let mut checker = Checker { source, definitions, faults };
    checker.value(schema.as_value(), node, "");
}

struct Checker<'a> {
    source: &'a Arc<Source>,
    definitions: Option<&'a Map<String, Value>>,
    faults: &'a mut Faults,
}

impl<'a> Checker<'a> {
    fn value(&mut self, schema: &'a Value, node: &Node, path: &str) {
        let Some(schema) = self.resolved(schema).filter(|_| node.kind != Kind::Refused) else { return };
        if let Some(types) = schema.get("type")
            && !type_names(types).any(|name| is_a(name, node))
        {
            self.wrong_type(schema, types, node, path);
            return;
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(Value::Array(choices)) = schema.get(choice) {
                self.one_of(choices, node, path);
            }
        }
        if let Some(words) = allowed_words(schema) {
            self.word(&words, node, path);
        }
        self.limits(schema, node, path);
        match &node.kind {
            Kind::Map(entries) => self.mapping(schema, node, entries, path),
            Kind::List(items) => {
                if let Some(item) = schema.get("items") {
                    for (index, node) in items.iter().enumerate() {
                        self.value(item, node, &join(path, &index.to_string()));
                    }
                }
            }
            Kind::Refused | Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => {}
        }
    }

    /// The object of a schema, `$ref` followed; `None` for `true`, which allows anything.
    fn resolved(&self, schema: &'a Value) -> Option<&'a Map<String, Value>> {
        let object = schema.as_object()?;
        match object.get("$ref").and_then(Value::as_str) {
            Some(target) => {
                let name = target.strip_prefix("#/$defs/")?;
                self.definitions?.get(name)?.as_object()
            }
            None => Some(object),
        }
    }

    fn mapping(&mut self, schema: &'a Map<String, Value>, node: &Node, entries: &[Entry], path: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut meant = BTreeSet::new();
        for entry in entries {
            let known = properties.and_then(|properties| properties.get(&entry.key));
            match (known, schema.get("additionalProperties")) {
                (Some(property), _) => self.value(property, &entry.value, &join(path, &entry.key)),
                (None, Some(Value::Bool(false))) => meant.extend(self.unknown_key(properties, entries, entry)),
                (None, Some(other)) => self.value(other, &entry.value, &join(path, &entry.key)),
                (None, None) => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        // A key that was only misspelt has been told of.
        let missing: Vec<&str> =
            required.filter_map(Value::as_str).filter(|key| node.get(key).is_none() && !meant.contains(key)).collect();
        if !missing.is_empty() {
            self.missing_keys(properties, node, entries, &missing, path);
        }
    }

    /// Reports an unknown key; returns the key that was probably meant.
    fn unknown_key(
        &mut self,
        properties: Option<&'a Map<String, Value>>,
        entries: &[Entry],
        entry: &Entry,
    ) -> Option<&'a str> {
        let present: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let known: Vec<&'a str> = properties.into_iter().flat_map(|known| known.keys()).map(String::as_str).collect();
        let meant = nearest(&entry.key, known.iter().copied().filter(|key| !present.contains(key)));
        let help = match meant {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.faults.push(
            Fault::at(self.source, entry.key_place.clone(), format!("unknown key `{}`", entry.key))
                .code("yaml::unknown_key")
                .help(help),
        );
        meant
    }

    fn missing_keys(
        &mut self,
        properties: Option<&Map<String, Value>>,
        node: &Node,
        entries: &[Entry],
        missing: &[&str],
        path: &str,
    ) {
        let place = entries.first().map_or_else(|| node.place.clone(), |entry| entry.key_place.clone());
        let owner = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
        let meaning = |key: &str| {
            let meaning = properties?.get(key)?.get("description")?.as_str()?;
            Some(format!("{key}: {}", first_sentence(meaning)))
        };
        let meanings: Vec<String> = missing.iter().filter_map(|key| meaning(key)).collect();
        let keys: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
        let noun = if keys.len() == 1 { "the key" } else { "the keys" };
        self.faults.push(
            Fault::at(self.source, place, format!("{owner} lacks {noun} {}", keys.join(", ")))
                .code("yaml::missing_key")
                .label("in this mapping")
                .maybe_help(Some(meanings.join("\n")).filter(|help| !help.is_empty())),
        );
    }

    fn wrong_type(&mut self, schema: &Map<String, Value>, types: &Value, node: &Node, path: &str) {
        let wanted: Vec<&str> = type_names(types).filter(|name| *name != "null").map(in_words).collect();
        let wants_text = type_names(types).any(|name| name == "string");
        let raw = self.source.text().get(node.place.clone()).unwrap_or_default();
        let help = match &node.kind {
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) if wants_text => {
                Some(format!("write it in quotes: \"{raw}\""))
            }
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) if wanted == ["a list"] => {
                Some(format!("write it as a list: [{raw}]"))
            }
            Kind::Null => schema.get("description").and_then(Value::as_str).map(first_sentence),
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => None,
            Kind::List(_) | Kind::Map(_) | Kind::Refused => None,
        };
        let message = format!("{} must be {}, found {}", subject(path), wanted.join(" or "), described(node));
        let place = first_line(self.source, node);
        self.faults.push(Fault::at(self.source, place, message).code("yaml::wrong_type").maybe_help(help));
    }

    /// Alternatives: words of an enum, or `null` beside one other schema.
    fn one_of(&mut self, choices: &'a [Value], node: &Node, path: &str) {
        let words: Option<Vec<&Value>> = choices.iter().map(|choice| choice.get("const")).collect();
        if let Some(words) = words {
            return self.word(&words, node, path);
        }
        let is_null = |choice: &Value| choice.get("type").and_then(Value::as_str) == Some("null");
        if node.kind == Kind::Null && choices.iter().any(is_null) {
            return;
        }
        if let Some(choice) = choices.iter().find(|choice| !is_null(choice)) {
            self.value(choice, node, path);
        }
    }

    fn word(&mut self, words: &[&Value], node: &Node, path: &str) {
        let words: Vec<&str> = words.iter().filter_map(|word| word.as_str()).collect();
        let found = match &node.kind {
            Kind::Text(text) if words.contains(&text.as_str()) => return,
            Kind::Text(text) => text.as_str(),
            Kind::Refused
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::List(_)
            | Kind::Map(_) => "",
        };
        let near = nearest(found, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
        let message = format!("{} must be one of {}; found {}", subject(path), words.join(", "), described(node));
        let place = first_line(self.source, node);
        self.faults.push(Fault::at(self.source, place, message).code("yaml::unknown_word").maybe_help(near));
    }

    fn limits(&mut self, schema: &Map<String, Value>, node: &Node, path: &str) {
        let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
        let complaint = match &node.kind {
            Kind::Int(_) | Kind::Float(_) => {
                let value = if let Kind::Int(value) = node.kind { value as f64 } else { float(node) };
                match (limit("minimum"), limit("maximum")) {
                    (Some(minimum), _) if value < minimum => Some(format!("must be at least {minimum}")),
                    (_, Some(maximum)) if value > maximum => Some(format!("must be at most {maximum}")),
                    (_, _) => None,
                }
            }
            Kind::List(items) => match limit("minItems") {
                Some(least) if (items.len() as f64) < least => Some(format!("must hold at least {least}")),
                _ => None,
            },
            Kind::Text(text) => match limit("minLength") {
                Some(least) if (text.trim().chars().count() as f64) < least => Some("must not be empty".to_owned()),
                _ => None,
            },
            Kind::Refused | Kind::Null | Kind::Bool(_) | Kind::Map(_) => None,
        };
        if let Some(complaint) = complaint {
            let message = format!("{} {complaint}, found {}", subject(path), described(node));
            self.faults.push(Fault::at(self.source, first_line(self.source, node), message).code("yaml::limit"));
        }
    }
}

fn allowed_words(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(words)), _) => Some(words.iter().collect()),
        (_, Some(word)) => Some(vec![word]),
        (_, _) => None,
    }
}

fn type_names(types: &Value) -> impl Iterator<Item = &str> {
    let many = types.as_array().map(Vec::as_slice).unwrap_or_default();
    types.as_str().into_iter().chain(many.iter().filter_map(Value::as_str))
}

fn is_a(name: &str, node: &Node) -> bool {
    match &node.kind {
        Kind::Refused => true,
        Kind::Null => name == "null",
        Kind::Bool(_) => name == "boolean",
        Kind::Int(_) => name == "integer" || name == "number",
        Kind::Float(value) => name == "number" || (name == "integer" && value.fract() == 0.0 && value.abs() < 1e15),
        Kind::Text(_) => name == "string",
        Kind::List(_) => name == "array",
        Kind::Map(_) => name == "object",
    }
}

fn float(node: &Node) -> f64 {
    if let Kind::Float(value) = node.kind { value } else { 0.0 }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn first_line(source: &Source, node: &Node) -> std::ops::Range<usize> {
    let text = source.text().get(node.place.clone()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end();
    node.place.start..node.place.start + line.len()
}

/// Panics on a keyword that is neither enforced nor descriptive.
#[cfg(test)]
pub(crate) fn assert_understood(schema: &Value) {
    let Some(object) = schema.as_object() else { return };
    for (keyword, value) in object {
        assert!(
            ENFORCED.contains(&keyword.as_str()) || DESCRIPTIVE.contains(&keyword.as_str()),
            "schema keyword `{keyword}` is not understood by yaml::shape"
        );
        match keyword.as_str() {
            "properties" | "$defs" => value.as_object().into_iter().flat_map(Map::values).for_each(assert_understood),
            "oneOf" | "anyOf" => value.as_array().into_iter().flatten().for_each(assert_understood),
            "items" | "additionalProperties" => assert_understood(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::yaml::Reader;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read into")]
    struct Entry {
        /// What it is called. Short.
        name: String,
        age: u32,
        level: Level,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        any: BTreeMap<String, Value>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read into")]
    struct Inner {
        share: Option<f64>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        /// Most.
        Critical,
        /// Less.
        High,
    }

    fn faults(text: &str) -> Vec<String> {
        let mut faults = Faults::default();
        Reader::<Entry>::default().parse(Source::new("f", text.to_owned()), &mut faults);
        let help = |fault: &Fault| miette::Diagnostic::help(fault).map(|help| format!(" ({help})")).unwrap_or_default();
        faults.iter().map(|fault| format!("{fault}{}", help(fault))).collect()
    }

    #[test]
    fn the_schema_is_understood() {
        assert_understood(schemars::schema_for!(Entry).as_value());
    }

    #[test]
    fn a_good_file_passes() {
        let text = "name: x\nage: 3\nlevel: high\ntags: [a]\ninner: {share: 1}\nany: {k: [1, {z: ~}]}\n";
        assert_eq!(faults(text), Vec::<String>::new());
        assert_eq!(faults("name: x\nage: 3\nlevel: high\ninner: ~\n"), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "nam: x\nage: old\nlevel: hihg\ntags: a\ninner: {share: much, more: 1}\n";
        assert_eq!(
            faults(text),
            [
                "f:1:1: unknown key `nam` (did you mean `name`?)",
                "f:2:6: `age` must be a whole number, found the text \"old\"",
                "f:3:8: `level` must be one of critical, high; found the text \"hihg\" (did you mean `high`?)",
                "f:4:7: `tags` must be a list, found the text \"a\" (write it as a list: [a])",
                "f:5:16: `inner.share` must be a number, found the text \"much\"",
                "f:5:22: unknown key `more` (known here: share)",
            ]
        );
        assert_eq!(
            faults("name: 5\nage: -1\nlevel: high\n"),
            [
                "f:1:7: `name` must be text, found the number 5 (write it in quotes: \"5\")",
                "f:2:6: `age` must be at least 0, found the number -1",
            ]
        );
        assert_eq!(
            faults("level: high\n"),
            ["f:1:1: the file lacks the keys `name`, `age` (name: What it is called.)"]
        );
        assert_eq!(faults("- a\n"), ["f:1:1: the file must be a mapping of keys to values, found a list"]);
    }
}
