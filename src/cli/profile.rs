//! `workbench profile ID`: where the time of both arms goes: the functions whose cost changed most, books that close, and the files.

mod capture;
mod count;
mod export;
mod page;

use std::path::PathBuf;

use self::export::{Of, Shape};
pub(super) use self::page::FunctionLine;
use self::page::Page;
use super::wait::Wait;
use super::{Context, Exit, Failure, Format, OrExit, find};
use crate::improvements::ImprovementId;
use crate::lab::experiment::{ExperimentId, Question, Side};
use crate::profiles::{Attribution, Kind, Owner, Shelf, ShelfError};
use crate::tracking::{ProfileFact, Reader, StoreError};

/// Show where the time of both arms goes, per operation
///
/// Every function's own cost in A and in B, and what they add up to: the sum is held against the CPU time that was measured, and what
/// is in no function has a line of its own. The intervals hold 99 % of the time; they come from several processes for each arm.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench profile T003
  workbench profile T003 --kind wait --top 5
  workbench profile T003 --kind alloc                          who asks for memory: bytes per operation
  workbench profile T003 --json | jq '.data.books'
  workbench profile T003 --export pprof --to t003.pb.gz        then: pprof -http=: t003.pb.gz
  workbench profile T003 --export speedscope --to t003.json    then: open it at https://www.speedscope.app
  workbench profile T003 --export folded --of a --to a.folded
  workbench profile T003 --capture                             take new ones first, without deciding anything
  workbench profile T003 --count-instructions --ops 2000

The pictures are drawn again when they are missing. With --strict the exit code is 4 when the functions leave more than
5 % of the measured change unexplained.")]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// Time on the CPU, time spent waiting, instructions, or memory asked for
    #[arg(long, value_enum, default_value_t = What::Cpu)]
    kind: What,

    /// How many functions
    #[arg(long, value_name = "NUMBER", default_value_t = 15)]
    top: usize,

    /// The profiles of this experiment; default: the latest that has some
    #[arg(long, value_name = "NUMBER")]
    experiment: Option<i64>,

    /// Build both arms and take new profiles first, without measuring or deciding anything
    #[arg(long, conflicts_with_all = ["export", "count_instructions", "experiment"])]
    capture: bool,

    /// Capture against no other improvement instead of the stack
    #[arg(long, requires = "capture")]
    alone: bool,

    /// Count instructions of both arms with Callgrind first, and record them: one session, a fixed seed; takes minutes
    #[arg(long, conflicts_with_all = ["export", "strict"])]
    count_instructions: bool,

    /// Operations to count instructions of
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, requires = "count_instructions", value_parser = clap::value_parser!(u64).range(1..))]
    ops: u64,

    #[command(flatten)]
    wait: Wait,

    /// Exit with 4 when the functions do not explain the measured change
    #[arg(long, conflicts_with = "export")]
    strict: bool,

    /// Write it in the format of another tool
    #[arg(long, value_enum, value_name = "FORMAT", requires = "to")]
    export: Option<Shape>,

    /// One arm, or both compared
    #[arg(long, value_enum, default_value_t = Of::Difference, requires = "export")]
    of: Of,

    /// The file to be written; `-` is stdout
    #[arg(long, value_name = "FILE", requires = "export")]
    to: Option<PathBuf>,
}

/// What a profile counts.
#[derive(Debug, Clone, Copy, clap::ValueEnum, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    Cpu,
    Wait,
    Instructions,
    Alloc,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.count_instructions || self.capture
    }
}

