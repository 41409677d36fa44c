//! All the state there is. `update` changes it, `view` draws it, and neither looks anywhere else.

mod overlay;
mod screen;

pub use overlay::{About, Choice, Dialog, HelpState, Overlay, PaletteState, Prompt, Then};
pub use screen::{Screen, Zoom};

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

use super::experiment::Experiment;
use super::facts::{AgentRow, Facts, NoiseSeries, PatchKey, ProfileFacts, Profiled, Row, ScreenRow, Work};
use super::freeze::Frozen;
use super::input::Input;
use super::msg::ProfileKey;
use super::state::{
    AgentsState, LabState, LabView, ListState, LogState, OutputState, Part, PlanState, ProfileState, RegisterState,
    ReviewPane, ReviewState,
};
use super::theme::{Look, ThemeName};
use crate::agents::facts::Submission;
use crate::improvements::{ImprovementId, Status};
use crate::lab::experiment::{ExperimentId, Question};
use crate::profiles::Kind;

/// How long a notice stands in the footer.
const NOTICE_TIME: SignedDuration = SignedDuration::from_secs(5);

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// What is known.
    pub facts: Facts,
    /// The time of the last message that brought it.
    pub now: Timestamp,
    /// Size of the terminal.
    pub size: Size,
    /// Theme and symbols.
    pub look: Look,
    /// No colour may be used, whatever the theme: `NO_COLOR`.
    pub plain: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Nothing may be changed from here: `--read-only`.
    pub read_only: bool,
    /// The screen that is shown.
    pub screen: Screen,
    /// Size of the detail.
    pub zoom: Zoom,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// The Register.
    pub register: RegisterState,
    /// The Lab.
    pub lab: LabState,
    /// The Profile.
    pub profile: ProfileState,
    /// The Agents.
    pub agents: AgentsState,
    /// The Review.
    pub review: ReviewState,
    /// The Plan.
    pub plan: PlanState,
    /// The Log.
    pub log: LogState,
    /// A sentence in the footer.
    pub notice: Option<Notice>,
    /// An apply that was started here and has not been seen in the store yet.
    pub starting: Option<StartedApply>,
    /// The last apply that was started here.
    pub started: Option<StartedApply>,
    /// Statuses that were set from here, the newest last.
    pub undo: Vec<Undo>,
    /// The process of an apply that was asked to stop from here.
    pub stopping: Option<u32>,
    /// What is live is frozen, and news wait.
    pub frozen: Option<Frozen>,
    /// Something changed since the last frame.
    pub dirty: bool,
}

/// A status that was set from here, and what stood before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Of which improvement.
    pub improvement: ImprovementId,
    /// Where it stood.
    pub before: Status,
    /// Where it was set to.
    pub after: Status,
}

/// A sentence in the footer, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
    /// When it goes.
    pub until: Timestamp,
}

/// An apply that was started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedApply {
    /// Of which improvement.
    pub improvement: ImprovementId,
    /// Its process, which leads its own group and session.
    pub pid: u32,
    /// Where its output goes.
    pub log: PathBuf,
}

impl StartedApply {
    /// Whether an experiment that asks this may be the one that was started.
    pub fn asks(&self, question: &Question) -> bool {
        matches!(question, Question::AddOneIn(improvement) if *improvement == self.improvement)
    }
}

impl Model {
    /// Nothing known yet.
    pub fn new(now: Timestamp, size: Size, theme: ThemeName, ascii: bool, mouse: bool) -> Self {
        Self {
            facts: Facts::default(),
            now,
            size,
            look: Look::new(theme, ascii),
            plain: false,
            mouse,
            read_only: false,
            screen: Screen::Register,
            zoom: Zoom::Normal,
            overlay: None,
            register: RegisterState::default(),
            lab: LabState::default(),
            profile: ProfileState::default(),
            agents: AgentsState::default(),
            review: ReviewState::default(),
            plan: PlanState::default(),
            log: LogState::default(),
            notice: None,
            starting: None,
            started: None,
            undo: Vec::new(),
            stopping: None,
            frozen: None,
            dirty: true,
        }
    }

    /// The selected improvement of the Register.
    pub fn selected_row(&self) -> Option<&Row> {
        let index = *self.register.visible.get(self.register.list.selected)?;
        self.facts.rows.get(index)
    }

    /// The experiment the Lab shows: the running one, or the one opened from the past.
    pub fn shown_experiment(&self) -> Option<&Experiment> {
        match &self.facts.running {
            Some(running) if self.lab.view == LabView::Live => Some(running),
            _ if !self.shows_past() => None,
            _ => {
                self.facts.opened.as_ref().filter(|opened| {
                    self.facts.past.get(self.lab.list.selected).is_some_and(|past| past.id == opened.id)
                })
            }
        }
    }

