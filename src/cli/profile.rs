//! `workbench profile ID`: where the time of both arms goes: the files, and the functions whose cost changed most.

use serde::Serialize;

use super::{Context, Exit, Failure, Format, OrExit, Row, find, output};
use crate::improvements::ImprovementId;
use crate::lab::experiment::{ExperimentId, Side};
use crate::profiles::profile::nanoseconds;
use crate::profiles::{Arm, Change, Difference, FunctionCost, Kind, Owner, Profile, Shelf, ShelfError, functions};
use crate::tracking::{ProfileFact, Reader, StoreError};

/// Show where the time of both arms goes, per operation
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench profile T003
  workbench profile T003 --kind wait --top 5
  workbench profile T003 --json | jq '.data.files'

The pictures are drawn again when they are missing.")]
pub struct Args {
    /// The improvement, such as T003
    id: String,

    /// Time on the CPU, or time spent waiting
    #[arg(long, value_enum, default_value_t = What::Cpu)]
    kind: What,

    /// How many functions
    #[arg(long, value_name = "NUMBER", default_value_t = 15)]
    top: usize,

    /// The profiles of this experiment; default: the latest that has some
    #[arg(long, value_name = "NUMBER")]
    experiment: Option<i64>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    Cpu,
    Wait,
}

/// The JSON form. Costs in nanoseconds per operation. Stable.
#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    experiment: i64,
    kind: String,
    a: ArmLine,
    b: ArmLine,
    delta: f64,
    functions: &'a [FunctionLine],
    files: Vec<String>,
}

/// One arm's profile. Costs in nanoseconds per operation.
#[derive(Serialize)]
struct ArmLine {
    samples: u64,
    cpu_s: f64,
    ops: u64,
    cost: f64,
    #[serde(skip)]
    coverage: String,
}

/// A function as a line.
#[derive(Serialize)]
struct FunctionLine {
    #[serde(flatten)]
    cost: FunctionCost,
    change: &'static str,
}

impl Row for FunctionLine {
    const COLUMNS: &'static [&'static str] = &["Function", "A", "B", "Change", "± sampling", ""];
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        let FunctionCost { name, own_a, own_b, delta, noise, .. } = &self.cost;
        let sign = if *delta > 0.0 { "+" } else { "" };
        let change = format!("{sign}{}", nanoseconds(*delta));
        vec![
            name.clone(),
            nanoseconds(*own_a),
            nanoseconds(*own_b),
            change,
            noise.map_or_else(|| "–".to_owned(), nanoseconds),
            self.change.to_owned(),
        ]
    }
}

/// Prints profiles.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let entry = find::improvement(&catalog.register, &args.id)?;
    let kind = match args.kind {
        What::Cpu => Kind::Cpu,
        What::Wait => Kind::Wait,
    };
    let none = || {
        miette::miette!(
            code = "profile::none",
            help = "`workbench apply` takes them after the verdict; lab.profile_s in workbench.yaml says for how long",
            "there is no {kind} profile of both arms of {0} yet",
            entry.id
        )
    };
    let store = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
    let wanted = args.experiment.map(ExperimentId);
    let found = latest_pair(&store, &entry.id, kind, wanted).await?;
    let (experiment, [a, b]) = found.ok_or_else(none).or_exit(Exit::NotFound)?;
    let shelf = Shelf::new(&context.project.profiles_dir());
    let owner = Owner { improvement: &entry.id, experiment: experiment.0 };
    let difference = compared(&shelf, owner, &a, &b, kind)
        .map_err(|error| {
            let help = "take new ones: `workbench apply` profiles after each verdict";
            miette::miette!(code = "profile::unusable", help = help, "{error}")
        })
        .or_exit(Exit::Failed)?;

    let all = functions(&difference);
    let lines: Vec<FunctionLine> = all.into_iter().take(args.top).map(FunctionLine::from).collect();
    let whole = Whole {
        id: &entry.id.0,
        experiment: owner.experiment,
        kind: kind.to_string(),
        a: ArmLine::of(&difference.a),
        b: ArmLine::of(&difference.b),
        delta: difference.delta(),
        functions: &lines,
        files: files(&shelf, owner, kind).map(|file| context.project.shown(&file)).collect(),
    };
    match context.format {
        Format::Json => context.json(&whole, &serde_json::json!({ "schema": 1 }))?,
        Format::Table => context.print(&whole.page())?,
        Format::Md | Format::Csv => context.table(&lines, &())?,
    }
    Ok(Exit::Done)
}

