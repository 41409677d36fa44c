//! The main job: from a question to a verdict with its evidence.
//!
//! ```text
//!                   ┌─▶ build A, B ─┐
//!   plan ─▶ lease ──┤               ├─┬─▶ pair ─▶ judge ─┬─ next pair ─┐
//!                   └─▶ test A, B ──┘ └──────────────────┼─────────────┘
//!                                                        └─▶ profiles ─▶ verdict
//! ```
//!
//! Each fact is in the journal before the next step begins, so a job killed at any moment has lost the pair it was in
//! and nothing else; with `resume` it judges the recorded pairs and goes on from there, tossing the coins that it would
//! have tossed.

use std::time::Duration;

use super::LabError;
use super::build::{Arms, Lane, Place, pass_tests, prepare_at};
use super::calibration::{self, Calibration, Metrics};
use super::capture::{STRETCHES, capture, order};
use super::experiment::{Binary, ExperimentId, Pair, Plan, Question, Ruling, Run, Side, Verdict};
use super::folder::LabFolder;
use super::journal::{Event, Journal, Opened, Stage};
use super::lease;
use super::machine::mood;
use super::pair::{Bench, PairError, Which};
use super::plan::{Draft, Inquiry, NoiseLedger};
use super::recorder::{Interrupt, OfExperiment, Recorder, Sink};
use super::verdict::{Outlook, broken, judge, standing};
use crate::config::Config;
use crate::machine::{Lease, Patience};
use crate::project::Project;

/// What is to be done.
#[derive(Debug)]
pub struct Job<'a> {
    /// Where things are.
    pub project: &'a Project,
    /// The rules.
    pub config: &'a Config,
    /// What is to be found out.
    pub inquiry: Inquiry<'a>,
    /// Noise known from earlier pairs on this machine.
    pub noise: NoiseLedger,
    /// Pairs at most, instead of the configured limit.
    pub pair_limit: Option<u32>,
    /// Go on with the latest experiment that asks the same and has no verdict.
    pub resume: bool,
    /// How long to wait for the machine when it is taken.
    pub patience: Patience,
    /// Run the target's tests on both arms.
    pub test: bool,
    /// Take profiles after the verdict.
    pub profile: bool,
    /// Seed of every coin of a new experiment.
    pub seed: u64,
}

/// A job ready to run: planned, nothing spent yet.
#[derive(Debug)]
pub struct Planned<'a> {
    job: Job<'a>,
    folder: LabFolder,
    arms: [Arms; 2],
    /// What will be done.
    pub plan: Plan,
}

/// What came of it.
#[derive(Debug)]
pub struct Conclusion {
    /// The experiment in the journal.
    pub experiment: ExperimentId,
    /// The plan it was judged by.
    pub plan: Plan,
    /// Both arms.
    pub binaries: Vec<Binary>,
    /// All pairs, also dropped ones.
    pub pairs: Vec<Pair>,
    /// The verdict.
    pub ruling: Ruling,
}

impl<'a> Job<'a> {
    /// Looks at the sources and plans. Nothing is built, measured or recorded.
    pub async fn plan(self) -> Result<Planned<'a>, LabError> {
        let folder = LabFolder::at(&self.project.lab_dir())?;
        let [a, b] = &self.inquiry.places;
        let of_a = self.arms(a, &folder).await?;
        let of_b = if a == b { of_a.clone() } else { self.arms(b, &folder).await? };
        let arms = [of_a, of_b];
        if self.inquiry.question == Question::Compare {
            for (arms, features) in arms.iter().zip(&self.inquiry.features) {
                arms.know(features)?;
            }
        }
        let draft = Draft {
            config: self.config,
            inquiry: &self.inquiry,
            sources: arms.each_ref().map(|arms| (arms.digest().to_owned(), arms.revision().cloned())),
            noise: &self.noise,
            pair_limit: self.pair_limit,
            seed: self.seed,
        };
        let plan = draft.plan();
        match plan.question {
            Question::Compare if plan.is_of_one_arm() => Err(LabError::SameArms),
            Question::AddOneIn(_)
            | Question::LeaveOneOut(_)
            | Question::Itself
            | Question::Compare
            | Question::HandedIn(_) => Ok(Planned { job: self, folder, arms, plan }),
        }
    }

    async fn arms(&self, place: &str, folder: &LabFolder) -> Result<Arms, LabError> {
        prepare_at(self.config, Place::named(place, self.project.root(), folder)?, folder).await
    }
}

