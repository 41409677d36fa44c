//! `workbench yield -- CMD`: a build that gives way to measurements.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{Context, Exit, Failure, OrExit};
use crate::machine::processes::die_with_parent;
use crate::machine::{GivingWay, Owner};

/// Run a command that stands still while somebody measures on this machine
///
/// The command and all that it starts are stopped (SIGSTOP) when somebody has built what is measured and begins, and go on when
/// that is over, also when whoever measured was killed. It begins when nobody measures. Signals and exit code are passed on. It runs
/// in a process group of its own and cannot read from a terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench yield -- cargo build --release
  workbench yield -- make -j8

A measurement that the command itself runs (`workbench apply` in a script) stops what runs beside it, and neither itself nor
who waits for it.")]
pub struct Args {
    /// The command and its arguments
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the command to its end.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let what = args.command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let (place, us) = (context.project.lease(), Owner::new(what, context.project.root()));
    let mut waiting = |note: String| drop(writeln!(io::stderr(), "workbench: {note}"));
    let cannot = |error: io::Error| {
        let folder = place.folder().display();
        miette::miette!(
            code = "yield::place",
            help = "all who build or measure on this machine must be able to write there; another place is `machine.lease` in workbench.yaml, or WORKBENCH_LEASE",
            "cannot meet with measurements in {folder}: {error}"
        )
    };
    let giving_way = GivingWay::begin(&place, &us, &mut waiting).map_err(cannot).or_exit(Exit::Failed)?;
    // Before it starts, so that no signal ends us and leaves it alone.
    let mut signals = Signals::listen()?;
    let mut child = start(&args.command)?;
    Ok(Exit::Of(code(see_to_its_end(&mut child, &mut signals, &giving_way).await?)))
}

fn start(words: &[OsString]) -> Result<Child, Failure> {
    let [program, arguments @ ..] = words else { unreachable!("clap asks for a command") };
    let mut command = Command::new(program);
    command.args(arguments).process_group(0);
    if io::stdin().is_terminal() {
        // A group in the background that read from the terminal would be stopped for it.
        command.stdin(Stdio::null());
    }
    die_with_parent(command.as_std_mut());
    command.spawn().map_err(|error| {
        let program = program.display();
        let report = miette::miette!(
            code = "yield::command",
            help = "check its name and PATH",
            "cannot run `{program}`: {error}"
        );
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, report)
    })
}

/// What ends a command from outside.
struct Signals {
    int: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| miette::miette!("cannot listen for signals: {error}"));
        let listen = |kind| listen(kind).or_exit(Exit::Failed);
        Ok(Self {
            int: listen(SignalKind::interrupt())?,
            term: listen(SignalKind::terminate())?,
            hup: listen(SignalKind::hangup())?,
            quit: listen(SignalKind::quit())?,
        })
    }

    /// The next one.
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.int.recv() => Signal::SIGINT,
            _ = self.term.recv() => Signal::SIGTERM,
            _ = self.hup.recv() => Signal::SIGHUP,
            _ = self.quit.recv() => Signal::SIGQUIT,
        }
    }
}

/// Passes on what we are told by signals. Who is told to end may end at once, also while it is stopped or just being stopped.
async fn see_to_its_end(
    child: &mut Child,
    signals: &mut Signals,
    giving_way: &GivingWay,
) -> Result<ExitStatus, Failure> {
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    loop {
        let told = tokio::select! {
            ended = child.wait() => {
                let cannot = |error| miette::miette!("cannot wait for the command: {error}");
                return ended.map_err(cannot).or_exit(Exit::Failed);
            }
            told = signals.next() => told,
        };
        if let Some(leader) = leader {
            // Nobody left to tell: then the wait above returns.
            let _ = killpg(leader, told);
            giving_way.let_go();
        }
    }
}

/// As a shell would say it: 128 and the signal's number where one ended it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}
