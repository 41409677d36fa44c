//! What changed between two profiles, place by place in the call tree, inclusive and per operation.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::Profile;
use super::tree::CallTree;

/// Standard errors within which a change may be sampling alone. Three, since hundreds of places are looked at at once:
/// of unchanged ones about one in four hundred lies outside.
const SIGMAS: f64 = 3.0;

/// Waits are not sampled; a change below this share of everything waited is not worth a colour.
const WAIT_SHARE_MIN: f64 = 0.005;

/// The difference of two profiles of the same kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The profile without the improvement.
    pub a: Profile,
    /// The profile with it.
    pub b: Profile,
    /// Both trees as one; the root has no name.
    pub root: Place,
}

/// A place in both call trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Here and below in A, nanoseconds per operation.
    pub a: f64,
    /// Here and below in B.
    pub b: f64,
    /// Here alone in A.
    pub own_a: f64,
    /// Here alone in B.
    pub own_b: f64,
    /// What that amounts to.
    pub change: Change,
    /// What was called from here.
    pub children: BTreeMap<String, Place>,
}

/// What happened to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Only in B.
    New,
    /// Only in A.
    Vanished,
    /// Costs more in B.
    Dearer,
    /// Costs less in B.
    Cheaper,
    /// Nothing that sampling would not explain.
    Same,
}

impl Difference {
    /// Compares two profiles of the same kind.
    pub fn of(a: Profile, b: Profile) -> Self {
        let (tree_a, tree_b) = (CallTree::of(&a.folded), CallTree::of(&b.folded));
        let scale = Scale { a: &a, b: &b, wait_min: a.ns_per_op().max(b.ns_per_op()) * WAIT_SHARE_MIN };
        let root = scale.place(Some(&tree_a), Some(&tree_b));
        Self { a, b, root }
    }

    /// Everything: B − A, nanoseconds per operation.
    pub fn delta(&self) -> f64 {
        self.root.delta()
    }
}

impl Place {
    /// B − A, here and below.
    pub fn delta(&self) -> f64 {
        self.b - self.a
    }
}

/// How counts of the two sides compare.
pub(super) struct Scale<'a> {
    a: &'a Profile,
    b: &'a Profile,
    wait_min: f64,
}

impl<'a> Scale<'a> {
    pub(super) fn of(difference: &'a Difference) -> Self {
        let Difference { a, b, .. } = difference;
        Self { a, b, wait_min: a.ns_per_op().max(b.ns_per_op()) * WAIT_SHARE_MIN }
    }

    fn place(&self, a: Option<&CallTree>, b: Option<&CallTree>) -> Place {
        let empty = CallTree::default();
        let (a, b) = (a.unwrap_or(&empty), b.unwrap_or(&empty));
        // Each name once: a place that both sides have is one place.
        let names: BTreeSet<&String> = a.children.keys().chain(b.children.keys()).collect();
        let child = |name: &String| self.place(a.children.get(name), b.children.get(name));
        let children = names.into_iter().map(|name| (name.clone(), child(name))).collect();
        let (per_a, per_b) = (self.a.ns_per_count(), self.b.ns_per_count());
        Place {
            a: a.total as f64 * per_a,
            b: b.total as f64 * per_b,
            own_a: a.own as f64 * per_a,
            own_b: b.own as f64 * per_b,
            change: self.change(a.total, b.total),
            children,
        }
    }

    /// What a change from `a` counts to `b` counts amounts to.
    pub(super) fn change(&self, a: u64, b: u64) -> Change {
        let delta = b as f64 * self.b.ns_per_count() - a as f64 * self.a.ns_per_count();
        if delta.abs() <= self.noise(a, b).unwrap_or(self.wait_min) {
            return Change::Same;
        }
        match (a, b) {
            (0, _) => Change::New,
            (_, 0) => Change::Vanished,
            (_, _) if delta > 0.0 => Change::Dearer,
            (_, _) => Change::Cheaper,
        }
    }

