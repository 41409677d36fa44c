//! `workbench history ID`: every verdict and measurement of an improvement over time, and where they changed.

use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, find};
use crate::report::history::{Line, Series, page, series};
use crate::report::words;
use crate::tracking::Reader;

/// Show every verdict and measurement of an improvement over time, and where they changed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench history T003
  workbench history T003 --ascii
  workbench history T003 --json | jq '.data.series[].changes'

Change points are advice, by E-divisive with a permutation test at 5 % on the published figures of one workload, metric and
machine. Fewer than eight figures say nothing. No verdict looks at them.")]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// Draw with ASCII signs only
    #[arg(long)]
    ascii: bool,
}

/// Stable.
#[derive(Serialize)]
struct Data<'a> {
    id: &'a str,
    title: &'a str,
    measurements: Vec<Line>,
    series: Vec<Series>,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["At", "Experiment", "Asked", "Revision", "Machine", "Verdict", "Metric", "Change", "Pairs"];

    fn cells(&self) -> Vec<String> {
        let revision = self.commit.as_deref().unwrap_or(&self.tree);
        let machine = match (self.here, &self.origin) {
            (true, None) => "this".to_owned(),
            (true, Some(_)) => "this (imported)".to_owned(),
            (false, None) => words::short(&self.host).to_owned(),
            (false, Some(_)) => format!("{} (imported)", words::short(&self.host)),
        };
        vec![
            self.at.strftime("%Y-%m-%d %H:%MZ").to_string(),
            self.experiment.to_string(),
            self.asked.clone(),
            words::short(revision).to_owned(),
            machine,
            self.verdict.map_or_else(|| self.ended.clone().unwrap_or_default(), |verdict| verdict.to_string()),
            self.better.beside(&self.metric),
            self.change.map_or_else(|| "not measured".to_owned(), |change| change.to_string()),
            self.pairs.to_string(),
        ]
    }
}

/// Prints the history.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    let mut lines: Vec<Line> = match Reader::open(&context.project).await? {
        Some(store) => store.measured(&entry.id).await?.iter().map(Line::of).collect(),
        None => Vec::new(),
    };
    if lines.is_empty() {
        let report = miette::miette!(
            code = "history::none",
            help = format!("measure it: `workbench apply {}`", entry.id),
            "nothing has been measured of {} yet",
            entry.id
        );
        return Err(report).or_exit(Exit::NotFound);
    }
    lines.sort_by_key(|line| (line.at, line.experiment));
    let series = series(&lines);
    match context.format {
        Format::Json => {
            let data = Data { id: &entry.id.0, title: &entry.title, measurements: lines, series };
            context.json(&data, &serde_json::json!({ "schema": 1 }))?;
        }
        Format::Md | Format::Csv => context.table(&lines, &())?,
        Format::Table => {
            context.print(&format!("{} {}\n\n", entry.id, entry.title))?;
            context.table(&lines, &())?;
            context.print(&page(&lines, &series, args.ascii))?;
        }
    }
    Ok(Exit::Done)
}
