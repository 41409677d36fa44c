//! `brief`: all that an agent is told of its assignment.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool};
use crate::cli::mcp::desk::{Refusal, Seat, refusal};
use crate::cli::mcp::errand::Errand;

/// Read your brief: the claim, the seam, the workloads and gates, where the time goes, what earlier attempts failed by, what you may change. Begin here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {}

pub(super) const TOOL: Tool = Tool::of::<Args>("brief", Effect::LooksAtOwn);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        read(seat)
    }
}

/// The brief of whoever sits here.
pub(in crate::cli::mcp) fn read(seat: &Seat) -> Result<Errand, Refusal> {
    let file = seat.at_work()?.brief()?;
    let unreadable = |error: std::io::Error| {
        let what = format!("the brief {} cannot be read: {error}", file.display());
        refusal("mcp::no_brief", what, "`workbench assign` writes it, with each attempt")
    };
    std::fs::read_to_string(&file).map(Errand::Text).map_err(unreadable)
}