    /// The change that sampling alone would explain; `None` for waits, which are not sampled.
    pub(super) fn noise(&self, a: u64, b: u64) -> Option<f64> {
        Some(SIGMAS * self.a.standard_error(a)?.hypot(self.b.standard_error(b)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::tests::profile;
    use super::super::profile::{Arm, Kind};
    use super::*;

    fn cpu() -> Difference {
        // A: 1 000 samples over 4 s, 1 000 operations: 4 µs each. B: the same over 4 000 operations: 1 µs each.
        let a = profile(Arm::A, Kind::Cpu, "run;commit;sync 600\nrun;work 388\nrun;odd 12\n", 4_000, 1_000);
        let b = profile(Arm::B, Kind::Cpu, "run;commit;sync 20\nrun;commit;ring 180\nrun;work 800\n", 4_000, 4_000);
        Difference::of(a, b)
    }

    #[test]
    fn deltas_by_hand() {
        let Difference { root, .. } = &cpu();
        let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
        near(root.a, 4_000_000.0);
        near(root.b, 1_000_000.0);
        let run = &root.children["run"];
        let commit = &run.children["commit"];
        near(commit.a, 2_400_000.0);
        near(commit.b, 200_000.0);
        assert_eq!(commit.change, Change::Cheaper, "inclusive, although its own cost is zero on both sides");
        assert_eq!(commit.children["ring"].change, Change::New);
        near(commit.children["ring"].delta(), 180_000.0);
        assert_eq!(run.children["odd"].change, Change::Vanished);
        // 388 samples of 4 µs against 800 of 1 µs.
        near(run.children["work"].delta(), -752_000.0);
        assert_eq!(run.children["work"].change, Change::Cheaper);
    }

    #[test]
    fn the_deltas_of_all_places_sum_to_the_whole() {
        fn own(place: &Place) -> f64 {
            place.own_b - place.own_a + place.children.values().map(own).sum::<f64>()
        }
        let difference = cpu();
        assert!((own(&difference.root) - difference.delta()).abs() < 1e-6);
    }

    #[test]
    fn what_sampling_explains_is_no_change() {
        let a = profile(Arm::A, Kind::Cpu, "run;x 100\nrun;y 3\n", 1_000, 1_000);
        let b = profile(Arm::B, Kind::Cpu, "run;x 115\nrun;z 2\n", 1_000, 1_000);
        let root = Difference::of(a, b).root;
        let run = &root.children["run"];
        assert!(run.children.values().all(|place| place.change == Change::Same), "{run:?}");
    }

    #[test]
    fn waits_are_compared_without_sampling_noise() {
        let a = profile(Arm::A, Kind::Wait, "commit;fsync 1000000\ncommit;latch 100\n", 0, 100);
        let b = profile(Arm::B, Kind::Wait, "commit;fsync 500000\ncommit;log_wait 9000\n", 0, 100);
        let commit = &Difference::of(a, b).root.children["commit"];
        assert_eq!(commit.children["fsync"].change, Change::Cheaper);
        assert_eq!(commit.children["log_wait"].change, Change::New);
        assert_eq!(commit.children["latch"].change, Change::Same, "0.01 % of everything waited");
    }

    #[test]
    fn deep_stacks_on_both_sides_are_compared_in_time_linear_in_their_depth() {
        let deep = format!("{} 50\n", vec!["f"; 400].join(";"));
        let of = |arm| profile(arm, Kind::Cpu, &deep, 200, 10);
        let difference = Difference::of(of(Arm::A), of(Arm::B));
        assert_eq!(difference.root.children["f"].change, Change::Same);
    }

    #[test]
    fn one_empty_side_is_all_new() {
        let a = profile(Arm::A, Kind::Cpu, "", 0, 0);
        let b = profile(Arm::B, Kind::Cpu, "run 50\n", 200, 10);
        let difference = Difference::of(a, b);
        assert_eq!(difference.root.children["run"].change, Change::New);
    }
}
