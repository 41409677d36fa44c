//! An experiment as the Lab screen shows it: the fold of the journal's events.
//!
//! ```text
//! Stage ─┐                    ┌─ stages, with their times
//! Slice ─┼─► Experiment::note ┼─ trials: pairs with the interval known after each, rates of both arms
//! Pair ──┤                    └─ how it ended
//! Ruled ─┘
//! ```

use std::time::Duration;

use jiff::Timestamp;

use super::series::Series;
use super::standing;
use crate::lab::experiment::{Binary, ExperimentId, Machine, Plan, Role, Ruling, Run, Side, Standing};
use crate::lab::journal::{Event, Stage};
use crate::units::{Interval, LogRatio};

/// The stages in the order they are run.
pub const STAGES: [Stage; 8] = [
    Stage::Lease,
    Stage::Build,
    Stage::Test,
    Stage::Calibrate,
    Stage::Measure,
    Stage::Confirm,
    Stage::Profile,
    Stage::Conclude,
];

/// An experiment, running or ended.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Which.
    pub id: ExperimentId,
    /// What was decided before the first pair.
    pub plan: Plan,
    /// The process that works on it, where it is known.
    pub process: Option<u32>,
    /// When it was opened.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Stages that have begun, in order of beginning.
    pub stages: Vec<StageRun>,
    /// The built arms.
    pub built: Vec<Binary>,
    /// One for each workload of the plan.
    pub trials: Vec<TrialRun>,
    /// The machine around the last pair.
    pub machine: Option<Machine>,
    /// The verdict.
    pub ruling: Option<Ruling>,
    /// Why it stopped before a verdict.
    pub stopped: Option<String>,
    /// It has its profiles, and was to have no verdict.
    pub profiles_taken: bool,
}

/// A stage that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRun {
    /// Which.
    pub stage: Stage,
    /// When it began.
    pub started: Timestamp,
    /// When the next one began.
    pub ended: Option<Timestamp>,
    /// What it said last.
    pub note: String,
}

/// What has been seen of one workload.
#[derive(Debug, Clone, Default)]
pub struct TrialRun {
    /// Pairs as they came, all runs.
    pub pairs: Vec<PairDot>,
    /// What is known now.
    pub standing: Option<Standing>,
    /// Throughput of A and B, for the picture.
    pub rates: [Series; 2],
}

/// A pair as a dot, with what was known after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairDot {
    /// Which run it belongs to.
    pub run: Run,
    /// Counted from 0 within the run.
    pub index: u32,
    /// ln(B/A), positive is better.
    pub d: LogRatio,
    /// It counts.
    pub counts: bool,
    /// Bounds after this pair, where it moved them.
    pub bounds: Option<Interval>,
    /// When it was recorded.
    pub at: Timestamp,
}

impl Experiment {
    /// A new experiment, nothing seen yet.
    pub fn new(id: ExperimentId, plan: Plan, started: Timestamp) -> Self {
        let trials = vec![TrialRun::default(); plan.workloads.len()];
        Self {
            id,
            plan,
            process: None,
            started,
            ended: None,
            stages: Vec::new(),
            built: Vec::new(),
            trials,
            machine: None,
            ruling: None,
            stopped: None,
            profiles_taken: false,
        }
    }

