//! The tables' promises, small: fixed seeds, so the counts repeat. Three standard errors of a count are allowed.

use super::experiment::judged;
use super::tally::{World, compared, ruled, worlds};
use super::{Machine, Noise};
use crate::lab::experiment::Verdict;
use crate::units::{Gain, LogRatio};

/// At most `rate` of `n`, but for the luck of the draw.
fn at_most(share: f64, rate: f64, n: u32) -> bool {
    let n = f64::from(n);
    share * n <= rate * n + 3.0 * (rate * n).sqrt()
}

#[test]
fn a_planted_fifth_is_proven_and_nothing_is_not_under_every_noise() {
    let experiments = 24;
    for world in worlds(&[0.03]) {
        let of = |gain: Gain| {
            let effect = LogRatio::from_gain(gain);
            (0..experiments).map(move |seed| judged(&mut Machine::new(world.noise, world.scale, seed), effect))
        };
        let accepted = of(Gain(0.0)).filter(|one| one.ruling.verdict.is_accepted()).count();
        assert_eq!(accepted, 0, "{world:?}");
        let found: Vec<_> = of(Gain(0.20)).collect();
        let proven = found.iter().filter(|one| one.ruling.verdict == Verdict::Proven).count();
        let pairs = found.iter().map(|one| one.decision.len()).sum::<usize>() as f64 / f64::from(experiments as u32);
        assert!(proven >= 22 && pairs <= 12.0, "{world:?}: {proven} of {experiments} proven, {pairs} pairs");
    }
}

#[test]
fn others_accept_what_the_rule_does_not() {
    let experiments = 20;
    let ruled = ruled(World { noise: Noise::Drifting, scale: 0.03 }, experiments);
    assert!(at_most(ruled.proves_the_margin, 0.05, experiments), "{ruled:?}");
    assert!(ruled.blocked_accepts >= 0.25 && ruled.peeked_accepts >= 0.10, "{ruled:?}");
    assert!(ruled.published_hold >= 0.80 && ruled.decided_hold >= 0.75, "{ruled:?}");
}

#[test]
fn a_screen_is_three_times_as_sharp_as_one_flag_at_a_time() {
    for world in worlds(&[0.04]) {
        let screens = compared(world, 30, 0, false);
        assert_eq!(screens.builds, 36);
        // Without a variance there is no mean square to compare; the full table shows what is seen of it.
        let part = if world.noise == Noise::Wild { 0.6 } else { 1.0 / 3.0 };
        assert!(screens.rmse <= part * screens.rmse_alone, "{screens:?}");
        assert!(screens.hold >= 0.94, "{screens:?}");
        assert!(screens.invented <= 0.2, "{screens:?}");
    }
    let quiet = compared(World { noise: Noise::Normal, scale: 0.02 }, 30, 0, false);
    assert!(quiet.found >= 0.95, "{quiet:?}");
}

#[test]
fn interactions_blur_a_screen_and_folding_over_clears_it() {
    let world = World { noise: Noise::Normal, scale: 0.02 };
    let [blurred, clear] = [false, true].map(|fold| compared(world, 30, 4, fold));
    assert!(clear.rmse < 0.75 * blurred.rmse, "{blurred:?} {clear:?}");
    assert!(blurred.hold >= 0.94 && clear.hold >= 0.94, "the intervals know: {blurred:?} {clear:?}");
}
