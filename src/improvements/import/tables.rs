//! Tables, read by what their headings say, in whatever order the columns stand.

use super::document::{AgentRow, Entry, RiskRow, Tracking, bare};
use super::figures::whole_numbers;
use super::markdown::{Row, Said, Table};
use super::outline::Kind;
use crate::improvements::plan::Level;
use crate::improvements::{ImprovementId, Priority};

/// Reads every table that can be told by its headings; says of the others' rows what does not fit.
pub(super) fn read(tracking: &mut Tracking<'_>) {
    broken_tables(tracking);
    for line in 0..tracking.outline.lines.len() {
        let Kind::Table(index) = tracking.outline.lines[line].kind else { continue };
        let table = tracking.outline.tables[index].clone();
        if !is_even(tracking, &table) {
            continue;
        }
        let section = tracking.outline.lines[line].section;
        let columns = Columns(&table);
        let understood = match (columns.register(), columns.roster(), columns.risks()) {
            (_, _, Some(risks)) => risks.iter().try_for_each(|row| read_risk(tracking, row)),
            (Some(register), _, None) => register.iter().try_for_each(|row| read_entry(tracking, row, section)),
            (None, Some(roster), None) => roster.iter().try_for_each(|row| read_agent(tracking, row)),
            (None, None, None) => None,
        };
        if understood.is_some() {
            tracking.use_line(line);
        }
    }
}

/// The cells of a row by what their column is about.
struct Cells<'a, const N: usize>([Option<&'a Said>; N]);

struct Columns<'a>(&'a Table);

/// `ID`, title, category, priority, status, agents, files, claim.
type Register<'a> = Cells<'a, 8>;
/// Agent, specialization, modules.
type Roster<'a> = Cells<'a, 3>;
/// `Risk ID`, description, impact, probability, mitigation, owner.
type Risks<'a> = Cells<'a, 6>;

impl<'a> Columns<'a> {
    fn register(&self) -> Option<Vec<Register<'a>>> {
        let found = self.find([
            &["id", "task id", "improvement id"],
            &["improvement", "title", "task", "optimization", "name", "description"],
            &["category", "area", "component"],
            &["priority"],
            &["status", "state"],
            &["agent", "agents", "owner", "assignee"],
            &["files/modules", "modules", "files", "module", "file"],
            &["estimated impact", "expected impact", "impact", "claim", "expected gain", "estimated gain"],
        ]);
        (found[0].is_some() && found[1].is_some()).then(|| self.rows(found))
    }

    fn roster(&self) -> Option<Vec<Roster<'a>>> {
        let found = self.find([
            &["agent", "agents"],
            &["specialization", "specialisation", "role", "expertise"],
            &["primary modules", "modules", "responsibilities", "files/modules"],
        ]);
        (found[0].is_some() && found[1].is_some()).then(|| self.rows(found))
    }

    fn risks(&self) -> Option<Vec<Risks<'a>>> {
        let found = self.find([
            &["risk id", "id", "#"],
            &["risk description", "risk", "description"],
            &["impact", "severity"],
            &["probability", "likelihood"],
            &["mitigation"],
            &["owner", "owners", "agent"],
        ]);
        (found[1].is_some() && found[4].is_some()).then(|| self.rows(found))
    }

    /// The column of each subject, by the first of its names that is a heading.
    fn find<const N: usize>(&self, subjects: [&[&str]; N]) -> [Option<usize>; N] {
        let headings: Vec<String> = self.0.headings.iter().map(|heading| bare(&heading.text).to_lowercase()).collect();
        subjects.map(|names| names.iter().find_map(|name| headings.iter().position(|heading| heading == name)))
    }

    fn rows<const N: usize>(&self, columns: [Option<usize>; N]) -> Vec<Cells<'a, N>> {
        let cells = |row: &'a Row| Cells(columns.map(|column| column.and_then(|column| row.cells.get(column))));
        self.0.rows.iter().map(cells).collect()
    }
}

/// Every row must have as many cells as there are headings: else nobody can say which cell is missing.
fn is_even(tracking: &mut Tracking<'_>, table: &Table) -> bool {
    let wanted = table.headings.len();
    let mut even = true;
    for row in table.rows.iter().filter(|row| row.cells.len() != wanted) {
        even = false;
        let found = row.cells.len();
        let fault = tracking.fault(row.at, format!("this row has {found} cells, its table {wanted} headings"));
        tracking.faults.push(fault.code("import::table").help(if found < wanted {
            "complete the row, or write an empty cell where nothing is to be said"
        } else {
            "take the surplus out; a bar inside a cell is written \\|"
        }));
    }
    even
}

/// Lines of bars that Markdown takes for no table, because the line under the headings does not fit them.
fn broken_tables(tracking: &mut Tracking<'_>) {
    let mut last = None;
    for line in 0..tracking.outline.lines.len() {
        let here = &tracking.outline.lines[line];
        let is_bars =
            here.kind == Kind::Text && here.raw.text.starts_with('|') && here.raw.text.matches('|').count() > 1;
        let follows = last.is_some_and(|last| last + 1 == line);
        if is_bars {
            last = Some(line);
            if !follows {
                let at = here.raw.at;
                let fault =
                    tracking.fault(at, "this looks like a table, but the line under its headings does not fit them");
                tracking.faults.push(
                    fault.code("import::table").help("under the headings stands one `---` for each of them: |---|---|"),
                );
            }
        }
    }
}