/// Prints profiles, or writes them to a file.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    if args.count_instructions {
        count::run(context, &catalog.config, &entry.id, args.experiment, args.ops, args.wait.patience()).await?;
    }
    let mut wanted = args.experiment.map(ExperimentId);
    if args.capture {
        wanted = Some(capture::run(context, &catalog, entry, args.alone, args.wait.patience()).await?);
    }
    let kind = match args.kind {
        _ if args.count_instructions => Kind::Instructions,
        What::Cpu => Kind::Cpu,
        What::Wait => Kind::Wait,
        What::Instructions => Kind::Instructions,
        What::Alloc => Kind::Alloc,
    };
    let help = match kind {
        Kind::Instructions => format!("count them: `workbench profile {} --count-instructions`", entry.id),
        Kind::Alloc | Kind::Allocs => format!(
            "take them with `workbench profile {} --capture`; the driver's allocator must be probe::driver::Allocations",
            entry.id
        ),
        Kind::Cpu | Kind::Wait | Kind::Times => {
            format!("take them: `workbench profile {} --capture`; `workbench apply` does after its verdict", entry.id)
        }
    };
    let none = || {
        miette::miette!(
            code = "profile::none",
            help = help.clone(),
            "there is no {kind} profile of both arms of {0} yet",
            entry.id
        )
    };
    let store = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let found = with_both_arms(&store, &entry.id, kind, wanted).await?;
    let (experiment, facts) = found.ok_or_else(none).or_exit(Exit::NotFound)?;
    let shelf = Shelf::new(&context.project.profiles_dir());
    let owner = Owner { subject: &entry.id.0, experiment: experiment.0 };
    let unusable = |error: ShelfError| {
        let help = "take new ones: `workbench apply` profiles after each verdict; where the evidence was imported, export \
                    it with --profiles and import it again";
        miette::miette!(code = "profile::unusable", help = help, "{error}")
    };
    let difference = ProfileFact::compared(&facts, &shelf, kind).map_err(unusable).or_exit(Exit::Failed)?;
    let difference = difference.ok_or_else(none).or_exit(Exit::NotFound)?;
    if let (Some(shape), Some(to)) = (args.export, &args.to) {
        return export::write(context, owner, &difference, shape, args.of, to);
    }

    shelf.draw_missing(owner, &difference).map_err(unusable).or_exit(Exit::Failed)?;
    let waits = ProfileFact::waited(&facts, &shelf).map_err(unusable).or_exit(Exit::Failed)?;
    let attribution = Attribution::of(&difference);
    let files = shelf.pictures(owner, kind).map(|file| context.project.shown(&file)).collect();
    let verdicts = store.verdicts(&Question::AddOneIn(entry.id.clone())).await?;
    let verdict = verdicts.iter().find(|verdict| verdict.experiment == experiment);
    let often = if kind == Kind::Alloc { ProfileFact::compared(&facts, &shelf, Kind::Allocs) } else { Ok(None) };
    let often = often.map_err(unusable).or_exit(Exit::Failed)?;
    let page = Page::of(owner, &difference, &attribution, waits, files, args.top).beside(verdict).told_often(often);
    match context.format {
        Format::Json => context.json(&page, &serde_json::json!({ "schema": 1 }))?,
        Format::Table => context.print(&page.text())?,
        Format::Md | Format::Csv => context.table(page.functions(), &())?,
    }
    Ok(if args.strict && !attribution.books.close() { Exit::NotPassed } else { Exit::Done })
}

/// The functions whose own CPU time changed most, of the latest profiles; nothing where there are none that can be read.
pub(super) async fn hottest(
    context: &Context,
    id: &ImprovementId,
) -> Result<Option<(ExperimentId, Attribution)>, Failure> {
    let Some(store) = Reader::open(&context.project).await? else { return Ok(None) };
    let Some((experiment, facts)) = with_both_arms(&store, id, Kind::Cpu, None).await? else { return Ok(None) };
    let shelf = Shelf::new(&context.project.profiles_dir());
    // Stacks that have gone from the shelf are no reason to show nothing else: `workbench profile` says what is wrong.
    let difference = ProfileFact::compared(&facts, &shelf, Kind::Cpu).unwrap_or_default();
    Ok(difference.map(|difference| (experiment, Attribution::of(&difference))))
}

/// How far back profiles are looked for.
const EXPERIMENTS_MAX: u32 = 100;

/// The latest experiment with profiles of both arms, and all its profiles.
async fn with_both_arms(
    store: &Reader,
    id: &ImprovementId,
    kind: Kind,
    wanted: Option<ExperimentId>,
) -> Result<Option<(ExperimentId, Vec<ProfileFact>)>, StoreError> {
    let mut summaries = store.experiments_of(&Question::AddOneIn(id.clone()), EXPERIMENTS_MAX).await?;
    if wanted.is_some() {
        summaries.extend(store.experiments_of(&Question::HandedIn(id.clone()), EXPERIMENTS_MAX).await?);
    }
    for summary in summaries {
        if wanted.is_some_and(|wanted| wanted != summary.id) {
            continue;
        }
        let profiles = store.profiles(summary.id).await?;
        if [Side::A, Side::B].into_iter().all(|side| ProfileFact::any(&profiles, side, kind)) {
            return Ok(Some((summary.id, profiles)));
        }
    }
    Ok(None)
}
