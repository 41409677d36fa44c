//! A machine's calibrations over time, as text: one line for each, time running down.
//!
//! ```text
//!  when               noise     s/1.5  s  1.5·s      an arm against itself
//!  2026-11-28 22:10   3.10 %   ······│····●····│······   +0.10 %  ──────●┼──────
//! ```

use std::fmt::Write;

use crate::tracking::CalibrationFact;
use crate::units::LogRatio;

/// One calibration of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When, in few words.
    pub when: String,
    /// Scale of a pair's difference.
    pub scale: LogRatio,
    /// The arm's difference from itself.
    pub estimate: LogRatio,
    /// As the metric's change.
    pub shown: String,
    /// Zero does not lie in its interval.
    pub biased: bool,
}

impl Point {
    /// A calibration of a workload's deciding metric.
    pub fn of(fact: &CalibrationFact) -> Self {
        let noise = fact.calibration.main();
        Self {
            when: fact.at.strftime("%Y-%m-%d %H:%M").to_string(),
            scale: noise.scale,
            estimate: noise.estimate,
            shown: noise.estimate.change(noise.better).to_string(),
            biased: noise.is_biased(),
        }
    }
}

/// Cells on either side of the middle.
const HALF: i32 = 12;

/// The chart. The limits of each point lie a `factor` below and above the scale that was frozen before it.
pub fn control_chart(points: &[Point], factor: f64) -> String {
    let mut text = String::new();
    let furthest = points.iter().map(|point| point.estimate.0.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let mut frozen = points.first().map_or(LogRatio(1.0), |point| point.scale);
    for point in points {
        // Two factors to either side fill the picture.
        let steps = (point.scale.0.max(f64::MIN_POSITIVE) / frozen.0.max(f64::MIN_POSITIVE)).ln() / (2.0 * factor.ln());
        let noise = strip(steps, Some(HALF / 2), '●');
        let drift = strip(point.estimate.0 / furthest, None, if point.biased { '◆' } else { '●' });
        let percent = format!("{:.2} %", point.scale.gain().0 * 100.0);
        // Writing into a string does not fail.
        let _ = writeln!(text, " {:16}  {percent:>8}  {noise}  {:>8}  {drift}", point.when, point.shown);
        frozen = point.scale;
    }
    text
}

/// A mark at `share` (−1 to 1) of a strip, which has walls `wall` cells from its middle.
fn strip(share: f64, wall: Option<i32>, mark: char) -> String {
    let at = (share.clamp(-1.0, 1.0) * f64::from(HALF)).round() as i32;
    (-HALF..=HALF)
        .map(|cell| match cell {
            cell if cell == at => mark,
            0 if wall.is_none() => '┼',
            cell if wall == Some(cell.abs()) => '│',
            _ if wall.is_some() => '·',
            _ => '─',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(scale: f64, estimate: f64, biased: bool) -> Point {
        Point {
            when: "2026-11-28 22:10".to_owned(),
            scale: LogRatio(scale),
            estimate: LogRatio(estimate),
            shown: format!("{:+.2} %", estimate * 100.0),
            biased,
        }
    }

    #[test]
    fn what_leaves_the_limits_stands_outside_the_walls() {
        let chart =
            control_chart(&[point(0.03, 0.001, false), point(0.04, -0.002, false), point(0.08, 0.01, true)], 1.5);
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(
            lines[0],
            " 2026-11-28 22:10    3.05 %  ······│·····●·····│······   +0.10 %  ────────────┼●───────────"
        );
        let mark_of_noise = |line: &str| line.chars().skip(29).position(|c| c == '●').unwrap();
        assert!((7..18).contains(&mark_of_noise(lines[1])), "a third more is within the walls: {}", lines[1]);
        assert_eq!(mark_of_noise(lines[2]), 22, "twice as much is not: {}", lines[2]);
        assert!(lines[2].ends_with('◆'), "{}", lines[2]);
    }

    #[test]
    fn nothing_is_an_empty_chart() {
        assert_eq!(control_chart(&[], 1.5), "");
        assert!(control_chart(&[point(0.0, 0.0, false)], 1.5).contains('●'));
    }
}
