//! A screen from its question to its effects.
//!
//! ```text
//!   plan ─▶ lease ─▶ build every row ─┬─ all there ──▶ block 1: every row once, in a random order ─▶ block 2 … ─▶ effects
//!                       ▲             │                  each row in lock-step against the reference row
//!                       └─ lay out ◀──┴─ some failed: which features do not build together?
//!                           anew
//! ```
//!
//! Each fact is in the journal before the next step begins, so that a screen killed at any moment has lost the pair or the
//! build it was in and nothing else: resumed, it goes on with the same design and tosses the coins it would have tossed.
//!
//! What fails is a finding, not an end: a build that the compiler refuses, or that gives wrong answers, is a lost row, and the
//! effects are fitted to the others. Only the stack as it stands (row 0) and the reference must work.

use std::collections::BTreeMap;

use super::culprits::Suspects;
use super::effects::{Effects, Estimate, Standing};
use super::facts::{Conflict, Layout, Levels, Loss, LossStage, RowPair, ScreenId, ScreenPlan};
use super::journal::{Event, Journal, Opened, Opening};
use super::order;
use super::plan::Ask;
use crate::config::Config;
use crate::lab::LabError;
use crate::lab::build::{Arms, Lane, prepare};
use crate::lab::experiment::{Binary, Pair, Run, Side};
use crate::lab::folder::LabFolder;
use crate::lab::journal::{Event as LabEvent, Stage};
use crate::lab::lease;
use crate::lab::pair::{Bench, PairError, Which};
use crate::lab::recorder::{Interrupt, Notary, Recorder, Sink};
use crate::lab::verdict::{WrongAnswer, is_too_busy};
use crate::machine::{Lease, Patience};
use crate::project::Project;
use crate::units::LogRatio;

/// A design is laid out anew at most so often; after that what fails is lost.
const LAYOUTS_MAX: usize = 4;

/// Fewer builds than this tell nothing of anything.
const ROWS_MIN: usize = 3;

/// What is to be done.
#[derive(Debug)]
pub struct Job<'a> {
    /// Where things are.
    pub project: &'a Project,
    /// The rules.
    pub config: &'a Config,
    /// How it begins.
    pub opening: Opening,
    /// How long to wait for the machine when it is taken.
    pub patience: Patience,
}

/// A screen ready to run: planned, nothing spent yet.
#[derive(Debug)]
pub struct Planned<'a> {
    job: Job<'a>,
    folder: LabFolder,
    arms: Arms,
    /// What is asked.
    pub plan: ScreenPlan,
    /// The builds to begin with.
    pub layout: Layout,
}

/// What came of it.
#[derive(Debug)]
pub struct Conclusion {
    /// The screen in the journal.
    pub screen: ScreenId,
    /// Its plan.
    pub plan: ScreenPlan,
    /// The builds.
    pub layout: Layout,
    /// Builds that were lost.
    pub losses: Vec<Loss>,
    /// What does not build together.
    pub conflicts: Vec<Conflict>,
    /// All pairs, also dropped ones.
    pub pairs: Vec<RowPair>,
    /// What the rows say.
    pub effects: Effects,
}

impl<'a> Job<'a> {
    /// Looks at the sources and plans. Nothing is built, measured or recorded.
    pub async fn plan(self, ask: &Ask<'_>) -> Result<Planned<'a>, LabError> {
        let folder = LabFolder::at(&self.project.lab_dir())?;
        let arms = prepare(self.config, self.project.root(), &folder).await?;
        let plan = ask.plan(arms.digest());
        let first = plan.first_layout();
        let layout = match self.opening {
            Opening::Extend => first.folded_over().unwrap_or(first),
            Opening::Anew | Opening::Resume => first,
        };
        Ok(Planned { job: self, folder, arms, plan, layout })
    }
}

impl Planned<'_> {
    /// Which rows are built already.
    pub fn built(&self) -> Vec<bool> {
        self.layout.rows().map(|levels| self.arms.is_built(&self.plan.features(&levels))).collect()
    }