impl Planned<'_> {
    /// Which arms are built already, A and B.
    pub fn is_built(&self) -> [bool; 2] {
        [Side::A, Side::B].map(|side| self.arms[side as usize].is_built(&self.plan.arm(side).features))
    }

    /// Does it. Events go to `journal` and then to `observe`.
    pub async fn run<J: Journal>(
        self,
        journal: &mut J,
        observe: &mut (dyn FnMut(&Event) + Send),
        interrupt: Interrupt,
    ) -> Result<Conclusion, LabError> {
        let lease = self.lease(observe, interrupt.clone()).await?;
        let leftovers = self.folder.clear_leftovers()?;
        let opened = journal.open(&self.plan, self.job.resume).await;
        let Opened { id, plan, pairs } = opened.map_err(|error| LabError::Journal(error.to_string()))?;
        let limit_s = self.job.config.lab.experiment_limit_s;
        let mut recorder = Recorder::new(OfExperiment::new(journal, id), observe, interrupt, limit_s);
        recorder.stage(Stage::Lease, format!("the machine is ours: {}", mood())).await?;
        for note in leftovers {
            recorder.emit(Event::Progress { note: format!("cleared {note}") }).await?;
        }
        if self.job.resume {
            let note = match pairs.len() {
                0 => "nothing was left unfinished: beginning anew".to_owned(),
                recorded => format!("going on with experiment {} after {recorded} pairs", id.0),
            };
            recorder.emit(Event::Progress { note }).await?;
        }
        let mut experiment =
            Experiment { planned: &self, lease, plan, pairs, binaries: Vec::new(), recorder, metrics: None };
        match experiment.run().await {
            Ok(ruling) => {
                let Experiment { plan, binaries, pairs, .. } = experiment;
                Ok(Conclusion { experiment: id, plan, binaries, pairs, ruling })
            }
            Err(error) => {
                // The error that stopped it is what the person must see, even if this cannot be recorded any more.
                let _ = experiment.recorder.emit(Event::Stopped { reason: error.to_string() }).await;
                Err(error)
            }
        }
    }

    /// Builds both arms and takes their profiles: no pairs, no verdict. An experiment that asks the same and has no verdict gets
    /// them; otherwise a new one, which `resume` may take to its verdict later.
    pub async fn take_profiles<J: Journal>(
        self,
        journal: &mut J,
        observe: &mut (dyn FnMut(&Event) + Send),
        interrupt: Interrupt,
    ) -> Result<ExperimentId, LabError> {
        let lease = self.lease(observe, interrupt.clone()).await?;
        self.folder.clear_leftovers()?;
        let opened = journal.open(&self.plan, true).await;
        let Opened { id, plan, pairs } = opened.map_err(|error| LabError::Journal(error.to_string()))?;
        let limit_s = self.job.config.lab.experiment_limit_s;
        let recorder = Recorder::new(OfExperiment::new(journal, id), observe, interrupt, limit_s);
        let mut experiment =
            Experiment { planned: &self, lease, plan, pairs, binaries: Vec::new(), recorder, metrics: None };
        let taken = match experiment.prepare().await {
            Ok(_) => experiment.profile_in_quiet().await,
            Err(error) => Err(error),
        };
        let end = match &taken {
            Ok(()) => Event::ProfilesTaken,
            Err(error) => Event::Stopped { reason: error.to_string() },
        };
        experiment.recorder.emit(end).await?;
        taken.map(|()| id)
    }

    async fn lease(&self, observe: &mut (dyn FnMut(&Event) + Send), interrupt: Interrupt) -> Result<Lease, LabError> {
        let what = self.plan.question.to_string();
        let mut tell = |note| observe(&Event::Progress { note });
        lease::take(self.job.project, &what, self.job.patience, &mut tell, interrupt).await
    }
}

