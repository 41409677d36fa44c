//! What the screens show: plain values, gathered by the effects from the register, the roster, the store and the
//! machine. Views read them and never ask where they came from.

mod lab;
mod profile;
mod work;

pub use lab::{BuildRow, BuildState, LabFacts, NoiseSeries, ScreenFacts, ScreenRow, TrendPicture};
pub use profile::{CostLine, ProfileFacts, Profiled};
pub use work::{Activity, AgentNews, AgentRow, OutputKey, OutputLine, OutputNews, PatchKey, TrainFacts, Work};

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::experiment::Experiment;
use super::inbox::Waiting;
use crate::agents::Roster;
use crate::config::AgentLimits;
use crate::improvements::{Direction, Improvement, ImprovementId, Status};
use crate::lab::experiment::{ExperimentId, Question, Role, Standing, Verdict};
use crate::report::document::{MetricGroupLine, ParityLine, PhaseLine, RiskLine};
use crate::report::{Document, Standup};
use crate::repository::Patch;
use crate::tracking::{Change, Note};

/// Lines of the log that are kept.
pub const LOG_LINES_MAX: usize = 5_000;

/// Everything known, each part as fresh as its last message.
#[derive(Debug, Default)]
pub struct Facts {
    /// Where we are.
    pub project: ProjectFacts,
    /// How reading the register went.
    pub register: Load,
    /// How reading the store went.
    pub store: Load,
    /// The register, in its own order.
    pub rows: Vec<Row>,
    /// Numbers and titles of the phases.
    pub phases: Vec<Phase>,
    /// The roster.
    pub agents: Vec<AgentRow>,
    /// The same as it is written, for who may take what.
    pub roster: Roster,
    /// Limits on work in progress.
    pub limits: Option<AgentLimits>,
    /// Every assignment, the oldest first.
    pub work: Vec<Work>,
    /// The patch that was asked for last, or why it cannot be read.
    pub patch: Option<(PatchKey, Result<Box<Patch>, String>)>,
    /// What would become of the merge train, or why nobody can tell.
    pub train: Option<Result<TrainFacts, String>>,
    /// The improvements accepted so far, in order.
    pub stack: Vec<ImprovementId>,
    /// The experiment under way.
    pub running: Option<Experiment>,
    /// Experiments that ended, the newest first.
    pub past: Vec<PastExperiment>,
    /// The experiment opened from the list of past ones.
    pub opened: Option<Experiment>,
    /// Experiments with profiles of both arms, the newest first.
    pub profiled: Vec<Profiled>,
    /// The profile that was read last, or why it cannot be.
    pub profile: Option<Result<Box<ProfileFacts>, String>>,
    /// The plan, judged by the evidence there was when it was read last, or why it cannot be.
    pub plan: Option<Result<Box<PlanFacts>, String>>,
    /// What the Lab shows besides experiments.
    pub lab: LabFacts,
    /// What waits for a person; derived from the rest.
    pub waiting: Vec<Waiting>,
    /// Tail of the change log, the newest last.
    pub log: VecDeque<LogLine>,
    /// The machine now.
    pub machine: MachineFacts,
}

/// Whether a source has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Load {
    /// Being read.
    #[default]
    Reading,
    /// Read.
    Ready,
    /// Cannot be read; what, where, and what to do.
    Failed(String),
}

/// Where we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFacts {
    /// The target package.
    pub target: String,
    /// The checked-out branch.
    pub branch: Option<String>,
    /// The commit, shortened.
    pub head: Option<String>,
}

/// An improvement with what is known of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its entry in the register.
    pub entry: Improvement,
    /// What the store knows of it.
    pub progress: Progress,
}

/// What the store knows of an improvement.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Where it stands.
    pub status: Status,
    /// Why, where a person set it.
    pub reason: Option<String>,
    /// When a person set it last.
    pub said_at: Option<Timestamp>,
    /// Declared complete without accepted evidence: said so for ever.
    pub forced: bool,
    /// The published figure.
    pub measured: Option<Measured>,
    /// What people have noted, the oldest first.
    pub notes: Vec<Note>,
    /// Verdicts, the newest first.
    pub verdicts: Vec<PastVerdict>,
    /// Workloads of the newest verdict.
    pub workloads: Vec<WorkloadRow>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            status: Status::Planned,
            reason: None,
            said_at: None,
            forced: false,
            measured: None,
            notes: Vec::new(),
            verdicts: Vec::new(),
            workloads: Vec::new(),
        }
    }
}

/// A published figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What is known of the deciding workload, from fresh pairs where there was a confirmation run.
    pub standing: Standing,
    /// Which way its metric improves.
    pub better: Direction,
    /// The deciding workload and its metric.
    pub workload: String,
    /// The base has moved since.
    pub stale: bool,
}

/// One verdict of an improvement.
#[derive(Debug, Clone, PartialEq)]
pub struct PastVerdict {
    /// Which experiment.
    pub experiment: ExperimentId,
    /// When.
    pub at: Timestamp,
    /// The word.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The figure it came with.
    pub standing: Option<Standing>,
    /// Which way its metric improves.
    pub better: Direction,
}