    /// Does it. Events go to `journal` and then to `observe`.
    pub async fn run<J: Journal>(
        self,
        journal: &mut J,
        observe: &mut (dyn FnMut(&Event) + Send),
        interrupt: Interrupt,
    ) -> Result<Conclusion, LabError> {
        let lease = {
            let mut tell = |note| observe(&Event::Lab(LabEvent::Progress { note }));
            let (what, job) = (self.plan.command(), &self.job);
            lease::take(job.project, &what, job.patience, &mut tell, interrupt.clone()).await?
        };
        let leftovers = self.folder.clear_leftovers()?;
        let opened = journal.open(&self.plan, self.job.opening).await;
        let opened = opened.map_err(|error| LabError::Journal(error.to_string()))?;
        let Some(Opened { id, plan, layout, losses, conflicts, pairs, ended }) = opened else {
            return Err(LabError::NothingToFold { command: self.plan.command() });
        };
        let limit_s = self.job.config.screen.limit_s;
        let mut recorder = Recorder::new(OfScreen { journal, id }, observe, interrupt, limit_s);
        recorder.stage(Stage::Lease, "the machine is ours").await?;
        for note in leftovers {
            recorder.emit(LabEvent::Progress { note: format!("cleared {note}") }).await?;
        }
        if self.job.opening != Opening::Anew {
            let note = match pairs.len() {
                0 => "nothing was left unfinished: beginning anew".to_owned(),
                recorded => format!("going on with screen {} after {recorded} pairs", id.0),
            };
            recorder.emit(LabEvent::Progress { note }).await?;
        }
        let begun = layout.is_some();
        let declared = plan.declared.len();
        let conflicts = plan.declared.iter().cloned().chain(conflicts).collect();
        let layout = layout.unwrap_or_else(|| plan.first_layout());
        let mut screening = Screening {
            planned: &self,
            lease,
            plan,
            layout,
            losses,
            conflicts,
            built: BTreeMap::new(),
            pairs,
            recorder,
        };
        match screening.run(begun, ended).await {
            Ok(effects) => {
                let Screening { plan, layout, losses, conflicts, pairs, .. } = screening;
                let conflicts = conflicts.into_iter().skip(declared).collect();
                Ok(Conclusion { screen: id, plan, layout, losses, conflicts, pairs, effects })
            }
            Err(error) => {
                // The error that stopped it is what the person must see, even if this cannot be recorded any more.
                let _ = screening.recorder.emit(LabEvent::Stopped { reason: error.to_string() }).await;
                Err(error)
            }
        }
    }
}

/// The notary of a screen.
struct OfScreen<'a, J> {
    journal: &'a mut J,
    id: ScreenId,
}

impl<J: Journal> Notary for OfScreen<'_, J> {
    type Event = Event;

    async fn note(&mut self, event: &Event) -> Result<(), LabError> {
        let recorded = self.journal.record(self.id, event).await;
        recorded.map_err(|error| LabError::Journal(error.to_string()))
    }
}

impl From<LabEvent> for Event {
    fn from(event: LabEvent) -> Self {
        Self::Lab(event)
    }
}

/// A screen under way.
struct Screening<'a, J: Journal> {
    planned: &'a Planned<'a>,
    lease: Lease,
    plan: ScreenPlan,
    layout: Layout,
    losses: Vec<Loss>,
    /// What does not build together: what the register says, then what was found.
    conflicts: Vec<Conflict>,
    built: BTreeMap<Levels, Binary>,
    pairs: Vec<RowPair>,
    recorder: Recorder<'a, OfScreen<'a, J>>,
}

impl<'a, J: Journal> Screening<'a, J> {
    async fn run(&mut self, begun: bool, ended: bool) -> Result<Effects, LabError> {
        if !begun {
            self.lay_out(self.layout.clone()).await?;
        }
        if self.planned.job.opening == Opening::Extend {
            match self.layout.folded_over() {
                Some(folded) => self.lay_out(folded).await?,
                None if ended => return Ok(self.effects()),
                None => {}
            }
        }
        self.build().await?;
        for note in lease::quiet(&mut self.lease).await? {
            self.recorder.emit(LabEvent::Progress { note }).await?;
        }
        self.measure().await?;
        let effects = self.effects();
        let told = told(&self.plan, &effects);
        self.recorder.stage(Stage::Conclude, told.clone()).await?;
        self.recorder.record(Event::Ended(told)).await?;
        Ok(effects)
    }

    async fn lay_out(&mut self, layout: Layout) -> Result<(), LabError> {
        self.recorder.record(Event::Laid(layout.clone())).await?;
        self.layout = layout;
        Ok(())
    }

    /// Builds every row. While nothing is measured yet, what does not build together is found out and laid out around.
    async fn build(&mut self) -> Result<(), LabError> {
        self.recorder.stage(Stage::Build, format!("{} builds", self.layout.design.len())).await?;
        for _ in 0..LAYOUTS_MAX {
            self.build_rows().await?;
            let known = self.conflicts.len();
            if !self.pairs.is_empty() || self.lost_rows().is_empty() {
                break;
            }
            self.find_culprits().await?;
            if self.conflicts.len() == known {
                break;
            }
            self.lay_out(self.plan.without(&self.layout, &self.conflicts)).await?;
        }
        let there = self.layout.design.len() - self.lost_rows().len();
        if there < ROWS_MIN {
            return Err(LabError::TooFewBuilds { there, of: self.layout.design.len() });
        }
        if self.is_lost(&self.layout.levels(self.layout.reference)) {
            if !self.pairs.is_empty() {
                return Err(LabError::ReferenceLost { reason: "it does not build any more".to_owned() });
            }
            let why = format!("{}; another reference, since the first does not build", self.layout.why);
            self.lay_out(Layout::of(self.layout.design.clone(), &self.lost_rows(), why)).await?;
        }
        Ok(())
    }

