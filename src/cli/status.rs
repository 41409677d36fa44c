//! `workbench status`: where everything stands; `status ID` where one improvement stands and why; `status ID STATE` to
//! set it. Statuses are derived from evidence, or set with a reason; Complete without evidence takes force and is told
//! for ever.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use super::output::{self, META};
use super::work::{no_agent, user};
use super::{Context, Exit, Failure, Format, OrExit, Row, facts, find};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::improvements::{Improvement, ImprovementId, Status};
use crate::tracking::{
    AgentFact, Ending, Forced, Known, Process, Public, Reader, SetStatus, StackEntry, Store, Summary, derive, permitted,
};

/// Show where everything stands, or set the status of one improvement with a reason
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench status
  workbench status T001
  workbench status T001 blocked --reason 'needs the lock table of T002'
  workbench status B001 complete --force --reason 'accepted by the customer' --dry-run

Complete needs accepted evidence. With --force it is recorded all the same, and reports say so for ever.
Exit code 4 when it is refused.")]
pub struct Args {
    /// The improvement, such as T003
    id: Option<String>,

    /// The status to set
    #[arg(value_enum, ignore_case = true, requires = "id")]
    state: Option<Status>,

    /// Why; needed for blocked, for cancelled, and with --force
    #[arg(long, value_name = "TEXT", requires = "state", default_value = "")]
    reason: String,

    /// Who says so; default: the user's name
    #[arg(long, value_name = "NAME", requires = "state")]
    by: Option<String>,

    /// Set complete without accepted evidence
    #[arg(long, requires = "state")]
    force: bool,

    /// Print what would be recorded, and record nothing
    #[arg(long, requires = "state")]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.state.is_some() && !self.dry_run
    }
}

/// Prints or sets statuses.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    match (&args.id, args.state) {
        (None, _) => overview(context, &catalog).await,
        (Some(id), None) => one(find::improvement(&catalog.register, id)?, &catalog.config, context).await,
        (Some(id), Some(status)) => {
            no_agent(context).await?;
            set(&args, find::improvement(&catalog.register, id)?, status, context).await
        }
    }
}

// ---- everything ------------------------------------------------------------------------------------------------------

/// The JSON form of the overview. Stable.
#[derive(Serialize)]
struct Overview {
    improvements: usize,
    statuses: BTreeMap<&'static str, usize>,
    stack: Vec<InStack>,
    running: Option<Running>,
    agents: Vec<AgentLine>,
}

#[derive(Serialize)]
struct InStack {
    improvement: ImprovementId,
    feature: String,
    verdict: i64,
}

#[derive(Serialize)]
struct Running {
    experiment: i64,
    /// What it is about; one that asks about no improvement is a calibration or a comparison.
    improvement: String,
    since: Timestamp,
    pairs: u32,
    pid: u32,
}

#[derive(Serialize)]
struct AgentLine {
    agent: String,
    state: &'static str,
    note: String,
    since: Option<Timestamp>,
    source: String,
}

impl Row for AgentLine {
    const COLUMNS: &'static [&'static str] = &["Agent", "State", "Doing", "Since", "Says"];
    const ELASTIC: Option<usize> = Some(2);

    fn cells(&self) -> Vec<String> {
        let since = self.since.map_or_else(|| "–".to_owned(), shown);
        vec![self.agent.clone(), self.state.to_owned(), self.note.clone(), since, self.source.clone()]
    }
}

async fn overview(context: &Context, catalog: &Catalog) -> Result<Exit, Failure> {
    let overview = match Reader::open(&context.project).await? {
        Some(store) => {
            let latest = store.experiments(1).await?;
            Overview::new(catalog, &store.known().await?, store.stack().await?, &latest, &store.agents().await?)
        }
        None => Overview::new(catalog, &BTreeMap::new(), Vec::new(), &[], &[]),
    };
    match context.format {
        Format::Json => context.json(&overview, &META)?,
        Format::Table => context.print(&overview.page())?,
        Format::Md | Format::Csv => context.table(&overview.agents, &META)?,
    }
    Ok(Exit::Done)
}

