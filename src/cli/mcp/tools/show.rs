//! `show`: one improvement.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool};
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};

/// Show one improvement: what is claimed, what was measured, its seam and variants, how it is judged, and whose CPU time changed most.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The improvement, such as T003; default: the one that you work on
    id: Option<String>,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("show", Effect::Looks);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        Ok(Order::new(["show"]).about(seat.improvement(self.id)?))
    }
}