    async fn build_rows(&mut self) -> Result<(), LabError> {
        let count = self.layout.design.len();
        for row in 0..count {
            let levels = self.layout.levels(row);
            if !self.conflicts.iter().any(|conflict| conflict.hits(&levels)) {
                self.try_build(&levels, &format!("building {} of {count}", row + 1)).await?;
            }
        }
        Ok(())
    }

    /// Puts every suspicion to the test by a build of its own, until the failures are explained or nothing more can be
    /// found out.
    async fn find_culprits(&mut self) -> Result<(), LabError> {
        let mut suspects = Suspects::new(&self.conflicts);
        self.built.keys().for_each(|levels| suspects.saw(levels.clone(), true));
        let failed = self.losses.iter().filter(|loss| loss.stage == LossStage::Build);
        failed.for_each(|loss| suspects.saw(loss.levels.clone(), false));
        while let Some((suspect, probe)) = suspects.next() {
            let note = format!("is it that {}?", self.plan.told(&suspect));
            self.recorder.emit(LabEvent::Progress { note }).await?;
            let builds = self.try_build(&probe, "building a probe").await?;
            suspects.probed(suspect.clone(), probe, builds);
            if !builds {
                let told = self.plan.told(&suspect);
                self.recorder.record(Event::Conflict(suspect.clone(), told)).await?;
                self.conflicts.push(suspect);
            }
        }
        Ok(())
    }