impl Overview {
    fn new(
        catalog: &Catalog,
        known: &BTreeMap<ImprovementId, Known>,
        stack: Vec<StackEntry>,
        latest: &[Summary],
        agents: &[AgentFact],
    ) -> Self {
        let nothing = Known::default();
        let mut statuses: BTreeMap<&'static str, usize> =
            Status::value_variants().iter().map(|status| (label(*status), 0)).collect();
        for entry in &catalog.register.improvements {
            let status = derive(known.get(&entry.id).unwrap_or(&nothing), None).status;
            *statuses.entry(label(status)).or_default() += 1;
        }
        let in_stack = |StackEntry { improvement, feature, verdict }| InStack { improvement, feature, verdict };
        Self {
            improvements: catalog.register.improvements.len(),
            statuses,
            stack: stack.into_iter().map(in_stack).collect(),
            running: latest.iter().find_map(running),
            agents: catalog.roster.agents.iter().map(|agent| agent_line(agent, agents)).collect(),
        }
    }

    fn page(&self) -> String {
        let mut text = format!(" {} improvements\n", self.improvements);
        for status in Status::value_variants() {
            let count = self.statuses.get(label(*status)).copied().unwrap_or_default();
            let _ = writeln!(text, "   {count:>3} {status}");
        }
        let stack: Vec<String> = self.stack.iter().map(|entry| entry.improvement.to_string()).collect();
        let stack =
            if stack.is_empty() { "empty: nothing has been accepted yet".to_owned() } else { stack.join(" → ") };
        let running = self.running.as_ref().map_or_else(
            || "no experiment is running".to_owned(),
            |run| {
                let since = shown(run.since);
                let Running { improvement, experiment, pairs, pid, .. } = run;
                format!("{improvement}: experiment {experiment}, {pairs} pairs so far, process {pid}, since {since}")
            },
        );
        let _ = write!(text, "\n stack  {stack}\n lab    {running}\n\n");
        text + &output::render(Format::Table, &self.agents, &META)
    }
}

fn running(summary: &Summary) -> Option<Running> {
    match &summary.ending {
        Ending::Running(Process { pid, .. }) => Some(Running {
            experiment: summary.id.0,
            improvement: summary.question.subject().to_owned(),
            since: summary.at,
            pairs: summary.pairs,
            pid: *pid,
        }),
        Ending::Interrupted | Ending::ProfilesTaken | Ending::Stopped(_) | Ending::Ruled(_) => None,
    }
}

fn agent_line(agent: &crate::agents::Agent, facts: &[AgentFact]) -> AgentLine {
    let fact = facts.iter().find(|fact| fact.agent == agent.number);
    AgentLine {
        agent: agent.name.clone(),
        state: fact.map_or("Ready", |fact| fact.state.label()),
        note: fact.map_or_else(|| "–".to_owned(), |fact| fact.note.clone()),
        since: fact.map(|fact| fact.at),
        source: fact.map_or_else(|| "–".to_owned(), |fact| fact.source.clone()),
    }
}

// ---- one improvement ---------------------------------------------------------------------------------------------------

/// The JSON form of one improvement's status. Stable.
#[derive(Serialize)]
struct One<'a> {
    id: &'a ImprovementId,
    title: &'a str,
    #[serde(flatten)]
    public: &'a Public,
    history: Vec<Said>,
}

/// A status that somebody set.
#[derive(Serialize)]
struct Said {
    at: Timestamp,
    status: Status,
    by: String,
    reason: String,
    forced: bool,
}

async fn one(entry: &Improvement, config: &Config, context: &Context) -> Result<Exit, Failure> {
    let (known, history, tree) = match Reader::open(&context.project).await? {
        Some(store) => {
            let known = store.known().await?.remove(&entry.id).unwrap_or_default();
            (known, store.statuses(&entry.id).await?, facts::tree(context, config, &store).await?)
        }
        None => (Known::default(), Vec::new(), None),
    };
    let public = derive(&known, tree.as_deref());
    let one =
        One { id: &entry.id, title: &entry.title, public: &public, history: history.into_iter().map(said).collect() };
    match context.format {
        Format::Json => context.json(&one, &META)?,
        Format::Table | Format::Md | Format::Csv => context.print(&one.page())?,
    }
    Ok(Exit::Done)
}

