//! `verdict`: what was decided of an improvement, and on which evidence.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool};
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};

/// Read a verdict with its evidence: figures with bounds, guards, the mechanism's counters. exit_code 4 says that it did not pass.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The improvement, such as T003; default: the one that you work on
    id: Option<String>,
    /// The experiment, as `apply` names it; default: the latest on what is accepted
    experiment: Option<i64>,
    /// Derive it again from the stored pairs, and compare
    #[serde(default)]
    replay: bool,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("verdict", Effect::Looks);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        let verdict = Order::new(["verdict"]).option("experiment", self.experiment).flag("replay", self.replay);
        Ok(verdict.about(seat.improvement(self.id)?))
    }
}
