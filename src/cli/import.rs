//! `workbench import`: what was written elsewhere comes in. A tracking document that people kept becomes a register;
//! evidence that another store exported joins this one.

mod document;
pub(super) mod evidence;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::work::no_agent;
use super::{Context, Exit, Failure, OrExit};

/// Read a tracking document into a register, or evidence of another store into this one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench import TRACKING.md --dry-run
  workbench import rustydb-tracking-document.md --to registers/rustydb
  workbench list --project registers/rustydb
  workbench import kotadb-index-optimization.md --json | jq '.data.contradictions[] | .kind'
  workbench import --evidence evidence --dry-run
  workbench import evidence

What it is, the file itself says: JSON, or a folder, is evidence that `workbench export` wrote; anything else is a document.

A document: the same bytes in give the same bytes out. Claims stay claims, word for word; what no record has a place for is
kept as text in the register's appendix, and listed with its lines.

Evidence: importing twice is importing once, and the order does not matter. A file comes in whole or not at all. What
contradicts this store is told, exit code 1, and never overwrites anything.")]
pub struct Args {
    /// A tracking document in Markdown, or evidence: a JSON file, or a folder of them
    #[arg(value_name = "PATH")]
    file: PathBuf,

    /// Take it for evidence, whatever it looks like
    #[arg(long, conflicts_with_all = ["to", "pack", "force"])]
    evidence: bool,

    /// The folder to make of a document; default: improvements/packs/NAME in the project
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,

    /// The pack's name; default: the first word of the file's name
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,

    /// Write nothing; tell what would be written, and the contradictions
    #[arg(long)]
    dry_run: bool,

    /// Replace what is there; the old folder is kept as DIR.before-import
    #[arg(long)]
    force: bool,
}

impl Args {
    /// The folder that becomes a project, where one is named.
    pub(super) fn to(&self) -> Option<&Path> {
        self.to.as_deref()
    }

    /// Whether it does more than look: only evidence goes into the store.
    pub(super) fn changes_something(&self) -> bool {
        self.is_evidence() && !self.dry_run
    }

    fn is_evidence(&self) -> bool {
        self.evidence || self.file.is_dir() || begins_as_json(&self.file)
    }
}

/// Reads, writes, tells.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if !args.is_evidence() {
        return document::run(&args, context);
    }
    if args.to.is_some() || args.pack.is_some() || args.force {
        let report = miette::miette!(
            code = "import::evidence",
            help = "--to, --pack and --force are for documents",
            "{} is evidence: it goes into the store of this project",
            args.file.display()
        );
        return Err(report).or_exit(Exit::Usage);
    }
    no_agent(context).await?;
    evidence::run(&args, context).await
}

/// Whether the first sign of a file is a brace. No tracking document begins with one.
fn begins_as_json(file: &Path) -> bool {
    let mut head = [0; 64];
    let read = File::open(file).and_then(|mut file| file.read(&mut head)).unwrap_or_default();
    head[..read].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}
