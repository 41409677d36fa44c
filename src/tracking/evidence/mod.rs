//! Evidence that travels: facts out of a store as reviewable JSON, and into another one.
//!
//! ```text
//!  store A ──gather──▶ Dossier ──file──▶ T003/20261128T220101Z-4f2c1a90.json ──file──▶ Dossier ──merge──▶ store B
//!                      one experiment        header, digest                  every fault      one transaction
//!                      with all its facts    one object per fact             in its place     per file
//!
//!  { "workbench_evidence": 1, "about": ["T003"], "digest": "…",
//!    "facts": [ { "fact": "experiment", "digest": "…", "at": "2026-11-28T22:01:01.123Z", "improvement": "T003", … },
//!               { "fact": "pair", "digest": "…", "workload": 0, "run": "decision", "idx": 0, "seed": "…", … }, … ] }
//! ```
//!
//! A screen is a dossier of its own, beside those of experiments.
//!
//! Numbers of rows are local to a store and never travel; what a fact *is* is its content. An experiment is known by when,
//! where and of what it was asked, a pair by its place in the experiment, everything else by all it says. So merging is a
//! union of sets: importing twice is importing once, and the order does not matter. Where two stores say different things
//! under one name, the import stops and tells it: nothing is overwritten.
//!
//! Facts travel as they were recorded, JSON columns included, so a file written by an older workbench has the same
//! digests in every later one; that they can be read today is checked before anything is committed. The digests find
//! what was changed by accident or by hand; they are no signature. Whoever forges them as well is found where figures
//! contradict their pairs: a pair whose ratio does not follow from its values, a verdict that does not replay.
//!
//! Start at [`kinds`]: which tables and columns travel. A new kind of fact is one entry there.

mod fact;
mod file;
mod gather;
mod kinds;
mod merge;
#[cfg(test)]
mod tests;

pub use fact::{Dossier, Fact};
pub use file::{Evidence, FORMAT_VERSION};
#[cfg(test)]
pub(super) use kinds::{KINDS, LOCAL_TABLES};
pub use merge::{Conflict, Merged, MergedDossier};
