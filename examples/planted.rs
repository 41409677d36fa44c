//! The lab's methods on machines whose truth is known, beside what others do: `cargo run --release --example planted`.
//!
//! The first argument is the number of experiments in each cell (1000 when absent); the same number counts the same.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::time::Instant;

use workbench::lab::planted::tally::{Compared, Ruled, World, compared, in_all, ruled, worlds};

/// Noise of a pair: from a quiet machine to a shared one.
const SCALES: [f64; 4] = [0.02, 0.03, 0.05, 0.15];

fn main() -> Result<(), std::num::ParseIntError> {
    let experiments: u32 = std::env::args().nth(1).map_or(Ok(1000), |count| count.parse())?;
    let started = Instant::now();
    let worlds = worlds(&SCALES);
    println!("Of {experiments} experiments about one improvement, +10 % required:\n");
    println!("{:21} {:>5} │ {:^47} │ {:^17} │ {:^17}", "", "", "the rule", "intervals hold", "others, at +10 %");
    println!(
        "{:21} {:>5} │ {:>9} {:>10} {:>10} {:>15} │ {:>9} {:>7} │ {:>8} {:>8}",
        "noise",
        "",
        "acc. 0 %",
        "prov. +10",
        "prov. +20",
        "pairs at +20 %",
        "published",
        "decided",
        "blocked",
        "peeked t"
    );
    in_all(&worlds, |world| ruled(world, experiments)).iter().for_each(rule_line);
    println!("\nOf {experiments} screens of 33 flags, 5 of them active (±5 to ±30 %), three pairs a build:\n");
    screen_head();
    in_all(&worlds, |world| compared(world, experiments, 0, false)).iter().for_each(screen_line);
    println!("\nThe same with four interactions of ±10 %, without and with fold-over, under normal noise:\n");
    screen_head();
    let normal: Vec<World> = worlds.iter().copied().step_by(worlds.len() / SCALES.len()).collect();
    for fold_over in [false, true] {
        in_all(&normal, |world| compared(world, experiments, 4, fold_over)).iter().for_each(screen_line);
    }
    println!("\n{:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn rule_line(ruled: &Ruled) {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    println!(
        "{} │ {:>9} {:>10} {:>10} {:>15.1} │ {:>9} {:>7} │ {:>8} {:>8}",
        world(ruled.world),
        percent(ruled.accepts_nothing),
        percent(ruled.proves_the_margin),
        percent(ruled.proves_the_planted),
        ruled.pairs,
        percent(ruled.published_hold),
        percent(ruled.decided_hold),
        percent(ruled.blocked_accepts),
        percent(ruled.peeked_accepts)
    );
}

fn screen_head() {
    println!(
        "{:21} {:>5} │ {:>6} {:>8} {:>11} {:>6} {:>7} {:>6} │ {:>6} {:>6} {:>9}",
        "noise", "", "builds", "RMSE", "one by one", "ratio", "paired", "ratio", "hold", "found", "invented"
    );
}

fn screen_line(compared: &Compared) {
    let Compared { rmse, rmse_alone, rmse_paired, .. } = *compared;
    println!(
        "{} │ {:>6} {:>8.4} {:>11.4} {:>6.3} {:>7.4} {:>6.3} │ {:>5.1}% {:>5.1}% {:>9.2}",
        world(compared.world),
        compared.builds,
        rmse,
        rmse_alone,
        rmse / rmse_alone,
        rmse_paired,
        rmse / rmse_paired,
        100.0 * compared.hold,
        100.0 * compared.found,
        compared.invented
    );
}

fn world(world: World) -> String {
    format!("{:21} {:>3.0} %", world.noise.name(), 100.0 * world.scale)
}
