//! What `screen` and `interact` have in common: from the command line to a question, and from there to its answer.

use miette::Diagnostic;
use serde_json::Value;
use thiserror::Error;

use super::progress::Progress;
use super::{plan, result};
use crate::catalog::Catalog;
use crate::cli::apply::fresh_seed;
use crate::cli::wait::{Wait, failure, interrupted_by_signals};
use crate::cli::{Context, Exit, Failure, OrExit, find, noise};
use crate::config::Config;
use crate::improvements::{Direction, Improvement, Register, Trial, Variants};
use crate::lab::plan::NoiseLedger;
use crate::lab::screen::facts::Purpose;
use crate::lab::screen::journal::Opening;
use crate::lab::screen::plan::Ask;
use crate::lab::screen::run::Job;
use crate::tracking::{Reader, Store};

/// What both commands can be told.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// The workload on which all builds are measured, instead of `screen.workload` in workbench.yaml
    #[arg(long, value_name = "NAME", requires = "metric", help_heading = "Workload")]
    workload: Option<String>,

    /// The metric that is compared
    #[arg(long, value_name = "NAME", requires = "workload", help_heading = "Workload")]
    metric: Option<String>,

    /// Which way the metric improves
    #[arg(long, value_enum, default_value_t, requires = "workload", help_heading = "Workload")]
    better: Direction,

    /// A parameter of the workload; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param, requires = "workload", help_heading = "Workload")]
    params: Vec<(String, Value)>,

    /// The main workload of this improvement
    #[arg(long, value_name = "ID", conflicts_with = "workload", help_heading = "Workload")]
    workload_of: Option<String>,

    /// Every build has the other accepted improvements on
    #[arg(long)]
    stack: bool,

    /// How often each build is measured; default: so often that half of the required gain is seen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    blocks: Option<u32>,

    /// Go on with the latest one that asks the same and has not ended
    #[arg(long)]
    resume: bool,

    /// Print the plan and do nothing
    #[arg(long, conflicts_with_all = ["resume", "wait"])]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,

    /// Seed of every coin of a new one, to repeat it
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
}

/// Which improvements.
#[derive(Debug)]
pub(in crate::cli) enum Chosen {
    /// Every one that has variants.
    All,
    /// Those of a pack that have variants.
    Pack(String),
    /// These.
    Ids(Vec<String>),
}

/// The improvements have no workload in common, and none was named.
#[derive(Debug, Error, Diagnostic)]
#[error("these improvements are judged by different workloads ({workloads}): which one is to judge them together?")]
#[diagnostic(
    code(screen::no_common_workload),
    help(
        "name one: `--workload-of {first}`, or `--workload NAME --metric NAME`, or `screen: {{workload: …}}` in \
         workbench.yaml"
    )
)]
struct NoCommonWorkload {
    workloads: String,
    first: String,
}

/// One improvement, or none, is nothing to compare.
#[derive(Debug, Error, Diagnostic)]
#[error("a {purpose} needs two improvements at least, and {count} of those named can be measured")]
#[diagnostic(code(screen::too_few), help("`workbench apply ID` measures one; `workbench list` shows all"))]
struct TooFew {
    purpose: Purpose,
    count: usize,
}

impl Options {
    /// Whether it does more than look.
    pub(in crate::cli) fn changes_something(&self) -> bool {
        !self.dry_run
    }

    /// How it begins.
    pub(in crate::cli) fn opening(&self) -> Opening {
        if self.resume { Opening::Resume } else { Opening::Anew }
    }
}

/// Runs one of the two and prints what came of it.
pub(in crate::cli) async fn run(
    context: &Context,
    purpose: Purpose,
    chosen: Chosen,
    opening: Opening,
    options: Options,
) -> Result<Exit, Failure> {
    let Catalog { config, register, .. } = context.catalog()?;
    let chosen = improvements(&register, chosen)?;
    if chosen.len() < 2 {
        return Err(Failure::new(Exit::Usage, TooFew { purpose, count: chosen.len() }));
    }
    let trial = trial(&config, &register, &chosen, &options)?;
    let (held, noise) = known(context, options.stack).await?;
    let ask = Ask {
        config: &config,
        purpose,
        chosen: &chosen,
        held: &held,
        trial: &trial,
        trial_named: options.workload.is_some() || options.workload_of.is_some(),
        noise: &noise,
        blocks: options.blocks,
        seed: options.seed.unwrap_or_else(fresh_seed),
    };
    let job = Job { project: &context.project, config: &config, opening, patience: options.wait.patience() };
    let planned = job.plan(&ask).await.map_err(failure)?;
    if options.dry_run {
        return plan::print(context, &planned);
    }
    let mut progress = Progress::new(&planned.plan, &planned.layout);
    progress.say(&plan::summary(&planned));
    let mut store = Store::open(&context.project).await?;
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
    progress.end();
    store.close().await;
    result::print(context, &concluded.map_err(failure)?)?;
    Ok(Exit::Done)
}

