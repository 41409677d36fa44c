//! Looking up what a person named; what does not exist ends with exit 3 and the nearest name.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use super::{Exit, Failure};
use crate::catalog::Catalog;
use crate::improvements::plan::Pack;
use crate::improvements::{Improvement, Register};
use crate::yaml::nearest;

/// Something named on the command line does not exist.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no {kind} `{name}`")]
#[diagnostic(code(cli::not_found))]
struct NotFound {
    kind: &'static str,
    name: String,
    #[help]
    help: String,
}

/// The improvement `id`, whatever its case.
pub fn improvement<'a>(register: &'a Register, id: &str) -> Result<&'a Improvement, Failure> {
    register.get(id).ok_or_else(|| {
        let help = match register.nearest(id) {
            Some(near) => format!("did you mean {near}? `workbench list` shows all {}", register.improvements.len()),
            None => format!("`workbench list` shows all {}", register.improvements.len()),
        };
        not_found("improvement", id, help)
    })
}

/// The improvement `name`, where a workload could have been named too.
pub(super) fn measured<'a>(
    register: &'a Register,
    name: &str,
    workloads: impl Iterator<Item = &'a str>,
) -> Result<&'a Improvement, Failure> {
    register.get(name).ok_or_else(|| {
        let known: BTreeSet<&str> = workloads.collect();
        let all = known.iter().copied().collect::<Vec<_>>().join(", ");
        let near =
            nearest(name, known.iter().copied()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        not_found(
            "improvement or workload",
            name,
            format!("{near}workloads: {all}; `workbench list --measurable` shows the improvements"),
        )
    })
}

/// The category whose name is `name`, whatever its case.
pub(super) fn category<'a>(register: &'a Register, name: &str) -> Result<&'a str, Failure> {
    let known = || register.header.categories.iter().map(|category| category.0.as_str());
    known().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let all = known().collect::<Vec<_>>().join(", ");
        let help =
            nearest(name, known()).map_or_else(|| format!("known: {all}"), |near| format!("did you mean `{near}`?"));
        not_found("category", name, help)
    })
}

/// The pack whose name is `name`, whatever its case.
pub(super) fn pack<'a>(register: &'a Register, name: &str) -> Result<&'a Pack, Failure> {
    let packs = &register.header.packs;
    packs.iter().find(|pack| pack.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let all = packs.iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", ");
        not_found("pack", name, format!("known: {all}"))
    })
}

/// Refuses an agent that the roster does not have.
pub(super) fn agent(catalog: &Catalog, number: u32) -> Result<(), Failure> {
    match catalog.roster.get(number) {
        Some(_) => Ok(()),
        None => Err(not_found("agent", &number.to_string(), "`workbench agents` shows the roster".to_owned())),
    }
}

/// Refuses a phase that the plan does not have.
pub(super) fn phase(register: &Register, number: u32) -> Result<(), Failure> {
    match register.phase(number) {
        Some(_) => Ok(()),
        None => {
            let help = format!("phases.yaml has phases 1 to {}", register.phases.len());
            Err(not_found("phase", &number.to_string(), help))
        }
    }
}

fn not_found(kind: &'static str, name: &str, help: String) -> Failure {
    Failure::new(Exit::NotFound, NotFound { kind, name: name.to_owned(), help })
}
