//! Evidence of another store joins this one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Args;
use crate::cli::{Context, Exit, Failure, Format, OrExit, Row};
use crate::lab::experiment::{ExperimentId, Verdict};
use crate::lab::verdict::Again;
use crate::tracking::{Conflict, Evidence, MergedDossier, Reader, Store};
use crate::yaml::Faults;

/// One dossier of a file. Stable.
#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    merged: MergedDossier,
    /// Whether the machine that measured it is another one than this.
    elsewhere: Option<bool>,
    /// The verdict, where this store has it now.
    verdict: Option<Verdict>,
    /// Whether it follows from the pairs.
    replays: Option<bool>,
    conflicts: Vec<Conflict>,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["File", "About", "Experiment", "New", "Known", "Verdict", "Replays"];
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        let dash = || "–".to_owned();
        vec![
            self.file.clone(),
            self.merged.subject.clone(),
            match (self.merged.experiment, self.merged.screen) {
                (Some(number), _) => number.to_string(),
                (None, Some(number)) => format!("screen {number}"),
                (None, None) => "statuses".to_owned(),
            },
            if self.conflicts.is_empty() { self.merged.new.to_string() } else { "contradicts".to_owned() },
            self.merged.known.to_string(),
            self.verdict.map_or_else(dash, |verdict| verdict.to_string()),
            self.replays.map_or_else(dash, |same| if same { "yes" } else { "NO" }.to_owned()),
        ]
    }
}

/// Stable.
#[derive(Serialize)]
struct Meta {
    schema: u32,
    recorded: bool,
    files: usize,
    new: usize,
    known: usize,
    conflicts: usize,
}

/// Reads every file before anything is recorded; then merges one after the other, each whole or not at all.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let read = read(files(&args.file)?)?;
    let store = Store::open(&context.project).await?;
    let mut lines = Vec::new();
    for (file, evidence) in &read {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let merged = store.merge(evidence, &name, args.dry_run).await?;
        for dossier in merged.dossiers {
            let of = |conflict: &&Conflict| conflict.subject == dossier.subject;
            let conflicts = merged.conflicts.iter().filter(of).cloned().collect();
            lines.push(Line::new(store.reader(), file, dossier, conflicts).await?);
        }
    }
    store.close().await;
    let meta = Meta {
        schema: 1,
        recorded: !args.dry_run,
        files: read.len(),
        new: lines.iter().filter(|line| line.conflicts.is_empty()).map(|line| line.merged.new).sum(),
        known: lines.iter().map(|line| line.merged.known).sum(),
        conflicts: lines.iter().map(|line| line.conflicts.len()).sum(),
    };
    context.table(&lines, &meta)?;
    if context.format == Format::Table {
        context.print(&told(&lines, &meta))?;
    }
    Ok(if meta.conflicts == 0 { Exit::Done } else { Exit::Failed })
}

impl Line {
    async fn new(
        reader: &Reader,
        file: &Path,
        merged: MergedDossier,
        conflicts: Vec<Conflict>,
    ) -> Result<Self, Failure> {
        let mut line =
            Self { file: file.display().to_string(), merged, elsewhere: None, verdict: None, replays: None, conflicts };
        let Some(number) = line.merged.experiment else { return Ok(line) };
        // Of a dry run there is nothing to look at, but for what was known before.
        let Some(experiment) = reader.experiment(ExperimentId(number)).await? else { return Ok(line) };
        line.elsewhere = Some(experiment.host != crate::tracking::Host::current());
        if let Some(verdict) = &experiment.verdict {
            let pairs: Vec<_> = experiment.pairs.iter().map(|fact| fact.pair.clone()).collect();
            line.verdict = Some(verdict.ruling.verdict);
            line.replays = Some(Again::of(&experiment.plan, &pairs, &verdict.ruling).same);
        }
        Ok(line)
    }
}

/// Reads files; the faults of all of them, when there are any.
pub(in crate::cli) fn read(files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Evidence)>, Faults> {
    let mut faults = Faults::default();
    let mut read = Vec::new();
    for file in files {
        match Evidence::read(&file, &file.display().to_string()) {
            Ok(evidence) => read.push((file, evidence)),
            Err(found) => found.iter().cloned().for_each(|fault| faults.push(fault)),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// The file, or all of a folder, in order.
pub(in crate::cli) fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    collect(path, &mut found)
        .map_err(|error| {
            miette::miette!(code = "import::folder", "the folder {} cannot be read: {error}", path.display())
        })
        .or_exit(Exit::Failed)?;
    if found.is_empty() {
        let report = miette::miette!(
            code = "import::empty",
            help = "`workbench export --to DIR` writes evidence",
            "the folder {} holds no JSON file",
            path.display()
        );
        return Err(report).or_exit(Exit::NotFound);
    }
    // Experiments of one folder by their times: their numbers here then grow with time, too.
    found.sort_by_key(|file| (file.file_name().map(ToOwned::to_owned), file.clone()));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(())
}

fn told(lines: &[Line], meta: &Meta) -> String {
    let mut text = String::new();
    for line in lines {
        for Conflict { subject, fact, theirs, ours } in &line.conflicts {
            let _ = writeln!(
                text,
                "\n {}: {subject}: {fact} is {theirs} in the file and {ours} in this store; nothing of the file was recorded",
                line.file
            );
        }
    }
    let (would, Meta { new, known, .. }) = (if meta.recorded { "" } else { "would be " }, meta);
    let elsewhere = lines.iter().filter(|line| line.elsewhere == Some(true)).count();
    let elsewhere =
        if elsewhere == 0 { String::new() } else { format!("; {elsewhere} experiments are of other machines") };
    let _ = writeln!(text, "\n {would}imported: {new} new facts; {known} were known{elsewhere}");
    for line in lines.iter().filter(|line| line.replays == Some(false)) {
        let _ = writeln!(
            text,
            " the verdict of experiment {} does not follow from its pairs: `workbench verdict {} --replay`",
            line.merged.experiment.unwrap_or_default(),
            line.merged.subject
        );
    }
    text
}