    /// What the Lab shows: past experiments where none runs.
    pub fn lab_view(&self) -> LabView {
        match self.lab.view {
            LabView::Live if self.facts.running.is_none() => LabView::Past,
            view => view,
        }
    }

    /// Whether the Lab shows the list of past experiments.
    pub fn shows_past(&self) -> bool {
        self.lab_view() == LabView::Past
    }

    /// The screens that the Lab lists.
    pub fn screens(&self) -> &[ScreenRow] {
        match &self.facts.lab.screens {
            Some(Ok(rows)) => rows,
            Some(Err(_)) | None => &[],
        }
    }

    /// The workloads whose noise the Lab lists.
    pub fn noise(&self) -> &[NoiseSeries] {
        match &self.facts.lab.noise {
            Some(Ok(series)) => series,
            Some(Err(_)) | None => &[],
        }
    }

    /// The improvement whose trend the Lab should show: that of the selected past experiment.
    pub fn wanted_trend(&self) -> Option<&ImprovementId> {
        let past = self.facts.past.get(self.lab.list.selected)?;
        past.question.improvement().filter(|_| self.lab.trend && self.shows_past())
    }

    /// Index of the workload the Lab shows.
    pub fn shown_workload(&self, experiment: &Experiment) -> usize {
        let last = experiment.trials.len().saturating_sub(1);
        let otherwise = if experiment.has_ended() { experiment.main() } else { experiment.current() };
        self.lab.workload.unwrap_or(otherwise).min(last)
    }

    /// The process of the running apply, from the lease or because it was started here.
    pub fn running_pid(&self) -> Option<u32> {
        let running = self.facts.running.as_ref()?;
        let ours = self.started.as_ref().filter(|started| started.asks(&running.plan.question));
        running.process.or(ours.map(|started| started.pid))
    }

    /// The profile that the screen should show: of the experiment and the kind that a person chose, else of the newest.
    pub fn wanted_profile(&self) -> Option<ProfileKey> {
        let all = &self.facts.profiled;
        let chosen = all.iter().find(|profiled| Some(profiled.experiment) == self.profile.chosen);
        let Profiled { experiment, question, kinds, .. } = chosen.or(all.first())?;
        let shown = || kinds.iter().filter(|(kind, _)| is_shown(*kind));
        let (kind, captures) = shown().find(|(kind, _)| *kind == self.profile.kind).or(shown().next())?;
        let subject = question.subject().to_owned();
        Some(ProfileKey { experiment: *experiment, subject, kind: *kind, captures: *captures })
    }

    /// What was counted in an experiment and can be shown.
    pub fn profile_kinds(&self, experiment: ExperimentId) -> impl Iterator<Item = Kind> {
        let profiled = self.facts.profiled.iter().find(move |profiled| profiled.experiment == experiment);
        let kinds = profiled.into_iter().flat_map(|profiled| &profiled.kinds);
        kinds.map(|(kind, _)| *kind).filter(|kind| is_shown(*kind))
    }

    /// The newest profile of an improvement, as it was added to a stack.
    pub fn profile_of(&self, improvement: &ImprovementId) -> Option<&Profiled> {
        self.facts.profiled.iter().find(|profiled| profiled.question == Question::AddOneIn(improvement.clone()))
    }

    /// The profile of the experiment that the Lab shows.
    pub fn profile_of_shown(&self) -> Option<&Profiled> {
        let id = self.shown_experiment()?.id;
        self.facts.profiled.iter().find(|profiled| profiled.experiment == id)
    }

    /// The parts of the plan.
    pub fn parts(&self) -> Vec<Part> {
        match &self.facts.plan {
            Some(Ok(plan)) => Part::all(plan.phases.len()).collect(),
            Some(Err(_)) | None => Vec::new(),
        }
    }

    /// The part of the plan that is selected.
    pub fn shown_part(&self) -> Option<Part> {
        self.parts().get(self.plan.list.selected).copied()
    }

    /// Whether keys move in the graph of the Profile, and not in a list.
    pub fn hears_graph(&self) -> bool {
        self.screen == Screen::Profile && !self.profile.in_table
    }

    /// Whether keys move in the diff of the Review, and not in the list.
    pub fn hears_diff(&self) -> bool {
        self.screen == Screen::Review && self.zoom == Zoom::Full && self.review.pane == ReviewPane::Diff
    }

    /// The submission that is selected in the Review.
    pub fn shown_submission(&self) -> Option<(&Work, &Submission)> {
        let work = self.facts.work.get(*self.review.order.get(self.review.list.selected)?)?;
        Some((work, work.life.submission()?))
    }

