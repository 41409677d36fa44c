//! Follows the store: the change log by its sequence number, the live rows of the running experiment by theirs.
//!
//! ```text
//! every 150 ms: last_change ── the same ──────────────► live rows, if an experiment runs
//!                    └ newer ─► changes ─► by table: overview anew · experiment anew · its new pairs and standings
//! ```
//! A look at an unchanged store is one row by its primary key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use super::assigned::Assigned;
use super::facts::{Activity, AgentNews, LogLine, Measured, PastExperiment, PastVerdict, Profiled, Progress};
use super::msg::{Msg, StoreNews};
use super::{facts, past};
use crate::config::Config;
use crate::improvements::ImprovementId;
use crate::lab::experiment::{ExperimentId, Question};
use crate::lab::journal::Event;
use crate::profiles::Kind;
use crate::project::Project;
use crate::tracking::{AgentState, Change, Ending, Known, Process, Reader, StoreError, derive};
use crate::yaml::Faults;

/// How often the store is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How often a store that is not there, or cannot be read, is looked for.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How often the process of the running experiment is asked for.
const PROCESS_EVERY: Duration = Duration::from_secs(1);
/// Lines of the change log read at once, and at the start.
const CHANGES_MAX: u32 = 1_000;
/// Past experiments that are listed.
const EXPERIMENTS_MAX: u32 = 500;

/// What went wrong, or that nobody listens any more.
enum Trouble {
    Store(StoreError),
    Deaf,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Follows the project's store until nobody listens any more. A store that cannot be read is told once and tried again.
pub(super) async fn follow(project: Project, sender: UnboundedSender<Msg>) {
    let mut told = None;
    loop {
        let outcome = match Reader::open(&project).await {
            Ok(Some(reader)) => Tail::new(project.clone(), reader, sender.clone()).run().await,
            Ok(None) => {
                if told.replace(String::new()).is_none() {
                    // Nothing was ever recorded: that is known now.
                    let _ = sender.send(Msg::Store(Ok(Box::default())));
                }
                Ok(())
            }
            Err(error) => Err(Trouble::Store(error)),
        };
        match outcome {
            Ok(()) => {}
            Err(Trouble::Deaf) => return,
            Err(Trouble::Store(error)) => {
                let words = error.to_string();
                if told.as_ref() != Some(&words) {
                    let _ = sender.send(Msg::Store(Err(words.clone())));
                }
                told = Some(words);
            }
        }
        if sender.is_closed() {
            return;
        }
        sleep(RETRY_EVERY).await;
    }
}

struct Tail {
    project: Project,
    reader: Reader,
    sender: UnboundedSender<Msg>,
    /// The last change that was taken in.
    seq: i64,
    running: Option<RunningTail>,
    assigned: Assigned,
    process_asked: Instant,
}

/// How far the running experiment has been read.
struct RunningTail {
    id: ExperimentId,
    process: Process,
    pair: i64,
    standing: i64,
    slice: i64,
    progress: i64,
}

impl Tail {
    fn new(project: Project, reader: Reader, sender: UnboundedSender<Msg>) -> Self {
        let assigned = Assigned::new(project.clone());
        Self { project, reader, sender, seq: 0, running: None, assigned, process_asked: Instant::now() }
    }

