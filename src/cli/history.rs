//! `workbench history ID`: every verdict and measurement of an improvement over time, and where they changed.

mod chart;

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, find};
use crate::lab::experiment::{Question, Side, Standing, Verdict};
use crate::lab::stats::change_points::{POINTS_MIN, change_points};
use crate::lab::verdict::metric_mean;
use crate::report::words;
use crate::tracking::{Ending, Experiment, Host, Origin, Reader};
use crate::units::{Direction, Effect, Gain, LogRatio};

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

/// One experiment. Stable.
#[derive(Debug, Clone, Serialize)]
struct Line {
    at: Timestamp,
    experiment: i64,
    /// The command that asked.
    asked: String,
    verdict: Option<Verdict>,
    passed: Option<bool>,
    /// Why there is no verdict.
    ended: Option<String>,
    workload: String,
    metric: String,
    better: Direction,
    /// Geometric means of the deciding run.
    a: Option<f64>,
    b: Option<f64>,
    /// By how much it is better, as a factor less one.
    gain: Option<Gain>,
    /// The change of the metric with its always-valid bounds.
    change: Option<Effect>,
    pairs: u32,
    /// Features of arm A.
    base: Vec<String>,
    /// The commit of arm B, where it was built from one.
    commit: Option<String>,
    tree: String,
    /// The machine, by its fingerprint.
    host: String,
    here: bool,
    origin: Option<Origin>,
    #[serde(skip)]
    standing: Option<Standing>,
}

/// The figures of one workload and metric on one machine, in the order of time. Stable.
#[derive(Debug, Serialize)]
struct Series {
    asked: String,
    workload: String,
    metric: String,
    host: String,
    figures: usize,
    /// Whether there are enough to look for changes.
    searched: bool,
    changes: Vec<Change>,
}

/// Where a series changed. Stable.
#[derive(Debug, Serialize)]
struct Change {
    /// The first experiment after the change.
    experiment: i64,
    at: Timestamp,
    /// Share of shuffled series that change as much.
    p: f64,
    /// Mean change of the metric before and after.
    before: crate::units::Change,
    after: crate::units::Change,
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
    let mut lines = Vec::new();
    if let Some(store) = Reader::open(&context.project).await? {
        for question in [Question::AddOneIn(entry.id.clone()), Question::LeaveOneOut(entry.id.clone())] {
            for summary in store.experiments_of(&question, u32::MAX).await? {
                lines.extend(store.experiment(summary.id).await?.as_ref().map(Line::of));
            }
        }
    }
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

impl Line {
    fn of(experiment: &Experiment) -> Self {
        let (plan, summary) = (&experiment.plan, &experiment.summary);
        let pairs: Vec<_> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();
        let main = plan.workloads.first();
        let mean = |side| main.and_then(|_| metric_mean(plan, &pairs, 0, plan.deciding_run(), side));
        let standing = summary.standing.filter(|standing| standing.pairs > 0);
        let b = plan.arm(Side::B);
        let ruling = experiment.verdict.as_ref().map(|verdict| &verdict.ruling);
        Self {
            at: experiment.verdict.as_ref().map_or(summary.at, |verdict| verdict.at),
            experiment: summary.id.0,
            asked: plan.question.to_string(),
            verdict: ruling.map(|ruling| ruling.verdict),
            passed: ruling.map(|ruling| ruling.passed),
            ended: match &summary.ending {
                Ending::Running(_) => Some("running".to_owned()),
                Ending::Interrupted => Some("interrupted".to_owned()),
                Ending::Stopped(reason) => Some(format!("stopped: {reason}")),
                Ending::Ruled(_) => None,
            },
            workload: main.map(|main| main.label.clone()).unwrap_or_default(),
            metric: main.map(|main| main.metric.clone()).unwrap_or_default(),
            better: summary.better,
            a: mean(Side::A),
            b: mean(Side::B),
            gain: standing.map(|standing| standing.estimate.gain()),
            change: standing.map(|standing| standing.effect(summary.better)),
            pairs: summary.pairs,
            base: plan.arm(Side::A).features.clone(),
            commit: b.revision.as_ref().and_then(|revision| revision.commit.clone()),
            tree: b.tree_digest.clone(),
            host: experiment.host.digest(),
            here: experiment.host == Host::current(),
            origin: summary.origin.clone(),
            standing,
        }
    }
}

/// Lines that can be compared with one another: the same question, workload, metric and machine.
fn comparable(lines: &[Line]) -> Vec<Vec<&Line>> {
    let mut groups: BTreeMap<[&str; 4], Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.standing.is_some() && line.verdict.is_some()) {
        let key = [&line.asked, &line.workload, &line.metric, &line.host].map(String::as_str);
        groups.entry(key).or_default().push(line);
    }
    groups.into_values().collect()
}

