//! `workbench ablate [ID…]`: what does the stack lose without each of its improvements?

mod result;

use miette::Diagnostic;
use thiserror::Error;

use self::result::Line;
use super::apply::fresh_seed;
use super::progress::Progress;
use super::wait::{Wait, failure, interrupted_by_signals};
use super::{Context, Exit, Failure, Format, OrExit, find, noise};
use crate::catalog::Catalog;
use crate::improvements::{Improvement, ImprovementId, Trial, Variants};
use crate::lab::apply::{Conclusion, Job, Planned};
use crate::lab::plan::{Inquiry, NoiseLedger};
use crate::lab::recorder::Interrupt;
use crate::tracking::{Known, Reader, Store};

/// Measure what the stack loses without each of its improvements
///
/// An improvement that was accepted may have been made redundant by a later one. The arms are the stack without it and the
/// stack, on the improvement's own workload, by the same pairs and rule as `apply`. Statuses and the stack stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench ablate --dry-run           what would be measured
  workbench ablate                     every improvement of the stack
  workbench ablate T003 B002           these
  workbench ablate --all-on            of everything that can be switched, accepted or not
  workbench ablate --resume            go on with what was interrupted; what is decided is not measured again

Exit code 4 when one of them was not shown to be needed.")]
pub struct Args {
    /// The improvements, such as T003; default: all of the stack
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Features, or improvements by their ids, that make the stack, instead of those accepted so far
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "all_on")]
    stack: Vec<String>,

    /// The stack is every improvement that has variants
    #[arg(long)]
    all_on: bool,

    /// One workload for all, such as 'tpcc sessions=64' or 'tpcc p99', instead of each improvement's own
    #[arg(long, value_name = "WORKLOAD")]
    workload: Option<String>,

    /// Go on: what is decided of the same sources is taken as it is, what was interrupted goes on
    #[arg(long)]
    resume: bool,

    /// Print the plan and measure nothing
    #[arg(long, conflicts_with_all = ["resume", "wait"])]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,

    /// Pairs per improvement at most, instead of `policy.pair_limit`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..))]
    limit: Option<u32>,

    /// Seed of every coin, to repeat a run
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    seed: Option<u64>,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// There is nothing to leave out.
#[derive(Debug, Error, Diagnostic)]
enum Nothing {
    #[error("the stack is empty: nothing can be left out")]
    #[diagnostic(
        code(ablate::empty),
        help("accept improvements first (`workbench apply ID`), or name a stack: --all-on, --stack t001,t003")
    )]
    Empty,
    #[error("{id} is not in the stack: it cannot be left out")]
    #[diagnostic(
        code(ablate::not_in_stack),
        help("accept it first (`workbench apply {id}`), or name a stack: --all-on")
    )]
    NotInStack { id: ImprovementId },
}

/// An improvement to be left out.
struct Candidate<'a> {
    improvement: &'a Improvement,
    variants: &'a Variants,
    /// What rests on it in the stack, so that it cannot go alone.
    needed_by: Vec<&'a str>,
}

/// Measures each, and prints what was found.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let reader = Reader::open(&context.project).await?;
    let stack = stack(&args, &catalog, reader.as_ref()).await?;
    let candidates = candidates(&args, &catalog, &stack)?;
    let elsewhere = args.workload.as_deref().map(|text| find::trial(&catalog, text)).transpose()?;
    let (known, noise) = match &reader {
        Some(reader) => (reader.known().await?, noise::known(reader).await?),
        None => Default::default(),
    };
    let interrupt = interrupted_by_signals().or_exit(Exit::Failed)?;
    let campaign =
        Campaign { args: &args, context, catalog: &catalog, stack: &stack, elsewhere: elsewhere.as_ref(), noise };
    let mut lines = Vec::new();
    for candidate in &candidates {
        let nothing = Known::default();
        let added = known.get(&candidate.improvement.id).unwrap_or(&nothing);
        lines.push(match (candidate.needed_by.is_empty(), args.dry_run) {
            (false, _) => Line::needed(candidate.improvement, candidate.variants, &candidate.needed_by, added),
            (true, true) => {
                let planned = campaign.plan(candidate).await?;
                Line::planned(candidate.improvement, &planned.plan, planned.is_built(), added)
            }
            (true, false) => {
                let conclusion = campaign.measure(candidate, reader.as_ref(), interrupt.clone()).await?;
                Line::measured(candidate.improvement, &conclusion, added)
            }
        });
    }
    result::print(context, &lines, &stack, args.dry_run)?;
    Ok(if args.dry_run || lines.iter().all(Line::passed) { Exit::Done } else { Exit::NotPassed })
}

