//! `workbench report working|waiting|needs-input`: what an agent says of itself.

use serde::Serialize;

use crate::agents::facts::Doing;
use crate::cli::work::Work;
use crate::cli::{Context, Exit, Failure, Format, OrExit};
use crate::tracking::Store;

/// What was said. Its JSON form is stable.
#[derive(Serialize)]
struct Said<'a> {
    improvement: &'a str,
    agent: u32,
    attempt: u32,
    state: Doing,
    note: &'a str,
    recorded: bool,
}

/// Records it for the attempt that bears `token`.
pub(super) async fn run(
    context: &Context,
    doing: Doing,
    note: &str,
    token: Option<&str>,
    dry_run: bool,
) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let running = token.and_then(|token| work.attempt(token)).filter(|(_, attempt)| attempt.ended.is_none());
    let nobody = || {
        miette::miette!(
            code = "report::no_attempt",
            help = "only an agent that runs says what it does: its attempt stands in its environment. A person says it of an improvement: \
                    `workbench status ID in-progress`",
            "whoever says `{doing}` is no attempt that is under way"
        )
    };
    let (life, attempt) = running.ok_or_else(nobody).or_exit(Exit::NotFound)?;
    if !dry_run {
        let store = Store::open(&context.project).await?;
        store.say(&life.assignment, attempt, doing, note).await?;
        store.close().await;
    }
    let said = Said {
        improvement: &life.assignment.improvement.0,
        agent: life.assignment.agent,
        attempt: attempt.number,
        state: doing,
        note,
        recorded: !dry_run,
    };
    match context.format {
        Format::Json => context.json(&said, &serde_json::json!({ "schema": 1 }))?,
        Format::Table | Format::Md | Format::Csv => {
            let would = if dry_run { "would be recorded: " } else { "" };
            let note = if note.is_empty() { String::new() } else { format!(": {note}") };
            context.print(&format!("{would}agent {} on {}, {doing}{note}\n", said.agent, said.improvement))?;
        }
    }
    Ok(Exit::Done)
}
