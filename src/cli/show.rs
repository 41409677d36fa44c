//! `workbench show ID`: one improvement: what is claimed beside what was measured, and how it is judged.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::facts::{self, Known, LeftOut};
use super::list::Line;
use super::profile::{FunctionLine, hottest};
use super::{Context, Exit, Failure, Format, Row, find};
use crate::catalog::Catalog;
use crate::config::PolicyConfig;
use crate::improvements::{Improvement, Mechanism, Trial, Variants, with_params};
use crate::lab::experiment::ExperimentId;
use crate::profiles::Kind;
use crate::tracking::Note;

/// Show one improvement: claim beside measurement, and how it is judged
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  workbench show T003")]
pub struct Args {
    /// The improvement, such as T003
    id: String,
}

/// How many functions are shown.
const FUNCTIONS: usize = 5;

/// The JSON form. Stable.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    phase_name: Option<&'a str>,
    needs: Vec<&'a str>,
    variants: Option<&'a Variants>,
    notes: &'a [Note],
    /// Whose own CPU time changed most, by the latest profiles; ns per operation.
    functions: Vec<FunctionLine>,
}

/// One line of the table of trials.
#[derive(Serialize)]
struct TrialLine {
    role: &'static str,
    workload: String,
    metric: String,
    must: String,
}

impl Row for TrialLine {
    const COLUMNS: &'static [&'static str] = &["Role", "Workload", "Metric", "Must"];

    fn cells(&self) -> Vec<String> {
        vec![self.role.to_owned(), self.workload.clone(), self.metric.clone(), self.must.clone()]
    }
}

/// Claim and measurements, side by side: added to the stack of then, left out of the stack of now.
#[derive(Serialize)]
struct Beside {
    what: &'static str,
    claim: String,
    measured: String,
    left_out: String,
}

impl Row for Beside {
    const COLUMNS: &'static [&'static str] = &["", "Claim", "Measured", "Left out"];

    fn cells(&self) -> Vec<String> {
        vec![self.what.to_owned(), self.claim.clone(), self.measured.clone(), self.left_out.clone()]
    }
}

/// Prints one improvement.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    let facts = facts::read(context, &catalog).await?;
    let line = Line::new(entry, &facts);
    let known = facts.get(&entry.id).unwrap_or(&facts::NOTHING);
    let hottest = hottest(context, &entry.id).await?;
    let functions: Vec<FunctionLine> = hottest
        .as_ref()
        .map(|(_, attribution)| FunctionLine::top(attribution, Kind::Cpu, FUNCTIONS))
        .unwrap_or_default();
    match context.format {
        Format::Table => {
            let page = page(&catalog, entry, known);
            let profiled = hottest.map(|(experiment, _)| cpu(entry, experiment, &functions)).unwrap_or_default();
            context.print(&format!("{page}{profiled}"))?;
        }
        Format::Json => {
            let whole = Whole {
                line,
                phase_name: catalog.register.phase(entry.phase).map(|phase| phase.name.as_str()),
                needs: entry.needs.iter().map(|id| id.0.as_str()).collect(),
                variants: entry.variants.as_ref(),
                notes: &known.notes,
                functions,
            };
            context.json(&whole, &BTreeMap::from([("schema", 1)]))?;
        }
        Format::Md | Format::Csv => context.table(&[line], &())?,
    }
    Ok(Exit::Done)
}

fn page(catalog: &Catalog, entry: &Improvement, known: &Known) -> String {
    let phase = catalog.register.phase(entry.phase).map_or("", |phase| phase.name.as_str());
    let agents: Vec<String> = entry.agents.iter().map(u32::to_string).collect();
    let forced = if known.forced { " (forced, without accepted evidence)" } else { "" };
    let reason = known.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut text = format!(
        "{id} {title}\n\n  category  {category} · {priority}\n  phase     {number} {phase}\n  agent     {agents}\n  \
         modules   {modules}\n  feature   {feature}\n  status    {status}{forced}{reason}\n\n",
        id = entry.id,
        title = entry.title,
        category = entry.category,
        priority = entry.priority,
        number = entry.phase,
        agents = agents.join(", "),
        modules = entry.modules.join(", "),
        feature = entry.feature,
        status = known.status,
    );
    if !entry.needs.is_empty() {
        let needs: Vec<&str> = entry.needs.iter().map(|id| id.0.as_str()).collect();
        let _ = writeln!(text, "  needs     {}\n", needs.join(", "));
    }
    if !entry.conflicts.is_empty() {
        let conflicts: Vec<&str> = entry.conflicts.iter().map(|id| id.0.as_str()).collect();
        let _ = writeln!(text, "  conflicts {} (cannot be built together)\n", conflicts.join(", "));
    }
    text += &super::output::render(Format::Table, &beside(entry, known), &());
    match entry.measurable() {
        Ok(variants) => text += &judged(entry, variants, &catalog.config.policy),
        Err(missing) => {
            let _ = write!(
                text,
                "\n  No optimized variant exists yet: there is nothing to measure, and `workbench apply {}` ends with \
                 exit 4.\n  {}\n",
                entry.id,
                miette::Diagnostic::help(&missing).map(|help| format!("Next: {help}.")).unwrap_or_default(),
            );
        }
    }
    if !known.notes.is_empty() {
        text += "\n  noted\n";
        text += &super::note::lines(&known.notes);
    }
    text
}

