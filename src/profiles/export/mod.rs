//! Profiles and differences in the formats of other people's tools.
//!
//! | format | opens in | one arm | the difference |
//! |---|---|---|---|
//! | [`pprof`] | `pprof`, `go tool pprof`, Grafana | counts, totals, and scaled to a million operations | signed: a saving is negative |
//! | [`speedscope`] | <https://www.speedscope.app> | per operation | A, B, what is less in B, what is more: it knows no negative weights |
//! | [`folded`] | `flamegraph.pl`, inferno | counts as captured | two columns, as `difffolded.pl` writes them |
//!
//! Whole numbers are per [`OPS`] operations: of one operation most places cost less than a nanosecond.

pub mod folded;
pub mod pprof;
pub mod speedscope;

use super::attribution::Attribution;
use super::difference::{Difference, Place};
use super::profile::{Kind, Profile};
use super::tree::{CallTree, Counts};

/// What whole numbers are scaled to.
pub const OPS: f64 = 1e6;

/// The name under which a difference shows what is in no function.
pub const NOT_SAMPLED: &str = "[not sampled]";

/// A stack, root first.
type Stack = Vec<String>;

/// Every stack of a profile with what was counted at its end, sorted.
fn stacks(profile: &Profile) -> Vec<(Stack, Counts)> {
    fn walk(tree: &CallTree, path: &mut Stack, into: &mut Vec<(Stack, Counts)>) {
        for (name, child) in &tree.children {
            path.push(name.clone());
            if child.own.sum() > 0 {
                into.push((path.clone(), child.own.clone()));
            }
            walk(child, path, into);
            path.pop();
        }
    }
    let mut found = Vec::new();
    walk(&CallTree::of(profile.stretches.iter().map(|stretch| &stretch.folded)), &mut Vec::new(), &mut found);
    found
}

/// Every stack of either side with its own cost per operation in A and in B, sorted; and what is in no stack, so that the sum is what
/// was measured.
fn stacks_of_both(difference: &Difference) -> Vec<(Stack, f64, f64)> {
    fn walk(place: &Place, path: &mut Stack, into: &mut Vec<(Stack, f64, f64)>) {
        for (name, child) in &place.children {
            path.push(name.clone());
            if child.own_a > 0.0 || child.own_b > 0.0 {
                into.push((path.clone(), child.own_a, child.own_b));
            }
            walk(child, path, into);
            path.pop();
        }
    }
    let mut found = Vec::new();
    let remainder = Attribution::of(difference).books.remainder;
    if remainder.a != 0.0 || remainder.b != 0.0 {
        found.push((vec![NOT_SAMPLED.to_owned()], remainder.a, remainder.b));
    }
    walk(&difference.root, &mut Vec::new(), &mut found);
    found
}

/// A cost per operation as a whole number per [`OPS`].
fn scaled(cost: f64) -> i64 {
    // Casting saturates: no cost of a real operation comes near.
    (cost * OPS).round() as i64
}

/// The unit that an amount of a kind is counted in.
fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Cpu | Kind::Wait => "nanoseconds",
        Kind::Times | Kind::Instructions | Kind::Allocs => "count",
        Kind::Alloc => "bytes",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::profile::Arm;
    use super::super::profile::tests::stretch;
    use super::*;

    /// 100 µs of CPU per operation in A and 50 in B, of which 10 and 2 were not sampled.
    pub(crate) fn lossy() -> Difference {
        let of = |arm, one| Profile { arm, kind: Kind::Cpu, stretches: vec![one] };
        let a = of(Arm::A, stretch("run;sync 60\nrun;work 30\n", 110, Some(100), 1_000));
        let b = of(Arm::B, stretch("run;sync 10\nrun;work 38\n", 55, Some(50), 1_000));
        Difference::of(a, b)
    }
}