fn read_entry(tracking: &mut Tracking<'_>, cells: &Register<'_>, section: usize) -> Option<()> {
    let [id, title, category, priority, status, agents, modules, claim] = cells.0;
    let id = id.map(|said| said.part(bare(&said.text)))?;
    let title = title.cloned()?;
    if !ImprovementId(id.text.clone()).is_well_formed() {
        let fault = tracking.fault(id.at, format!("`{}` is not an id", id.text));
        tracking
            .faults
            .push(fault.code("import::id").help("an id is one to four capital letters and three digits: T003"));
        return Some(());
    }
    if title.text.is_empty() {
        let fault = tracking.fault(id.at, format!("{} has no title", id.text));
        tracking.faults.push(fault.code("import::title").help("say in a few words what it is"));
        return Some(());
    }
    if tracking.entry(&id.text).is_some() {
        let row: Vec<&str> = cells.0.iter().flatten().map(|cell| cell.text.as_str()).collect();
        tracking.repeated.push((id, row.join(" | ")));
        return Some(());
    }
    let filled = |cell: Option<&Said>| cell.filter(|said| !bare(&said.text).is_empty()).cloned();
    let agents = agents.map(|said| numbers(tracking, said)).unwrap_or_default();
    tracking.entries.push(Entry {
        id,
        numbered_here: false,
        title,
        category: filled(category),
        priority: priority.and_then(|said| priority_of(&said.text)),
        status: filled(status),
        agents,
        modules: modules.map(|said| listed(&said.text)).unwrap_or_default(),
        claim: filled(claim),
        further: Vec::new(),
        section,
        done: status.is_some_and(|said| super::document::says_finished(&said.text)),
    });
    Some(())
}

fn read_agent(tracking: &mut Tracking<'_>, cells: &Roster<'_>) -> Option<()> {
    let [name, specialization, modules] = cells.0;
    let name = name?;
    let Some((number, _)) = numbers(tracking, name).first().copied() else {
        let fault = tracking.fault(name.at, format!("`{}` has no number", name.text));
        tracking.faults.push(fault.code("import::agent").help("entries name agents by number: Agent 3"));
        return Some(());
    };
    if tracking.agents.iter().any(|agent| agent.number == number) {
        let fault = tracking.fault(name.at, format!("agent {number} has a row already"));
        tracking.faults.push(fault.code("import::agent").help("one row for each agent"));
        return Some(());
    }
    let words = specialization.map(|said| bare(&said.text)).filter(|words| !words.is_empty());
    tracking.agents.push(AgentRow {
        number,
        name: bare(&name.text).to_owned(),
        specialization: words.unwrap_or("not stated").to_owned(),
        subjects: modules.map(|said| listed(&said.text)).unwrap_or_default(),
        has_row: true,
    });
    Some(())
}

fn read_risk(tracking: &mut Tracking<'_>, cells: &Risks<'_>) -> Option<()> {
    let [id, description, impact, probability, mitigation, owner] = cells.0;
    let description = description?.clone();
    let level = |said: Option<&Said>| said.and_then(|said| level_of(&said.text));
    let owners = owner.map(|said| numbers(tracking, said)).unwrap_or_default();
    let number = tracking.risks.len() + 1;
    let id = id.map(|said| bare(&said.text).to_owned()).filter(|id| !id.is_empty());
    if description.text.is_empty() {
        let fault = tracking.fault(description.at, "this risk is not described");
        tracking.faults.push(fault.code("import::risk").help("say what may happen"));
        return Some(());
    }
    let id = id.unwrap_or_else(|| format!("R{number}"));
    if tracking.risks.iter().any(|risk| risk.id == id) {
        let fault = tracking.fault(description.at, format!("risk {id} stands here twice"));
        tracking.faults.push(fault.code("import::risk").help("give each risk an id of its own"));
        return Some(());
    }
    tracking.risks.push(RiskRow {
        id,
        description,
        impact: level(impact),
        probability: level(probability),
        mitigation: mitigation.map(|said| said.text.clone()).unwrap_or_default(),
        owners,
    });
    Some(())
}

/// The agents' numbers in `said`; one that a roster cannot hold is a mistake.
fn numbers(tracking: &mut Tracking<'_>, said: &Said) -> Vec<(u32, usize)> {
    let mut numbers = Vec::new();
    for number in whole_numbers(&said.text) {
        match u32::try_from(number).ok().filter(|number| (1..=99).contains(number)) {
            Some(number) => numbers.push((number, said.at)),
            None => {
                let fault = tracking.fault(said.at, format!("there is no agent {number}"));
                tracking.faults.push(fault.code("import::agent").help("agents are numbered from 1 to 99"));
            }
        }
    }
    numbers
}

/// The parts of a list in a cell, without code marks.
pub(super) fn listed(text: &str) -> Vec<String> {
    text.split(',').map(|part| bare(part).to_owned()).filter(|part| !part.is_empty()).collect()
}

fn priority_of(text: &str) -> Option<Priority> {
    let text = text.to_lowercase();
    let words = [
        ("critical", Priority::Critical),
        ("high", Priority::High),
        ("medium", Priority::Medium),
        ("low", Priority::Low),
    ];
    words.into_iter().find(|(word, _)| text.contains(word)).map(|(_, priority)| priority)
}

fn level_of(text: &str) -> Option<Level> {
    let text = text.to_lowercase();
    let words = [("critical", Level::Critical), ("high", Level::High), ("medium", Level::Medium), ("low", Level::Low)];
    words.into_iter().find(|(word, _)| text.contains(word)).map(|(_, level)| level)
}
