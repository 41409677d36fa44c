//! From a question to a plan: which builds, how often each is measured, and what that can hope to show.

use std::time::Duration;

use super::design::{Design, Kind};
use super::facts::{Conflict, Factor, Layout, Literal, Purpose, ScreenPlan};
use crate::config::Config;
use crate::improvements::{Improvement, Trial};
use crate::lab::experiment::Side;
use crate::lab::plan::{Draft, Inquiry, NoiseLedger};
use crate::units::{Gain, LogRatio};

/// Factors of which every combination is built, at most: 32 builds.
pub const INTERACTION_FACTORS_MAX: usize = 5;

/// A screen of no more factors than this builds every combination.
const FULL_BELOW: usize = 3;

/// An effect is found with 90 % power when it exceeds its standard error so often: 1.96 for the interval, 1.28 for the
/// power.
const EFFECT_PER_STANDARD_ERROR: f64 = 3.24;

/// Blocks at least: two measurements of the same build tell what measuring alone does.
const BLOCKS_MIN: u32 = 2;

/// Blocks at most, unless somebody asks for more.
const BLOCKS_MAX: u32 = 8;

/// How often a design is laid out anew around rows that would break a rule which it cannot be told.
const AROUND_MAX: usize = 16;

/// What a plan is made from.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The rules.
    pub config: &'a Config,
    /// What is asked.
    pub purpose: Purpose,
    /// Of which improvements, in the register's order.
    pub chosen: &'a [&'a Improvement],
    /// Features that are on in every build.
    pub held: &'a [String],
    /// The common workload.
    pub trial: &'a Trial,
    /// Whether whoever asked named it.
    pub trial_named: bool,
    /// Noise known from earlier pairs on this machine.
    pub noise: &'a NoiseLedger,
    /// How often each build is measured; so often that effects worth having are seen, when absent.
    pub blocks: Option<u32>,
    /// Seed of every coin.
    pub seed: u64,
}

impl Ask<'_> {
    /// The plan that answers it on sources with this digest.
    pub fn plan(&self, tree_digest: &str) -> ScreenPlan {
        let factor = |entry: &&Improvement| Factor { improvement: entry.id.clone(), feature: entry.feature.clone() };
        let factors: Vec<Factor> = self.chosen.iter().map(factor).collect();
        let is_factor = |feature: &String| factors.iter().any(|factor| factor.feature == *feature);
        let held: Vec<String> = self.held.iter().filter(|feature| !is_factor(feature)).cloned().collect();
        let inquiry = Inquiry::compare([held.clone(), held.clone()], [self.trial]);
        let draft = Draft {
            config: self.config,
            inquiry: &inquiry,
            sources: [Side::A, Side::B].map(|_| (tree_digest.to_owned(), None)),
            noise: self.noise,
            pair_limit: None,
            seed: self.seed,
        };
        let mut pairs = draft.plan();
        let mut plan = ScreenPlan {
            purpose: self.purpose,
            factors,
            held,
            declared: self.declared(),
            tree_digest: tree_digest.to_owned(),
            workload: pairs.workloads.remove(0),
            workload_named: self.trial_named,
            policy: pairs.policy,
            blocks: 0,
            seed: self.seed,
        };
        let rows = plan.first_layout().design.len();
        plan.blocks = self.blocks.unwrap_or_else(|| plan.blocks_for(rows));
        plan
    }

    /// What the register says does not go together.
    fn declared(&self) -> Vec<Conflict> {
        let on = |factor| Literal { factor, on: true };
        let pairs = (0..self.chosen.len()).flat_map(|one| (0..one).map(move |other| (other, one)));
        let excluded = pairs.filter(|&(other, one)| self.chosen[one].excludes(self.chosen[other]));
        excluded.map(|(other, one)| Conflict(vec![on(other), on(one)])).collect()
    }
}

impl ScreenPlan {
    /// The layout to begin with.
    pub fn first_layout(&self) -> Layout {
        let layout = self.layout_of_all();
        if self.declared.is_empty() {
            return layout;
        }
        let why = format!("{}; {}", layout.why, self.all_told(&self.declared));
        Layout { why, ..self.without(&layout, &self.declared) }
    }

