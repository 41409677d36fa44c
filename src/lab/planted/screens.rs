//! Many flags of which few act: a Hadamard screen against one flag at a time, for as many builds, measured as often.
//!
//! A build's response is the average of three pairs against the one reference; besides the pairs' noise each build has
//! a layout of its own, which no repetition of the same binary averages out.
//!
//! One at a time, 36 builds are the 33 flags, each alone, and three of none (72: all of it twice). An effect is the flag's
//! build against the mean of those of none; or, where the reference itself is the build of none, the pairs as they are,
//! which is the best that can be done one at a time.

use super::noise::Machine;
use crate::lab::screen::{Design, Effects, Standing, Term};
use crate::units::LogRatio;

/// Flags.
pub const FLAGS: usize = 33;

/// Of these, how many act.
pub const ACTIVE: usize = 5;

/// Pairs of each build.
pub const PAIRS: usize = 3;

/// How much a build's layout adds, in parts of the noise of a pair.
const LAYOUT: f64 = 0.5;

/// What a world holds: the effects of the flags, and what pairs of them do together.
#[derive(Debug, Clone)]
pub struct Truth {
    effects: Vec<f64>,
    together: Vec<(usize, usize, f64)>,
}

/// How a screen went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Screened {
    /// Sum of squared errors of the screen's effects.
    pub squares: f64,
    /// The same, one flag at a time.
    pub squares_alone: f64,
    /// The same, one flag at a time, in pairs with the build of none.
    pub squares_paired: f64,
    /// Intervals of the screen that held the truth.
    pub covered: usize,
    /// Flags that act and were called active.
    pub found: usize,
    /// Flags that do nothing and were called active.
    pub invented: usize,
}

impl Truth {
    /// Five flags act, by 5 to 30 % either way; `pairs` of the flags, each an active one and some other, do 10 % more
    /// or less together.
    pub fn drawn(machine: &mut Machine, pairs: usize) -> Self {
        let mut effects = vec![0.0; FLAGS];
        let mut active = Vec::new();
        while active.len() < ACTIVE {
            let flag = pick(machine, FLAGS);
            if effects[flag] == 0.0 {
                effects[flag] = sign(machine) * (0.05 + 0.25 * machine.uniform());
                active.push(flag);
            }
        }
        let mut together: Vec<(usize, usize, f64)> = Vec::new();
        while together.len() < pairs {
            let (one, other) = (active[pick(machine, ACTIVE)], pick(machine, FLAGS));
            if one != other {
                together.push((one, other, sign(machine) * 0.1));
            }
        }
        Self { effects, together }
    }

    fn of(&self, on: &[usize]) -> f64 {
        let alone: f64 = on.iter().map(|&flag| self.effects[flag]).sum();
        let both = self.together.iter().filter(|(a, b, _)| on.contains(a) && on.contains(b));
        alone + both.map(|(_, _, effect)| effect).sum::<f64>()
    }

    /// A flag's effect at the average of the others, which is what a screen estimates.
    fn average(&self, flag: usize) -> f64 {
        let halves =
            self.together.iter().filter(|(a, b, _)| *a == flag || *b == flag).map(|(_, _, effect)| effect / 2.0);
        self.effects[flag] + halves.sum::<f64>()
    }
}

/// Screens the flags of `truth` with `design`, and one at a time with as many builds.
pub fn screened(machine: &mut Machine, scale: f64, truth: &Truth, design: &Design) -> Screened {
    let mut build = |on: &[usize]| -> Vec<LogRatio> {
        let response = truth.of(on) + machine.layout(LAYOUT * scale);
        (0..PAIRS).map(|_| LogRatio(machine.pair(response))).collect()
    };
    let responses: Vec<Vec<LogRatio>> =
        (0..design.len()).map(|row| build(&design.on(row).collect::<Vec<_>>())).collect();
    let effects = Effects::fit(design, &responses);

    let average = |responses: Vec<LogRatio>| responses.iter().map(|y| y.0).sum::<f64>() / responses.len() as f64;
    let times = design.len() / FLAGS;
    let mut mean = |on: &[usize], builds: usize| (0..builds).map(|_| average(build(on))).sum::<f64>() / builds as f64;
    let none = mean(&[], design.len() - times * FLAGS);
    let alone: Vec<f64> = (0..FLAGS).map(|flag| mean(&[flag], times)).collect();
    // The one build of none that every pair is run against has a layout too.
    let reference = machine.layout(LAYOUT * scale);
    let mut result = Screened::default();
    for (flag, alone) in alone.into_iter().enumerate() {
        let (truly, acts) = (truth.average(flag), truth.effects[flag]);
        result.squares_alone += (alone - none - acts).powi(2);
        result.squares_paired += (alone - reference - acts).powi(2);
        if let Some(estimate) = effects.of(&Term::main(flag)) {
            result.squares += (estimate.effect.0 - truly).powi(2);
            result.covered += usize::from((estimate.interval.low..=estimate.interval.high).contains(&truly));
            let is_active = estimate.standing == Standing::Active;
            result.found += usize::from(is_active && acts != 0.0);
            result.invented += usize::from(is_active && truly == 0.0);
        }
    }
    result
}

fn pick(machine: &mut Machine, among: usize) -> usize {
    ((machine.uniform() * among as f64) as usize).min(among - 1)
}

fn sign(machine: &mut Machine) -> f64 {
    if machine.uniform() < 0.5 { -1.0 } else { 1.0 }
}
