//! Progress of a screen on stderr.

use crate::cli::teller::{Teller, how_built};
use crate::lab::journal::Event as LabEvent;
use crate::lab::screen::facts::{Layout, RowPair, ScreenPlan};
use crate::lab::screen::journal::Event;

/// Says what happens.
#[derive(Debug)]
pub(super) struct Progress {
    plan: ScreenPlan,
    rows: usize,
    teller: Teller,
}

impl Progress {
    pub(super) fn new(plan: &ScreenPlan, layout: &Layout) -> Self {
        Self { plan: plan.clone(), rows: layout.design.len(), teller: Teller::new() }
    }

    /// One event.
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Lab(event) => self.observe_lab(event),
            Event::Laid(layout) => {
                self.rows = layout.design.len();
                self.say(&format!("{} builds: {}", self.rows, layout.why));
            }
            Event::Built(binary) => {
                let how = how_built(binary);
                let features = binary.features.join(" + ");
                let features = if features.is_empty() { "no feature".to_owned() } else { features };
                self.say(&format!("{features} {how} ({:.12})", binary.sha256));
            }
            Event::Lost(loss) => {
                let features = self.plan.features(&loss.levels).join(" + ");
                let first = loss.reason.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                self.say(&format!("{features} {}: {first}", loss.stage));
            }
            Event::Conflict(_, told) => self.say(&format!("found: {told}")),
            Event::Pair(pair) => self.say(&self.pair(pair)),
            // Said as the last stage already.
            Event::Ended(_) => {}
        }
    }

    /// A line that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.teller.say(text);
    }

    /// Clears the live line.
    pub(super) fn end(&mut self) {
        self.teller.end();
    }

    fn observe_lab(&mut self, event: &LabEvent) {
        match event {
            LabEvent::Stage { stage, note } => self.teller.stage(stage, note),
            LabEvent::Progress { note } => self.teller.tick(note),
            LabEvent::Slice { side, rate, .. } => self.teller.slice(&self.plan.workload.label, *side, *rate),
            LabEvent::Stopped { reason } => self.teller.say(&format!("stopped: {reason}")),
            // Of an experiment alone.
            LabEvent::Built(_)
            | LabEvent::ProfilesTaken
            | LabEvent::Calibrated(_)
            | LabEvent::Pair(_)
            | LabEvent::Standing { .. }
            | LabEvent::Profiled { .. }
            | LabEvent::Ruled(_) => {}
        }
    }

    fn pair(&self, RowPair { row, pair }: &RowPair) -> String {
        let dropped = pair.dropped.as_ref().map(|reason| format!(", dropped: {reason}")).unwrap_or_default();
        let (metric, told) = (&self.plan.workload.metric, pair.d.told(self.plan.workload.better));
        format!("build {} of {} against the reference: {metric} {told}{dropped}", row + 1, self.rows)
    }
}
