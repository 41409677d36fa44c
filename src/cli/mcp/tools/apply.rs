//! `apply`: measure what is committed, before it is handed in.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Effect, Tool};
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};

/// Measure what is committed on your branch, with the feature off and on: builds, tests, answers, pairs until it is settled, profiles. The rule is
/// that of the gates, but no gate is passed by it and no status changes. It takes minutes, and says what it does meanwhile. Interrupted, it goes on
/// where it was when you ask again. The answer names its `experiment`, for `verdict` and `profile`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Wait so many seconds while somebody else measures; default: do not wait
    wait_s: Option<u32>,
    /// Only say what would be measured, how long it takes and what could be seen
    #[serde(default)]
    dry_run: bool,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("apply", Effect::Measures);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        let holder = seat.at_work()?;
        let apply = Order::new(["apply"]).option("commit", Some(holder.commit()?));
        let apply = if self.dry_run {
            apply.flag("dry-run", true)
        } else {
            apply.flag("resume", true).option("wait", self.wait_s.map(|seconds| format!("{seconds}s")))
        };
        Ok(apply.about(holder.id().0.clone()))
    }
}
