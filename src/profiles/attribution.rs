//! The books of a difference: what each function's own cost explains of what an operation costs more or less, and what is left over.
//!
//! ```text
//!   commit               2.40 µs   0.20 µs   −2.20 µs  ± 0.31
//!   …                                                            own costs: each sample is in exactly one line
//!   all functions        3.90 µs   1.00 µs   −2.90 µs
//!   not sampled          0.10 µs   0.05 µs   −0.05 µs            interrupts, stolen time, lost samples, work between slices
//!   measured             4.00 µs   1.05 µs   −2.95 µs            the process's CPU clock over the slices
//! ```
//!
//! The last line is measured by another clock than the first ones, so that the two can disagree: what they disagree by is
//! the line between them. The books close when that is less than [`GAP_MAX`] of the change. Where a driver does not say what
//! its samples stand for, they were taken for equal parts of the CPU time: the sum is right by construction, and no check.

use serde::Serialize;

use super::difference::Difference;
use super::functions::{FunctionCost, functions};
use super::spread::Spread;
use super::tree::{CallTree, Counts};

/// The part of the measured change that may be left unexplained.
pub const GAP_MAX: f64 = 0.05;

/// A difference, function by function.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// By the size of the change of their own cost.
    pub functions: Vec<FunctionCost>,
    /// What they add up to.
    pub books: Books,
}

/// What the functions' own costs add up to, and what there was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Books {
    /// The sum over all functions.
    pub functions: Entry,
    /// What is in no function: `measured` less `functions`.
    pub remainder: Entry,
    /// What an operation cost.
    pub measured: Entry,
    /// Whether `functions` was counted without knowing `measured`, so that the one checks the other.
    pub checked: bool,
}

/// A line of the books, per operation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Entry {
    /// In A.
    pub a: f64,
    /// In B.
    pub b: f64,
    /// B − A.
    pub delta: f64,
    /// Half the width of the interval of `delta`; `None` where nothing is known of it.
    pub noise: Option<f64>,
}

impl Attribution {
    /// The books of `difference`.
    pub fn of(difference: &Difference) -> Self {
        let functions = functions(difference);
        let Difference { a, b, .. } = difference;
        let everything = |profile: &super::Profile| -> Counts {
            CallTree::of(profile.stretches.iter().map(|stretch| &stretch.folded)).total
        };
        let noise = Spread::half_width(a.spread(&everything(a)), b.spread(&everything(b)));
        let sum = |of: fn(&FunctionCost) -> f64| functions.iter().map(of).sum();
        let summed = Entry::of(sum(|function| function.own_a), sum(|function| function.own_b), noise);
        let spread = Spread::half_width(a.measured_spread(), b.measured_spread());
        let measured = Entry::of(a.measured(), b.measured(), spread);
        // Both clocks ran in the same processes, so what these disagree by is in both and not in the gap between them.
        let remainder = Entry::of(measured.a - summed.a, measured.b - summed.b, None);
        let checked = a.knows_its_period() && b.knows_its_period();
        Self { functions, books: Books { functions: summed, remainder, measured, checked } }
    }
}

impl Books {
    /// What is left unexplained, as a part of the measured change. `None` where nothing changed, or where the sum is no check.
    pub fn gap(&self) -> Option<f64> {
        (self.checked && self.measured.delta != 0.0).then(|| (self.remainder.delta / self.measured.delta).abs())
    }

    /// Whether the functions are known to explain the change but for [`GAP_MAX`] of it.
    pub fn close(&self) -> bool {
        self.checked && self.gap().is_none_or(|gap| gap <= GAP_MAX)
    }
}

impl Entry {
    fn of(a: f64, b: f64, noise: Option<f64>) -> Self {
        Self { a, b, delta: b - a, noise }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::difference::Change;
    use super::super::profile::tests::{profile, stretch};
    use super::super::profile::{Arm, Kind, Profile};
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
    }

    #[test]
    fn books_by_hand() {
        // Samples of 1 ms. A: 90 in 100 ms of slices, 1 000 operations; B: 48 in 50 ms.
        let of = |arm, one| Profile { arm, kind: Kind::Cpu, stretches: vec![one] };
        let a = of(Arm::A, stretch("run;sync 60\nrun;work 30\n", 110, Some(100), 1_000));
        let b = of(Arm::B, stretch("run;sync 10\nrun;work 38\n", 55, Some(50), 1_000));
        let Attribution { functions, books } = Attribution::of(&Difference::of(a, b));
        let entry = |entry: Entry| [entry.a, entry.b, entry.delta].map(|ns| ns.round());
        assert_eq!(entry(books.functions), [90_000.0, 48_000.0, -42_000.0]);
        assert_eq!(entry(books.remainder), [10_000.0, 2_000.0, -8_000.0]);
        assert_eq!(entry(books.measured), [100_000.0, 50_000.0, -50_000.0]);
        assert_eq!(books.gap().map(|gap| (gap * 100.0).round()), Some(16.0), "8 of 50");
        assert!(!books.close());
        assert_eq!(functions[0].name, "sync");
        assert_eq!(books.measured.noise, None, "one process each");
    }

