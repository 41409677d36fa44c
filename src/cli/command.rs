//! The command tree: parse, find the project, run one subcommand, print its error, exit.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{CommandFactory, Parser, Subcommand};
use miette::MietteHandlerOpts;

use super::context::colors_wanted;
use super::{
    Complaint, Context, Exit, Failure, Format, OrExit, ablate, acp, adapter, agents, apply, assign, calibrate, check,
    compare, completions, doctor, export, gate, history, import, init, interact, list, man, mcp, merge, note, plan,
    profile, recall, recover, report, review, run, screen, show, standup, status, submit, supervise, verdict, yielding,
};
use crate::project::Project;
use crate::tracking::{CommandFact, Store};
use crate::{config, tui};

/// Keeps an optimization register honest: a claim needs a receipt.
///
/// Without a command: the terminal interface, or the table of `list` when stdout is not a terminal.
#[derive(Debug, Parser)]
#[command(name = "workbench", version, after_help = AFTER_HELP)]
struct Cli {
    /// The project's folder; default: the nearest one at or above the working directory
    #[arg(long, global = true, help_heading = "Global options", value_name = "DIR", env = "WORKBENCH_PROJECT")]
    project: Option<PathBuf>,

    /// How results are printed
    #[arg(long, global = true, help_heading = "Global options", value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,

    /// Short for `--format json`
    #[arg(long, global = true, help_heading = "Global options", conflicts_with = "format")]
    json: bool,