/// Where the CPU time of an operation changed most.
fn cpu(entry: &Improvement, experiment: ExperimentId, functions: &[FunctionLine]) -> String {
    format!(
        "\n  CPU per operation, where it changed most (experiment {}, all of it: workbench profile {})\n\n{}",
        experiment.0,
        entry.id,
        super::output::render(Format::Table, functions, &()),
    )
}

fn beside(entry: &Improvement, known: &Known) -> [Beside; 4] {
    let nothing = || if entry.variants.is_some() { "not measured yet" } else { "cannot be measured yet" }.to_owned();
    let measured = known.measured.as_ref();
    let none = || "–".to_owned();
    let without = |told: &dyn Fn(&LeftOut) -> String| known.left_out.as_ref().map_or_else(none, told);
    [
        Beside {
            what: "figure",
            claim: entry.claim.text.clone(),
            measured: measured.map_or_else(nothing, |measured| measured.shown()),
            left_out: without(&|left_out| left_out.change.to_string()),
        },
        Beside {
            what: "metric",
            claim: entry.claim.metric.clone(),
            measured: measured.map_or_else(
                || "–".to_owned(),
                |measured| {
                    let metric = measured.better.beside(&measured.metric);
                    format!("{metric} of {}, {} pairs", measured.workload, measured.pairs)
                },
            ),
            left_out: without(&|LeftOut { better, metric, workload, pairs, .. }| {
                format!("{} of {workload}, {pairs} pairs", better.beside(metric))
            }),
        },
        Beside {
            what: "compared",
            claim: "–".to_owned(),
            measured: measured
                .and_then(|measured| measured.against_claim)
                .map_or_else(none, |against| against.to_string()),
            left_out: none(),
        },
        Beside {
            what: "verdict",
            claim: "–".to_owned(),
            measured: known.verdict.map_or_else(none, |verdict| verdict.to_string()),
            left_out: without(&|left_out| left_out.verdict.to_string()),
        },
    ]
}

fn judged(entry: &Improvement, variants: &Variants, policy: &PolicyConfig) -> String {
    let mut trials = vec![TrialLine::new("main", &variants.workload, {
        let gain = variants.workload.required_gain.unwrap_or(policy.required_gain);
        format!("{} or better", gain.change(variants.workload.better))
    })];
    let loss = format!("lose less than {}", unsigned(policy.guard_margin.0));
    trials.extend(variants.guards.iter().map(|guard| TrialLine::new("guard", guard, loss.clone())));
    let still = format!("move less than {}", unsigned(policy.control_margin.0));
    trials.extend(variants.control.iter().map(|control| TrialLine::new("control", control, still.clone())));

    let mut text = format!(
        "\n  off   {}\n  on    {}\n  seam  {}\n\n{}\n  mechanism  {}\n\n  references\n",
        variants.baseline,
        variants.optimized,
        variants.seam,
        super::output::render(Format::Table, &trials, &()),
        variants.mechanism.as_ref().map_or_else(|| "not proven: the target counts nothing".to_owned(), proof),
    );
    for reference in &variants.references {
        let _ = writeln!(text, "  - {reference}");
    }
    let _ = writeln!(text, "\n  Next: workbench apply {}", entry.id);
    text
}

fn proof(mechanism: &Mechanism) -> String {
    let source = match &mechanism.per {
        Some(per) => format!("{} / {per}", mechanism.counter),
        None => mechanism.counter.clone(),
    };
    let [on, off] = [mechanism.on, mechanism.off].map(|bounds| bounds.told(|end| end.to_string()));
    format!("{} ({source}): on {on}, off {off}", mechanism.figure)
}

impl TrialLine {
    fn new(role: &'static str, trial: &Trial, must: String) -> Self {
        let workload = with_params(&trial.workload, &trial.params);
        Self { role, workload, metric: trial.better.beside(&trial.metric), must }
    }
}

fn unsigned(share: f64) -> String {
    format!("{} %", share * 100.0)
}
