//! A fact away from its table: named columns, a digest, and what it is known by.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::kinds::{Form, Home, KINDS, Kind, Owner};

/// Hexadecimal digits of a digest: enough that no two of a store's facts share one by chance.
const DIGEST_DIGITS: usize = 16;

/// One row of a table, by the names of its columns.
#[derive(Debug, Clone)]
pub struct Fact {
    pub(super) kind: &'static Kind,
    /// Columns that are not NULL, in the kind's order.
    pub(super) fields: Map<String, Value>,
    /// The stacks of a profile, where they travel: `sha256` answers for them.
    pub(super) folded: Option<String>,
}

/// What is told together: an experiment or a screen with all its facts, or the statuses that people set for an improvement.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The facts, in the order in which they are written.
    pub facts: Vec<Fact>,
}

impl Fact {
    /// Its word in files.
    pub fn word(&self) -> &'static str {
        self.kind.table
    }

    /// A digest of all it says. Whitespace, the order of keys and how a number is written do not matter.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.kind.table);
        self.fields.iter().for_each(|(name, value)| {
            hash.update([0]);
            hash.update(name);
            digest_value(&mut hash, value);
        });
        shortened(hash)
    }

    /// What it is known by among the facts of its owner.
    pub(super) fn name(&self) -> String {
        match self.kind.key {
            [] => self.digest(),
            key => key.iter().map(|name| self.fields.get(*name).unwrap_or(&Value::Null).to_string() + " ").collect(),
        }
    }

    /// What it is, for people: `pair 3 of the decision run of workload 0`.
    pub fn told(&self) -> String {
        let field = |name: &str| self.fields.get(name).map_or_else(String::new, shown);
        match self.kind.table {
            "pair" => format!(
                "pair {} of the {} run of workload {}",
                self.integer("idx").unwrap_or_default() + 1,
                field("run"),
                field("workload")
            ),
            "screen_pair" => format!(
                "pair {} of build {}",
                self.integer("idx").unwrap_or_default() + 1,
                self.integer("row").unwrap_or_default() + 1
            ),
            "verdict" => format!("the verdict of {}", field("at")),
            word => format!("{} of {}", word.replace('_', " "), field("at")),
        }
    }

    /// A column that holds text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Value::as_i64)
    }

    /// When it was recorded.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.text("at")?.parse().ok()
    }

    /// The order in files: by kind, then by what names it, then by time. Numbers of rows play no part.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let place = |fact: &Self| KINDS.iter().position(|kind| kind.table == fact.kind.table);
        let keys = self.kind.key.iter().map(|name| compared(self.fields.get(*name), other.fields.get(*name)));
        let by_key = keys.fold(Ordering::Equal, Ordering::then);
        place(self).cmp(&place(other)).then(by_key).then_with(|| self.at().cmp(&other.at())).then_with(|| {
            let digests = [self, other].map(Self::digest);
            digests[0].cmp(&digests[1])
        })
    }
}

impl Dossier {
    /// The facts of one owner, put in order.
    pub(super) fn new(mut facts: Vec<Fact>) -> Self {
        facts.sort_by(Fact::order);
        Self { facts }
    }

