//! `workbench acp -- CMD…`: what a supervisor starts in the place of an agent that speaks the Agent Client Protocol.
//!
//! Not for people: the brief is on stdin, the worktree is where it is, the assignment stands in the environment. What the agent says goes to stdout, a
//! line for each update; its own stderr is ours.

use std::io;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{Context, Exit, Failure};
use crate::agents::acp::{Rule, Session, SessionError, Stop};
use crate::agents::offer::Offer;
use crate::machine::processes::die_with_parent;

/// Work through one brief with an agent that speaks the Agent Client Protocol
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  workbench assign T003    starts it where the agent's runner is of kind `acp`")]
pub struct Args {
    /// The agent's program and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Talks with the agent until its turn has ended. The last line says how: the supervisor keeps it as the reason.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let (how, exit) = match turn(&args.command, context).await {
        Ok(stop @ Stop::EndTurn) => (stop.to_string(), Exit::Done),
        Ok(stop @ (Stop::MaxTokens | Stop::MaxTurnRequests | Stop::Refusal | Stop::Cancelled | Stop::Unknown)) => {
            (stop.to_string(), Exit::NotPassed)
        }
        Err(error) => (error.to_string(), Exit::Failed),
    };
    context.print(&(how + "\n"))?;
    Ok(exit)
}

async fn turn(command: &[String], context: &Context) -> Result<Stop, SessionError> {
    let tree = std::env::current_dir()?;
    let mut brief = String::new();
    tokio::io::stdin().read_to_string(&mut brief).await?;
    let mut agent = start(command)?;
    let (Some(to), Some(from)) = (agent.stdin.take(), agent.stdout.take()) else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    // Nobody reads us: the supervisor has gone, and takes us with it.
    let log = |line: String| drop(context.print(&(line + "\n")));
    let offer = Offer::new(&std::env::current_exe()?, &[]);
    let mut interrupted = signal(SignalKind::interrupt())?;
    let stop = async move {
        interrupted.recv().await;
    };
    Session::new(BufReader::new(from), to, Rule::within(&tree), log, stop).turn(&tree, &offer, &brief).await
}

/// In our own process group, so that what the supervisor tells us it is told too.
fn start(command: &[String]) -> io::Result<Child> {
    let [program, arguments @ ..] = command else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    die_with_parent(command.as_std_mut());
    command.spawn()
}