    fn layout_of_all(&self) -> Layout {
        let factors = self.factors.len();
        match self.purpose {
            // So few effects cannot tell their own noise: nothing cheaper than every combination tells them apart.
            Purpose::Screening if factors > FULL_BELOW => {
                let design = Design::screening(factors);
                let why = format!("{factors} improvements, each on in half of the builds");
                Layout::of(design, &[], why)
            }
            Purpose::Screening | Purpose::Interaction => {
                Layout::of(Design::full(factors), &[], format!("every combination of {factors} improvements"))
            }
        }
    }

    /// A layout without what is known not to build, in the place of `layout`. A rule that the design cannot be told is
    /// laid out around as well as may be; rows that still break it are lost.
    pub fn without(&self, layout: &Layout, conflicts: &[Conflict]) -> Layout {
        let mut design = layout.design.adapted(&[], &forbidden(conflicts));
        for _ in 0..AROUND_MAX {
            let broken = hit(&design, conflicts);
            if broken.is_empty() || design.kind == Kind::Full {
                break;
            }
            design = design.adapted(&broken, &[]);
        }
        let lost = hit(&design, conflicts);
        Layout::of(design, &lost, format!("laid out anew, since {}", self.all_told(conflicts)))
    }

    fn all_told(&self, conflicts: &[Conflict]) -> String {
        conflicts.iter().map(|conflict| self.told(conflict)).collect::<Vec<_>>().join("; ")
    }

    /// The smallest true effect that so many rows find with 90 % power: the standard error of an effect is 2σ/√(rows · blocks).
    pub fn minimum_detectable(&self, rows: usize) -> Gain {
        detectable(self.workload.noise, rows, self.blocks).gain()
    }

    /// The wall time of all pairs.
    pub fn expected_time(&self, rows: usize) -> Duration {
        self.workload.pair_time * self.blocks * u32::try_from(rows).unwrap_or(u32::MAX)
    }

    /// So many blocks that half of the required gain is found, within reason.
    fn blocks_for(&self, rows: usize) -> u32 {
        let worth_having = LogRatio::from_gain(self.workload.required_gain).0 / 2.0;
        let enough = |blocks: &u32| detectable(self.workload.noise, rows, *blocks).0 <= worth_having;
        (BLOCKS_MIN..BLOCKS_MAX).find(enough).unwrap_or(BLOCKS_MAX)
    }
}

impl Layout {
    /// Whether a mirror image can be added: not to every combination, nor to what mirrors itself already.
    pub fn can_be_folded(&self) -> bool {
        self.design.kind != Kind::Full && !self.folded
    }

    /// The layout with its mirror image below it, where one can be added.
    #[must_use]
    pub fn folded_over(&self) -> Option<Self> {
        self.can_be_folded().then(|| Self {
            design: self.design.fold_over(),
            reference: self.reference,
            folded: true,
            why: "folded over: each build's mirror image added".to_owned(),
        })
    }
}

fn detectable(noise: LogRatio, rows: usize, blocks: u32) -> LogRatio {
    let standard_error = 2.0 * noise.0 / (rows as f64 * f64::from(blocks.max(1))).sqrt();
    LogRatio(EFFECT_PER_STANDARD_ERROR * standard_error)
}

/// The conflicts that a design can be told: two that are never on together; one with itself is never on.
fn forbidden(conflicts: &[Conflict]) -> Vec<(usize, usize)> {
    let pair = |conflict: &Conflict| match conflict.0.as_slice() {
        [Literal { factor, on: true }] => Some((*factor, *factor)),
        [Literal { factor: one, on: true }, Literal { factor: other, on: true }] => Some((*one, *other)),
        _ => None,
    };
    conflicts.iter().filter_map(pair).collect()
}

