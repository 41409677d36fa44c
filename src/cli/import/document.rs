//! A tracking document that people kept by hand becomes a register, and its contradictions a list.

use std::fmt::Write as _;

use serde::Serialize;

use super::Args;
use crate::agents::{Agent, Limits, Runner};
use crate::catalog::Catalog;
use crate::cli::{Context, Exit, Failure, Format, OrExit, Row};
use crate::improvements::import::{
    self, AgentRow, Contradiction, ContradictionKind, Damage, Files, Import, Kept, Repair, WriteError,
};
use crate::project::{CONFIG_FILE, Project};

/// What came of it. Stable.
#[derive(Serialize)]
struct Data<'a> {
    contradictions: &'a [Contradiction],
    repairs: &'a [Repair],
    assumed: &'a [String],
    kept: &'a [Kept],
    files: Vec<&'a String>,
}

/// Stable.
#[derive(Serialize)]
struct Meta<'a> {
    schema: u32,
    file: &'a str,
    pack: &'a str,
    to: String,
    written: bool,
    improvements: usize,
    agents: usize,
    phases: usize,
    contradictions: usize,
    claims_without_evidence: usize,
}

/// Reads, writes, tells.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let pack = args.pack_name()?;
    let name = args.file.display().to_string();
    let import = Import::read(&args.file, &name, &pack)?;
    let folder = args.to.clone().unwrap_or_else(|| context.project.pack_dir(&pack));
    let files = files(&import, &pack, &name)?;
    if !args.dry_run {
        import::write(&folder, &files, args.force, |draft| -> Result<(), Failure> {
            // What is written is read back by those who will read it, before anybody else can see it.
            Catalog::load(&Project::to_be(draft))?;
            Ok(())
        })?;
    }
    let meta = Meta {
        schema: 1,
        file: &name,
        pack: &pack,
        to: if args.to.is_some() { folder.display().to_string() } else { context.project.shown(&folder) },
        written: !args.dry_run,
        improvements: import.records.improvements.len(),
        agents: import.records.agents.len(),
        phases: import.records.phases.phases.len(),
        contradictions: import.contradictions.len(),
        claims_without_evidence: import.contradictions.iter().filter(|one| is_bare_claim(one)).count(),
    };
    match context.format {
        Format::Json => {
            let data = Data {
                contradictions: &import.contradictions,
                repairs: &import.repairs,
                assumed: &import.records.assumed,
                kept: &import.records.kept,
                files: files.keys().collect(),
            };
            context.json(&data, &meta)?;
        }
        Format::Md | Format::Csv => context.table(&import.contradictions, &meta)?,
        Format::Table => context.print(&told(&import, &meta, files.len()))?,
    }
    Ok(Exit::Done)
}

impl Args {
    /// The pack's name: a word that a folder can have.
    fn pack_name(&self) -> Result<String, Failure> {
        let stem = self.file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
        let first = stem.split(|char: char| !char.is_ascii_alphanumeric()).find(|word| !word.is_empty());
        let name = self.pack.clone().or_else(|| first.map(str::to_owned)).unwrap_or_default();
        let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        if name.is_empty() || !name.chars().all(fits) || name.starts_with('-') {
            let report = miette::miette!(
                code = "import::pack",
                help = "letters, digits, `-` and `_`: --pack rustydb",
                "`{name}` is not the name of a pack"
            );
            return Err(report).or_exit(Exit::Usage);
        }
        Ok(name)
    }
}

/// Every file of the new project.
fn files(import: &Import, pack: &str, name: &str) -> Result<Files, WriteError> {
    let mut files = import.records.files()?;
    for row in &import.records.agents {
        import::add_yaml(&mut files, &format!("agents/agent-{:02}.yaml", row.number), &agent(row))?;
    }
    let source: String = name.chars().map(|char| if char.is_control() { '?' } else { char }).collect();
    let config = format!(
        "# Made from {source} by `workbench import`. The document names no Cargo package: name yours here, and describe\n\
         # variants in improvements/*.yaml, before `workbench apply`.\n\
         target:\n  package: \"{pack}\"\n  driver: \"{pack}\"\n"
    );
    files.insert(CONFIG_FILE.to_owned(), config);
    Ok(files)
}