/// How far back profiles are looked for.
const EXPERIMENTS_MAX: u32 = 100;

/// The latest experiment with profiles of both arms, and these.
async fn latest_pair(
    store: &Reader,
    id: &ImprovementId,
    kind: Kind,
    wanted: Option<ExperimentId>,
) -> Result<Option<(ExperimentId, [ProfileFact; 2])>, StoreError> {
    for summary in store.experiments_of(id, EXPERIMENTS_MAX).await? {
        if wanted.is_some_and(|wanted| wanted != summary.id) {
            continue;
        }
        let profiles = store.profiles(summary.id).await?;
        let latest = |side| ProfileFact::latest(&profiles, side, kind).cloned();
        if let (Some(a), Some(b)) = (latest(Side::A), latest(Side::B)) {
            return Ok(Some((summary.id, [a, b])));
        }
    }
    Ok(None)
}

/// The difference of two recorded profiles; pictures that are missing are drawn.
fn compared(
    shelf: &Shelf,
    owner: Owner<'_>,
    a: &ProfileFact,
    b: &ProfileFact,
    kind: Kind,
) -> Result<Difference, ShelfError> {
    let difference = Difference::of(a.read(shelf, kind)?, b.read(shelf, kind)?);
    for profile in [&difference.a, &difference.b] {
        if !shelf.path(&Shelf::flame_file(owner, profile.arm, kind)).exists() {
            shelf.draw(owner, profile)?;
        }
    }
    if !shelf.path(&Shelf::difference_file(owner, kind)).exists() {
        shelf.draw_difference(owner, &difference)?;
    }
    Ok(difference)
}

/// The pictures, the difference first.
fn files(shelf: &Shelf, owner: Owner<'_>, kind: Kind) -> impl Iterator<Item = std::path::PathBuf> {
    let flames = [Arm::A, Arm::B].map(|arm| Shelf::flame_file(owner, arm, kind));
    let all = [Shelf::difference_file(owner, kind)].into_iter().chain(flames);
    all.map(|file| shelf.path(&file))
}

impl Whole<'_> {
    fn page(&self) -> String {
        let sign = if self.delta > 0.0 { "+" } else { "" };
        let mut text = format!(
            "{} experiment {}: {} per operation, {sign}{}\n\n  A (off)  {}\n  B (on)   {}\n\n",
            self.id,
            self.experiment,
            self.kind,
            nanoseconds(self.delta),
            self.a.coverage,
            self.b.coverage
        );
        text += &output::render(Format::Table, self.functions, &());
        text += "\n  own cost per operation; the changes of all functions sum to the change of the whole\n\n";
        for file in &self.files {
            text += &format!("  {file}\n");
        }
        text
    }
}

impl ArmLine {
    fn of(profile: &Profile) -> Self {
        Self {
            samples: profile.samples,
            cpu_s: profile.cpu.as_secs_f64(),
            ops: profile.ops,
            cost: profile.ns_per_op(),
            coverage: profile.coverage(),
        }
    }
}

impl From<FunctionCost> for FunctionLine {
    fn from(cost: FunctionCost) -> Self {
        let change = match cost.change {
            Change::New => "new",
            Change::Vanished => "gone",
            Change::Dearer => "dearer",
            Change::Cheaper => "cheaper",
            Change::Same => "",
        };
        Self { cost, change }
    }
}