/// Rows that fall under a conflict.
fn hit(design: &Design, conflicts: &[Conflict]) -> Vec<usize> {
    let layout = Layout::of(design.clone(), &[], "");
    let is_hit = |row: &usize| conflicts.iter().any(|conflict| conflict.hits(&layout.levels(*row)));
    (0..design.len()).filter(is_hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::project::Project;

    fn plan(purpose: Purpose, count: usize, blocks: Option<u32>) -> ScreenPlan {
        let project = Project::at(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = Catalog::load(&project).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)));
        let measurable = catalog.register.improvements.iter().filter(|entry| entry.variants.is_some());
        let chosen: Vec<&Improvement> = measurable.take(count).collect();
        let trial = &chosen[0].variants.as_ref().unwrap().workload;
        let held = ["kept".to_owned(), chosen[0].feature.clone()];
        let (config, noise) = (&catalog.config, &NoiseLedger::new());
        let (chosen, held) = (chosen.as_slice(), held.as_slice());
        Ask { config, purpose, chosen, held, trial, trial_named: false, noise, blocks, seed: 7 }.plan("d")
    }

    fn conflict(literals: &[(usize, bool)]) -> Conflict {
        Conflict(literals.iter().map(|&(factor, on)| Literal { factor, on }).collect())
    }

    #[test]
    fn twelve_improvements_take_sixteen_builds_and_the_reference_is_one_of_them() {
        let plan = plan(Purpose::Screening, 12, None);
        let layout = plan.first_layout();
        assert_eq!(layout.design.len(), 16);
        assert_eq!(layout.levels(layout.reference).0.iter().filter(|on| **on).count(), 6);
        assert_eq!(plan.held, ["kept"], "a factor is not held");
        let pairs = plan.pairs_of(&layout, 0);
        assert_eq!(pairs.arms[1].features, ["kept"], "row 0 is the stack as it is");
        assert_ne!(pairs.seed, plan.pairs_of(&layout, 1).seed);
    }

    #[test]
    fn there_are_as_many_blocks_as_show_what_is_worth_having() {
        let mut plan = plan(Purpose::Screening, 12, None);
        assert!((BLOCKS_MIN..=BLOCKS_MAX).contains(&plan.blocks));
        let at = |noise, plan: &mut ScreenPlan| {
            plan.workload.noise = LogRatio(noise);
            plan.blocks_for(16)
        };
        assert_eq!(at(0.005, &mut plan), BLOCKS_MIN);
        assert_eq!(at(0.5, &mut plan), BLOCKS_MAX);
        plan.workload.noise = LogRatio(0.04);
        plan.blocks = 4;
        // 3.24 · 2 · 0.04 / √64
        assert!((plan.minimum_detectable(16).0 - 0.0324_f64.exp_m1()).abs() < 1e-12);
        assert_eq!(self::plan(Purpose::Interaction, 3, Some(7)).blocks, 7);
    }

    #[test]
    fn a_layout_keeps_clear_of_what_does_not_build() {
        let plan = plan(Purpose::Screening, 8, Some(2));
        let first = plan.first_layout();
        let exclusive = [conflict(&[(1, true), (4, true)])];
        let layout = plan.without(&first, &exclusive);
        assert_eq!(layout.design.len(), first.design.len());
        assert!(layout.rows().all(|levels| !exclusive[0].hits(&levels)));
        assert!(layout.why.contains("do not build together"), "{}", layout.why);

        let without = [conflict(&[(1, true), (4, false)])];
        let layout = plan.without(&first, &without);
        let broken = layout.rows().filter(|levels| without[0].hits(levels)).count();
        assert!(broken <= 1, "{:?}", layout.rows().map(|levels| levels.to_string()).collect::<Vec<_>>());
        assert!(layout.design.knowable().iter().all(|known| known.variance_inflation.is_some()));
    }

    #[test]
    fn every_combination_but_those_that_do_not_build() {
        let plan = plan(Purpose::Interaction, 3, Some(2));
        let layout = plan.without(&plan.first_layout(), &[conflict(&[(0, true), (2, true)])]);
        assert_eq!(layout.design.len(), 6);
        assert_eq!(layout.folded_over(), None);
    }

    #[test]
    fn a_layout_is_folded_over_once_and_keeps_its_rows() {
        let plan = plan(Purpose::Screening, 7, Some(2));
        let first = plan.first_layout();
        let folded = first.folded_over().unwrap();
        assert_eq!(folded.design.len(), 2 * first.design.len());
        assert!(first.rows().eq(folded.rows().take(first.design.len())));
        assert_eq!((folded.reference, folded.folded_over()), (first.reference, None));
    }
}
