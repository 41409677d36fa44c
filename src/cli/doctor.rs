//! `workbench doctor`: can this machine build, measure and keep the facts; and if not, what to do.

//! Everything is measured or read: what cannot be is said to be unknown. One file for each subject; a bad state of each is
//! played in its tests.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use self::kernel::Kernel;
use super::{Context, Exit, Failure, Format, Row};
use crate::config::MachineRules;

mod clock;
mod disk;
mod kernel;
mod memory;
mod processor;
mod project;
mod quiet;
mod spread;
mod tools;

/// Check the machine and the project, each finding with its remedy
///
/// Every finding is measured: for half a second the processors are looked at, a fixed loop is timed, the disk that the lab works on
/// has to sync, the clock is asked what it costs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench doctor
  workbench doctor --json | jq '.data[] | select(.state != \"good\")'

Exit code 1 when something that must be there is missing.")]
pub struct Args {
    /// Read /proc and /sys below this folder: where a container sees its host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What: `C compiler`.
    check: &'static str,
    /// How it is.
    state: State,
    /// What was found.
    found: String,
    /// What to do; absent when all is well.
    remedy: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Good,
    /// It works, but figures or comfort suffer.
    Doubtful,
    /// Needed, and missing.
    Missing,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    missing: usize,
    doubtful: usize,
}

/// Looks at everything and prints what was found.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog();
    let target = catalog.as_ref().ok().map(|catalog| &catalog.config.target);
    let kernel = Kernel::at(&args.root);
    let rules = catalog.as_ref().map_or_else(|_| MachineRules::default(), |catalog| catalog.config.machine.clone());
    let findings: Vec<Finding> = [
        tools::findings(),
        project::findings(&context.project, catalog.as_ref().err()).await,
        target.map(|target| project::target(&context.project, target)).into_iter().collect(),
        quiet::findings(&kernel, &rules, &context.project.lease()),
        processor::findings(&kernel),
        clock::findings(&kernel),
        memory::findings(&kernel),
        disk::findings(&kernel, &context.project),
    ]
    .into_iter()
    .flatten()
    .collect();
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let meta = Meta { schema: 1, missing: count(State::Missing), doubtful: count(State::Doubtful) };
    match context.format {
        Format::Table => context.print(&page(&findings, &meta))?,
        Format::Md | Format::Json | Format::Csv => context.table(&findings, &meta)?,
    }
    Ok(if meta.missing == 0 { Exit::Done } else { Exit::Failed })
}

fn page(findings: &[Finding], meta: &Meta) -> String {
    let mut text = String::new();
    for Finding { check, state, found, remedy } in findings {
        text += &format!(" {} {check:<16} {found}\n", state.glyph());
        if let Some(remedy) = remedy {
            text += &format!("   {:<16} → {remedy}\n", "");
        }
    }
    let verdict = match (meta.missing, meta.doubtful) {
        (0, 0) => "Everything is as it should be.".to_owned(),
        (0, doubtful) => format!("Nothing is missing; {doubtful} to look at."),
        (missing, doubtful) => format!("{missing} missing, {doubtful} to look at."),
    };
    text + &format!("\n {verdict}\n")
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Good, found: found.into(), remedy: None }
    }

    fn doubtful(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Doubtful, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn missing(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Missing, found: found.into(), remedy: Some(remedy.into()) }
    }
}

impl Row for Finding {
    const COLUMNS: &'static [&'static str] = &["Check", "State", "Found", "Remedy"];
    const ELASTIC: Option<usize> = Some(3);

    fn cells(&self) -> Vec<String> {
        vec![self.check.to_owned(), self.state.to_string(), self.found.clone(), self.remedy.clone().unwrap_or_default()]
    }
}

impl State {
    fn glyph(self) -> char {
        match self {
            Self::Good => '✓',
            Self::Doubtful => '!',
            Self::Missing => '✗',
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Missing => "missing",
        })
    }
}