    async fn run(mut self) -> Result<(), Trouble> {
        // The log first: what is recorded while the rest is read is then read twice rather than missed.
        let latest = self.reader.latest_changes(CHANGES_MAX).await?;
        self.seq = latest.last().map_or(0, |change| change.seq);
        self.send(Msg::Log(latest.into_iter().map(LogLine::of).collect()))?;
        self.overview(None).await?;
        self.work().await?;
        // What was read before there was a store, or while it could not be read, is not what is in it.
        self.send(Msg::LabMoved)?;
        loop {
            self.look().await?;
            sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&mut self) -> Result<(), Trouble> {
        let newest = self.reader.last_change().await?.map_or(0, |(seq, _)| seq);
        if newest > self.seq {
            let changes = self.reader.changes(self.seq, CHANGES_MAX).await?;
            self.take_in(changes).await?;
        }
        if self.process_asked.elapsed() >= PROCESS_EVERY {
            self.process_asked = Instant::now();
            if self.assigned.is_somebody_at_work() {
                let agents = self.agents().await?;
                self.send(Msg::Agents(agents))?;
            }
            if let Some(msg) = self.assigned.look_again() {
                self.send(msg)?;
            }
            if self.running.as_ref().is_some_and(|running| !running.process.is_alive()) {
                // It died without a word.
                self.overview(Some(BTreeSet::new())).await?;
            }
        }
        self.live().await
    }

    async fn take_in(&mut self, changes: Vec<Change>) -> Result<(), Trouble> {
        self.seq = changes.last().map_or(self.seq, |change| change.seq);
        let touches = |tables: &[&str]| changes.iter().any(|change| tables.contains(&change.table.as_str()));
        let overview = touches(&[
            "experiment",
            "sitting",
            "stopped",
            "verdict",
            "improvement_status",
            "note",
            "agent_status",
            "stack_change",
            "profile",
        ]);
        let anew = touches(&["sitting", "stage", "build"]);
        let more = touches(&["pair", "standing"]);
        let work = touches(&[
            "assignment",
            "attempt",
            "attempt_worker",
            "attempt_said",
            "attempt_end",
            "submission",
            "gate",
            "review",
            "merged",
            "withdrawn",
        ]);
        let lab_moved =
            changes.iter().any(|change| change.table.starts_with("screen") || change.table == "calibration");
        let subjects: BTreeSet<String> = changes.iter().map(|change| change.subject.clone()).collect();
        self.send(Msg::Log(changes.into_iter().map(LogLine::of).collect()))?;
        if overview {
            self.overview(Some(subjects)).await?;
        }
        if work {
            self.work().await?;
        }
        if lab_moved {
            self.send(Msg::LabMoved)?;
        }
        if anew {
            self.running_anew().await?;
        } else if more {
            self.running_on().await?;
        }
        Ok(())
    }

    /// Statuses, verdicts, past experiments, agents; and which experiment runs. With `subjects` only the improvements
    /// among them are read.
    async fn overview(&mut self, subjects: Option<BTreeSet<String>>) -> Result<(), Trouble> {
        let tree = self.tree().await?;
        let mut progress = Vec::new();
        for (id, known) in self.reader.known().await? {
            if subjects.as_ref().is_none_or(|subjects| subjects.contains(&id.0)) {
                let verdicts = self.verdicts(&id, &known).await?;
                progress.push((id, of_improvement(&known, verdicts, tree.as_deref())));
            }
        }
        let mut past = Vec::new();
        let mut running = None;
        let mut kinds: BTreeMap<ExperimentId, Vec<(Kind, u32)>> =
            self.reader.profiled(EXPERIMENTS_MAX).await?.into_iter().collect();
        let mut profiled = Vec::new();
        for summary in self.reader.experiments(EXPERIMENTS_MAX).await? {
            if let Some(kinds) = kinds.remove(&summary.id) {
                let (experiment, question) = (summary.id, summary.question.clone());
                profiled.push(Profiled { experiment, question, at: summary.at, kinds });
            }
            let end = match summary.ending {
                Ending::Running(process) => {
                    running.get_or_insert((summary.id, process));
                    continue;
                }
                Ending::Interrupted => facts::Ending::Stopped("its process is gone".to_owned()),
                Ending::ProfilesTaken => facts::Ending::ProfilesTaken,
                Ending::Stopped(reason) => facts::Ending::Stopped(reason),
                Ending::Ruled(verdict) => facts::Ending::Ruled(verdict),
            };
            past.push(PastExperiment {
                id: summary.id,
                question: summary.question,
                at: summary.at,
                pairs: summary.pairs,
                end,
                standing: summary.standing,
                better: summary.better,
            });
        }
        let agents = self.agents().await?;
        let stack = self.reader.stack().await?.into_iter().map(|entry| entry.improvement).collect();
        self.send(Msg::Store(Ok(Box::new(StoreNews { progress, past, agents, stack, profiled }))))?;
        self.switch_to(running).await
    }

    /// Who has what in hand.
    async fn work(&mut self) -> Result<(), Trouble> {
        match self.assigned.read(&self.reader).await? {
            Some(msg) => self.send(msg),
            None => Ok(()),
        }
    }

    /// What figures are stale against; nothing where the configuration cannot be read, which others tell.
    async fn tree(&self) -> Result<Option<String>, Trouble> {
        match Config::load(&self.project, &mut Faults::default()) {
            Some(config) => Ok(self.reader.tree_now(&config.target, &self.project).await?),
            None => Ok(None),
        }
    }

    async fn verdicts(&self, id: &ImprovementId, known: &Known) -> Result<Vec<PastVerdict>, Trouble> {
        if known.latest.is_none() {
            return Ok(Vec::new());
        }
        let verdicts =
            self.reader.verdicts(&Question::AddOneIn(id.clone())).await?.into_iter().map(|fact| PastVerdict {
                experiment: fact.experiment,
                at: fact.at,
                verdict: fact.ruling.verdict,
                standing: fact.published(),
                better: fact.better,
                reason: fact.ruling.reason,
            });
        Ok(verdicts.collect())
    }

    async fn agents(&self) -> Result<Vec<AgentNews>, Trouble> {
        let mut agents: Vec<AgentNews> = Vec::new();
        for fact in self.reader.agents().await? {
            agents.push(AgentNews {
                number: fact.agent,
                status: Some(fact.state.label().to_owned()),
                active: fact.state == AgentState::Active,
                asks: fact.state == AgentState::NeedsInput,
                last: Activity { at: fact.at, what: fact.note, source: fact.source },
            });
        }
        for beat in self.reader.heartbeats().await? {
            let last = Activity { at: beat.at, what: beat.activity, source: beat.source };
            match agents.iter_mut().find(|agent| agent.number == beat.agent) {
                Some(agent) if agent.last.at < last.at => agent.last = last,
                Some(_) => {}
                None => agents.push(AgentNews { number: beat.agent, status: None, active: false, asks: false, last }),
            }
        }
        Ok(agents)
    }

    /// Follows another experiment, or none.
    async fn switch_to(&mut self, running: Option<(ExperimentId, Process)>) -> Result<(), Trouble> {
        match (running, &self.running) {
            (None, None) => Ok(()),
            (None, Some(_)) => {
                self.running = None;
                self.send(Msg::Running(None))
            }
            (Some((id, process)), Some(known)) if known.id == id && known.process == process => Ok(()),
            (Some((id, process)), _) => {
                self.running = Some(RunningTail { id, process, pair: 0, standing: 0, slice: 0, progress: 0 });
                self.running_anew().await
            }
        }
    }

    /// Reads the running experiment whole.
    async fn running_anew(&mut self) -> Result<(), Trouble> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let Some(facts) = self.reader.experiment(running.id).await? else { return Ok(()) };
        let slices = self.reader.slices(running.id, 0).await?;
        let notes = self.reader.progress(running.id, 0).await?;
        running.pair = facts.pairs.last().map_or(0, |fact| fact.row);
        running.standing = facts.standings.last().map_or(0, |fact| fact.row);
        running.slice = slices.last().map_or(0, |slice| slice.seq);
        running.progress = notes.last().map_or(0, |note| note.seq);
        let mut experiment = past::folded(facts, &slices);
        experiment.process = Some(running.process.pid);
        if let Some(last) = notes.last() {
            experiment.note(last.at, &Event::Progress { note: last.note.clone() });
        }
        self.send(Msg::Running(Some(Box::new(experiment))))
    }

