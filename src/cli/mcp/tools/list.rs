//! `list`: the register.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool, word};
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};
use crate::improvements::{Priority, Status};

/// List the improvements of the register. `claim` is what somebody promised, `measured` what experiments found: different things.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Only this status
    status: Option<Status>,
    /// Only this priority
    priority: Option<Priority>,
    /// Only this category, such as `Buffer Pool`
    category: Option<String>,
    /// Only improvements of the agent with this number
    agent: Option<u32>,
    /// Only improvements of the phase with this number
    phase: Option<u32>,
    /// Only those that can be measured
    #[serde(default)]
    measurable: bool,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("list", Effect::Looks);

impl Asked for Args {
    fn errand(self, _: &Seat) -> Result<Errand, Refusal> {
        let list = Order::new(["list"])
            .option("status", self.status.map(word))
            .option("priority", self.priority.map(word))
            .option("category", self.category)
            .option("agent", self.agent)
            .option("phase", self.phase)
            .flag("measurable", self.measurable);
        Ok(list.plain())
    }
}