    #[command(flatten)]
    interface: tui::Options,

    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done and accepted, 1 error, 2 usage, 3 not found, 4 gate not passed, 75 machine busy.

Examples:
  workbench                     open the terminal interface
  workbench list --phase 1      the register of phase 1
  workbench show T003           one improvement: claim beside measurement
  workbench apply T003          build without and with it, measure both, decide";

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Status(status::Args),
    Note(note::Args),
    Verdict(verdict::Args),
    History(history::Args),
    Check(check::Args),
    Apply(apply::Args),
    Calibrate(calibrate::Args),
    Screen(screen::Args),
    Interact(interact::Args),
    Ablate(ablate::Args),
    Compare(compare::Args),
    Profile(profile::Args),
    Plan(plan::Args),
    Report(report::Args),
    Init(init::Args),
    Import(import::Args),
    Export(export::Args),
    Agents(agents::Args),
    Assign(assign::Args),
    Submit(submit::Args),
    Gate(gate::Args),
    Review(review::Args),
    Merge(merge::Args),
    Run(run::Args),
    Standup(standup::Args),
    Mcp(mcp::Args),
    Recall(recall::Args),
    Recover(recover::Args),
    Doctor(doctor::Args),
    #[command(name = "yield")]
    Yield(yielding::Args),
    #[command(hide = true)]
    Adapter(adapter::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
    #[command(hide = true)]
    Acp(acp::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// Runs it; one that may change what is known leaves its words in the log, however it ends.
    async fn logged(self, context: &Context) -> Result<Exit, Failure> {
        if !self.changes_something() {
            return self.run(context).await;
        }
        let started = Instant::now();
        let ended = self.run(context).await;
        let exit = ended.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
        match log(context, exit, started.elapsed()).await {
            // The store that cannot be written has most likely been told by the command itself.
            Err(failure) if ended.is_ok() => Err(failure),
            Ok(()) | Err(_) => ended,
        }
    }

    /// The folder that the command makes a project of; it needs none around it. Nor does what is about the program itself.
    fn new_project(&self) -> Option<&Path> {
        match self {
            Self::Import(args) => args.to(),
            Self::Init(args) => Some(args.to()),
            Self::Completions(_) | Self::Man(_) => Some(Path::new(".")),
            Self::List(_)
            | Self::Show(_)
            | Self::Status(_)
            | Self::Note(_)
            | Self::Verdict(_)
            | Self::History(_)
            | Self::Check(_)
            | Self::Apply(_)
            | Self::Calibrate(_)
            | Self::Screen(_)
            | Self::Interact(_)
            | Self::Ablate(_)
            | Self::Compare(_)
            | Self::Profile(_)
            | Self::Plan(_)
            | Self::Report(_)
            | Self::Export(_)
            | Self::Agents(_)
            | Self::Assign(_)
            | Self::Submit(_)
            | Self::Gate(_)
            | Self::Review(_)
            | Self::Merge(_)
            | Self::Run(_)
            | Self::Standup(_)
            | Self::Mcp(_)
            | Self::Recall(_)
            | Self::Recover(_)
            | Self::Supervise(_)
            | Self::Acp(_)
            | Self::Doctor(_)
            | Self::Yield(_) => None,
            // Its folder is one of the lab's; it needs no project.
            Self::Adapter(_) => Some(Path::new(".")),
        }
    }

    /// Whether it is of use without a project too.
    fn needs_project(&self) -> bool {
        !matches!(self, Self::Yield(_))
    }

    fn changes_something(&self) -> bool {
        match self {
            Self::Apply(args) => args.changes_something(),
            Self::Calibrate(args) => args.changes_something(),
            Self::Screen(args) => args.changes_something(),
            Self::Interact(args) => args.changes_something(),
            Self::Ablate(args) => args.changes_something(),
            Self::Compare(args) => args.changes_something(),
            Self::Status(args) => args.changes_something(),
            Self::Note(args) => args.changes_something(),
            Self::Profile(args) => args.changes_something(),
            Self::Import(args) => args.changes_something(),
            Self::Report(args) => args.changes_something(),
            Self::Assign(args) => args.changes_something(),
            Self::Submit(args) => args.changes_something(),
            Self::Gate(args) => args.changes_something(),
            Self::Review(args) => args.changes_something(),
            Self::Merge(args) => args.changes_something(),
            Self::Run(args) => args.changes_something(),
            Self::Recall(args) => args.changes_something(),
            Self::Recover(args) => args.changes_something(),
            Self::List(_)
            | Self::Show(_)
            | Self::Verdict(_)
            | Self::History(_)
            | Self::Check(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Plan(_)
            | Self::Export(_)
            | Self::Init(_)
            | Self::Agents(_)
            | Self::Standup(_)
            // What is done through it leaves its words by itself.
            | Self::Mcp(_)
            | Self::Supervise(_)
            | Self::Acp(_)
            | Self::Doctor(_)
            | Self::Yield(_)
            | Self::Adapter(_) => false,
        }
    }

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => list::run(args, context).await,
            Self::Show(args) => show::run(args, context).await,
            Self::Status(args) => status::run(args, context).await,
            Self::Note(args) => note::run(args, context).await,
            Self::Verdict(args) => verdict::run(args, context).await,
            Self::History(args) => history::run(args, context).await,
            Self::Check(args) => check::run(args, context).await,
            Self::Apply(args) => apply::run(args, context).await,
            Self::Calibrate(args) => calibrate::run(args, context).await,
            Self::Screen(args) => screen::run(args, context).await,
            Self::Interact(args) => interact::run(args, context).await,
            Self::Ablate(args) => ablate::run(args, context).await,
            Self::Compare(args) => compare::run(args, context).await,
            Self::Profile(args) => profile::run(args, context).await,
            Self::Plan(args) => plan::run(args, context).await,
            Self::Report(args) => report::run(args, context).await,
            Self::Import(args) => import::run(args, context).await,
            Self::Export(args) => export::run(args, context).await,
            Self::Init(args) => init::run(args, context).await,
            Self::Agents(args) => agents::run(args, context).await,
            Self::Assign(args) => assign::run(args, context).await,
            Self::Submit(args) => submit::run(args, context).await,
            Self::Gate(args) => gate::run(args, context).await,
            Self::Review(args) => review::run(args, context).await,
            Self::Merge(args) => merge::run(args, context).await,
            Self::Run(args) => run::run(args, context).await,
            Self::Standup(args) => standup::run(args, context).await,
            Self::Mcp(args) => mcp::run(args, context).await,
            Self::Recall(args) => recall::run(args, context).await,
            Self::Recover(args) => recover::run(args, context).await,
            Self::Supervise(args) => supervise::run(args, context).await,
            Self::Acp(args) => acp::run(args, context).await,
            Self::Doctor(args) => doctor::run(args, context).await,
            Self::Yield(args) => yielding::run(args, context).await,
            Self::Adapter(args) => adapter::run(args, context),
            Self::Completions(args) => completions::run(&args, context),
            Self::Man(args) => man::run(&args, context),
        }
    }
}

/// Adds this command to the log. A command that failed before there was a store leaves none.
async fn log(context: &Context, exit: Exit, elapsed: Duration) -> Result<(), Failure> {
    if !context.project.store_file().exists() {
        return Ok(());
    }
    let argv = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let command = CommandFact {
        argv: ["workbench".to_owned()].into_iter().chain(argv).collect(),
        folder: context.project.root().display().to_string(),
        exit_code: Some(i32::from(exit.code())),
        elapsed,
    };
    let store = Store::open(&context.project).await?;
    store.log_command(&command).await?;
    store.close().await;
    Ok(())
}

/// The tree of commands, for completions, manual pages and the tests that go over all of them.
pub fn tree() -> clap::Command {
    Cli::command()
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    install_report_style();
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            print_failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let project = match cli.command.as_ref().and_then(Command::new_project) {
        Some(folder) => Project::to_be(folder),
        None => match Project::find(cli.project.as_deref()) {
            Err(_) if !cli.command.as_ref().is_none_or(Command::needs_project) => Project::none(),
            found => found.map(config::placed).or_exit(Exit::NotFound)?,
        },
    };
    let context = Context::new(project, if cli.json { Format::Json } else { cli.format });
    if cli.command.is_none() {
        tui::memory::one_heap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| miette::miette!("cannot start the runtime: {error}"))
        .or_exit(Exit::Failed)?;
    match cli.command {
        Some(command) => runtime.block_on(command.logged(&context)),
        None if context.is_interactive() => interface(&runtime, context.project, &cli.interface),
        None => runtime.block_on(Command::List(list::Args::default()).run(&context)),
    }
}

/// Runs the terminal interface. What it started goes on without it.
fn interface(runtime: &tokio::runtime::Runtime, project: Project, options: &tui::Options) -> Result<Exit, Failure> {
    let code = runtime.block_on(tui::run(project, options));
    let code =
        code.map_err(|error| miette::miette!("the terminal interface stopped: {error}")).or_exit(Exit::Failed)?;
    Ok(if code == 0 { Exit::Done } else { Exit::Signal(code) })
}

/// Reports on stderr: with the place in the person's file, without a backtrace; plain where stderr is not a terminal.
fn install_report_style() {
    let terminal = std::io::stderr().is_terminal();
    let style = move || {
        let mut options = MietteHandlerOpts::new()
            .terminal_links(false)
            .unicode(true)
            .color(terminal && colors_wanted())
            .context_lines(1)
            .tab_width(4);
        if !terminal {
            options = options.width(110);
        }
        options.build()
    };
    // The hook can only be set once, and this is the only place that sets it.
    let _ = miette::set_hook(Box::new(move |_| Box::new(style())));
}

#[expect(clippy::print_stderr, reason = "this is where errors reach the person")]
fn print_failure(failure: &Failure) {
    if Complaint::is_asked_for() {
        eprintln!("{}", serde_json::to_string(&Complaint::of(failure)).unwrap_or_default());
    } else {
        eprint!("{:?}", failure.report);
    }
}