    #[test]
    fn without_a_change_there_is_nothing_to_explain() {
        let of = |arm| Profile { arm, kind: Kind::Cpu, stretches: vec![stretch("work 38\n", 45, Some(40), 10)] };
        let books = Attribution::of(&Difference::of(of(Arm::A), of(Arm::B))).books;
        assert_eq!((books.gap(), books.close()), (None, true));
    }

    #[test]
    fn a_sum_that_is_right_by_construction_checks_nothing() {
        let of = |arm, ms| profile(arm, Kind::Cpu, "work 10\n", ms, 10);
        let books = Attribution::of(&Difference::of(of(Arm::A, 40), of(Arm::B, 20))).books;
        assert!(near(books.remainder.delta, 0.0) && !books.checked);
        assert_eq!((books.gap(), books.close()), (None, false));
    }

    /// Stacks with their counts.
    type Stacks = Vec<(Vec<String>, u64)>;
    /// One process: stacks, CPU of the slices in milliseconds, operations.
    type Process = (Stacks, u64, u64);

    /// Up to three processes.
    fn stretches() -> impl Strategy<Value = Vec<Process>> {
        let stack = (prop::collection::vec("[a-e]", 1..6), 1..500_u64);
        prop::collection::vec((prop::collection::vec(stack, 0..30), 0..3_000_u64, 1..9_000_u64), 0..4)
    }

    fn arm(arm: Arm, stretches: &[Process], scale: u64) -> Profile {
        let folded = |stacks: &Stacks| -> String {
            stacks.iter().map(|(stack, count)| format!("{} {}\n", stack.join(";"), count * scale)).collect()
        };
        let of_each = |(stacks, ms, ops): &Process| stretch(&folded(stacks), 5_000, Some(ms * scale), ops * scale);
        Profile { arm, kind: Kind::Cpu, stretches: stretches.iter().map(of_each).collect() }
    }

    proptest! {
        #[test]
        fn the_books_of_any_two_trees_close(a in stretches(), b in stretches()) {
            let difference = Difference::of(arm(Arm::A, &a, 1), arm(Arm::B, &b, 1));
            let Attribution { functions, books } = Attribution::of(&difference);
            let deltas: f64 = functions.iter().map(|function| function.delta).sum();
            prop_assert!(near(deltas, books.functions.delta), "{deltas} {books:?}");
            prop_assert!(near(deltas + books.remainder.delta, books.measured.delta));
            prop_assert!(near(deltas, difference.delta()), "own costs are the root's inclusive cost");
            prop_assert!(functions.windows(2).all(|pair| pair[0].delta.abs() >= pair[1].delta.abs()));
            // Every stack's count is in exactly one line.
            let counted: u64 = a.iter().flat_map(|(stacks, ..)| stacks).map(|(_, count)| count).sum();
            let ops: u64 = a.iter().map(|(_, _, ops)| ops).sum();
            prop_assert!(near(books.functions.a, counted as f64 * 1e6 / ops.max(1) as f64));
        }

        #[test]
        fn more_of_the_same_work_is_the_same_cost(a in stretches(), b in stretches(), scale in 2..9_u64) {
            let of = |scale| Attribution::of(&Difference::of(arm(Arm::A, &a, 1), arm(Arm::B, &b, scale)));
            let (one, many) = (of(1), of(scale));
            prop_assert_eq!(one.functions.len(), many.functions.len());
            prop_assert!(near(one.books.functions.b, many.books.functions.b));
            prop_assert!(near(one.books.measured.delta, many.books.measured.delta));
            prop_assert!(near(one.books.remainder.delta, many.books.remainder.delta));
        }

        #[test]
        fn what_one_side_lacks_has_no_cost_there(a in stretches(), b in stretches()) {
            for function in Attribution::of(&Difference::of(arm(Arm::A, &a, 1), arm(Arm::B, &b, 1))).functions {
                let here = |side: &[Process]| {
                    side.iter().flat_map(|(stacks, ..)| stacks).any(|(stack, _)| stack.last() == Some(&function.name))
                };
                prop_assert_eq!((function.own_a > 0.0, function.own_b > 0.0), (here(&a), here(&b)));
                match function.change {
                    Change::New => prop_assert!(!here(&a) && function.delta > 0.0),
                    Change::Vanished => prop_assert!(!here(&b) && function.delta < 0.0),
                    Change::Dearer => prop_assert!(function.delta > 0.0),
                    Change::Cheaper => prop_assert!(function.delta < 0.0),
                    Change::Same => {}
                }
            }
        }
    }
}