    /// Whether it builds. That the compiler refuses it is recorded; the stack as it stands must build.
    async fn try_build(&mut self, levels: &Levels, task: &str) -> Result<bool, LabError> {
        if self.built.contains_key(levels) {
            return Ok(true);
        }
        if self.is_lost(levels) {
            return Ok(false);
        }
        let features = self.plan.features(levels);
        let ([lane], events) = Lane::several();
        let building = self.planned.arms.build(Side::B, &features, &lane);
        let said = || match Lane::all(std::slice::from_ref(&lane)) {
            doing if doing.is_empty() => task.to_owned(),
            doing => format!("{task}: {doing}"),
        };
        match self.recorder.gather(said, events, building).await? {
            Ok(binary) => {
                self.recorder.record(Event::Built(binary.clone())).await?;
                self.built.insert(levels.clone(), binary);
                Ok(true)
            }
            Err(LabError::BuildFailed { output, .. }) if levels.0.contains(&true) && !is_the_machines(&output) => {
                self.lose(levels.clone(), LossStage::Build, output).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Every row in every block, in the order that the seed says, until all have their pairs.
    async fn measure(&mut self) -> Result<(), LabError> {
        let (rows, blocks) = (self.layout.design.len(), self.plan.blocks);
        let before = self.pairs.len();
        for block in 0..blocks {
            let mut told = false;
            for row in order::of_block(self.plan.seed, block, rows) {
                while !self.is_lost(&self.layout.levels(row)) && self.counting(row).count() <= block as usize {
                    if !std::mem::replace(&mut told, true) {
                        let note = format!("block {} of {blocks}", block + 1);
                        self.recorder.stage(Stage::Measure, note).await?;
                    }
                    self.pair(row, before).await?;
                }
            }
        }
        Ok(())
    }

    /// One pair of a row. `before` pairs were recorded by earlier sittings: they say nothing of how busy the machine is now.
    async fn pair(&mut self, row: usize, before: usize) -> Result<(), LabError> {
        let fresh = &self.pairs[before..];
        let dropped = fresh.iter().filter(|pair| pair.pair.dropped.is_some()).count();
        if is_too_busy(dropped, fresh.len(), self.plan.policy.dropped_max) {
            let reason = fresh.iter().rev().find_map(|pair| pair.pair.dropped.clone()).unwrap_or_default();
            return Err(LabError::TooBusy {
                dropped,
                of: fresh.len(),
                reason,
                command: self.plan.command() + " --resume",
            });
        }
        let index = self.pairs.iter().filter(|pair| pair.row == row).count();
        let which = Which { workload: 0, run: Run::Decision, index: u32::try_from(index).unwrap_or(u32::MAX) };
        let plan = self.plan.pairs_of(&self.layout, row);
        let bench = self.bench(row)?;
        match bench.pair(&plan, which, &mut self.recorder).await {
            Ok(pair) => match fault(&pair) {
                None => self.keep(RowPair { row, pair }).await,
                Some((Side::A, reason)) => Err(LabError::ReferenceLost { reason }),
                Some((Side::B, reason)) => self.lose(self.layout.levels(row), LossStage::Run, reason).await,
            },
            Err(PairError::Arm(error)) if error.side == Side::B => {
                self.lose(self.layout.levels(row), LossStage::Run, error.to_string()).await
            }
            Err(PairError::Arm(error)) => Err(LabError::ReferenceLost { reason: error.to_string() }),
            Err(PairError::Lab(error)) => Err(error),
        }
    }

    fn bench(&self, row: usize) -> Result<Bench<'a>, LabError> {
        let planned = self.planned;
        let plan = self.plan.pairs_of(&self.layout, row);
        let launch = |side, row| {
            let binary = self.built.get(&self.layout.levels(row)).cloned();
            let binary = binary.ok_or_else(|| LabError::ArmGone { side, path: planned.folder.builds() })?;
            Ok::<_, LabError>(planned.arms.launches(&plan, &Binary { side, ..binary }))
        };
        Ok(Bench {
            folder: &planned.folder,
            arms: [launch(Side::A, self.layout.reference)?, launch(Side::B, row)?],
            machine: &planned.job.config.machine,
        })
    }

    async fn keep(&mut self, pair: RowPair) -> Result<(), LabError> {
        self.recorder.record(Event::Pair(Box::new(pair.clone()))).await?;
        self.pairs.push(pair);
        Ok(())
    }

    async fn lose(&mut self, levels: Levels, stage: LossStage, reason: String) -> Result<(), LabError> {
        let loss = Loss { levels, stage, reason };
        self.recorder.record(Event::Lost(loss.clone())).await?;
        self.losses.push(loss);
        Ok(())
    }

    fn effects(&self) -> Effects {
        effects(&self.layout, &self.losses, &self.pairs)
    }

    fn counting(&self, row: usize) -> impl Iterator<Item = &RowPair> {
        self.pairs.iter().filter(move |pair| pair.row == row && pair.pair.dropped.is_none())
    }

    fn lost_rows(&self) -> Vec<usize> {
        (0..self.layout.design.len()).filter(|&row| self.is_lost(&self.layout.levels(row))).collect()
    }

    fn is_lost(&self, levels: &Levels) -> bool {
        self.losses.iter().any(|loss| loss.levels == *levels)
            || self.conflicts.iter().any(|conflict| conflict.hits(levels))
    }
}

/// What recorded pairs say: the same facts always say the same. Rows that were lost have no say, also with what they measured
/// before.
pub fn effects(layout: &Layout, losses: &[Loss], pairs: &[RowPair]) -> Effects {
    let mut responses: Vec<Vec<LogRatio>> = vec![Vec::new(); layout.design.len()];
    let counting = pairs.iter().filter(|pair| pair.pair.dropped.is_none());
    for RowPair { row, pair } in counting {
        let lost = losses.iter().any(|loss| loss.levels == layout.levels(*row));
        if let Some(of_row) = responses.get_mut(*row).filter(|_| !lost) {
            of_row.push(pair.d);
        }
    }
    Effects::fit(&layout.design, &responses)
}

/// What a screen found, in a sentence: `2 of 12 act: T003 +412 %, B002 −3.20 %`.
pub fn told(plan: &ScreenPlan, effects: &Effects) -> String {
    let names = plan.names();
    let acting = effects.estimates.iter().filter(|estimate| estimate.standing == Standing::Active);
    let mut acting: Vec<_> = acting.collect();
    acting.sort_by(|a, b| b.effect.0.abs().total_cmp(&a.effect.0.abs()));
    let shown = |estimate: &&Estimate| {
        let effect = estimate.effect.told(plan.workload.better);
        format!("{} {effect}", estimate.term.name(&names))
    };
    let of = effects.estimates.len() + effects.unknown.len();
    match acting.as_slice() {
        [] => format!("none of {of} effects stands out from the noise"),
        some => format!(
            "{} of {of} effects stand out from the noise: {}",
            some.len(),
            some.iter().map(shown).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// What is wrong with a pair's answers, and on whose side. That the two disagree counts against the row: the reference agrees
/// with all others.
fn fault(pair: &Pair) -> Option<(Side, String)> {
    WrongAnswer::of(pair).map(|wrong| match wrong {
        WrongAnswer::Finding { side, finding } => (side, format!("wrong answer: {finding}")),
        WrongAnswer::Disagreement { a, b } => {
            (Side::B, format!("its final state is {b}, the reference's is {a} after the same work"))
        }
        WrongAnswer::NoFigure => (Side::B, "its metric was not a positive number".to_owned()),
    })
}

/// Whether a build failed for want of memory or room: that says nothing of the features.
fn is_the_machines(output: &str) -> bool {
    ["No space left on device", "signal: 9", "out of memory", "Cannot allocate memory", "os error 28"]
        .iter()
        .any(|sign| output.contains(sign))
}
