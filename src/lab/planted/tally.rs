//! Counts over many experiments. Every experiment has a machine of its own, whose seed is its number: the same call
//! counts the same.

use std::thread;

use super::experiment::{Judged, REQUIRED, judged};
use super::noise::{Machine, Noise};
use super::rivals::{Concluded, blocked, peeked};
use super::screens::{ACTIVE, FLAGS, Screened, Truth, screened};
use crate::lab::experiment::{Standing, Verdict};
use crate::lab::screen::Design;
use crate::units::{Gain, LogRatio};

/// The gain that must be found.
pub const PLANTED: Gain = Gain(0.20);

/// Pairs after which somebody who looks after every pair gives up: the rule's own limit.
const PEEKED_MAX: usize = 30;

/// A kind of noise at a strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    /// Its shape.
    pub noise: Noise,
    /// The noise of a pair on the log scale.
    pub scale: f64,
}

/// Shares of the experiments in one world, as fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruled {
    /// The world.
    pub world: World,
    /// PROVEN or ACCEPTED, though nothing changed.
    pub accepts_nothing: f64,
    /// PROVEN, though the gain is exactly what is required and not more: the hardest case.
    pub proves_the_margin: f64,
    /// PROVEN, where the gain is [`PLANTED`].
    pub proves_the_planted: f64,
    /// Pairs to the decision there, on average.
    pub pairs: f64,
    /// Published intervals that hold the truth, the least over the three effects.
    pub published_hold: f64,
    /// The same of the intervals of decision runs.
    pub decided_hold: f64,
    /// Ten runs of each arm in blocks and Welch's t-test: significant, though the gain is exactly what is required.
    pub blocked_accepts: f64,
    /// A t-test looked at after every pair: the same.
    pub peeked_accepts: f64,
}

/// What `experiments` for each of three effects came to.
pub fn ruled(world: World, experiments: u32) -> Ruled {
    let [margin, planted] = [REQUIRED, PLANTED].map(|gain| LogRatio::from_gain(gain).0);
    let of = |effect: f64| (0..experiments).map(move |seed| judged(&mut machine(world, seed), LogRatio(effect)));
    let [nothing, exactly, more] = [0.0, margin, planted].map(|effect| of(effect).collect::<Vec<Judged>>());
    let share = |judged: &[Judged], says: &dyn Fn(&Judged) -> bool| {
        judged.iter().filter(|one| says(one)).count() as f64 / f64::from(experiments)
    };
    let proven = |one: &Judged| one.ruling.verdict == Verdict::Proven;
    let least = |shown: &dyn Fn(&Judged) -> Standing| {
        let holds = |effect: f64| move |shown: Standing| shown.bounds.low <= effect && effect <= shown.bounds.high;
        [(&nothing, 0.0), (&exactly, margin), (&more, planted)]
            .into_iter()
            .map(|(judged, effect)| share(judged, &|one| holds(effect)(shown(one))))
            .fold(1.0, f64::min)
    };
    let rival = |concludes: &dyn Fn(&mut Machine) -> Concluded| {
        (0..experiments).filter(|&seed| concludes(&mut machine(world, seed)).accepts).count() as f64
            / f64::from(experiments)
    };
    Ruled {
        world,
        accepts_nothing: share(&nothing, &|one| one.ruling.verdict.is_accepted()),
        proves_the_margin: share(&exactly, &proven),
        proves_the_planted: share(&more, &proven),
        pairs: more.iter().map(|one| one.decision.len() as f64).sum::<f64>() / f64::from(experiments),
        published_hold: least(&|one| one.ruling.confirmation.unwrap_or(one.ruling.decision[0])),
        decided_hold: least(&|one| one.ruling.decision[0]),
        blocked_accepts: rival(&|machine| blocked(machine, margin, margin)),
        peeked_accepts: rival(&|machine| peeked(machine, margin, margin, PEEKED_MAX)),
    }
}

/// What screens of 33 flags, of which 5 act, came to in one world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// The world.
    pub world: World,
    /// Builds of each screen.
    pub builds: usize,
    /// Root mean square error of an effect on the log scale.
    pub rmse: f64,
    /// The same, one flag at a time with as many builds.
    pub rmse_alone: f64,
    /// The same, one flag at a time in pairs with the build of none.
    pub rmse_paired: f64,
    /// Intervals that hold the truth, as a fraction.
    pub hold: f64,
    /// Flags that act and were called active, as a fraction.
    pub found: f64,
    /// Flags that do nothing and were called active, of each screen.
    pub invented: f64,
}

/// What `screens` screens came to; `together` pairs of flags do 10 % more or less than the sum.
pub fn compared(world: World, screens: u32, together: usize, fold_over: bool) -> Compared {
    let design = Design::screening(FLAGS);
    let design = if fold_over { design.fold_over() } else { design };
    let mut sum = Screened::default();
    for seed in 0..screens {
        let mut machine = machine(world, seed);
        let truth = Truth::drawn(&mut machine, together);
        let one = screened(&mut machine, world.scale, &truth, &design);
        sum = Screened {
            squares: sum.squares + one.squares,
            squares_alone: sum.squares_alone + one.squares_alone,
            squares_paired: sum.squares_paired + one.squares_paired,
            covered: sum.covered + one.covered,
            found: sum.found + one.found,
            invented: sum.invented + one.invented,
        };
    }
    let screens = f64::from(screens);
    let effects = screens * FLAGS as f64;
    Compared {
        world,
        builds: design.len(),
        rmse: (sum.squares / effects).sqrt(),
        rmse_alone: (sum.squares_alone / effects).sqrt(),
        rmse_paired: (sum.squares_paired / effects).sqrt(),
        hold: sum.covered as f64 / effects,
        found: sum.found as f64 / (screens * ACTIVE as f64),
        invented: sum.invented as f64 / screens,
    }
}

/// Every shape of noise at every one of `scales`.
pub fn worlds(scales: &[f64]) -> Vec<World> {
    scales.iter().flat_map(|&scale| Noise::ALL.map(|noise| World { noise, scale })).collect()
}

/// `of` every world, in the worlds' order, on as many threads as the machine has cores.
pub fn in_all<T: Send>(worlds: &[World], of: impl Fn(World) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // Worlds are dealt out like cards: neighbours take about as long.
    let hand =
        |thread: usize| worlds.iter().enumerate().skip(thread).step_by(threads).map(|(at, world)| (at, of(*world)));
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let players: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || hand(thread).collect::<Vec<_>>())).collect();
        players.into_iter().flat_map(|player| player.join().unwrap_or_default()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn machine(world: World, seed: u32) -> Machine {
    Machine::new(world.noise, world.scale, u64::from(seed))
}
