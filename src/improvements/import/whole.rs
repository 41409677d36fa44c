//! A document, read whole.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::contradictions::{self, Contradiction};
use super::document::Tracking;
use super::mojibake::{Damage, Repair, Repaired};
use super::records::{Records, records};
use crate::yaml::{Fault, Faults, Source};

/// A place in a file, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What became of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The register.
    pub records: Records,
    /// Where the document disagrees with itself.
    pub contradictions: Vec<Contradiction>,
    /// What was mended in its text.
    pub repairs: Vec<Repair>,
}

impl Import {
    /// Reads the document at `path`, which people know as `name`, as the pack `pack`.
    ///
    /// # Errors
    /// Every mistake that leaves it open what was meant: a row that lacks cells, an id that is none, nothing to import.
    pub fn read(path: &Path, name: &str, pack: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        match Source::read(path, name, &mut faults) {
            Some(source) => Self::of(&source, pack),
            None => Err(faults),
        }
    }

    /// Reads `source` as the pack `pack`.
    ///
    /// # Errors
    /// As [`Import::read`].
    pub fn of(source: &Arc<Source>, pack: &str) -> Result<Self, Faults> {
        let repaired = Repaired::new(source.text());
        let mut tracking = Tracking::read(&repaired, Arc::clone(source), &prefix(pack));
        if tracking.faults.is_empty() && tracking.entries.is_empty() {
            let fault =
                Fault::of_file(source.name(), format!("{} names nothing that is to be improved", source.name()));
            tracking.faults.push(fault.code("import::empty").help(
                "an import needs a table with the columns ID and Improvement, headings or items that begin with an id \
                 (`T205: Connection Pooling`), or items that promise something (`**Bulk insert**: 10x throughput`)",
            ));
        }
        if !tracking.faults.is_empty() {
            return Err(tracking.faults.sorted());
        }
        let mut records = records(&tracking, source.name(), pack);
        let open = tracking.outline.codes.iter().find(|code| !code.closed);
        records.assumed.extend(open.map(|code| {
            let line = repaired.place(code.text.at).line;
            format!("code: the fence of line {line} is never closed, so it goes to the end; is the document whole?")
        }));
        let lost = repaired.repairs().iter().filter(|repair| repair.damage == Damage::Unreadable).count();
        records.assumed.extend((lost > 0).then(|| format!("signs: {lost} that cannot be read stand as \u{fffd}")));
        Ok(Self { contradictions: contradictions::find(&tracking), repairs: repaired.repairs().to_vec(), records })
    }
}

/// What the ids of a document without ids begin with: the pack's first four letters.
fn prefix(pack: &str) -> String {
    let letters: String =
        pack.chars().filter(char::is_ascii_alphabetic).take(4).map(|char| char.to_ascii_uppercase()).collect();
    if letters.is_empty() { "X".to_owned() } else { letters }
}
