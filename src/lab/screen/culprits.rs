//! Which states of the factors keep builds from building.
//!
//! A conflict that explains the failures covers some failed builds and none that succeeded. In a screening design several
//! conflicts often cover the same builds (in a regular design, where `c = a·b`, whatever has `a` and `b` has `c`), so
//! that each suspect is put to the test by a build of its own, with nothing else on.
//!
//! ```text
//!   builds   a b c d                 suspects            probe          verdict
//!   1  +     + − − +                 {a, b} covers 3, 5  a b − −  ✗     a and b do not build together
//!   3  ✗     + + − −                 {a, c} covers 5     …
//!   5  ✗     + + + +
//! ```

use std::collections::BTreeSet;

use super::facts::{Conflict, Levels, Literal};

/// Probes for one design at most: each is a build.
const PROBES_MAX: usize = 12;

/// What is known of which builds succeed.
#[derive(Debug, Clone, Default)]
pub struct Suspects {
    built: Vec<Levels>,
    failed: Vec<Levels>,
    convicted: Vec<Conflict>,
    probed: BTreeSet<Conflict>,
}

impl Suspects {
    /// Nothing is known but `convicted`.
    pub fn new(convicted: &[Conflict]) -> Self {
        Self { convicted: convicted.to_vec(), ..Self::default() }
    }

    /// Takes in how a build went.
    pub fn saw(&mut self, levels: Levels, built: bool) {
        if built { self.built.push(levels) } else { self.failed.push(levels) }
    }

    /// The next suspect, and the build that tells: the one with nothing on but what the suspicion is about. `None` when all
    /// failures are explained, or nothing more can be found out.
    pub fn next(&self) -> Option<(Conflict, Levels)> {
        if self.probed.len() >= PROBES_MAX {
            return None;
        }
        let open: Vec<&Levels> = self.unexplained().collect();
        let coverage = |suspect: &Conflict| open.iter().filter(|levels| suspect.hits(levels)).count();
        let suspects = self.conceivable(open.first()?.0.len()).filter(|suspect| !self.probed.contains(suspect));
        let innocent = |suspect: &Conflict| self.built.iter().any(|levels| suspect.hits(levels));
        let (_, best) = suspects
            .filter(|suspect| !innocent(suspect))
            .map(|suspect| (coverage(&suspect), suspect))
            .filter(|(covered, _)| *covered > 0)
            // The first of those that explain most: single states come before pairs.
            .reduce(|best, other| if other.0 > best.0 { other } else { best })?;
        let probe = probe(&best, open.first()?.0.len());
        Some((best, probe))
    }

    /// Takes in how the probe of a suspect went.
    pub fn probed(&mut self, suspect: Conflict, probe: Levels, built: bool) {
        self.probed.insert(suspect.clone());
        self.saw(probe, built);
        if !built {
            self.convicted.push(suspect);
        }
    }

    /// What was found, in the order in which it was.
    pub fn convicted(&self) -> &[Conflict] {
        &self.convicted
    }

    /// Failures that nothing found so far explains.
    pub fn unexplained(&self) -> impl Iterator<Item = &Levels> {
        self.failed.iter().filter(|levels| !self.convicted.iter().any(|conflict| conflict.hits(levels)))
    }

    /// Every conflict of one or two factors: what is on alone, what is on together, what is on without another.
    fn conceivable(&self, factors: usize) -> impl Iterator<Item = Conflict> {
        let state = |factor, on| Literal { factor, on };
        let alone = (0..factors).map(move |factor| Conflict(vec![state(factor, true)]));
        let pairs = move || (0..factors).flat_map(move |one| (one + 1..factors).map(move |other| (one, other)));
        let together = pairs().map(move |(one, other)| Conflict(vec![state(one, true), state(other, true)]));
        let without = pairs().flat_map(move |(one, other)| {
            [
                Conflict(vec![state(one, true), state(other, false)]),
                Conflict(vec![state(one, false), state(other, true)]),
            ]
        });
        alone.chain(together).chain(without)
    }
}

/// The build with nothing on but what the conflict is about.
fn probe(conflict: &Conflict, factors: usize) -> Levels {
    let on = |factor| conflict.0.contains(&Literal { factor, on: true });
    Levels((0..factors).map(on).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All sixteen combinations of the base factors a b c d, with further factors as products of them.
    fn regular(products: &[&[usize]]) -> Vec<Levels> {
        let base = (0..16).map(|row| (0..4).map(|bit| row >> bit & 1 == 1).collect::<Vec<bool>>());
        base.map(|base| {
            let product = |of: &[usize]| of.iter().filter(|&&factor| base[factor]).count() % 2 == of.len() % 2;
            Levels(base.iter().copied().chain(products.iter().map(|of| product(of))).collect())
        })
        .collect()
    }

    fn conflict(literals: &[(usize, bool)]) -> Conflict {
        Conflict(literals.iter().map(|&(factor, on)| Literal { factor, on }).collect())
    }

    /// What is found where `truth` keeps builds from building, and by how many probes.
    fn found(rows: Vec<Levels>, truth: &[Conflict]) -> (Vec<Conflict>, usize) {
        let builds = |levels: &Levels| !truth.iter().any(|conflict| conflict.hits(levels));
        let mut suspects = Suspects::new(&[]);
        for levels in rows {
            let built = builds(&levels);
            suspects.saw(levels, built);
        }
        let mut probes = 0;
        while let Some((suspect, probe)) = suspects.next() {
            let built = builds(&probe);
            suspects.probed(suspect, probe, built);
            probes += 1;
        }
        assert_eq!(suspects.unexplained().count(), 0);
        (suspects.convicted().to_vec(), probes)
    }

    #[test]
    fn what_is_planted_is_found_though_the_design_confounds_it() {
        // Twelve factors in sixteen builds: each pair's builds are also those of two other pairs.
        let rows = || regular(&[&[0, 1], &[0, 2], &[0, 3], &[1, 2], &[1, 3], &[2, 3], &[0, 1, 2], &[0, 1, 3]]);
        let exclusive = conflict(&[(0, true), (1, true)]);
        let (guilty, probes) = found(rows(), std::slice::from_ref(&exclusive));
        assert_eq!(guilty, [exclusive]);
        assert!(probes <= 3, "{probes}");
        let later = conflict(&[(1, true), (4, true)]);
        assert_eq!(found(rows(), std::slice::from_ref(&later)).0, [later]);
    }

    #[test]
    fn each_kind_of_conflict_is_told_from_the_others() {
        let rows = || regular(&[&[0, 1, 2, 3]]);
        for truth in [
            vec![conflict(&[(2, true)])],
            vec![conflict(&[(2, true), (3, false)])],
            vec![conflict(&[(0, false), (4, true)])],
            vec![conflict(&[(0, true), (1, true)]), conflict(&[(2, true), (4, true)])],
        ] {
            let (mut guilty, _) = found(rows(), &truth);
            guilty.sort();
            assert_eq!(guilty, truth);
        }
    }

    #[test]
    fn nothing_is_suspected_while_all_builds() {
        assert_eq!(found(regular(&[]), &[]), (Vec::new(), 0));
    }

    #[test]
    fn a_failure_that_comes_and_goes_convicts_nobody() {
        let mut suspects = Suspects::new(&[]);
        for levels in regular(&[]) {
            suspects.saw(levels.clone(), true);
        }
        suspects.saw(Levels(vec![true, false, true, false]), false);
        assert_eq!(suspects.next(), None);
        assert_eq!(suspects.unexplained().count(), 1);
    }
}
