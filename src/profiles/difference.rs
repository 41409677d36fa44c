//! What changed between two profiles, place by place in the call tree, inclusive and per operation.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::{Kind, Profile};
use super::spread::Spread;
use super::tree::{CallTree, Counts};

/// Counted one by one and in one process only, nothing tells how much would come out differently the next time; a change below this
/// share of the whole is not worth a colour.
const WAIT_SHARE_MIN: f64 = 0.005;

/// The same for instructions: two runs of one binary differ by less than a seventh of it.
pub const INSTRUCTIONS_SHARE_MIN: f64 = 0.0005;

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
    /// Here and below in A, per operation.
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
    /// Nothing that is surely more than chance.
    Same,
}

impl Difference {
    /// Compares two profiles of the same kind.
    pub fn of(a: Profile, b: Profile) -> Self {
        let tree = |profile: &Profile| CallTree::of(profile.stretches.iter().map(|stretch| &stretch.folded));
        let (tree_a, tree_b) = (tree(&a), tree(&b));
        let root = Scale::new(&a, &b).place(Some(&tree_a), Some(&tree_b));
        Self { a, b, root }
    }

    /// What was counted.
    pub fn kind(&self) -> Kind {
        self.a.kind
    }

    /// Everything that was counted: B − A, per operation.
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

impl Change {
    /// In a word; nothing for what did not change.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Vanished => "gone",
            Self::Dearer => "dearer",
            Self::Cheaper => "cheaper",
            Self::Same => "",
        }
    }
}

/// How counts of the two sides compare.
pub(super) struct Scale<'a> {
    a: &'a Profile,
    b: &'a Profile,
    /// Changes below this are not told where nothing is known of how well they are known.
    least: f64,
}

impl<'a> Scale<'a> {
    pub(super) fn of(difference: &'a Difference) -> Self {
        Self::new(&difference.a, &difference.b)
    }

    fn new(a: &'a Profile, b: &'a Profile) -> Self {
        let share = match a.kind {
            Kind::Cpu | Kind::Wait | Kind::Times | Kind::Alloc | Kind::Allocs => WAIT_SHARE_MIN,
            Kind::Instructions => INSTRUCTIONS_SHARE_MIN,
        };
        Self { a, b, least: a.measured().max(b.measured()) * share }
    }

    fn place(&self, a: Option<&CallTree>, b: Option<&CallTree>) -> Place {
        let empty = CallTree::default();
        let (a, b) = (a.unwrap_or(&empty), b.unwrap_or(&empty));
        // Each name once: a place that both sides have is one place.
        let names: BTreeSet<&String> = a.children.keys().chain(b.children.keys()).collect();
        let child = |name: &String| self.place(a.children.get(name), b.children.get(name));
        let children = names.into_iter().map(|name| (name.clone(), child(name))).collect();
        Place {
            a: self.a.cost(&a.total),
            b: self.b.cost(&b.total),
            own_a: self.a.cost(&a.own),
            own_b: self.b.cost(&b.own),
            change: self.change(&a.total, &b.total),
            children,
        }
    }

    /// What a change from `a` counts to `b` counts amounts to.
    pub(super) fn change(&self, a: &Counts, b: &Counts) -> Change {
        let delta = self.b.cost(b) - self.a.cost(a);
        if delta.abs() <= self.noise(a, b).unwrap_or(self.least) {
            return Change::Same;
        }
        match (a.sum(), b.sum()) {
            (0, _) => Change::New,
            (_, 0) => Change::Vanished,
            (_, _) if delta > 0.0 => Change::Dearer,
            (_, _) => Change::Cheaper,
        }
    }

    /// Half the width of the change's interval; `None` where nothing is known of it.
    pub(super) fn noise(&self, a: &Counts, b: &Counts) -> Option<f64> {
        Spread::half_width(self.a.spread(a), self.b.spread(b))
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Arm;
    use super::super::profile::tests::{profile, stretch};
    use super::*;

    fn cpu() -> Difference {
        // A: 1 000 samples over 4 s, 1 000 operations: 4 µs each. B: the same over 4 000 operations: 1 µs each.
        let a = profile(Arm::A, Kind::Cpu, "run;commit;sync 600\nrun;work 388\nrun;odd 12\n", 4_000, 1_000);
        let b = profile(Arm::B, Kind::Cpu, "run;commit;sync 20\nrun;commit;ring 180\nrun;work 800\n", 4_000, 4_000);
        Difference::of(a, b)
    }

    /// Every place of the tree, by its path.
    fn places(place: &Place, path: &str, into: &mut Vec<(String, [f64; 5], Change)>) {
        for (name, child) in &place.children {
            let path = if path.is_empty() { name.clone() } else { format!("{path};{name}") };
            let costs = [child.a, child.b, child.own_a, child.own_b, child.delta()];
            into.push((path.clone(), costs.map(|ns| (ns / 1e3).round()), child.change));
            places(child, &path, into);
        }
    }

    #[test]
    fn every_place_by_hand() {
        // In A a sample is 4 s / 1 000 / 1 000 = 4 µs per operation, in B 4 s / 1 000 / 4 000 = 1 µs.
        use Change::{Cheaper, New, Vanished};
        let Difference { root, .. } = &cpu();
        let mut found = Vec::new();
        places(root, "", &mut found);
        let expected = [
            // path, [A and B inclusive, A and B own, inclusive change] in µs per operation
            ("run", [4_000.0, 1_000.0, 0.0, 0.0, -3_000.0], Cheaper), // (600 + 388 + 12) · 4, (20 + 180 + 800) · 1
            ("run;commit", [2_400.0, 200.0, 0.0, 0.0, -2_200.0], Cheaper), // inclusive: its own cost is nothing on both sides
            ("run;commit;ring", [0.0, 180.0, 0.0, 180.0, 180.0], New),
            ("run;commit;sync", [2_400.0, 20.0, 2_400.0, 20.0, -2_380.0], Cheaper),
            ("run;odd", [48.0, 0.0, 48.0, 0.0, -48.0], Vanished),
            ("run;work", [1_552.0, 800.0, 1_552.0, 800.0, -752.0], Cheaper), // dearer by samples, 388 to 800
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(path, costs, change)| (path.to_owned(), costs, change)).collect();
        assert_eq!(found, expected);
        assert_eq!((root.a.round(), root.b.round()), (4_000_000.0, 1_000_000.0));
    }

    #[test]
    fn stretches_of_unequal_length_by_hand() {
        // Two processes in A: 100 + 300 samples of 1 ms over 1 000 + 3 000 operations; B: 50 over 1 000.
        let a =
            vec![stretch("f;g 60\nf 40\n", 100, Some(100), 1_000), stretch("f;g 240\nf 60\n", 300, Some(300), 3_000)];
        let b = vec![stretch("f;g 20\nf 30\n", 50, Some(50), 1_000)];
        let of = |arm, stretches| Profile { arm, kind: Kind::Cpu, stretches };
        let root = Difference::of(of(Arm::A, a), of(Arm::B, b)).root;
        let mut found = Vec::new();
        places(&root, "", &mut found);
        let costs: Vec<_> = found.into_iter().map(|(path, costs, _)| (path, costs)).collect();
        // f: 400 ms / 4 000, 50 ms / 1 000; own (40 + 60) / 4 000, 30 / 1 000; g: 300 / 4 000, 20 / 1 000.
        let f = ("f".to_owned(), [100.0, 50.0, 25.0, 30.0, -50.0]);
        let g = ("f;g".to_owned(), [75.0, 20.0, 75.0, 20.0, -55.0]);
        assert_eq!(costs, [f, g]);
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