/// Features of the stack, in order.
async fn stack(args: &Args, catalog: &Catalog, reader: Option<&Reader>) -> Result<Vec<String>, Failure> {
    if args.all_on {
        let all = catalog.register.improvements.iter().filter(|entry| entry.variants.is_some());
        return Ok(all.map(|entry| entry.feature.clone()).collect());
    }
    if !args.stack.is_empty() {
        return Ok(args.stack.iter().map(|name| find::feature(&catalog.register, name)).collect());
    }
    match reader {
        Some(reader) => Ok(reader.stack().await?.into_iter().map(|entry| entry.feature).collect()),
        None => Ok(Vec::new()),
    }
}

/// The named improvements, or all of the stack, with what rests on each.
fn candidates<'a>(args: &Args, catalog: &'a Catalog, stack: &[String]) -> Result<Vec<Candidate<'a>>, Failure> {
    let register = &catalog.register;
    let in_stack = |entry: &&Improvement| stack.contains(&entry.feature);
    let wanted: Vec<&Improvement> = if args.ids.is_empty() {
        let of_feature = |feature: &String| register.improvements.iter().find(|entry| entry.feature == *feature);
        stack.iter().filter_map(of_feature).collect()
    } else {
        args.ids.iter().map(|id| find::improvement(register, id)).collect::<Result<_, _>>()?
    };
    if wanted.is_empty() {
        return Err(Failure::new(Exit::NotPassed, Nothing::Empty));
    }
    let mut candidates = Vec::new();
    for improvement in wanted {
        let variants = improvement.measurable().or_exit(Exit::NotPassed)?;
        if !in_stack(&improvement) {
            return Err(Failure::new(Exit::NotPassed, Nothing::NotInStack { id: improvement.id.clone() }));
        }
        let rests_on_it = |entry: &&Improvement| entry.needs.contains(&improvement.id);
        let needed_by = register.improvements.iter().filter(in_stack).filter(rests_on_it);
        let needed_by = needed_by.map(|entry| entry.id.0.as_str()).collect();
        candidates.push(Candidate { improvement, variants, needed_by });
    }
    Ok(candidates)
}

/// What all its experiments have in common.
struct Campaign<'a> {
    args: &'a Args,
    context: &'a Context,
    catalog: &'a Catalog,
    stack: &'a [String],
    elsewhere: Option<&'a Trial>,
    noise: NoiseLedger,
}

impl Campaign<'_> {
    async fn plan<'a>(&'a self, candidate: &Candidate<'a>) -> Result<Planned<'a>, Failure> {
        let Candidate { improvement, variants, .. } = candidate;
        let job = Job {
            project: &self.context.project,
            config: &self.catalog.config,
            inquiry: Inquiry::leave_one_out(improvement, variants, self.stack, self.elsewhere),
            noise: self.noise.clone(),
            pair_limit: self.args.limit,
            resume: self.args.resume,
            patience: self.args.wait.patience(),
            test: false,
            profile: false,
            seed: self.args.seed.unwrap_or_else(fresh_seed),
        };
        job.plan().await.map_err(failure)
    }

    /// Measures one; with `--resume` what was decided before is the answer.
    async fn measure(
        &self,
        candidate: &Candidate<'_>,
        reader: Option<&Reader>,
        interrupt: Interrupt,
    ) -> Result<Conclusion, Failure> {
        let planned = self.plan(candidate).await?;
        let mut progress = Progress::new(&planned.plan);
        if let (Some(reader), true) = (reader, self.args.resume)
            && let Some(decided) = reader.decided(&planned.plan).await?
            && let Some(verdict) = decided.verdict
        {
            let number = decided.summary.id.0;
            progress.say(&format!("{}: experiment {number} has decided it", candidate.improvement.id));
            progress.end();
            let pairs = decided.pairs.into_iter().map(|fact| fact.pair).collect();
            let (plan, binaries, ruling) = (decided.plan, decided.builds, verdict.ruling);
            return Ok(Conclusion { experiment: decided.summary.id, plan, binaries, pairs, ruling });
        }
        if self.context.format == Format::Table {
            progress.say(&format!("the stack without {}", candidate.improvement.id));
        }
        let mut store = Store::open(&self.context.project).await?;
        let concluded = planned.run(&mut store, &mut |event| progress.observe(event), interrupt).await;
        progress.end();
        store.close().await;
        concluded.map_err(failure)
    }
}