/// One workload of a decided experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadRow {
    /// The plan's label.
    pub label: String,
    /// What it was for.
    pub role: Role,
    /// The deciding metric.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// Its geometric mean over the pairs, in A and B.
    pub means: Option<(f64, f64)>,
    /// Estimate and bounds.
    pub standing: Standing,
}

/// A phase of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: String,
}

/// An experiment that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PastExperiment {
    /// Which.
    pub id: ExperimentId,
    /// What it asked.
    pub question: Question,
    /// When it began.
    pub at: Timestamp,
    /// Pairs of the main workload.
    pub pairs: u32,
    /// How it ended.
    pub end: Ending,
    /// The figure of the main workload.
    pub standing: Option<Standing>,
    /// Which way its metric improves.
    pub better: Direction,
}

/// The plan, judged by evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFacts {
    /// How far it is, in a sentence.
    pub status: String,
    /// The phases.
    pub phases: Vec<PhaseLine>,
    /// What the whole is judged by.
    pub metrics: Vec<MetricGroupLine>,
    /// What may go wrong, and whether it has.
    pub risks: Vec<RiskLine>,
    /// Features of the model product.
    pub parity: ParityLine,
    /// What was done lately.
    pub standup: Standup,
    /// Hours between two stand-ups.
    pub standup_hours: u32,
}

/// How an experiment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With a verdict.
    Ruled(Verdict),
    /// With its profiles, which were all that was asked for.
    ProfilesTaken,
    /// Before one.
    Stopped(String),
}

/// A line of the change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its number in the log.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What kind of fact.
    pub kind: String,
    /// What it is about: `T003`, `experiment 12`.
    pub subject: String,
    /// The fact in words.
    pub text: String,
}

/// The machine now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MachineFacts {
    /// Cores.
    pub cores: u32,
    /// Load average over one minute; absent where the system does not tell.
    pub load: Option<f64>,
    /// `some avg10` of CPU pressure, percent.
    pub cpu_pressure: Option<f64>,
    /// `some avg10` of I/O pressure, percent.
    pub io_pressure: Option<f64>,
    /// Who holds the machine for measuring.
    pub lease: Option<Lease>,
}

/// Who holds the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The owner's process.
    pub pid: u32,
    /// What for: `apply T003`.
    pub purpose: String,
}

impl LogLine {
    /// A change, as people read it.
    pub fn of(change: Change) -> Self {
        let kind = match change.table.as_str() {
            "sitting" => "process",
            "improvement_status" => "status",
            "stack_change" => "stack",
            "agent_status" => "agent",
            "command_log" => "command",
            "attempt_worker" => "process",
            "attempt_said" => "says",
            "attempt_end" => "ended",
            "screen_pair" => "pair",
            other => other,
        };
        Self { seq: change.seq, at: change.at, kind: kind.to_owned(), subject: change.subject, text: change.summary }
    }
}

impl PlanFacts {
    /// The parts of the document that the screen shows.
    pub fn of(document: Document, standup: Standup, standup_hours: u32) -> Self {
        let Document { header, phases, metrics, risks, parity, .. } = document;
        Self { status: header.status, phases, metrics, risks, parity, standup, standup_hours }
    }
}

impl Row {
    /// The newest verdict.
    pub fn verdict(&self) -> Option<Verdict> {
        self.progress.verdicts.first().map(|past| past.verdict)
    }

    /// Agents as the table shows them: `1, 6`.
    pub fn agents(&self) -> String {
        let numbers: Vec<String> = self.entry.agents.iter().map(u32::to_string).collect();
        numbers.join(", ")
    }

    /// The promised figure in short, as the source wrote it up to its percent sign; `None` when it gave no figure.
    pub fn claimed(&self) -> Option<&str> {
        let text = self.entry.claim.text.as_str();
        text.find('%').and_then(|end| text.get(..=end))
    }
}

impl Facts {
    /// The first phase that is not complete, and its share of complete improvements.
    pub fn current_phase(&self) -> Option<(u32, f64)> {
        let mut phases: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for row in &self.rows {
            let (done, all) = phases.entry(row.entry.phase).or_default();
            *done += u32::from(row.progress.status == Status::Complete);
            *all += 1;
        }
        let open = phases.iter().find(|(_, (done, all))| done < all).or(phases.iter().next_back());
        open.map(|(number, (done, all))| (*number, f64::from(*done) / f64::from((*all).max(1))))
    }

    /// Adds lines to the log and drops the oldest beyond the bound.
    pub fn extend_log(&mut self, lines: impl IntoIterator<Item = LogLine>) {
        let newest = self.log.back().map_or(i64::MIN, |line| line.seq);
        self.log.extend(lines.into_iter().filter(|line| line.seq > newest));
        let excess = self.log.len().saturating_sub(LOG_LINES_MAX);
        self.log.drain(..excess);
    }
}
