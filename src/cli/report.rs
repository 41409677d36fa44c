//! `workbench report`: the tracking document, written from the register and the recorded facts; `report STATE` is what an agent says of itself.

mod own;

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::{Context, Exit, Failure, Format, files};
use crate::agents::facts::Doing;
use crate::project::Project;
use crate::report::{Document, Snapshot, markdown};
use crate::tracking::{Facts, Reader};

/// Write the tracking document from the register and the recorded facts; or, as an agent, say what you do
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench report
  workbench report --output - | less
  workbench report --check
  workbench report --json | jq '.data.counts'
  workbench report needs-input --note 'may the page format change?'

With a state it is an agent's own word, kept as claimed: its attempt stands in its environment, and how an attempt ends is not its to say.
The same facts give the same bytes. Exit code 4 when --check finds the file missing or out of date.")]
pub struct Args {
    /// What an agent says that it does
    #[arg(value_enum, ignore_case = true, conflicts_with_all = ["output", "check"])]
    state: Option<Doing>,

    /// More of it, in words
    #[arg(long, value_name = "TEXT", requires = "state", default_value = "")]
    note: String,

    /// The token of the attempt that says it
    #[arg(long, hide = true, env = "WORKBENCH_ATTEMPT", hide_env_values = true)]
    token: Option<String>,

    /// Where to; `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "tracking/reports/TRACKING.md")]
    output: PathBuf,

    /// Write nothing; tell whether the file says what the facts say
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,

    /// Write nothing; tell what would be written
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// Whether it changes what is known.
    pub fn changes_something(&self) -> bool {
        self.state.is_some() && !self.dry_run
    }
}

/// What was written. Stable.
#[derive(Serialize)]
struct Meta<'a> {
    schema: u32,
    output: Option<&'a str>,
    changed: Option<bool>,
}

/// Writes, checks or prints the document, or records what an agent says.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(doing) = args.state {
        return own::run(context, doing, &args.note, args.token.as_deref(), args.dry_run).await;
    }
    let facts = match Reader::open(&context.project).await? {
        Some(store) => store.facts().await?,
        None => Facts::default(),
    };
    let document = Document::of(&Snapshot { catalog: context.catalog()?, facts });
    if context.format == Format::Json {
        context.json(&document, &Meta { schema: 1, output: None, changed: None })?;
        return Ok(Exit::Done);
    }
    if args.output == Path::new("-") {
        context.print(&markdown(&document, Path::new(".")))?;
        return Ok(Exit::Done);
    }
    let file = context.project.root().join(&args.output);
    let text = markdown(&document, &way_to_root(&context.project, &file));
    let shown = context.project.shown(&file);
    let folder = file.parent().unwrap_or(Path::new(".")).to_path_buf();
    let pictures = document.screens.iter().flat_map(|screen| &screen.pictures);
    let pictures: Vec<(PathBuf, &str)> =
        pictures.map(|picture| (folder.join(&picture.file), picture.svg.as_str())).collect();
    let holds = |file: &Path, text: &str| fs::read_to_string(file).is_ok_and(|there| there == text);
    let same = holds(&file, &text) && pictures.iter().all(|(file, svg)| holds(file, svg));
    if args.check {
        return if same {
            context.print(&format!("{shown} says what the facts say\n"))?;
            Ok(Exit::Done)
        } else {
            let report = miette::miette!(
                code = "report::out_of_date",
                help = "write it again: `workbench report`",
                "{shown} does not say what the facts say"
            );
            Err(Failure::new(Exit::NotPassed, report))
        };
    }
    if !args.dry_run {
        // The pictures first: the text never names one that is not there.
        for (picture, svg) in &pictures {
            files::write(picture, svg, "report::cannot_write")?;
        }
        files::write(&file, &text, "report::cannot_write")?;
    }
    let state = if same { "unchanged" } else { "changed" };
    let would = if args.dry_run { "would be written: " } else { "" };
    context.print(&format!("{would}{shown}, {} lines, {state}\n", text.lines().count()))?;
    Ok(Exit::Done)
}

/// The way from a report's folder to the project's root, for links: `../..`. A report elsewhere links to the root itself.
fn way_to_root(project: &Project, file: &Path) -> PathBuf {
    let inside = file.parent().and_then(|folder| folder.strip_prefix(project.root()).ok());
    let up = |folder: &Path| folder.components().all(|part| matches!(part, Component::Normal(_)));
    match inside {
        Some(folder) if up(folder) => folder.components().map(|_| "..").collect(),
        Some(_) | None => project.root().to_path_buf(),
    }
}
