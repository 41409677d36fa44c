//! `workbench plan`: the phases, and what must hold at their ends, judged from evidence.

use serde::Serialize;

use super::output::META;
use super::{Context, Exit, Failure, Format, Row, find};
use crate::report::document::{MetricGroupLine, ParityLine, PhaseLine, RiskLine};
use crate::report::{Document, Judgement, Snapshot, State};
use crate::tracking::{Facts, Reader};

/// Show the plan: phases, criteria and success metrics, judged from evidence
///
/// A criterion is met when an experiment says so that measured the stack as it is, on the workload and with the parameters that the
/// criterion names. What nobody has measured, or what cannot be measured here, is not met; a tick of the source is no evidence. Risks that have
/// happened stand above the table, with what raised them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench plan
  workbench plan --phase 1 --open
  workbench plan --strict --phase 1
  workbench plan --json | jq '.data.phases[0].criteria'

The terminal interface shows the same on its screen 6, with risks, feature parity and the stand-up.")]
pub struct Args {
    /// One phase, without what the whole is judged by
    #[arg(long, value_name = "NUMBER")]
    phase: Option<u32>,

    /// Leave out what is met
    #[arg(long)]
    open: bool,

    /// Exit with 4 unless every phase that is shown is done: its members Complete, its criteria met
    #[arg(long)]
    strict: bool,
}

/// The JSON form. Stable.
#[derive(Serialize)]
struct Page {
    status: String,
    phases: Vec<PhaseLine>,
    metrics: Vec<MetricGroupLine>,
    risks: Vec<RiskLine>,
    parity: ParityLine,
}

/// Something that must hold, as a line.
#[derive(Serialize)]
struct Line {
    of: String,
    text: String,
    #[serde(flatten)]
    judgement: Judgement,
}

/// Prints the plan.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    if let Some(number) = args.phase {
        find::phase(&catalog.register, number)?;
    }
    let facts = match Reader::open(&context.project).await? {
        Some(store) => store.facts().await?,
        None => Facts::default(),
    };
    let mut page = Page::of(Document::of(&Snapshot { catalog, facts }));
    if let Some(number) = args.phase {
        page.phases.retain(|phase| phase.number == number);
        page.metrics.clear();
    }
    if args.open {
        page.leave_out_what_is_met();
    }
    match context.format {
        Format::Json => context.json(&page, &META)?,
        Format::Table => {
            context.print(&page.head())?;
            context.table(&page.lines(), &())?;
        }
        Format::Md | Format::Csv => context.table(&page.lines(), &())?,
    }
    let is_done = page.phases.iter().all(|phase| phase.done);
    Ok(if args.strict && !is_done { Exit::NotPassed } else { Exit::Done })
}

impl Page {
    fn of(document: Document) -> Self {
        let Document { header, phases, metrics, risks, parity, .. } = document;
        Self { status: header.status, phases, metrics, risks, parity }
    }

    fn leave_out_what_is_met(&mut self) {
        for phase in &mut self.phases {
            phase.criteria.retain(|criterion| criterion.judgement.state != State::Met);
        }
        for group in &mut self.metrics {
            group.metrics.retain(|metric| metric.judgement.state != State::Met);
        }
    }

    /// How far the phases are.
    fn head(&self) -> String {
        let mut text = format!("{}\n\n", self.status);
        for phase in &self.phases {
            let PhaseLine { number, name, weeks, complete, members, done, .. } = phase;
            let done = if *done { ", done" } else { "" };
            text += &format!(
                "  Phase {number} {name} (weeks {weeks}): {complete} of {} improvements complete{done}\n",
                members.len()
            );
        }
        text.push('\n');
        let happened: Vec<String> = self.risks.iter().filter_map(RiskLine::happened).collect();
        if !happened.is_empty() {
            text += &format!("  {}\n\n", happened.join("\n  "));
        }
        text
    }

    fn lines(&self) -> Vec<Line> {
        let criteria = self.phases.iter().flat_map(|phase| {
            let of = format!("Phase {}", phase.number);
            phase.criteria.iter().map(move |criterion| Line {
                of: of.clone(),
                text: criterion.text.clone(),
                judgement: criterion.judgement.clone(),
            })
        });
        let metrics = self.metrics.iter().flat_map(|group| {
            group.metrics.iter().map(|metric| Line {
                of: group.name.clone(),
                text: format!("{}: {}", metric.name, metric.target),
                judgement: metric.judgement.clone(),
            })
        });
        criteria.chain(metrics).collect()
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Of", "What must hold", "State", "Evidence"];
    const ELASTIC: Option<usize> = Some(3);

    fn cells(&self) -> Vec<String> {
        let Judgement { state, detail, verdict } = &self.judgement;
        let verdict = verdict.map(|verdict| format!(" (verdict {verdict})")).unwrap_or_default();
        vec![self.of.clone(), self.text.clone(), state.label().to_owned(), format!("{detail}{verdict}")]
    }
}