    /// The patch that the Review should show.
    pub fn wanted_patch(&self) -> Option<PatchKey> {
        let (work, submission) = self.shown_submission()?;
        Some(PatchKey { base: work.life.assignment.base.clone(), commit: submission.commit.clone() })
    }

    /// The agent that is selected.
    pub fn selected_agent(&self) -> Option<&AgentRow> {
        self.facts.agents.get(self.agents.list.selected)
    }

    /// The profile on the screen.
    pub fn shown_profile(&self) -> Option<&ProfileFacts> {
        self.facts.profile.as_ref()?.as_deref().ok()
    }

    /// Length of the shown screen's list.
    pub fn list_len(&self) -> usize {
        match self.screen {
            Screen::Register => self.register.visible.len(),
            Screen::Lab => match self.lab_view() {
                LabView::Live => 0,
                LabView::Past => self.facts.past.len(),
                LabView::Screens => self.screens().len(),
                LabView::Noise => self.noise().len(),
            },
            Screen::Profile => self.profile.order.len(),
            Screen::Agents => self.agents.output.as_ref().map_or(self.facts.agents.len(), OutputState::len),
            Screen::Review if self.hears_diff() => self.facts.patch().map_or(0, |patch| patch.lines.len()),
            Screen::Review => self.review.order.len(),
            Screen::Plan => self.parts().len(),
            Screen::Log => self.facts.log.len(),
        }
    }

    /// Whether the shown screen has something selected.
    pub fn has_selection(&self) -> bool {
        self.list_len() > 0 || (self.screen == Screen::Lab && self.lab_view() == LabView::Live)
    }

    /// The shown screen's list.
    pub fn list_mut(&mut self) -> &mut ListState {
        match self.screen {
            Screen::Register => &mut self.register.list,
            Screen::Lab => match self.lab_view() {
                LabView::Live | LabView::Past => &mut self.lab.list,
                LabView::Screens => &mut self.lab.screens,
                LabView::Noise => &mut self.lab.noise,
            },
            Screen::Profile => &mut self.profile.list,
            Screen::Agents => match &mut self.agents.output {
                Some(output) => &mut output.list,
                None => &mut self.agents.list,
            },
            Screen::Review if self.hears_diff() => &mut self.review.diff,
            Screen::Review => &mut self.review.list,
            Screen::Plan => &mut self.plan.list,
            Screen::Log => &mut self.log.list,
        }
    }

    /// The text field of the shown screen, while it is open.
    pub fn editing(&self) -> Option<&Input> {
        match self.screen {
            Screen::Register => self.register.editing.as_ref(),
            Screen::Profile => self.profile.editing.as_ref(),
            Screen::Agents => self.agents.output.as_ref().and_then(|output| output.editing.as_ref()),
            Screen::Lab | Screen::Review | Screen::Plan | Screen::Log => None,
        }
    }

    /// The same, to type into.
    pub fn editing_mut(&mut self) -> Option<&mut Input> {
        match self.screen {
            Screen::Register => self.register.editing.as_mut(),
            Screen::Profile => self.profile.editing.as_mut(),
            Screen::Agents => self.agents.output.as_mut().and_then(|output| output.editing.as_mut()),
            Screen::Lab | Screen::Review | Screen::Plan | Screen::Log => None,
        }
    }

    /// Lines of the shown screen's detail that are scrolled away.
    pub fn detail_offset_mut(&mut self) -> &mut usize {
        match self.screen {
            Screen::Register => &mut self.register.detail_offset,
            Screen::Lab | Screen::Profile | Screen::Log => &mut self.lab.detail_offset,
            Screen::Agents => &mut self.agents.detail_offset,
            Screen::Review => &mut self.review.detail_offset,
            Screen::Plan => &mut self.plan.detail_offset,
        }
    }

    /// Says something in the footer.
    pub fn say(&mut self, text: impl Into<String>) {
        self.put_notice(text.into(), false);
    }

    /// Says in the footer what went wrong.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.put_notice(text.into(), true);
    }

    fn put_notice(&mut self, text: String, is_error: bool) {
        let until = self.now.saturating_add(NOTICE_TIME).unwrap_or(self.now);
        self.notice = Some(Notice { text, is_error, until });
        self.dirty = true;
    }
}

/// How often something happened is told beside how much it was.
fn is_shown(kind: Kind) -> bool {
    match kind {
        Kind::Cpu | Kind::Wait | Kind::Instructions | Kind::Alloc => true,
        Kind::Times | Kind::Allocs => false,
    }
}