/// The chosen ones in the register's order, each once. Of those named one by one, all must be measurable.
fn improvements(register: &Register, chosen: Chosen) -> Result<Vec<&Improvement>, Failure> {
    let measurable = register.improvements.iter().filter(|entry| entry.variants.is_some());
    match chosen {
        Chosen::All => Ok(measurable.collect()),
        Chosen::Pack(name) => {
            let pack = find::pack(register, &name)?;
            Ok(measurable.filter(|entry| register.pack(&entry.id).is_some_and(|of| of.name == pack.name)).collect())
        }
        Chosen::Ids(ids) => {
            let mut named = Vec::with_capacity(ids.len());
            for id in &ids {
                let entry = find::improvement(register, id)?;
                entry.measurable().or_exit(Exit::NotPassed)?;
                named.push(&entry.id);
            }
            Ok(measurable.filter(|entry| named.contains(&&entry.id)).collect())
        }
    }
}

/// The workload that judges all of them.
fn trial(config: &Config, register: &Register, chosen: &[&Improvement], options: &Options) -> Result<Trial, Failure> {
    if let (Some(workload), Some(metric)) = (&options.workload, &options.metric) {
        return Ok(Trial {
            workload: workload.clone(),
            params: options.params.iter().cloned().collect(),
            metric: metric.clone(),
            better: options.better,
            required_gain: None,
            slice_ms: None,
        });
    }
    if let Some(id) = &options.workload_of {
        let variants: &Variants = find::improvement(register, id)?.measurable().or_exit(Exit::NotPassed)?;
        return Ok(variants.workload.clone());
    }
    if let Some(trial) = &config.screen.workload {
        return Ok(trial.clone());
    }
    let mut trials: Vec<&Trial> = Vec::new();
    for trial in chosen.iter().filter_map(|entry| Some(&entry.variants.as_ref()?.workload)) {
        let same = |known: &&Trial| {
            (&known.workload, &known.params, &known.metric) == (&trial.workload, &trial.params, &trial.metric)
        };
        if !trials.iter().any(same) {
            trials.push(trial);
        }
    }
    match trials.as_slice() {
        [one] => Ok((*one).clone()),
        several => {
            let workloads: Vec<String> =
                several.iter().map(|trial| format!("{} of {}", trial.metric, trial.workload)).collect();
            let first = chosen.first().map(|entry| entry.id.0.clone()).unwrap_or_default();
            Err(Failure::new(Exit::Usage, NoCommonWorkload { workloads: workloads.join(", "), first }))
        }
    }
}

/// What earlier experiments have left: the features of the stack, when it is to be held, and how noisy this machine is.
async fn known(context: &Context, hold_stack: bool) -> Result<(Vec<String>, NoiseLedger), Failure> {
    let Some(reader) = Reader::open(&context.project).await? else {
        return Ok((Vec::new(), NoiseLedger::new()));
    };
    let held = if hold_stack { reader.stack().await? } else { Vec::new() };
    Ok((held.into_iter().map(|entry| entry.feature).collect(), noise::known(&reader).await?))
}

/// `sessions=64`: a number, a truth value, or else a word.
fn param(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let scalar = serde_json::from_str::<Value>(value).ok().filter(|value| value.is_number() || value.is_boolean());
    Ok((name.to_owned(), scalar.unwrap_or_else(|| Value::from(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbers_truths_or_words() {
        assert_eq!(param("sessions=64"), Ok(("sessions".to_owned(), Value::from(64))));
        assert_eq!(param("control=true"), Ok(("control".to_owned(), Value::from(true))));
        assert_eq!(param("durability=full"), Ok(("durability".to_owned(), Value::from("full"))));
        assert_eq!(param("mix=\"a\""), Ok(("mix".to_owned(), Value::from("\"a\""))));
        assert!(param("sessions").is_err());
    }
}
