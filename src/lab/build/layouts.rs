//! The same driver linked several times, its functions in another order each time.
//!
//! ```text
//!   cargo build ──▶ driver                 as the linker puts it: what is profiled, and one of the layouts
//!   cargo rustc -- -Clink-arg=-Wl,--shuffle-sections=.text*=1 ──▶ layout-1      only the last crate is linked again
//!   …                                                                           without debug information: only measured
//! ```
//!
//! Where a function lies decides which cache sets and branch predictors it shares with which others. One binary has one such
//! fate and keeps it through all its pairs, where it looks like a difference between the arms that no number of pairs averages out.
//! (Mytkowicz et al.: Producing wrong data without doing anything obviously wrong, ASPLOS 2009; Curtsinger & Berger: Stabilizer,
//! ASPLOS 2013.) Pairs [draw](crate::lab::pair::Coins::layout) from the layouts, so that the order of functions
//! belongs to the noise.

use std::path::Path;

use super::arms::{Arms, named, without_progress};
use super::cache::Making;
use super::lane::Lane;
use super::tree::Tree;
use crate::lab::LabError;
use crate::lab::experiment::Side;
use crate::lab::journal::Event;

/// How lld takes a seed for the order of the sections that hold code. Linkers that do not know it refuse it by this name.
const SHUFFLE: &str = "--shuffle-sections";

impl Arms {
    /// Links the driver just built again, as often as the target asks, and keeps each copy in `made`. None are made where the linker
    /// cannot, and that is told.
    pub(super) async fn link_layouts(
        &self,
        tree: &Tree,
        side: Side,
        features: &[String],
        built: &Path,
        made: &mut Making,
        lane: &Lane,
    ) -> Result<(), LabError> {
        for seed in 1..self.target.layouts {
            let what = format!("linking arm {side}, layout {} of {}", seed + 1, self.target.layouts);
            let args = self.driver_args("rustc", features);
            let shuffle = format!("-Clink-arg=-Wl,{SHUFFLE}=.text*={seed}");
            lane.begin(what.clone(), &named(features));
            let mut command = self.cargo.command(&tree.workspace);
            command.args(&args).args(["--", &shuffle, "-Cstrip=debuginfo"]).env("WB_SRC", &tree.digest);
            let ended = self.cargo.run(&mut command, self.build_limit(), lane).await?;
            lane.rest();
            let ended = ended.ok_or_else(|| self.took_too_long(what))?;
            if !ended.success && is_refusal(&ended.said) {
                let note = "the linker cannot put functions in another order (lld can): all pairs measure one layout";
                lane.tell(Event::Progress { note: note.to_owned() });
                return Ok(());
            }
            if !ended.success {
                let command = format!("cargo {} -- {shuffle} -Cstrip=debuginfo", args.join(" "));
                let output = without_progress(&ended.said);
                return Err(LabError::BuildFailed { side, features: named(features), output, command });
            }
            made.layout(built)?;
        }
        Ok(())
    }
}

/// Whether a linker says that it does not know the option. Cargo repeats the whole command, so that its name alone says nothing.
fn is_refusal(said: &str) -> bool {
    let words = ["unrecognized", "unknown", "unsupported", "not supported", "not a number"];
    said.lines().any(|line| line.contains(SHUFFLE) && words.iter().any(|word| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linker_that_does_not_know_the_option_is_told_from_one_that_fails() {
        assert!(is_refusal(
            "error: linking with `cc` failed\n/usr/bin/ld.bfd: unrecognized option '--shuffle-sections=.text*=1'"
        ));
        assert!(is_refusal("  = note: /usr/bin/ld.gold: --shuffle-sections=.text*=1: unknown option"));
        let full = "note: \"cc\" \"-Wl,--shuffle-sections=.text*=1\"\nrust-lld: error: failed to write: No space left on device";
        assert!(!is_refusal(full));
    }
}
