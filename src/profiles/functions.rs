//! Functions wherever they were called from: what each costs per operation by itself, in A and in B.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::difference::{Change, Difference, Scale};
use super::profile::Profile;
use super::tree::Counts;

/// A function in both profiles, per operation: in nanoseconds, waits or instructions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunctionCost {
    /// Its name.
    pub name: String,
    /// By itself in A.
    pub own_a: f64,
    /// By itself in B.
    pub own_b: f64,
    /// With what it called, in A; once for each stack, however often it recurs in it.
    pub total_a: f64,
    /// With what it called, in B.
    pub total_b: f64,
    /// By itself, B − A.
    pub delta: f64,
    /// Half the width of the interval in which `delta` is known to lie, at 99 %; `None` where nothing is known of it: what is counted
    /// one by one, in one process.
    pub noise: Option<f64>,
    /// What that amounts to.
    #[serde(skip)]
    pub change: Change,
}

/// Every function of two profiles, the greatest change of own cost first.
pub fn functions(difference: &Difference) -> Vec<FunctionCost> {
    let (a, b) = (counts(&difference.a), counts(&difference.b));
    let scale = Scale::of(difference);
    let names: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    let none = Count::default();
    let cost = |name: &str| {
        let (count_a, count_b) = (a.get(name).unwrap_or(&none), b.get(name).unwrap_or(&none));
        let (own_a, own_b) = (difference.a.cost(&count_a.own), difference.b.cost(&count_b.own));
        FunctionCost {
            name: name.to_owned(),
            own_a,
            own_b,
            total_a: difference.a.cost(&count_a.total),
            total_b: difference.b.cost(&count_b.total),
            delta: own_b - own_a,
            noise: scale.noise(&count_a.own, &count_b.own),
            change: scale.change(&count_a.own, &count_b.own),
        }
    };
    let mut all: Vec<FunctionCost> = names.into_iter().map(cost).collect();
    // They come sorted by name, and the sort is stable: equal changes stay in that order.
    all.sort_by(|one, other| other.delta.abs().total_cmp(&one.delta.abs()));
    all
}

#[derive(Debug, Clone, Default)]
struct Count {
    own: Counts,
    total: Counts,
}

fn counts(profile: &Profile) -> BTreeMap<&str, Count> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for (stretch, of) in profile.stretches.iter().enumerate() {
        for (stack, count) in of.folded.stacks() {
            let once: BTreeSet<&str> = stack.iter().map(String::as_str).collect();
            for name in once {
                counts.entry(name).or_default().total.add(stretch, count);
            }
            if let Some(leaf) = stack.last() {
                counts.entry(leaf).or_default().own.add(stretch, count);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::profile::tests::profile;
    use super::super::profile::{Arm, Kind};
    use super::*;

    #[test]
    fn own_and_total_by_hand() {
        // One sample is 1 µs per operation on both sides.
        let a = profile(Arm::A, Kind::Cpu, "run;f;g 30\nrun;g;f;g 10\nrun 60\n", 100, 1_000);
        let b = profile(Arm::B, Kind::Cpu, "run;f;g 10\nrun;h 15\nrun 75\n", 100, 1_000);
        let difference = Difference::of(a, b);
        let all = functions(&difference);
        let names: Vec<&str> = all.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["g", "h", "run", "f"], "by change of own cost");
        let g = &all[0];
        assert_eq!((g.own_a, g.own_b, g.total_a, g.total_b), (40_000.0, 10_000.0, 40_000.0, 10_000.0));
        assert_eq!((g.delta, g.change), (-30_000.0, Change::Cheaper));
        let f = &all[3];
        assert_eq!((f.own_a, f.total_a), (0.0, 40_000.0), "a recursion counts once");
        assert_eq!(all[1].change, Change::New);
        let whole: f64 = all.iter().map(|function| function.delta).sum();
        assert!((whole - difference.delta()).abs() < 1e-6, "own changes sum to the change of the whole");
    }
}