impl One<'_> {
    fn page(&self) -> String {
        let mut text = format!("{} {}\n\n  {}: {}\n", self.id, self.title, self.public.status, self.public.reason);
        if self.public.stale == Some(true) {
            text += "  stale: the tree has moved since; measure it again\n";
        }
        if let Some(Forced { at, author, reason, proven_since }) = &self.public.forced {
            let since = if *proven_since { "; accepted evidence came later" } else { "; no evidence has come since" };
            let _ = writeln!(text, "  forced to Complete by {author} on {}: {reason}{since}", shown(*at));
        }
        if !self.history.is_empty() {
            text += "\n  set by people, the newest first\n";
        }
        for Said { at, status, by, reason, forced } in &self.history {
            let forced = if *forced { " (forced)" } else { "" };
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let _ = writeln!(text, "  {}  {status}{forced} by {by}{reason}", shown(*at));
        }
        text
    }
}

fn said(set: SetStatus) -> Said {
    Said { at: set.at, status: set.status, by: set.author, reason: set.reason, forced: set.forced }
}

// ---- setting -------------------------------------------------------------------------------------------------------------

/// What was recorded, or would be. Stable.
#[derive(Serialize)]
struct Recorded<'a> {
    id: &'a ImprovementId,
    from: Status,
    to: Status,
    reason: &'a str,
    by: &'a str,
    forced: bool,
    recorded: bool,
}

async fn set(args: &Args, entry: &Improvement, status: Status, context: &Context) -> Result<Exit, Failure> {
    let by = args.by.clone().unwrap_or_else(user);
    let known = match Reader::open(&context.project).await? {
        Some(store) => store.known().await?.remove(&entry.id).unwrap_or_default(),
        None => Known::default(),
    };
    let forced = permitted(&known, status, &args.reason, args.force)
        .map_err(|what| {
            miette::miette!(
                code = "status::refused",
                help = remedy(entry, status, args.force),
                "{} cannot be set to {status}: {what}",
                entry.id
            )
        })
        .or_exit(Exit::NotPassed)?;
    if !args.dry_run {
        let store = Store::open(&context.project).await?;
        store.set_status(&entry.id, status, &args.reason, &by, args.force).await?;
    }
    let recorded = Recorded {
        id: &entry.id,
        from: derive(&known, None).status,
        to: status,
        reason: &args.reason,
        by: &by,
        forced,
        recorded: !args.dry_run,
    };
    match context.format {
        Format::Json => context.json(&recorded, &META)?,
        Format::Table | Format::Md | Format::Csv => context.print(&recorded.line())?,
    }
    Ok(Exit::Done)
}

impl Recorded<'_> {
    fn line(&self) -> String {
        let Self { id, from, to, reason, by, forced, recorded } = self;
        let would = if *recorded { "" } else { "would be recorded: " };
        let forced = if *forced { " by force, without accepted evidence" } else { "" };
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{would}{id} {from} → {to}{forced}, by {by}{reason}\n")
    }
}

fn remedy(entry: &Improvement, status: Status, force: bool) -> String {
    match (status, entry.measurable()) {
        (Status::Complete, _) if force => "say why: --reason '…'".to_owned(),
        (Status::Complete, Ok(_)) => {
            format!("measure it: `workbench apply {}`; or record it all the same: --force --reason '…'", entry.id)
        }
        (Status::Complete, Err(_)) => {
            "no optimized variant exists yet, so nothing can be measured; --force --reason '…' records it all the same"
                .to_owned()
        }
        (Status::Planned | Status::InProgress | Status::Blocked | Status::Cancelled, _) => {
            "say why: --reason '…'".to_owned()
        }
    }
}

fn label(status: Status) -> &'static str {
    match status {
        Status::Planned => "Planned",
        Status::InProgress => "In Progress",
        Status::Complete => "Complete",
        Status::Blocked => "Blocked",
        Status::Cancelled => "Cancelled",
    }
}

/// To the second, in UTC.
fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
