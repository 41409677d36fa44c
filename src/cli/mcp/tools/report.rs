//! `report`: what an agent says that it does.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool, word};
use crate::agents::facts::Doing;
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};

/// Say what you do: `working`, `waiting`, or `needs-input` when a person must decide. It is kept as your claim. How an attempt ends is found out, and
/// is not yours to say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// What you do
    state: Doing,
    /// More of it, in words; with needs-input: the question
    note: Option<String>,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("report", Effect::Says);

impl Asked for Args {
    fn errand(self, _: &Seat) -> Result<Errand, Refusal> {
        Ok(Order::new(["report"]).option("note", self.note).about(word(self.state)))
    }
}
