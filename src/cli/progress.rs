//! Progress on stderr: a live line on a terminal, plain lines elsewhere. Never silent for more than five seconds.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::lab::experiment::{Pair, Plan, Role, Run, Side, Standing, WorkloadPlan};
use crate::lab::journal::Event;
use crate::report::words;

/// Plain lines about slices come at most this often; everything else is said when it happens.
const SLICE_LINES: Duration = Duration::from_secs(2);

/// Says what happens.
#[derive(Debug)]
pub(super) struct Progress {
    workloads: Vec<WorkloadPlan>,
    rates: [f64; 2],
    started: Instant,
    said: Instant,
    stage: String,
    /// The live line; absent where stderr is not a terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(plan: &Plan) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {prefix:9} {wide_msg}");
            // The template is a constant: were it wrong, the default style would do.
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self {
            workloads: plan.workloads.clone(),
            rates: [0.0; 2],
            started: now,
            said: now,
            stage: "plan".to_owned(),
            bar,
        }
    }

    /// One event.
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Stage { stage, note } => {
                self.stage = stage.to_string();
                if let Some(bar) = &self.bar {
                    bar.set_prefix(self.stage.clone());
                }
                self.say(note);
            }
            Event::Progress { note } => self.tick(note),
            Event::Built(binary) => {
                let how = if binary.cached { "found in the cache" } else { "built" };
                self.say(&format!("arm {} {how} ({:.12})", binary.side, binary.sha256));
            }
            Event::Slice { workload, side, rate } => {
                self.rates[*side as usize] = *rate;
                let label = &self.workloads[*workload].label;
                let line = format!("{label}  A {}/s  B {}/s", round(self.rates[0]), round(self.rates[1]));
                match &self.bar {
                    Some(bar) => bar.set_message(line),
                    None if self.said.elapsed() >= SLICE_LINES => self.say(&line),
                    None => {}
                }
            }
            Event::Pair(pair) => self.say(&self.pair(pair)),
            Event::Standing { workload, standing } => self.say(&self.standing(*workload, standing)),
            Event::Calibrated(found) => {
                let noise = found.main();
                let percent = noise.scale.gain().0 * 100.0;
                self.say(&format!("{}: noise of {} is {percent:.2} %", found.name, noise.metric));
            }
            Event::Profiled { side, kind, samples, .. } => {
                let counted = if kind == "cpu" { "samples" } else { "waits" };
                self.say(&format!("{kind} profile of arm {side}: {samples} {counted}"));
            }
            Event::Ruled(ruling) => self.say(ruling.reason.lines().next().unwrap_or_default()),
            Event::Stopped { reason } => self.say(&format!("stopped: {reason}")),
        }
    }

    /// A line that stays.
    pub(super) fn say(&mut self, text: &str) {
        self.said = Instant::now();
        let lines = text.lines().map(|line| match &self.bar {
            Some(_) => format!("{:9} {line}", self.stage),
            None => format!("[{:>4} s] {:9} {line}", self.started.elapsed().as_secs(), self.stage),
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        match &self.bar {
            Some(bar) => bar.println(text),
            // Whoever read stderr has gone: the experiment does not depend on being watched.
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// Clears the live line.
    pub(super) fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// A sign of life: replaces the last one on a terminal.
    fn tick(&mut self, note: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(note.to_owned()),
            None => self.say(note),
        }
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

/// A rate with three significant digits: `842`, `7.12 k`, `36.2 k`, `1.20 M`.
pub(super) fn round(rate: f64) -> String {
    let (value, unit) = match rate {
        rate if rate >= 1e9 => (rate / 1e9, " G"),
        rate if rate >= 1e6 => (rate / 1e6, " M"),
        rate if rate >= 1e3 => (rate / 1e3, " k"),
        rate => (rate, ""),
    };
    let digits = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}
