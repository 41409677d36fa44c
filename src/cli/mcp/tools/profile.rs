//! `profile`: where the time goes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool, word};
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};
use crate::cli::profile::What;

/// Read where the time, the waiting or the memory of both arms goes: each function's own cost per operation, off and on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The improvement, such as T003; default: the one that you work on
    id: Option<String>,
    /// What is counted; default: cpu
    kind: Option<What>,
    /// How many functions; default: 15
    top: Option<u32>,
    /// The experiment, as `apply` names it; default: the latest on what is accepted
    experiment: Option<i64>,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("profile", Effect::Looks);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        let profile = Order::new(["profile"])
            .option("kind", self.kind.map(word))
            .option("top", self.top)
            .option("experiment", self.experiment);
        Ok(profile.about(seat.improvement(self.id)?))
    }
}