    /// Takes in one event. Events of workloads that the plan does not have are ignored.
    pub fn note(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Stage { stage, note } => {
                self.end_stage(at);
                self.stages.push(StageRun { stage: *stage, started: at, ended: None, note: note.clone() });
            }
            Event::Progress { note } => {
                if let Some(stage) = self.stages.last_mut() {
                    stage.note.clone_from(note);
                }
            }
            Event::Built(binary) => self.built.push(binary.clone()),
            Event::Slice { workload, side, rate } => {
                if let Some(trial) = self.trials.get_mut(*workload) {
                    trial.rates[slot(*side)].push(*rate);
                }
            }
            Event::Pair(pair) => {
                self.machine = Some(pair.machine);
                if let Some(trial) = self.trials.get_mut(pair.workload) {
                    trial.pairs.push(PairDot {
                        run: pair.run,
                        index: pair.index,
                        d: pair.d,
                        counts: pair.dropped.is_none(),
                        bounds: None,
                        at,
                    });
                }
            }
            Event::Standing { workload, standing } => {
                if let Some(trial) = self.trials.get_mut(*workload) {
                    trial.standing = Some(*standing);
                    if let Some(pair) = trial.pairs.last_mut() {
                        pair.bounds = Some(standing.bounds);
                    }
                }
            }
            Event::Calibrated(found) => {
                if let Some(stage) = self.stages.last_mut() {
                    let percent = found.main().scale.gain().0 * 100.0;
                    stage.note = format!("noise of {} in {}: {percent:.2} %", found.main, found.name);
                }
            }
            Event::Profiled { side, kind, samples, .. } => {
                if let Some(stage) = self.stages.last_mut() {
                    let counted = if matches!(kind.as_str(), "cpu" | "alloc" | "allocs") { "samples" } else { "waits" };
                    stage.note = format!("{kind} profile of {side}: {samples} {counted}");
                }
            }
            Event::Ruled(ruling) => {
                self.ruling = Some((**ruling).clone());
                self.end(at);
            }
            Event::ProfilesTaken => {
                self.profiles_taken = true;
                self.end(at);
            }
            Event::Stopped { reason } => {
                self.stopped = Some(reason.clone());
                self.end(at);
            }
        }
    }

    /// The stage under way.
    pub fn stage(&self) -> Option<&StageRun> {
        self.stages.last().filter(|stage| stage.ended.is_none())
    }

    /// Whether it has ended, with a verdict or without.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Index of the workload that decides.
    pub fn main(&self) -> usize {
        self.plan.workloads.iter().position(|workload| workload.role == Role::Main).unwrap_or(0)
    }

    /// Index of the workload whose pair came last, else the main one.
    pub fn current(&self) -> usize {
        let newest = |trial: &TrialRun| trial.pairs.last().map(|pair| pair.at);
        let latest = self.trials.iter().enumerate().filter_map(|(index, trial)| Some((newest(trial)?, index))).max();
        latest.map_or_else(|| self.main(), |(_, index)| index)
    }

    /// About how long it can still take: every pair that the plan allows for what is not settled, at the pace seen so
    /// far. `None` while the arms are not ready, and at the end, when nothing is known or nothing is left.
    pub fn left_at_most(&self) -> Option<Duration> {
        match self.stage()?.stage {
            Stage::Calibrate | Stage::Measure => {
                let decisions = (0..self.trials.len()).map(|workload| self.decision_left(workload));
                Some(decisions.sum::<Duration>() + self.confirmation_left())
            }
            Stage::Confirm => Some(self.confirmation_left()),
            Stage::Lease | Stage::Build | Stage::Test | Stage::Profile | Stage::Conclude => None,
        }
    }

    fn decision_left(&self, workload: usize) -> Duration {
        let Some(trial) = self.trials.get(workload) else { return Duration::ZERO };
        let settled = trial.standing.is_some_and(|known| standing::is_settled(&self.plan, workload, &known));
        let policy = &self.plan.policy;
        let limit = if workload == self.main() { policy.pair_limit } else { policy.guard_pairs.min(policy.pair_limit) };
        let run = self.plan.deciding_run();
        let missing = if settled { 0 } else { limit.saturating_sub(trial.count(run)) };
        self.pace(workload, run) * missing
    }

    fn confirmation_left(&self) -> Duration {
        let main = self.main();
        let done = self.trials.get(main).map_or(0, |trial| trial.count(Run::Confirmation));
        self.pace(main, Run::Confirmation) * self.plan.policy.confirmation_pairs.saturating_sub(done)
    }

    /// Time of a pair: as seen, or as planned while none was seen.
    fn pace(&self, workload: usize, run: Run) -> Duration {
        let seen = self.trials.get(workload).and_then(|trial| trial.pace(run));
        seen.or(self.plan.workloads.get(workload).map(|plan| plan.pair_time)).unwrap_or_default()
    }

    fn end_stage(&mut self, at: Timestamp) {
        if let Some(stage) = self.stages.last_mut() {
            stage.ended.get_or_insert(at);
        }
    }

    fn end(&mut self, at: Timestamp) {
        self.end_stage(at);
        self.ended = Some(at);
    }
}

impl TrialRun {
    /// Pairs of a run that count.
    pub fn count(&self, run: Run) -> u32 {
        let counted = self.pairs.iter().filter(|pair| pair.run == run && pair.counts).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    }

    /// Median time between consecutive pairs of a run.
    fn pace(&self, run: Run) -> Option<Duration> {
        let times: Vec<Timestamp> = self.pairs.iter().filter(|pair| pair.run == run).map(|pair| pair.at).collect();
        let gap = |pair: &[Timestamp]| Duration::try_from(pair[1].duration_since(pair[0])).ok();
        let mut gaps: Vec<Duration> = times.windows(2).filter_map(gap).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }
}

/// The place of an arm in a pair of values.
pub fn slot(side: Side) -> usize {
    match side {
        Side::A => 0,
        Side::B => 1,
    }
}
