//! Evidence as a file: written in one way, read with every fault in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::fact::{Dossier, Fact, digest_of, misfit};
use super::kinds::{KINDS, Kind, Owner};
use crate::lab::experiment::{Plan, WorkloadPlan};
use crate::lab::screen::facts::ScreenPlan;
use crate::units::{Direction, LogRatio};
use crate::yaml::{Fault, Faults, Source, nearest};

/// Version of the format. It rises when a workbench that knows only the older one would misunderstand a file.
pub const FORMAT_VERSION: u32 = 1;

/// Larger files are refused unread. An experiment of two hundred pairs takes about a megabyte, its stacks a few.
const FILE_SIZE_MAX_BYTES: u64 = 512 << 20;

/// How far a pair's ratio may lie from that of its values: the rounding of one logarithm.
const RATIO_TOLERANCE: f64 = 1e-9;

/// One file's worth of evidence.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Its dossiers, each an experiment, a screen, or an improvement's statuses.
    pub dossiers: Vec<Dossier>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    workbench_evidence: u32,
    about: BTreeSet<String>,
    digest: String,
    facts: Vec<Map<String, Value>>,
}

/// Just enough to tell a file of a newer workbench from a damaged one.
#[derive(Deserialize)]
struct Head {
    workbench_evidence: u32,
}

impl Evidence {
    /// Digest of all its facts.
    pub fn digest(&self) -> String {
        digest_of(self.facts())
    }

    /// The file's text. The same facts give the same bytes.
    pub fn render(&self) -> String {
        let envelope = Envelope {
            workbench_evidence: FORMAT_VERSION,
            about: self.dossiers.iter().map(|dossier| dossier.subject().to_owned()).collect(),
            digest: self.digest(),
            facts: self.facts().map(written).collect(),
        };
        let mut text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the file at `path`, which people know as `name`.
    ///
    /// # Errors
    /// Every fault of the file: not JSON, cut off, a fact of an unknown kind, a fact that is not what its digest says, a
    /// pair whose ratio does not follow from its values.
    pub fn read(path: &Path, name: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        match Source::read_up_to(FILE_SIZE_MAX_BYTES, path, name, &mut faults) {
            Some(source) => Self::of(&source),
            None => Err(faults),
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// As [`Evidence::read`].
    pub fn of(source: &Arc<Source>) -> Result<Self, Faults> {
        let mut reading = Reading { source, places: Vec::new(), faults: Faults::default() };
        let evidence = reading.evidence();
        if reading.faults.is_empty() { Ok(evidence) } else { Err(reading.faults) }
    }

    /// How many of its facts `other` does not have.
    pub fn lacking_in(&self, other: &Self) -> usize {
        let mut there: BTreeMap<String, usize> = BTreeMap::new();
        other.facts().for_each(|fact| *there.entry(fact.digest()).or_default() += 1);
        let lacks = |fact: &&Fact| match there.get_mut(&fact.digest()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            Some(_) | None => true,
        };
        self.facts().filter(lacks).count()
    }

    /// Stacks that `other` has of the same profiles and this one has not.
    pub fn keep_stacks_of(&mut self, other: &Self) {
        let with_stacks = other.facts().filter_map(|fact| Some((fact.digest(), fact.folded.as_ref()?)));
        let stacks: BTreeMap<String, &String> = with_stacks.collect();
        for fact in self.dossiers.iter_mut().flat_map(|dossier| &mut dossier.facts) {
            if fact.kind.table == "profile" && fact.folded.is_none() {
                fact.folded = stacks.get(&fact.digest()).map(|folded| (*folded).clone());
            }
        }
    }

    fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.dossiers.iter().flat_map(|dossier| &dossier.facts)
    }
}

fn written(fact: &Fact) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("fact".to_owned(), fact.word().into());
    object.insert("digest".to_owned(), fact.digest().into());
    object.extend(fact.fields.clone());
    if let Some(folded) = &fact.folded {
        object.insert("folded".to_owned(), folded.as_str().into());
    }
    object
}

/// Reads one file; every fault is noted with its place, and reading goes on while it makes sense.
struct Reading<'a> {
    source: &'a Arc<Source>,
    /// Where each fact stands; found only when there is a fault to tell.
    places: Vec<Range<usize>>,
    faults: Faults,
}

