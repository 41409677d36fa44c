//! `workbench init`: a Cargo project that knows nothing of the workbench gets a configuration and a register.

mod ask;
mod choice;
mod files;
mod look;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::choice::Choice;
use super::{Context, Exit, Failure, Format};
use crate::config::Reads;
use crate::lab::build::{Manifest, Together};
use crate::project::Project;

/// Make a Cargo project measurable: read its features and benches, write workbench.yaml and a register
///
/// Each chosen feature becomes an improvement, measured with the project's own bench or program, unmodified. What is not
/// given is asked on a terminal. Features that do not compile, alone or two by two, are found and written down.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench init                                              ask for everything
  workbench init ~/src/base64 --to ~/bench/base64 --features simd-unsafe --workload encode/3072
  workbench init --bench sums --reads divan --features fast,small --workload sums::long
  workbench init --bin tool --features fast -- hyperfine -N --export-json {out} '{program} input.txt'
  workbench init --example counter --features fast            a driver built on the crate `probe`
  workbench init --dry-run --features fast --json             what would be written")]
pub struct Args {
    /// The package or workspace; default: the working directory
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Where workbench.yaml and the register go; default: the workspace itself
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,

    /// The package, where the workspace has several
    #[arg(long, value_name = "NAME")]
    package: Option<String>,

    /// Features that become improvements
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    features: Vec<String>,

    /// Features that both arms have; default: the default ones that switch on none of the improvements
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    base: Option<Vec<String>>,

    /// Measured: a bench
    #[arg(long, value_name = "NAME", group = "program")]
    bench: Option<String>,

    /// Measured: an example
    #[arg(long, value_name = "NAME", group = "program")]
    example: Option<String>,

    /// Measured: a binary
    #[arg(long, value_name = "NAME", group = "program")]
    bin: Option<String>,

    /// What its output is; default: what its dependencies tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    reads: Option<Reads>,

    /// Work to be measured: a bench's id. The first is where a gain must show, the others must not regress
    #[arg(long = "workload", value_name = "ID")]
    workloads: Vec<String>,

    /// Work that no feature can touch: it must not move
    #[arg(long, value_name = "ID")]
    control: Option<String>,

    /// Do not try which features compile, alone and two by two
    #[arg(long)]
    no_check: bool,

    /// Do not run the package's tests on both arms before measuring
    #[arg(long)]
    no_tests: bool,

    /// Write nothing and build nothing; print what would be written
    #[arg(long)]
    dry_run: bool,

    /// The command that is measured, with {program}, {workload}, {filter}, {out} and {features}
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Args {
    /// The folder that becomes a project.
    pub(super) fn to(&self) -> &Path {
        self.to.as_deref().unwrap_or_else(|| self.folder())
    }

    fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or(Path::new("."))
    }
}

/// What came of it. Stable.
#[derive(Serialize)]
struct Data<'a> {
    package: &'a str,
    features: &'a [String],
    base: &'a [String],
    default_features: bool,
    program: &'a str,
    workloads: Vec<&'a str>,
    not_compiling: Vec<&'a str>,
    conflicts: Vec<&'a [String; 2]>,
    notes: &'a [String],
    files: Vec<&'a String>,
}

/// Looks, asks, tries, writes.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if !args.folder().join("Cargo.toml").is_file() {
        // Cargo would look above, and the register would lie in some folder below the package.
        let help = "name the folder of a package or workspace: workbench init ~/src/base64";
        let folder = args.folder().display();
        let report = miette::miette!(code = "init::no_manifest", help = help, "there is no Cargo.toml in {folder}");
        return Err(Failure::new(Exit::NotFound, report));
    }
    let manifest = Manifest::of(args.folder()).await?;
    files::refuse_to_replace(context.project.root())?;
    if !args.dry_run {
        files::make_folder(context.project.root())?;
    }
    let mut choice = Choice::of(&args, &manifest, context.project.root())?;
    let mut together = Together::default();
    let files = if args.dry_run {
        files::of(&choice, &together)?
    } else {
        let project = Project::at_or_to_be(context.project.root())?;
        if !args.no_check {
            together = look::together(&choice, &project).await?;
            choice.without(&together);
        }
        if choice.workloads.is_empty() {
            look::for_work(&mut choice, &project).await?;
        }
        let files = files::of(&choice, &together)?;
        files::write(project.root(), &files)?;
        files
    };
    match context.format {
        Format::Json => {
            let data = Data {
                package: &choice.package,
                features: &choice.features,
                base: &choice.target.features,
                default_features: choice.target.default_features,
                program: &choice.target.driver,
                workloads: choice.workloads.iter().map(String::as_str).collect(),
                not_compiling: together.alone.iter().map(|(feature, _)| feature.as_str()).collect(),
                conflicts: together.pairs.iter().map(|(pair, _)| pair).collect(),
                notes: &choice.notes,
                files: files.keys().collect(),
            };
            context.json(&data, &serde_json::json!({ "schema": 1, "written": !args.dry_run }))?;
        }
        Format::Table | Format::Md | Format::Csv => {
            context.print(&files::told(&choice, &together, &files, args.dry_run))?;
        }
    }
    Ok(Exit::Done)
}