/// An experiment under way.
struct Experiment<'a, J: Journal> {
    planned: &'a Planned<'a>,
    lease: Lease,
    plan: Plan,
    pairs: Vec<Pair>,
    binaries: Vec<Binary>,
    recorder: Recorder<'a, OfExperiment<'a, J>>,
    /// What the driver's workloads measure, once it has been asked.
    metrics: Option<Metrics>,
}

impl<'a, J: Journal> Experiment<'a, J> {
    async fn run(&mut self) -> Result<Ruling, LabError> {
        let ruling = match self.prepare().await? {
            Some(reason) => broken(&self.plan, &self.pairs, reason),
            None => {
                self.quiet().await?;
                self.measure().await?
            }
        };
        if self.planned.job.profile && ruling.verdict != Verdict::Broken {
            self.profile().await?;
        }
        self.recorder.stage(Stage::Conclude, format!("{}; {}", ruling.verdict, mood())).await?;
        self.recorder.emit(Event::Ruled(Box::new(ruling.clone()))).await?;
        Ok(ruling)
    }

    /// Builds both arms and, beside that, runs their tests. Returns why an arm is broken, by its own tests.
    async fn prepare(&mut self) -> Result<Option<String>, LabError> {
        let (test, note) = match self.planned.job.test {
            true => (true, "both arms, and their tests beside them"),
            false => (false, "both arms"),
        };
        self.recorder.stage(Stage::Build, note).await?;
        let (lanes, events) = Lane::several();
        let [build_lane, test_lane] = &lanes;
        let (arms, sides) = (&self.planned.arms, [Side::A, Side::B].into_iter().zip(&self.plan.arms));
        let building = async {
            let mut binaries = Vec::new();
            for (side, arm) in sides.clone() {
                let binary = arms[side as usize].build(side, &arm.features, build_lane).await?;
                build_lane.tell(Event::Built(binary.clone()));
                binaries.push(binary);
            }
            if test {
                build_lane.tell(Event::Stage { stage: Stage::Test, note: "both arms".to_owned() });
            }
            Ok::<_, LabError>(binaries)
        };
        let testing = async {
            for (side, arm) in sides.clone().filter(|_| test) {
                if let Some(output) = pass_tests(&arms[side as usize], side, &arm.features, test_lane).await? {
                    return Ok(Some(format!("the tests of arm {side} failed: {output}")));
                }
            }
            Ok(None)
        };
        let both = async { tokio::try_join!(building, testing) };
        let (binaries, failed) = self.recorder.gather(|| Lane::all(&lanes), events, both).await??;
        self.binaries = binaries;
        Ok(failed)
    }

    async fn quiet(&mut self) -> Result<(), LabError> {
        for note in lease::quiet(&mut self.lease).await? {
            self.recorder.emit(Event::Progress { note }).await?;
        }
        Ok(())
    }

    async fn profile_in_quiet(&mut self) -> Result<(), LabError> {
        self.quiet().await?;
        self.profile().await
    }

    async fn measure(&mut self) -> Result<Ruling, LabError> {
        // Pairs dropped before an interruption say nothing about how busy the machine is now.
        let stale: Vec<Which> = self.pairs.iter().filter(|pair| pair.dropped.is_some()).map(place).collect();
        let mut stage = None;
        loop {
            let fresh: Vec<Pair> = self.pairs.iter().filter(|pair| !stale.contains(&place(pair))).cloned().collect();
            let (workload, run) = match judge(&self.plan, &fresh) {
                Outlook::Ruled(ruling) => {
                    // Killed between a workload's last pair and its noise, it would be missing.
                    if self.plan.question == Question::Itself {
                        for workload in 0..self.plan.workloads.len() {
                            self.calibrated(workload).await?;
                        }
                    }
                    return Ok(*ruling);
                }
                Outlook::TooBusy { dropped, of } => return Err(self.too_busy(dropped, of)),
                Outlook::Next { workload, run } => (workload, run),
            };
            let now = match run {
                Run::Calibration => Stage::Calibrate,
                Run::Decision => Stage::Measure,
                Run::Confirmation => Stage::Confirm,
            };
            if stage.replace(now) != Some(now) {
                self.recorder.stage(now, self.plan.workloads[workload].label.clone()).await?;
            }
            let index = self.pairs.iter().filter(|pair| pair.workload == workload && pair.run == run).count();
            let which = Which { workload, run, index: u32::try_from(index).unwrap_or(u32::MAX) };
            match self.bench().pair(&self.plan, which, &mut self.recorder).await {
                Ok(pair) => self.keep(pair).await?,
                Err(PairError::Arm(error)) => {
                    let place = format!("{}, pair {}", self.plan.workloads[workload].label, index + 1);
                    return Ok(broken(&self.plan, &self.pairs, format!("{place}: {error}")));
                }
                Err(PairError::Lab(error)) => return Err(error),
            }
        }
    }

