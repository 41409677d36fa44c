//! The register as a whole, read from `improvements/`.
//!
//! Every `*.yaml` there is an entry, but for the six files of the plan. Reading never stops at a mistake: what can be
//! read is read, and every mistake is told with its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::check::{self, Documents, stem};
use super::plan::{Header, Pack, Parity, Phase, Protocol, Risks, SuccessMetrics};
use super::record::{Improvement, ImprovementId};
use crate::project::Project;
use crate::yaml::{Document, Fault, Faults, Reader, nearest};

/// The files of the plan, beside the entries.
pub const PLAN_FILES: [&str; 6] =
    ["register.yaml", "phases.yaml", "metrics.yaml", "risks.yaml", "parity.yaml", "protocol.yaml"];

/// A register without a mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// What it is about.
    pub header: Header,
    /// Every entry, by category in the header's order, then by id.
    pub improvements: Vec<Improvement>,
    /// The phases in order.
    pub phases: Vec<Phase>,
    /// What the whole is judged by.
    pub metrics: SuccessMetrics,
    /// What may go wrong.
    pub risks: Risks,
    /// Features of the model product.
    pub parity: Parity,
    /// How the agents work together.
    pub protocol: Protocol,
}

impl Register {
    /// Reads the project's register. `agents` are the numbers of the roster; the mistakes go to `faults`, and `None` is
    /// returned when there was one.
    pub fn load(project: &Project, agents: &BTreeSet<u32>, faults: &mut Faults) -> Option<Self> {
        let folder = Folder { project, path: project.improvements_dir() };
        let before = faults.len();
        let names = folder.names(faults);
        let promised = names.iter().map(|name| ImprovementId(stem(name).to_owned())).collect();
        let names: Vec<String> = names.into_iter().filter(|name| name.ends_with(".yaml")).collect();
        let documents = Documents {
            header: folder.plan_file("register.yaml", faults),
            phases: folder.plan_file("phases.yaml", faults),
            metrics: folder.plan_file("metrics.yaml", faults),
            risks: folder.plan_file("risks.yaml", faults),
            parity: folder.plan_file("parity.yaml", faults),
            protocol: folder.plan_file("protocol.yaml", faults),
            entries: folder.entries(&names, faults),
            promised,
        };
        check::run(&documents, agents, faults);
        if faults.len() > before { None } else { documents.into_register() }
    }

    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<&Improvement> {
        self.improvements.iter().find(|entry| entry.id.0.eq_ignore_ascii_case(id))
    }

    /// The id that was probably meant by `id`.
    pub fn nearest(&self, id: &str) -> Option<&ImprovementId> {
        let near = nearest(id, self.improvements.iter().map(|entry| entry.id.0.as_str()))?;
        self.improvements.iter().map(|entry| &entry.id).find(|known| known.0 == near)
    }

    /// The phase with this number.
    pub fn phase(&self, number: u32) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.number == number)
    }

    /// The pack that an id belongs to.
    pub fn pack(&self, id: &ImprovementId) -> Option<&Pack> {
        self.header.packs.iter().find(|pack| pack.prefixes.iter().any(|prefix| prefix == id.prefix()))
    }
}

impl Documents {
    /// Orders the entries; `None` when a file of the plan is missing.
    fn into_register(self) -> Option<Register> {
        let header = self.header?.value;
        let mut improvements: Vec<Improvement> = self.entries.into_iter().map(|entry| entry.value).collect();
        let rank = |entry: &Improvement| header.categories.iter().position(|category| *category == entry.category);
        improvements.sort_by(|a, b| (rank(a), &a.id).cmp(&(rank(b), &b.id)));
        Some(Register {
            improvements,
            phases: self.phases?.value.phases,
            metrics: self.metrics?.value,
            risks: self.risks?.value,
            parity: self.parity?.value,
            protocol: self.protocol?.value,
            header,
        })
    }
}

/// The register's folder.
struct Folder<'a> {
    project: &'a Project,
    path: PathBuf,
}

impl Folder<'_> {
    fn plan_file<T: DeserializeOwned + JsonSchema>(&self, name: &str, faults: &mut Faults) -> Option<Document<T>> {
        // A folder that is not there was already told of.
        if !self.path.is_dir() {
            return None;
        }
        self.read(&Reader::default(), &self.path.join(name), faults)
    }

    fn entries(&self, names: &[String], faults: &mut Faults) -> Vec<Document<Improvement>> {
        let reader = Reader::default();
        names.iter().filter_map(|name| self.read(&reader, &self.path.join(name), faults)).collect()
    }

    fn read<T: DeserializeOwned + JsonSchema>(
        &self,
        reader: &Reader<T>,
        path: &Path,
        faults: &mut Faults,
    ) -> Option<Document<T>> {
        reader.read(path, &self.project.shown(path), faults)
    }

    /// The names of the entries' files, sorted; also of those that end in `.yml` by mistake.
    fn names(&self, faults: &mut Faults) -> Vec<String> {
        let shown = self.project.shown(&self.path);
        let listing = match fs::read_dir(&self.path) {
            Ok(listing) => listing,
            Err(error) => {
                let fault = Fault::of_file(&shown, format!("the folder {shown}/ cannot be read: {error}"));
                faults.push(fault.code("register::folder").help("one YAML file per improvement belongs there"));
                return Vec::new();
            }
        };
        let mut names: Vec<String> =
            listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.ends_with(".yml")) {
            let file = format!("{shown}/{name}");
            let fault = Fault::of_file(&file, format!("{file} is not read: its name must end in .yaml"));
            faults.push(
                fault.code("register::file_name").help(format!("rename it to {}.yaml", name.trim_end_matches(".yml"))),
            );
        }
        names.retain(|name| {
            (name.ends_with(".yaml") || name.ends_with(".yml"))
                && !name.starts_with('.')
                && !PLAN_FILES.contains(&name.as_str())
        });
        names
    }
}
