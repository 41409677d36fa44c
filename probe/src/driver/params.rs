//! Given parameters against the described ones. A misspelt parameter would silently measure something else, so it is
//! an error, with the nearest name that exists.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::protocol::{Failure, ParamKind, ParamSpec, Params};

/// Every described parameter with its value, given or default.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings(BTreeMap<String, Value>);

/// A parameter that cannot be used as given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// No such parameter.
    #[error("unknown parameter `{name}`")]
    Unknown {
        /// As given.
        name: String,
        /// The nearest that exists, if any is near.
        nearest: Option<String>,
        /// All that exist.
        known: Vec<String>,
    },
    /// Not of the described kind.
    #[error("parameter `{name}` cannot be {value}")]
    Invalid {
        /// Which parameter.
        name: String,
        /// As given.
        value: Value,
        /// What it may be.
        expected: String,
    },
}

impl ParamError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            ParamError::Unknown { nearest: Some(name), .. } => format!("did you mean `{name}`?"),
            ParamError::Unknown { nearest: None, known, .. } if known.is_empty() => "it takes no parameters".to_owned(),
            ParamError::Unknown { nearest: None, known, .. } => format!("known: {}", known.join(", ")),
            ParamError::Invalid { expected, .. } => format!("give {expected}"),
        }
    }
}

impl From<ParamError> for Failure {
    fn from(error: ParamError) -> Self {
        Failure::new(error.to_string(), error.remedy())
    }
}

impl Settings {
    /// Checks `given` against `specs` and fills in the defaults.
    pub fn resolve(specs: &BTreeMap<String, ParamSpec>, given: &Params) -> Result<Self, ParamError> {
        let mut settings: BTreeMap<String, Value> =
            specs.iter().map(|(name, spec)| (name.clone(), spec.default.clone())).collect();
        for (name, value) in given {
            let Some(spec) = specs.get(name) else {
                return Err(ParamError::Unknown {
                    name: name.clone(),
                    nearest: nearest(name, specs.keys()),
                    known: specs.keys().cloned().collect(),
                });
            };
            settings.insert(name.clone(), accept(name, spec, value)?);
        }
        Ok(Settings(settings))
    }

    /// A whole number. Zero if `name` was not described, which is a mistake of the driver's.
    pub fn integer(&self, name: &str) -> u64 {
        self.value(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// A real number.
    pub fn number(&self, name: &str) -> f64 {
        self.value(name).and_then(Value::as_f64).unwrap_or_default()
    }

    /// A word or text.
    pub fn text(&self, name: &str) -> &str {
        self.value(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// All of them, for [`crate::protocol::Loaded::params`].
    pub fn into_map(self) -> BTreeMap<String, Value> {
        self.0
    }

    fn value(&self, name: &str) -> Option<&Value> {
        debug_assert!(self.0.contains_key(name), "parameter `{name}` was never described");
        self.0.get(name)
    }
}

/// The value in the described kind. Numbers and flags may come as text, as a command line gives them.
fn accept(name: &str, spec: &ParamSpec, value: &Value) -> Result<Value, ParamError> {
    let invalid = |expected: String| ParamError::Invalid { name: name.to_owned(), value: value.clone(), expected };
    let text = value.as_str().map(str::trim);
    match &spec.kind {
        ParamKind::Integer { min, max } => {
            let number = value.as_u64().or_else(|| text.and_then(|t| t.parse().ok()));
            number
                .filter(|n| (min..=max).contains(&n))
                .map(Value::from)
                .ok_or_else(|| invalid(format!("a whole number from {min} to {max}")))
        }
        ParamKind::Number { min, max } => {
            let number = value.as_f64().or_else(|| text.and_then(|t| t.parse().ok()));
            number
                .filter(|n| (min..=max).contains(&n))
                .map(Value::from)
                .ok_or_else(|| invalid(format!("a number from {min} to {max}")))
        }
        ParamKind::Choice { choices } => text
            .filter(|t| choices.iter().any(|c| c == t))
            .map(Value::from)
            .ok_or_else(|| invalid(format!("one of {}", choices.join(", ")))),
        ParamKind::Text => text.map(Value::from).ok_or_else(|| invalid("text".to_owned())),
        ParamKind::Flag => value
            .as_bool()
            .or_else(|| text.and_then(|t| t.parse().ok()))
            .map(Value::from)
            .ok_or_else(|| invalid("true or false".to_owned())),
    }
}

/// The name nearest to `given`, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn specs() -> BTreeMap<String, ParamSpec> {
        BTreeMap::from([
            ("warehouses".to_owned(), ParamSpec::integer(2, 1, 100, "")),
            ("durability".to_owned(), ParamSpec::choice("full", &["full", "off"], "")),
            ("skew".to_owned(), ParamSpec::number(0.99, 0.0, 1.0, "")),
        ])
    }

    fn resolve(name: &str, value: Value) -> Result<Settings, ParamError> {
        Settings::resolve(&specs(), &Params::from([(name.to_owned(), value)]))
    }

    #[test]
    fn given_values_override_defaults() {
        let settings = resolve("warehouses", json!(7)).unwrap();
        assert_eq!(settings.integer("warehouses"), 7);
        assert_eq!(settings.text("durability"), "full");
        assert_eq!(settings.number("skew"), 0.99);
        assert_eq!(resolve("warehouses", json!("7")).unwrap(), settings);
    }

    #[test]
    fn mistakes_are_named_with_a_remedy() {
        let error = resolve("warehouse", json!(7)).unwrap_err();
        assert_eq!(error.to_string(), "unknown parameter `warehouse`");
        assert_eq!(error.remedy(), "did you mean `warehouses`?");
        let error = resolve("warehouses", json!(0)).unwrap_err();
        assert_eq!(error.to_string(), "parameter `warehouses` cannot be 0");
        assert_eq!(error.remedy(), "give a whole number from 1 to 100");
        assert_eq!(resolve("durability", json!("fulll")).unwrap_err().remedy(), "give one of full, off");
        for value in [json!(1.5), json!(-1), json!(null), json!("two")] {
            assert!(resolve("warehouses", value).is_err());
        }
        assert!(resolve("skew", json!("NaN")).is_err());
    }
}
