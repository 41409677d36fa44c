//! Progress of an experiment on stderr. Never silent for more than five seconds.

use crate::cli::teller::{Teller, how_built};
use crate::lab::experiment::{Pair, Plan, Role, Run, Side, Standing, WorkloadPlan};
use crate::lab::journal::Event;
use crate::report::words;

/// Says what happens.
#[derive(Debug)]
pub(super) struct Progress {
    workloads: Vec<WorkloadPlan>,
    teller: Teller,
}

impl Progress {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { workloads: plan.workloads.clone(), teller: Teller::new() }
    }

    /// One event.
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Stage { stage, note } => self.teller.stage(stage, note),
            Event::Progress { note } => self.teller.tick(note),
            Event::Built(binary) => {
                let how = how_built(binary);
                self.say(&format!("arm {} {how} ({:.12})", binary.side, binary.sha256));
            }
            Event::Slice { workload, side, rate } => {
                self.teller.slice(&self.workloads[*workload].label, *side, *rate);
            }
            Event::Pair(pair) => self.say(&self.pair(pair)),
            Event::Standing { workload, standing } => self.say(&self.standing(*workload, standing)),
            Event::Calibrated(found) => {
                let noise = found.main();
                let percent = noise.scale.gain().0 * 100.0;
                self.say(&format!("{}: noise of {} is {percent:.2} %", found.name, noise.metric));
            }
            Event::Profiled { side, kind, samples, .. } => {
                let counted = if matches!(kind.as_str(), "cpu" | "alloc" | "allocs") { "samples" } else { "waits" };
                self.say(&format!("{kind} profile of arm {side}: {samples} {counted}"));
            }
            Event::Ruled(ruling) => self.say(ruling.reason.lines().next().unwrap_or_default()),
            Event::ProfilesTaken => self.say("its profiles are taken"),
            Event::Stopped { reason } => self.say(&format!("stopped: {reason}")),
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

    fn pair(&self, pair: &Pair) -> String {
        let WorkloadPlan { role, label, metric, better, .. } = &self.workloads[pair.workload];
        let run = match (pair.run, role) {
            (Run::Calibration, _) => "calibration ",
            (Run::Confirmation, _) => "confirmation ",
            (Run::Decision, Role::Main | Role::Compared) => "",
            (Run::Decision, Role::Guard) => "guard ",
            (Run::Decision, Role::Control) => "control ",
        };
        let value = |side: Side| {
            pair.arm(side).values.get(metric).map_or_else(|| "–".to_owned(), |value| words::figure(metric, *value))
        };
        let dropped = pair.dropped.as_ref().map(|reason| format!(", dropped: {reason}")).unwrap_or_default();
        let (number, told) = (pair.index + 1, pair.d.told(*better));
        format!("{run}{label} pair {number}: {metric} {} → {}, {told}{dropped}", value(Side::A), value(Side::B))
    }

    fn standing(&self, workload: usize, standing: &Standing) -> String {
        let WorkloadPlan { label, metric, better, .. } = &self.workloads[workload];
        let (metric, effect) = (better.beside(metric), standing.effect(*better));
        format!("{label} after {} pairs: {metric} {effect}", standing.pairs)
    }
}