    /// Reads what the running experiment found since.
    async fn running_on(&mut self) -> Result<(), Trouble> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let pairs = self.reader.pairs(running.id, running.pair).await?;
        let standings = self.reader.standings(running.id, running.standing).await?;
        running.pair = pairs.last().map_or(running.pair, |fact| fact.row);
        running.standing = standings.last().map_or(running.standing, |fact| fact.row);
        let events = past::in_order(pairs, standings);
        let id = running.id;
        if events.is_empty() { Ok(()) } else { self.send(Msg::Events(id, events)) }
    }

    /// Reads slices and progress since.
    async fn live(&mut self) -> Result<(), Trouble> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let id = running.id;
        let slices = self.reader.slices(id, running.slice).await?;
        let notes = self.reader.progress(id, running.progress).await?;
        running.slice = slices.last().map_or(running.slice, |slice| slice.seq);
        running.progress = notes.last().map_or(running.progress, |note| note.seq);
        let rate = |slice: &crate::tracking::LiveSlice| {
            (slice.at, Event::Slice { workload: slice.workload, side: slice.side, rate: slice.rate })
        };
        let mut events: Vec<(Timestamp, Event)> = slices.iter().map(rate).collect();
        events.extend(notes.into_iter().map(|note| (note.at, Event::Progress { note: note.note })));
        if events.is_empty() { Ok(()) } else { self.send(Msg::Events(id, events)) }
    }

    fn send(&self, msg: Msg) -> Result<(), Trouble> {
        self.sender.send(msg).map_err(|_| Trouble::Deaf)
    }
}

fn of_improvement(known: &Known, verdicts: Vec<PastVerdict>, tree: Option<&str>) -> Progress {
    let public = derive(known, tree);
    let measured = known.cited().and_then(|verdict| {
        Some(Measured {
            standing: verdict.measured()?,
            better: verdict.better,
            workload: format!("{} on {}", verdict.better.beside(&verdict.metric), verdict.workload),
            stale: public.stale.unwrap_or(false),
        })
    });
    let set = known.set.as_ref().filter(|set| set.status == public.status && !set.reason.is_empty());
    let forced = public.forced.filter(|forced| !forced.proven_since);
    Progress {
        status: public.status,
        reason: forced.as_ref().map(|forced| forced.reason.clone()).or(set.map(|set| set.reason.clone())),
        said_at: known.set.as_ref().map(|set| set.at),
        forced: forced.is_some(),
        measured,
        notes: known.notes.clone(),
        verdicts,
        workloads: Vec::new(),
    }
}
