//! `workbench list`: the register as a table, claim and measurement in different columns.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::{self, Facts, Known, LeftOut, Measured};
use super::{Context, Exit, Failure, Format, Row, find};
use crate::catalog::Catalog;
use crate::improvements::{Claim, Improvement, Priority, Status};
use crate::lab::experiment::Verdict;

/// List the improvements of the register
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  workbench list --phase 1 --priority critical
  workbench list --status blocked --status in-progress
  workbench list --json | jq '.data[] | select(.measurable) | .id'")]
pub struct Args {
    /// Only these statuses (may be repeated)
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Vec<Status>,

    /// Only these priorities (may be repeated)
    #[arg(long, value_enum, value_name = "PRIORITY")]
    priority: Vec<Priority>,

    /// Only this category, such as `Buffer Pool`
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// Only improvements of this agent
    #[arg(long, value_name = "NUMBER")]
    agent: Option<u32>,

    /// Only improvements of this phase
    #[arg(long, value_name = "NUMBER")]
    phase: Option<u32>,

    /// Only improvements whose optimized variant exists
    #[arg(long)]
    measurable: bool,
}

/// One improvement as a line. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    id: &'a str,
    title: &'a str,
    category: &'a str,
    priority: Priority,
    phase: u32,
    agents: &'a [u32],
    modules: &'a [String],
    feature: &'a str,
    measurable: bool,
    status: Status,
    reason: Option<&'a str>,
    forced: bool,
    claim: &'a Claim,
    measured: Option<&'a Measured>,
    left_out: Option<&'a LeftOut>,
    verdict: Option<Verdict>,
}

#[derive(Serialize)]
struct Meta<'a> {
    schema: u32,
    register: &'a str,
    count: usize,
    of: usize,
    statuses: BTreeMap<String, usize>,
}

/// Prints the register.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let wanted = args.checked(&catalog)?;
    let facts = facts::read(context, &catalog).await?;
    let lines: Vec<Line<'_>> = catalog
        .register
        .improvements
        .iter()
        .map(|entry| Line::new(entry, &facts))
        .filter(|line| wanted.admits(line))
        .collect();
    let meta = Meta {
        schema: 1,
        register: &catalog.register.header.name,
        count: lines.len(),
        of: catalog.register.improvements.len(),
        statuses: count_statuses(&lines),
    };
    context.table(&lines, &meta)?;
    if context.format == Format::Table {
        context.print(&summary(&meta))?;
    }
    Ok(Exit::Done)
}

impl Args {
    /// The filter, with names that exist.
    fn checked(mut self, catalog: &Catalog) -> Result<Self, Failure> {
        if let Some(name) = &self.category {
            self.category = Some(find::category(&catalog.register, name)?.to_owned());
        }
        if let Some(number) = self.agent {
            find::agent(catalog, number)?;
        }
        if let Some(number) = self.phase {
            find::phase(&catalog.register, number)?;
        }
        Ok(self)
    }

    fn admits(&self, line: &Line<'_>) -> bool {
        (self.status.is_empty() || self.status.contains(&line.status))
            && (self.priority.is_empty() || self.priority.contains(&line.priority))
            && self.category.as_deref().is_none_or(|category| category == line.category)
            && self.agent.is_none_or(|agent| line.agents.contains(&agent))
            && self.phase.is_none_or(|phase| phase == line.phase)
            && (!self.measurable || line.measurable)
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(entry: &'a Improvement, facts: &'a Facts) -> Self {
        let Known { status, reason, forced, verdict, measured, left_out, notes: _ } =
            facts.get(&entry.id).unwrap_or(&facts::NOTHING);
        Self {
            id: &entry.id.0,
            title: &entry.title,
            category: &entry.category.0,
            priority: entry.priority,
            phase: entry.phase,
            agents: &entry.agents,
            modules: &entry.modules,
            feature: &entry.feature,
            measurable: entry.measurable().is_ok(),
            status: *status,
            reason: reason.as_deref(),
            forced: *forced,
            claim: &entry.claim,
            measured: measured.as_ref(),
            left_out: left_out.as_ref(),
            verdict: *verdict,
        }
    }

    fn measured_cell(&self) -> String {
        match self.measured {
            Some(measured) => measured.shown(),
            None if self.measurable => "not measured".to_owned(),
            None => "not built".to_owned(),
        }
    }
}

impl Row for Line<'_> {
    const COLUMNS: &'static [&'static str] =
        &["ID", "Improvement", "Category", "Priority", "Phase", "Agent", "Status", "Claim", "Measured", "Verdict"];
    const ELASTIC: Option<usize> = Some(1);

    fn cells(&self) -> Vec<String> {
        let agents: Vec<String> = self.agents.iter().map(u32::to_string).collect();
        let status = if self.forced { format!("{} (forced)", self.status) } else { self.status.to_string() };
        vec![
            self.id.to_owned(),
            self.title.to_owned(),
            self.category.to_owned(),
            self.priority.to_string(),
            self.phase.to_string(),
            agents.join(", "),
            status,
            self.claim.text.clone(),
            self.measured_cell(),
            self.verdict.map_or_else(|| "–".to_owned(), |verdict| verdict.to_string()),
        ]
    }
}

fn count_statuses(lines: &[Line<'_>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.status.to_string()).or_insert(0) += 1;
    }
    counts
}

fn summary(meta: &Meta<'_>) -> String {
    let counts: Vec<String> = meta.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let shown = if meta.count == meta.of { meta.of.to_string() } else { format!("{} of {}", meta.count, meta.of) };
    let detail = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    format!("\n {shown} improvements{detail}\n")
}