    async fn keep(&mut self, pair: Pair) -> Result<(), LabError> {
        self.recorder.emit(Event::Pair(Box::new(pair.clone()))).await?;
        let (workload, run) = (pair.workload, pair.run);
        self.pairs.push(pair);
        let standing = standing(&self.plan, &self.pairs, workload, run);
        if standing.pairs == 0 {
            return Ok(()); // dropped, and so were all before: nothing is known
        }
        self.recorder.emit(Event::Standing { workload, standing }).await?;
        match run {
            Run::Calibration => self.calibrated(workload).await,
            Run::Decision | Run::Confirmation => Ok(()),
        }
    }

    /// Writes down what the pairs of one binary against itself say of a workload.
    async fn calibrated(&mut self, workload: usize) -> Result<(), LabError> {
        if standing(&self.plan, &self.pairs, workload, Run::Calibration).pairs < self.plan.policy.pair_limit {
            return Ok(());
        }
        if self.metrics.is_none() {
            self.metrics = Some(calibration::metrics(&self.bench()).await?);
        }
        let known = self.metrics.as_ref();
        match known.and_then(|metrics| Calibration::of(&self.plan, workload, &self.pairs, metrics)) {
            Some(found) => self.recorder.emit(Event::Calibrated(Box::new(found))).await,
            None => Ok(()), // its metric cannot be compared: the rule says so
        }
    }

    async fn profile(&mut self) -> Result<(), LabError> {
        let seconds = self.planned.job.config.lab.profile_s;
        if seconds == 0 {
            return Ok(());
        }
        if !self.planned.arms.iter().all(Arms::profile_themselves) {
            let note = "no profiles: what an adapter runs does not profile itself (a driver built on `probe` does)";
            return self.recorder.emit(Event::Progress { note: note.to_owned() }).await;
        }
        let note = format!("{seconds} s of each arm in {STRETCHES} processes");
        self.recorder.stage(Stage::Profile, note).await?;
        for side in order() {
            let (bench, time) = (self.bench(), Duration::from_secs(seconds) / STRETCHES);
            match capture(&bench, &self.plan, side, time, &mut self.recorder).await {
                Ok(()) => {}
                // A missing profile is told, and does not cost the verdict.
                Err(LabError::Driver(error)) => {
                    let note = format!("no profile of arm {side}: {error}");
                    self.recorder.emit(Event::Progress { note }).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn bench(&self) -> Bench<'a> {
        let planned = self.planned;
        let launch = |side: Side| self.planned.arms[side as usize].launches(&self.plan, &self.binaries[side as usize]);
        Bench {
            folder: &planned.folder,
            arms: [launch(Side::A), launch(Side::B)],
            machine: &planned.job.config.machine,
        }
    }

    fn too_busy(&self, dropped: usize, of: usize) -> LabError {
        let reason = self.pairs.iter().rev().find_map(|pair| pair.dropped.clone()).unwrap_or_default();
        // What was handed in goes on where it was by itself.
        let resume = if matches!(self.plan.question, Question::HandedIn(_)) { "" } else { " --resume" };
        LabError::TooBusy { dropped, of, reason, command: format!("{}{resume}", self.plan.question) }
    }
}

fn place(pair: &Pair) -> Which {
    Which { workload: pair.workload, run: pair.run, index: pair.index }
}