    /// What it is about: mostly an improvement; of a screen what is asked, `screening` or `interaction`.
    pub fn subject(&self) -> &str {
        let named = |fact: &'_ Fact| match fact.kind.owner {
            Owner::Improvement => "improvement",
            Owner::Root(Home::Screen) | Owner::Of(Home::Screen) => "purpose",
            Owner::Root(Home::Experiment) | Owner::Of(Home::Experiment) | Owner::Verdict => "subject",
        };
        self.facts.first().and_then(|fact| fact.text(named(fact))).unwrap_or_default()
    }

    /// The experiment or screen itself; `None` of statuses.
    pub(super) fn root(&self) -> Option<(Home, &Fact)> {
        let first = self.facts.first()?;
        match first.kind.owner {
            Owner::Root(home) => Some((home, first)),
            Owner::Of(_) | Owner::Verdict | Owner::Improvement => None,
        }
    }

    /// Whether it is an experiment.
    pub fn is_experiment(&self) -> bool {
        self.root().is_some_and(|(home, _)| home == Home::Experiment)
    }

    /// Whether it is about this improvement: an experiment's subject, one of a screen's factors, one with statuses.
    pub fn is_about(&self, improvement: &str) -> bool {
        match self.root() {
            Some((Home::Screen, root)) => {
                let factors = root.fields.get("factors").and_then(Value::as_array);
                let named = |factor: &Value| factor.get("improvement").and_then(Value::as_str) == Some(improvement);
                factors.is_some_and(|factors| factors.iter().any(named))
            }
            Some((Home::Experiment, _)) | None => self.subject() == improvement,
        }
    }

    /// Where it lies in a folder of evidence: `T003/20261128T220101Z-4f2c1a90.json`.
    pub fn file(&self) -> String {
        let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let folder: String = self.subject().chars().map(|char| if fits(char) { char } else { '_' }).collect();
        let at = self.facts.first().and_then(Fact::at).unwrap_or(Timestamp::UNIX_EPOCH);
        match self.root() {
            Some((_, root)) => {
                let mut hash = Sha256::new();
                hash.update(root.name());
                format!("{folder}/{}-{:.8}.json", at.strftime("%Y%m%dT%H%M%SZ"), shortened(hash))
            }
            None => format!("{folder}/statuses.json"),
        }
    }
}

/// A digest over the digests of `facts`, in their order.
pub(super) fn digest_of<'a>(facts: impl Iterator<Item = &'a Fact>) -> String {
    let mut hash = Sha256::new();
    facts.for_each(|fact| hash.update(fact.digest()));
    shortened(hash)
}

/// A time as it is written.
pub(super) fn time_text(at_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_string())
}

/// What is wrong with a value of this form.
pub(super) fn misfit(form: Form, value: &Value) -> Option<&'static str> {
    let fits = match form {
        Form::Time | Form::Fact(_) => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        Form::Integer => value.is_i64(),
        Form::Flag => value.is_boolean(),
        Form::Real => value.is_number(),
        Form::Text => value.is_string(),
        Form::Json => true,
    };
    (!fits).then_some(match form {
        Form::Time | Form::Fact(_) => "a time such as \"2026-11-28T22:01:01.123Z\"",
        Form::Integer => "a whole number",
        Form::Flag => "true or false",
        Form::Real => "a number",
        Form::Text => "text",
        Form::Json => "JSON",
    })
}

fn shortened(hash: Sha256) -> String {
    let mut digest = format!("{:x}", hash.finalize());
    digest.truncate(DIGEST_DIGITS);
    digest
}

/// Floats by their bits, so that no way of writing them matters; each value behind a byte that says what it is.
fn digest_value(hash: &mut Sha256, value: &Value) {
    let mut part = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Null => part(b'n', &[]),
        Value::Bool(truth) => part(b'b', &[u8::from(*truth)]),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(n), _, _) => part(b'i', n.to_string().as_bytes()),
            (_, Some(n), _) => part(b'i', n.to_string().as_bytes()),
            (_, _, float) => part(b'f', &float.unwrap_or(f64::NAN).to_bits().to_le_bytes()),
        },
        Value::String(text) => part(b's', text.as_bytes()),
        Value::Array(items) => {
            part(b'[', &(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| digest_value(hash, item));
        }
        Value::Object(entries) => {
            part(b'{', &(entries.len() as u64).to_le_bytes());
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort();
            for key in keys {
                hash.update((key.len() as u64).to_le_bytes());
                hash.update(key);
                digest_value(hash, &entries[key]);
            }
        }
    }
}

fn compared(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a.and_then(Value::as_i64), b.and_then(Value::as_i64)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (_, _) => a.and_then(Value::as_str).cmp(&b.and_then(Value::as_str)),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
