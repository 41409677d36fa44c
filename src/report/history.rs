//! Every measurement of an improvement over time, and where the figures changed: what `workbench history` prints and the Lab draws.

mod chart;

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::words;
use crate::lab::experiment::{Side, Standing, Verdict};
use crate::lab::stats::change_points::{POINTS_MIN, change_points};
use crate::lab::verdict::metric_mean;
use crate::tracking::{Ending, Experiment, Host, Origin};
use crate::units::{Direction, Effect, Gain, LogRatio};

/// One experiment. Stable.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// When it was decided, else begun.
    pub at: Timestamp,
    /// Which.
    pub experiment: i64,
    /// The command that asked.
    pub asked: String,
    /// The word, where there is one.
    pub verdict: Option<Verdict>,
    /// Whether it was accepted.
    pub passed: Option<bool>,
    /// Why there is no verdict.
    pub ended: Option<String>,
    /// The workload that decides.
    pub workload: String,
    /// Its metric.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// Geometric means of the deciding run.
    pub a: Option<f64>,
    /// The same in B.
    pub b: Option<f64>,
    /// By how much it is better, as a factor less one.
    pub gain: Option<Gain>,
    /// The change of the metric with its always-valid bounds.
    pub change: Option<Effect>,
    /// Pairs that count.
    pub pairs: u32,
    /// Features of arm A.
    pub base: Vec<String>,
    /// The commit of arm B, where it was built from one.
    pub commit: Option<String>,
    /// Digest of the tree.
    pub tree: String,
    /// The machine, by its fingerprint.
    pub host: String,
    /// It is this machine.
    pub here: bool,
    /// Whence it was imported.
    pub origin: Option<Origin>,
    /// What is known.
    #[serde(skip)]
    pub standing: Option<Standing>,
}

/// The figures of one workload and metric on one machine, in the order of time. Stable.
#[derive(Debug, Serialize)]
pub struct Series {
    /// The command that asked.
    pub asked: String,
    /// The workload that decides.
    pub workload: String,
    /// Its metric.
    pub metric: String,
    /// The machine, by its fingerprint.
    pub host: String,
    /// How many.
    pub figures: usize,
    /// Whether there are enough to look for changes.
    pub searched: bool,
    /// Where it changed.
    pub changes: Vec<Change>,
}

/// Where a series changed. Stable.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The first experiment after the change.
    pub experiment: i64,
    /// When it was decided, else begun.
    pub at: Timestamp,
    /// Share of shuffled series that change as much.
    pub p: f64,
    /// Mean change of the metric before and after.
    pub before: crate::units::Change,
    /// The same after it.
    pub after: crate::units::Change,
}

impl Line {
    /// What an experiment found.
    pub fn of(experiment: &Experiment) -> Self {
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
                Ending::ProfilesTaken => Some("profiled".to_owned()),
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

/// The series there are, with their changes.
pub fn series(lines: &[Line]) -> Vec<Series> {
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

/// Each series as a picture, with where it changed.
pub fn page(lines: &[Line], series: &[Series], ascii: bool) -> String {
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
