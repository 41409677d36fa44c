//! `submit`: hand in what is committed.

use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, Effect, Tool};
use crate::agents::brief::NOT_NAMED;
use crate::cli::Exit;
use crate::cli::mcp::desk::{Refusal, Seat};
use crate::cli::mcp::errand::{Errand, Order};

/// Hand in what is committed on your branch. The gates decide: if you were started by the workbench they are run once you have ended; otherwise they
/// are run now, which takes minutes, and the answer says what each found. There is no way around them. Another submission needs another commit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// What was done, in a sentence; it is kept as your claim
    note: String,
    /// Wait so many seconds while somebody else measures, before the gates that measure; default: do not wait
    wait_s: Option<u32>,
    /// Only say what would be handed in
    #[serde(default)]
    dry_run: bool,
}

pub(super) const TOOL: Tool = Tool::of::<Args>("submit", Effect::HandsIn);

impl Asked for Args {
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal> {
        let submit = Order::new(["submit"])
            .option("note", Some(self.note))
            .option("wait", self.wait_s.map(|seconds| format!("{seconds}s")))
            .flag("dry-run", self.dry_run);
        Ok(submit.discreet().about(seat.at_work()?.number()))
    }
}

/// What may be told: private guards are not named, here as in briefs; and what was handed in is not handed in again because the machine was busy.
pub(super) fn tidy(mut answer: CallToolResult) -> CallToolResult {
    let busy = i32::from(Exit::Busy.code());
    match &mut answer.structured_content {
        Some(told) if answer.is_error == Some(true) && told["exit_code"] == busy => {
            told["error"]["help"] =
                "it is handed in; the gates go on with `workbench gate`, once the machine is free".into();
            let [message, help] =
                [&told["error"]["message"], &told["error"]["help"]].map(|text| text.as_str().unwrap_or_default());
            answer.content = vec![ContentBlock::text(format!("{message}\nNext: {help}"))];
        }
        Some(told) if answer.is_error != Some(true) => {
            let gates = told.get_mut("data").and_then(Value::as_array_mut);
            let refused = |line: &&mut Value| line["gate"] == "private_guards" && line["outcome"] == "no";
            for line in gates.into_iter().flatten().filter(refused) {
                line["reason"] = NOT_NAMED.into();
                line["experiment"] = Value::Null;
            }
            answer.content = vec![ContentBlock::text(told.to_string())];
        }
        Some(_) | None => {}
    }
    answer
}