impl Reading<'_> {
    fn evidence(&mut self) -> Evidence {
        let text = self.source.text();
        let envelope: Envelope = match (serde_json::from_str(text), serde_json::from_str::<Head>(text)) {
            (_, Ok(Head { workbench_evidence: version })) if version != FORMAT_VERSION => {
                let help = "nothing was imported; use the workbench that wrote it, or a later one";
                let told =
                    format!("it is written in version {version} of the format; this workbench knows {FORMAT_VERSION}");
                self.whole("evidence::version", &told, help);
                return Evidence::default();
            }
            (Ok(envelope), _) => envelope,
            (Err(error), _) => {
                self.syntax(&error);
                return Evidence::default();
            }
        };
        let mut facts = Vec::with_capacity(envelope.facts.len());
        let said = envelope.facts.len();
        for (index, object) in envelope.facts.into_iter().enumerate() {
            facts.extend(self.fact(index, object).map(|fact| (index, fact)));
        }
        // With a faulty fact the digest of all says nothing more.
        if self.faults.is_empty() && digest_of(facts.iter().map(|(_, fact)| fact)) != envelope.digest {
            let told = format!(
                "its {said} facts are not those that its digest speaks of: some were added, taken out or moved"
            );
            self.whole("evidence::digest", &told, RESTORE);
        }
        let dossiers = self.dossiers(facts);
        Evidence { dossiers }
    }

    fn fact(&mut self, index: usize, mut object: Map<String, Value>) -> Option<Fact> {
        let word = object.remove("fact").and_then(|word| Some(word.as_str()?.to_owned()));
        let Some(kind) = word.as_deref().and_then(Kind::named) else {
            let known = || KINDS.iter().map(|kind| kind.table);
            let word = word.unwrap_or_default();
            let near = nearest(&word, known()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let help = format!(
                "{near}this workbench knows {}; a later one may know more",
                known().collect::<Vec<_>>().join(", ")
            );
            self.at(index, "evidence::kind", format!("there is no kind of fact `{word}`"), &help);
            return None;
        };
        let digest = object.remove("digest");
        let folded = match object.remove("folded") {
            Some(Value::String(text)) if kind.table == "profile" => Some(text),
            Some(_) => {
                self.at(index, "evidence::shape", format!("a {} has no stacks `folded`", kind.table), RESTORE);
                return None;
            }
            None => None,
        };
        let mut fields = Map::new();
        for (name, form) in kind.fields() {
            let Some(value) = object.remove(name).filter(|value| !value.is_null()) else { continue };
            if let Some(wanted) = misfit(form, &value) {
                self.at(index, "evidence::shape", format!("`{name}` is {value}, where {wanted} belongs"), RESTORE);
                return None;
            }
            fields.insert(name.to_owned(), value);
        }
        if let Some(unknown) = object.keys().next() {
            let told = format!("a {} has no `{unknown}`", kind.table);
            self.at(index, "evidence::shape", told, "a later workbench may know it; nothing was imported");
            return None;
        }
        let fact = Fact { kind, fields, folded };
        if digest.as_ref().and_then(Value::as_str) != Some(&fact.digest()) {
            self.at(
                index,
                "evidence::digest",
                format!("{} is not what its digest says: it was changed", fact.told()),
                RESTORE,
            );
            return None;
        }
        if let Some(folded) = &fact.folded
            && fact.text("sha256") != Some(&format!("{:x}", Sha256::digest(folded)))
        {
            self.at(
                index,
                "evidence::digest",
                format!("the stacks of the {} are not those that were captured", fact.told()),
                RESTORE,
            );
            return None;
        }
        Some(fact)
    }

    /// Facts by their owners.
    fn dossiers(&mut self, facts: Vec<(usize, Fact)>) -> Vec<Dossier> {
        let mut owned: Vec<(usize, Vec<Fact>)> = Vec::new();
        for (index, fact) in facts {
            let opens = match fact.kind.owner {
                Owner::Root(_) => true,
                Owner::Of(_) | Owner::Verdict => false,
                Owner::Improvement => owned.last().and_then(|(_, facts)| facts.last()).is_none_or(|last| {
                    last.kind.owner != Owner::Improvement || last.text("improvement") != fact.text("improvement")
                }),
            };
            match owned.last_mut() {
                _ if opens => owned.push((index, vec![fact])),
                Some((_, facts)) => facts.push(fact),
                None => {
                    let told = format!("{} stands before what it belongs to", fact.told());
                    self.at(index, "evidence::shape", told, RESTORE);
                }
            }
        }
        for (first, facts) in &owned {
            self.ratios(*first, facts);
        }
        owned.into_iter().map(|(_, facts)| Dossier { facts }).collect()
    }

    /// A pair's ratio follows from its values: whoever changed one of them changed both, or is found.
    fn ratios(&mut self, first: usize, facts: &[Fact]) {
        let Some(workloads) = facts.iter().rev().find_map(planned) else { return };
        let pairs = |(_, fact): &(usize, &Fact)| matches!(fact.kind.table, "pair" | "screen_pair");
        for (offset, pair) in facts.iter().enumerate().filter(pairs) {
            // All builds of a screen are measured on one workload.
            let index = pair.integer("workload").unwrap_or_default();
            let Some(workload) = usize::try_from(index).ok().and_then(|index| workloads.get(index)) else {
                let told = format!("{} is of a workload that the plan does not have", pair.told());
                self.at(first + offset, "evidence::pair", told, RESTORE);
                continue;
            };
            let value =
                |arm: &str| pair.fields.get(arm)?.get("values")?.get(&workload.metric)?.as_f64().filter(|v| *v > 0.0);
            let (Some(a), Some(b), Some(d)) = (value("a"), value("b"), pair.fields.get("d").and_then(Value::as_f64))
            else {
                continue; // what cannot be compared is a finding in the pair itself
            };
            let follows = match workload.better {
                Direction::Higher => (b / a).ln(),
                Direction::Lower => (a / b).ln(),
            };
            if (follows - d).abs() > RATIO_TOLERANCE {
                let (said, follows) = (LogRatio(d).told(workload.better), LogRatio(follows).told(workload.better));
                let told =
                    format!("{} says {said}, but its values of `{}` say {follows}", pair.told(), workload.metric);
                self.at(
                    first + offset,
                    "evidence::pair",
                    told,
                    "a ratio is computed, never written by hand; nothing was imported",
                );
            }
        }
    }

    fn at(&mut self, index: usize, code: &'static str, told: String, help: &str) {
        if self.places.is_empty() {
            self.places = places(self.source.text());
        }
        let place = self.places.get(index).cloned().unwrap_or(0..0);
        // The place is where the fact begins: its whole text would fill the screen.
        let place = place.start..(place.start + 1).min(place.end);
        self.faults.push(Fault::at(self.source, place, told).code(code).help(help).label("this fact"));
    }

    fn whole(&mut self, code: &'static str, told: &str, help: &str) {
        let name = self.source.name();
        self.faults.push(Fault::of_file(name, format!("{name}: {told}")).code(code).help(help));
    }

    fn syntax(&mut self, error: &serde_json::Error) {
        let text = self.source.text();
        let line = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = (line + error.column().saturating_sub(1)).min(text.len());
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let told =
            if error.is_eof() { "the file ends in the middle: it was cut off".to_owned() } else { error.to_string() };
        let help = if error.is_data() {
            "this is no evidence that `workbench export` wrote; nothing was imported"
        } else {
            RESTORE
        };
        self.faults.push(Fault::at(self.source, at..at, told).code("evidence::json").help(help));
    }
}

const RESTORE: &str = "nothing was imported; take the file from where it was exported (git knows what it was)";

/// The workloads of the plan that a sitting has.
fn planned(fact: &Fact) -> Option<Vec<WorkloadPlan>> {
    let plan = || fact.fields.get("plan").cloned();
    match fact.kind.table {
        "sitting" => serde_json::from_value(plan()?).ok().map(|plan: Plan| plan.workloads),
        "screen_sitting" => serde_json::from_value(plan()?).ok().map(|plan: ScreenPlan| vec![plan.workload]),
        _ => None,
    }
}

/// Where each object of the array `facts` stands, in a text that is known to be an [`Envelope`].
fn places(text: &str) -> Vec<Range<usize>> {
    let key = text.find("\"facts\"").and_then(|at| Some(at + text[at..].find('[')? + 1));
    let mut at = key.unwrap_or(text.len());
    let mut places = Vec::new();
    while let Some(next) = text[at..].find(|char: char| !char.is_whitespace() && char != ',') {
        let start = at + next;
        let mut items = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match items.next() {
            Some(Ok(Value::Object(_))) => places.push(start..start + items.byte_offset()),
            Some(Ok(_) | Err(_)) | None => break,
        }
        at = start + items.byte_offset();
    }
    places
}
