//! Experiments as the store kept them, folded into what the Lab shows.

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::experiment::Experiment;
use super::facts::WorkloadRow;
use super::msg::Msg;
use crate::improvements::ImprovementId;
use crate::lab::experiment::{ExperimentId, Pair, Run, Side};
use crate::lab::journal::Event;
use crate::lab::verdict;
use crate::project::Project;
use crate::tracking::{self, Ending, LiveSlice, PairFact, Reader, StandingFact, StoreError};

/// Reads a past experiment.
pub(super) fn open(project: &Project, sender: &UnboundedSender<Msg>, id: ExperimentId) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let msg = match read(&project, id).await {
            Ok(Some(facts)) => Msg::Opened(Box::new(folded(facts, &[]))),
            Ok(None) => Msg::Done(Err(format!("experiment {} is not in the store", id.0))),
            Err(error) => Msg::Done(Err(error.to_string())),
        };
        // When the interface has gone, nobody waits for this.
        let _ = sender.send(msg);
    });
}

/// Reads the workloads of an improvement's newest verdict.
pub(super) fn workloads(
    project: &Project,
    sender: &UnboundedSender<Msg>,
    improvement: ImprovementId,
    id: ExperimentId,
) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let msg = match read(&project, id).await {
            Ok(Some(facts)) => Msg::Workloads(improvement, workload_rows(&facts)),
            Ok(None) => return,
            Err(error) => Msg::Done(Err(error.to_string())),
        };
        // When the interface has gone, nobody waits for this.
        let _ = sender.send(msg);
    });
}

/// An experiment from its facts and, while it runs, the slices that are still kept. Pairs from before the first of
/// those bring their own rates.
pub(super) fn folded(facts: tracking::Experiment, slices: &[LiveSlice]) -> Experiment {
    let mut experiment = Experiment::new(facts.summary.id, facts.plan, facts.summary.at);
    experiment.built = facts.builds;
    let live_since = slices.first().map_or(Timestamp::MAX, |slice| slice.at);
    let mut events: Vec<(Timestamp, Event)> = Vec::new();
    for fact in facts.pairs.iter().filter(|fact| fact.at < live_since) {
        events.extend(rates(&fact.pair).map(|event| (fact.at, event)));
    }
    events.extend(
        slices
            .iter()
            .map(|slice| (slice.at, Event::Slice { workload: slice.workload, side: slice.side, rate: slice.rate })),
    );
    events.extend(
        facts.stages.into_iter().map(|stage| (stage.at, Event::Stage { stage: stage.stage, note: stage.note })),
    );
    events.extend(in_order(facts.pairs, facts.standings));
    events.sort_by_key(|(at, _)| *at);
    let last = events.last().map_or(facts.summary.at, |(at, _)| *at);
    match (facts.verdict, facts.summary.ending) {
        (Some(verdict), _) => events.push((verdict.at, Event::Ruled(Box::new(verdict.ruling)))),
        (None, Ending::ProfilesTaken) => events.push((last, Event::ProfilesTaken)),
        (None, Ending::Stopped(reason)) => events.push((last, Event::Stopped { reason })),
        (None, Ending::Interrupted) => {
            events.push((last, Event::Stopped { reason: "its process is gone; --resume goes on".to_owned() }));
        }
        (None, Ending::Running(_) | Ending::Ruled(_)) => {}
    }
    for (at, event) in &events {
        experiment.note(*at, event);
    }
    experiment
}

/// Pairs and standings as they were recorded: a standing follows the pair it was drawn from.
pub(super) fn in_order(pairs: Vec<PairFact>, standings: Vec<StandingFact>) -> Vec<(Timestamp, Event)> {
    let pairs = pairs.into_iter().map(|fact| (fact.at, Event::Pair(Box::new(fact.pair))));
    let known = |fact: StandingFact| (fact.at, Event::Standing { workload: fact.workload, standing: fact.standing });
    let mut events: Vec<(Timestamp, Event)> = pairs.chain(standings.into_iter().map(known)).collect();
    // Stable: of one millisecond the pair stays first.
    events.sort_by_key(|(at, _)| *at);
    events
}

async fn read(project: &Project, id: ExperimentId) -> Result<Option<tracking::Experiment>, StoreError> {
    match Reader::open(project).await? {
        Some(reader) => reader.experiment(id).await,
        None => Ok(None),
    }
}

/// A pair's slices, in the order of the picture.
fn rates(pair: &Pair) -> impl Iterator<Item = Event> + '_ {
    let of = |side: Side| {
        pair.arm(side).slice_rates.iter().map(move |rate| Event::Slice { workload: pair.workload, side, rate: *rate })
    };
    of(Side::A).chain(of(Side::B))
}

fn workload_rows(facts: &tracking::Experiment) -> Vec<WorkloadRow> {
    let Some(verdict) = &facts.verdict else { return Vec::new() };
    let pairs: Vec<Pair> = facts.pairs.iter().map(|fact| fact.pair.clone()).collect();
    let plan = &facts.plan;
    let row = |(workload, standing): (usize, &crate::lab::experiment::Standing)| {
        let of = plan.workloads.get(workload)?;
        let mean = |side| verdict::metric_mean(plan, &pairs, workload, Run::Decision, side);
        Some(WorkloadRow {
            label: of.label.clone(),
            role: of.role,
            metric: of.metric.clone(),
            better: of.better,
            means: mean(Side::A).zip(mean(Side::B)),
            standing: *standing,
        })
    };
    verdict.ruling.decision.iter().enumerate().filter_map(row).collect()
}
