//! Looking up what a person named; what does not exist ends with exit 3 and the nearest name.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use super::{Exit, Failure};
use crate::catalog::Catalog;
use crate::improvements::plan::Pack;
use crate::improvements::{Direction, Improvement, Register, Trial};
use crate::lab::pair::quantile;
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
        let near = did_you_mean(name, known.iter().copied());
        not_found(
            "improvement or workload",
            name,
            format!("{near}workloads: {all}; `workbench list --measurable` shows the improvements"),
        )
    })
}

/// The workload that `text` means, such as `tpcc sessions=64` or `tpcc p99 sessions=64`: the first that the project measures on
/// and that has these parameters and this metric, or else the nearest to it of that name, with them put in.
pub(super) fn trial(catalog: &Catalog, text: &str) -> Result<Trial, Failure> {
    let known: Vec<&Trial> = trials(catalog).collect();
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default();
    let (mut params, mut metric) = (Vec::new(), None);
    for word in words {
        match (word.split_once('='), &metric) {
            (Some((key, value)), _) => {
                params.push((key, serde_json::from_str(value).unwrap_or_else(|_| value.into())));
            }
            (None, None) => metric = Some((word, direction(&known, name, word)?)),
            (None, Some((before, _))) => return Err(two_metrics(name, before, word)),
        }
    }
    let has_params = |trial: &Trial| params.iter().all(|(key, value)| trial.params.get(*key) == Some(value));
    let has_metric = |trial: &Trial| metric.is_none_or(|(metric, _)| trial.metric == metric);
    let of_name = known.iter().filter(|trial| trial.workload == name);
    // Of those that are equally near, the first.
    let nearness = |trial: &&&Trial| (has_params(trial), has_metric(trial));
    let found = of_name.rev().max_by_key(nearness).ok_or_else(|| {
        let names: BTreeSet<&str> = known.iter().map(|trial| trial.workload.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        not_found(
            "workload",
            name,
            format!("the project measures on {names}; others go into `compare` of workbench.yaml"),
        )
    })?;
    let mut trial = Trial::clone(found);
    trial.params.extend(params.into_iter().map(|(key, value)| (key.to_owned(), value)));
    if let Some((metric, better)) = metric.filter(|(metric, _)| *metric != trial.metric) {
        trial = Trial { metric: metric.to_owned(), better, required_gain: None, ..trial };
    }
    Ok(trial)
}

/// Which way a metric of `workload` improves: as the project says where it measures by it, or less for a quantile of the latency.
fn direction(known: &[&Trial], workload: &str, metric: &str) -> Result<Direction, Failure> {
    let by_it = || known.iter().filter(|trial| trial.metric == metric);
    if let Some(trial) = by_it().find(|trial| trial.workload == workload).or_else(|| by_it().next()) {
        return Ok(trial.better);
    }
    if quantile(metric).is_some() {
        return Ok(Direction::Lower);
    }
    let names: BTreeSet<&str> = known.iter().map(|trial| trial.metric.as_str()).collect();
    let near = did_you_mean(metric, names.iter().copied());
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let help = format!(
        "{near}the project measures by {names}, and quantiles such as p99; others go into `compare` of workbench.yaml; \
         a parameter is `name=value`"
    );
    Err(not_found("metric", metric, help))
}

fn two_metrics(workload: &str, one: &str, other: &str) -> Failure {
    let message = format!("`{workload}` cannot be decided by both `{one}` and `{other}`");
    let help = "give the workload once for each metric; a parameter is `name=value`";
    Failure::new(Exit::Usage, miette::miette!(code = "cli::two_metrics", help = help, "{message}"))
}

/// Everything that the project measures on: what revisions are compared on, then the improvements' own, main ones first.
pub(super) fn trials(catalog: &Catalog) -> impl Iterator<Item = &Trial> {
    let variants = || catalog.register.improvements.iter().filter_map(|entry| entry.variants.as_ref());
    let main = variants().map(|variants| &variants.workload);
    let others = variants().flat_map(|variants| variants.guards.iter().chain(&variants.control));
    catalog.config.compare.iter().chain(main).chain(others)
}

/// The feature that `name` means: an improvement by its id, or a feature by its name.
pub(super) fn feature(register: &Register, name: &str) -> String {
    register.get(name).map_or_else(|| name.to_owned(), |entry| entry.feature.clone())
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

/// The subcommand `name` of the program.
pub(super) fn command<'a>(program: &'a clap::Command, name: &str) -> Result<&'a clap::Command, Failure> {
    program.find_subcommand(name).ok_or_else(|| {
        let known = program.get_subcommands().map(clap::Command::get_name);
        let near = did_you_mean(name, known);
        not_found("command", name, format!("{near}`workbench --help` shows all"))
    })
}

/// The nearest of what is known as the begin of a help text; nothing if none is near.
fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |near| format!("did you mean `{near}`? "))
}

fn not_found(kind: &'static str, name: &str, help: String) -> Failure {
    Failure::new(Exit::NotFound, NotFound { kind, name: name.to_owned(), help })
}
