//! Folded stacks: `root;…;leaf count`, and of two profiles `root;…;leaf countA countB`.

use std::fmt::Write;

use super::{scaled, stacks_of_both};
use crate::profiles::difference::Difference;
use crate::profiles::profile::Profile;

/// Counts as they were captured, all processes together.
pub fn profile(profile: &Profile) -> String {
    profile.folded().to_string()
}

/// Both sides in columns, scaled to the same work: what `difffolded.pl` writes and `flamegraph.pl` and `inferno-flamegraph` draw.
pub fn difference(difference: &Difference) -> String {
    let mut text = String::new();
    for (stack, a, b) in stacks_of_both(difference) {
        // The format has no negative counts: what a clock says less than the samples is nothing.
        let (a, b) = (scaled(a).max(0), scaled(b).max(0));
        if a > 0 || b > 0 {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{} {a} {b}", stack.join(";"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::lossy;
    use super::*;

    #[test]
    fn both_sides_are_scaled_to_the_same_work() {
        let of = difference(&lossy());
        assert_eq!(
            of,
            "[not sampled] 10000000000 2000000000\nrun;sync 60000000000 10000000000\nrun;work 30000000000 38000000000\n"
        );
        assert_eq!(profile(&lossy().a), "run;sync 60\nrun;work 30\n");
    }

    #[test]
    fn inferno_draws_it() {
        let text = difference(&lossy());
        let mut svg = Vec::new();
        inferno::flamegraph::from_lines(&mut inferno::flamegraph::Options::default(), text.lines(), &mut svg).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("sync") && svg.contains('%'), "{svg}");
    }
}
