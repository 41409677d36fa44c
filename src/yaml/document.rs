//! A file read into a type, with the way back from a value to its place.

use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;

use super::{Entry, Fault, Faults, Kind, Node, Source, shape, tree};

/// Reads files of one type.
#[derive(Debug)]
pub struct Reader<T> {
    schema: Schema,
    of: PhantomData<fn() -> T>,
}

/// A value, and the file it came from.
#[derive(Debug, Clone)]
pub struct Document<T> {
    /// The value.
    pub value: T,
    source: Arc<Source>,
    root: Node,
}

impl<T: DeserializeOwned + JsonSchema> Default for Reader<T> {
    fn default() -> Self {
        Self { schema: schema_for!(T), of: PhantomData }
    }
}

impl<T: DeserializeOwned + JsonSchema> Reader<T> {
    /// Reads the file at `path`, which people know as `name`.
    pub fn read(&self, path: &Path, name: &str, faults: &mut Faults) -> Option<Document<T>> {
        self.parse(Source::read(path, name, faults)?, faults)
    }

    /// Reads `source`. Every mistake goes to `faults`; `None` when there was one.
    pub fn parse(&self, source: Arc<Source>, faults: &mut Faults) -> Option<Document<T>> {
        let before = faults.len();
        let root = tree::parse(&source, faults)?;
        shape::check(&self.schema, &source, &root, faults);
        if faults.len() > before {
            return None;
        }
        match serde_yaml::from_str(source.text()) {
            Ok(value) => Some(Document { value, source, root }),
            // The schema let it pass and the type does not: say what the type says.
            Err(error) => {
                let at = error.location().and_then(|at| at.span().byte_offset()).map_or(0, |at| at as usize);
                faults.push(Fault::at(&source, at..at, error.without_snippet().to_string()).code("yaml::value"));
                None
            }
        }
    }
}

impl<T> Document<T> {
    /// A mistake in the value at `path` (`guards.0.metric`), or in the deepest value on that path that exists.
    pub fn fault(&self, path: &str, message: impl Into<String>) -> Fault {
        Fault::at(&self.source, self.place(path), message)
    }

    /// Where the value at `path` stands. A list or mapping is pointed at by its first line.
    pub fn place(&self, path: &str) -> Range<usize> {
        let node = self.root.closest(path);
        let text = &self.source.text()[node.place.clone()];
        let line = text.lines().next().unwrap_or_default().trim_end();
        node.place.start..node.place.start + line.len()
    }

    /// Where a key of the mapping at `path` stands.
    pub fn key_place(&self, path: &str, key: &str) -> Range<usize> {
        let entries: &[Entry] = match &self.root.closest(path).kind {
            Kind::Map(entries) => entries,
            Kind::Refused
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_) => &[],
        };
        entries.iter().find(|entry| entry.key == key).map_or_else(|| self.place(path), |entry| entry.key_place.clone())
    }

    /// The file's name, as people know it.
    pub fn name(&self) -> &str {
        self.source.name()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::improvements::Improvement;

    const GOOD: &str = include_str!("../../improvements/T003.yaml");

    /// A stretch replaced by something that means much in YAML.
    fn damaged() -> impl Strategy<Value = String> {
        let pieces = [
            "",
            ":",
            ": ",
            "- ",
            "\n",
            "\t",
            "  ",
            "[",
            "]",
            "{",
            "}",
            "&a ",
            "*a",
            "!t ",
            "|\n",
            ">\n",
            "\"",
            "'",
            "#",
            "~",
            "---\n",
            "ä",
            "🔴",
            "\u{feff}",
            "null",
            "1e999",
            "-",
            "?",
            "? [a]\n",
            "%YAML 1.2\n",
            "<<: *a\n",
            ",",
        ];
        let edit = (0..GOOD.len(), 0..12_usize, prop::sample::select(pieces.to_vec()));
        prop::collection::vec(edit, 1..4).prop_map(|edits| {
            let mut text = GOOD.to_owned();
            for (at, cut, piece) in edits {
                let boundary = |at: usize, text: &str| (0..=at.min(text.len())).rfind(|at| text.is_char_boundary(*at));
                let from = boundary(at, &text).unwrap_or(0);
                let to = boundary(at + cut, &text).unwrap_or(from).max(from);
                text.replace_range(from..to, piece);
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A damaged file is read or refused with places that lie in it and can be shown; never a panic, and never a
        /// file that is both refused and without a fault.
        #[test]
        fn damage_is_read_or_told(text in damaged()) {
            let source = Source::new("f.yaml", text.clone());
            let mut faults = Faults::default();
            let document = Reader::<Improvement>::default().parse(source, &mut faults);
            prop_assert_eq!(document.is_some(), faults.is_empty(), "{:?}", faults);
            for fault in faults.iter() {
                for label in miette::Diagnostic::labels(fault).into_iter().flatten() {
                    prop_assert!(label.offset() + label.len() <= text.len(), "{fault} {label:?}");
                }
            }
            if let Some(document) = document {
                for path in ["id", "claim.low", "variants.guards.1.params.sessions", "variants.mechanism.on"] {
                    let place = document.place(path);
                    prop_assert!(text.get(place.clone()).is_some(), "{path}: {place:?}");
                }
            } else {
                let shown = format!("{:?}", miette::Report::new(faults.sorted()));
                prop_assert!(shown.contains("f.yaml"), "{shown}");
            }
        }
    }
}
