//! `workbench mcp`: what an agent may do, as a server of the Model Context Protocol.
//!
//! ```text
//!  client ──JSON lines──▶ server ──▶ tool: arguments ▶ errand ──▶ the command of that name, a process of its own
//!     ▲                                       │ refused                    │ stdout: its JSON    │ stderr: what it says
//!     └──────────── answer ◀──────────────────┴────────────────────────────┴──── progress ◀──────┘
//! ```
//!
//! A tool has no way of its own: whatever it does, the command does, with the same gates, and logs it ([`errand`]). What is only a command here
//! is not to be had: to assign, to review, to merge. A server is about one assignment ([`desk`]); without one it only looks.
//!
//! stdout carries the protocol and nothing else. A request that is cancelled interrupts its command, as Ctrl-C does; when the client goes, so does
//! what it asked for; and the kernel ends the commands of a server that was killed. Every finished pair is in the store by then.

mod answer;
mod client;
mod desk;
mod errand;
mod resources;
mod server;
mod tools;

use self::desk::Desk;
use super::{Context, Exit, Failure, Format};

/// Serve an agent by the Model Context Protocol, on stdin and stdout
///
/// Its tools are brief, list, show, verdict, profile, apply, report and submit: what the commands of these names do, with the same gates. It is about
/// one assignment; without one it only looks. An agent that `workbench assign` starts finds its assignment in the environment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench mcp < /dev/null
  workbench mcp --assignment T003 < /dev/null

For a client's configuration: command `workbench`, arguments `--project DIR mcp --assignment T003`. docs/agents.md has recipes.")]
pub struct Args {
    /// The improvement, or the assignment's number, that the client works on
    #[arg(long, value_name = "ID", env = "WORKBENCH_ASSIGNMENT", hide_env_values = true)]
    assignment: Option<String>,
}

/// Serves until the client has gone.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::new(Context::new(context.project.clone(), Format::Json), args.assignment);
    server::serve(desk).await?;
    Ok(Exit::Done)
}
