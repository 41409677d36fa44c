//! Saying on stderr what happens: a live line on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::lab::experiment::{Binary, Side};

/// Plain lines about slices come at most this often; everything else is said when it happens.
const SLICE_LINES: Duration = Duration::from_secs(2);

/// How a build came about, and in how many layouts it is there.
pub(super) fn how_built(binary: &Binary) -> String {
    let how = if binary.cached { "found in the cache" } else { "built" };
    match binary.layouts.len() {
        0 => how.to_owned(),
        others => format!("{how} in {} layouts", others + 1),
    }
}

/// Says what happens.
#[derive(Debug)]
pub(super) struct Teller {
    rates: [f64; 2],
    started: Instant,
    said: Instant,
    stage: String,
    /// The live line; absent where stderr is not a terminal.
    bar: Option<ProgressBar>,
}

impl Teller {
    pub(super) fn new() -> Self {
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
        Self { rates: [0.0; 2], started: now, said: now, stage: "plan".to_owned(), bar }
    }

    /// A stage begins.
    pub(super) fn stage(&mut self, stage: impl ToString, note: &str) {
        self.stage = stage.to_string();
        if let Some(bar) = &self.bar {
            bar.set_prefix(self.stage.clone());
        }
        self.say(note);
    }

    /// A slice of the workload `label` ended.
    pub(super) fn slice(&mut self, label: &str, side: Side, rate: f64) {
        self.rates[side as usize] = rate;
        let line = format!("{label}  A {}/s  B {}/s", round(self.rates[0]), round(self.rates[1]));
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None if self.said.elapsed() >= SLICE_LINES => self.say(&line),
            None => {}
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
            // Whoever read stderr has gone: the measurement does not depend on being watched.
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// A sign of life: replaces the last one on a terminal.
    pub(super) fn tick(&mut self, note: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(note.to_owned()),
            None => self.say(note),
        }
    }

    /// Clears the live line.
    pub(super) fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A rate with three significant digits: `842`, `7.12 k`, `36.2 k`, `1.20 M`.
fn round(rate: f64) -> String {
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