fn series(lines: &[Line]) -> Vec<Series> {
    comparable(lines)
        .into_iter()
        .map(|group| {
            let ratios: Vec<f64> = group.iter().filter_map(|line| Some(line.standing?.estimate.0)).collect();
            let found = change_points(&ratios);
            let ends: Vec<usize> = found.iter().map(|change| change.at).chain([ratios.len()]).collect();
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let levels: Vec<f64> = starts.zip(&ends).map(|(start, end)| mean(&ratios[start..*end])).collect();
            let better = group[0].better;
            let changes = found.iter().enumerate().map(|(index, change)| Change {
                experiment: group[change.at].experiment,
                at: group[change.at].at,
                p: change.p,
                before: LogRatio(levels[index]).change(better),
                after: LogRatio(levels[index + 1]).change(better),
            });
            Series {
                asked: group[0].asked.clone(),
                workload: group[0].workload.clone(),
                metric: group[0].metric.clone(),
                host: group[0].host.clone(),
                figures: ratios.len(),
                searched: ratios.len() >= POINTS_MIN,
                changes: changes.collect(),
            }
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn page(lines: &[Line], series: &[Series], ascii: bool) -> String {
    let mut text = String::new();
    for (group, series) in comparable(lines).into_iter().zip(series) {
        let metric = group[0].better.beside(&series.metric);
        let _ = writeln!(
            text,
            "\n {} · {metric} of {} · machine {}\n",
            series.asked,
            series.workload,
            words::short(&series.host)
        );
        text += &chart::draw(&group, &series.changes, ascii);
        let told = match (series.searched, series.changes.len()) {
            (false, _) => format!("{} figures: too few to look for changes, which takes {POINTS_MIN}", series.figures),
            (true, 0) => format!("no change among {} figures", series.figures),
            (true, count) => format!("{count} changes among {} figures; advice, no verdict", series.figures),
        };
        let _ = writeln!(text, "\n {told}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Interval;

    /// A line whose figure is `ratio`, measured on day `day`.
    fn line(day: i64, ratio: f64) -> Line {
        let bounds = Interval { low: ratio - 0.05, high: if day == 1 { f64::INFINITY } else { ratio + 0.05 } };
        let standing = Standing { pairs: 7, estimate: LogRatio(ratio), bounds };
        Line {
            at: Timestamp::from_second(day * 86_400).unwrap(),
            experiment: day,
            asked: "apply T003".to_owned(),
            verdict: Some(Verdict::Proven),
            passed: Some(true),
            ended: None,
            workload: "tpcc".to_owned(),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            a: None,
            b: None,
            gain: Some(standing.estimate.gain()),
            change: Some(standing.effect(Direction::Higher)),
            pairs: 7,
            base: Vec::new(),
            commit: None,
            tree: "tree".to_owned(),
            host: "host".to_owned(),
            here: true,
            origin: None,
            standing: Some(standing),
        }
    }

    #[test]
    fn a_step_is_told_with_its_levels() {
        let figures = [0.30, 0.31, 0.29, 0.30, 0.31, 0.10, 0.11, 0.09, 0.10];
        let lines: Vec<Line> = (1..).zip(figures).map(|(day, ratio)| line(day, ratio)).collect();
        let series = series(&lines);
        assert_eq!((series.len(), series[0].changes.len()), (1, 1));
        let change = &series[0].changes[0];
        assert_eq!((change.experiment, change.before.to_string().as_str()), (6, "+35.3 %"));
        let text = page(&lines, &series, false);
        assert!(text.contains("1 changes among 9 figures") && text.contains("+35.3 % → +10.5 %"), "{text}");
        insta::assert_snapshot!("history_chart", text);
        insta::assert_snapshot!("history_chart_ascii", page(&lines, &series, true));
    }

    #[test]
    fn other_machines_are_another_series() {
        let mut lines: Vec<Line> = (1..9).map(|day| line(day, 0.3)).collect();
        lines[3].host = "another".to_owned();
        let series = series(&lines);
        assert_eq!(series.iter().map(|one| (one.figures, one.searched)).collect::<Vec<_>>(), [(1, false), (7, false)]);
    }
}