fn agent(row: &AgentRow) -> Agent {
    Agent {
        number: row.number,
        name: row.name.clone(),
        specialization: row.specialization.clone(),
        subjects: row.subjects.clone(),
        modules: Vec::new(),
        runner: Runner::default(),
        limits: Limits::default(),
    }
}

fn is_bare_claim(contradiction: &Contradiction) -> bool {
    contradiction.kind == ContradictionKind::ClaimWithoutEvidence
}

/// For people: what was made, what is wrong with the document, what was mended, assumed and kept.
fn told(import: &Import, meta: &Meta<'_>, files: usize) -> String {
    let mut text = String::new();
    let verb = if meta.written { "→" } else { "would go to" };
    let Meta { pack, improvements, agents, phases, to, .. } = meta;
    let _ = writeln!(
        text,
        "{pack}: {improvements} improvements, {agents} agents, {phases} phases {verb} {to} ({files} files)"
    );
    let (claims, others): (Vec<&Contradiction>, Vec<_>) =
        import.contradictions.iter().partition(|one| is_bare_claim(one));
    let _ = writeln!(text, "\nContradictions: {}", others.len());
    for Contradiction { place, kind, said, counted, remedy } in others {
        let place = format!("{}:{}", place.line, place.column);
        let _ = writeln!(text, "  {place:<8} {kind}: {}\n           {counted}\n           → {remedy}", short(said));
    }
    let _ = writeln!(text, "\nClaims without evidence: {}", claims.len());
    for Contradiction { place, said, counted, .. } in claims {
        let place = format!("{}:{}", place.line, place.column);
        let _ = writeln!(text, "  {place:<8} {} ({counted})", short(said));
    }
    if !import.repairs.is_empty() {
        text.push_str("\nMended in the text:\n");
    }
    for Repair { place, damage, was, now, times } in &import.repairs {
        let place = format!("{}:{}", place.line, place.column);
        let what = match damage {
            Damage::ByteOrderMark => "a byte-order mark was taken out".to_owned(),
            Damage::LineEnds => "lines end in CR or CR LF".to_owned(),
            Damage::Mojibake => format!("{was} is {now}: UTF-8 read as Windows-1252"),
            Damage::ByteLost => format!("{was} is {}: a byte of it is lost", now.escape_debug()),
            Damage::Unreadable => format!("{was} lost a byte and cannot be read: {now}"),
        };
        let _ = writeln!(text, "  {place:<8} {what} ({times}×)");
    }
    if !import.records.assumed.is_empty() {
        text.push_str("\nAssumed, since the document does not say it:\n");
    }
    for assumed in &import.records.assumed {
        let _ = writeln!(text, "  {assumed}");
    }
    if !import.records.kept.is_empty() {
        text.push_str("\nKept as text, in the appendix of improvements/register.yaml:\n");
    }
    for Kept { from, to, title, lines } in &import.records.kept {
        let place = if from == to { from.to_string() } else { format!("{from}-{to}") };
        let _ = writeln!(text, "  {place:<8} {title} ({lines})");
    }
    text
}

/// One line of a text.
fn short(text: &str) -> String {
    const SHOWN_MAX_CHARS: usize = 140;
    let line = text.lines().next().unwrap_or_default();
    let line: String = line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    if line.chars().count() <= SHOWN_MAX_CHARS {
        return line;
    }
    line.chars().take(SHOWN_MAX_CHARS).chain(['…']).collect()
}

impl Row for Contradiction {
    const COLUMNS: &'static [&'static str] = &["Line", "Column", "Kind", "Said", "Counted", "Remedy"];
    const ELASTIC: Option<usize> = Some(3);

    fn cells(&self) -> Vec<String> {
        vec![
            self.place.line.to_string(),
            self.place.column.to_string(),
            self.kind.to_string(),
            self.said.clone(),
            self.counted.clone(),
            self.remedy.clone(),
        ]
    }
}
