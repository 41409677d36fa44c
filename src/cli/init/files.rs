//! The files of the new project: written all at once, and only where nothing stands in their way.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::choice::Choice;
use crate::agents::{Agent, Limits, Runner};
use crate::catalog::Catalog;
use crate::cli::{Exit, Failure};
use crate::config::Target;
use crate::improvements::foreign::Foreign;
use crate::improvements::import::{self, Files, WriteError};
use crate::lab::build::Together;
use crate::project::{CONFIG_FILE, Project};

/// What init makes in the root, the file that makes it a project last.
const ENTRIES: [&str; 3] = ["improvements", "agents", CONFIG_FILE];

/// What of the configuration is not the default.
#[derive(Serialize)]
struct Written<'a> {
    target: &'a Target,
    lab: Lab,
}

#[derive(Serialize)]
struct Lab {
    slice_ms: u64,
    slices: u32,
}

/// All files, by their path below the root.
pub(super) fn of(choice: &Choice, together: &Together) -> Result<Files, WriteError> {
    let trial = |workload: &String| choice.trial(workload);
    let (main, guards) = match choice.workloads.split_first() {
        Some((main, guards)) => (choice.trial(main), guards.iter().map(trial).collect()),
        // Nothing was built: which work there is, is not known yet.
        None => (choice.trial(&choice.target.driver), Vec::new()),
    };
    let register = Foreign {
        package: choice.package.clone(),
        features: choice.features.clone(),
        conflicts: together.pairs.iter().map(|(pair, _)| pair.clone()).collect(),
        workload: main,
        guards,
        control: choice.control.as_ref().map(trial),
    };
    let mut files = register.records().files()?;
    import::add_yaml(&mut files, "agents/agent-01.yaml", &owner())?;
    let lab = Lab { slice_ms: choice.lab.slice_ms, slices: choice.lab.slices };
    import::add_yaml(&mut files, CONFIG_FILE, &Written { target: &choice.target, lab })?;
    if let Some(config) = files.get_mut(CONFIG_FILE) {
        config.insert_str(
            0,
            "# What is optimized here and how it is measured: `workbench init` wrote it, and it is yours to change.\n",
        );
    }
    Ok(files)
}

/// Refuses where something is there already.
pub(super) fn refuse_to_replace(root: &Path) -> Result<(), Failure> {
    match ENTRIES.iter().find(|entry| root.join(entry).exists()) {
        None => Ok(()),
        Some(entry) => {
            let help = "nothing is ever replaced: move it away, or name another folder with --to";
            let at = root.join(entry);
            let report = miette::miette!(code = "init::exists", help = help, "{} is there already", at.display());
            Err(Failure::new(Exit::Failed, report))
        }
    }
}

/// Makes the root where it is missing.
pub(super) fn make_folder(root: &Path) -> Result<(), Failure> {
    fs::create_dir_all(root)
        .map_err(|error| Failure::new(Exit::Failed, miette::miette!("cannot make {}: {error}", root.display())))
}

/// Writes and reads back what was written, aside; then moves it into place.
pub(super) fn write(root: &Path, files: &Files) -> Result<(), Failure> {
    let draft = Project::to_be(root).tracking_dir().join("init");
    let io = |error: std::io::Error| {
        Failure::new(Exit::Failed, miette::miette!("cannot write into {}: {error}", root.display()))
    };
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(io)?; // left by one that was killed
    }
    import::write(&draft, files, false, |draft| -> Result<(), Failure> {
        Catalog::load(&Project::to_be(draft))?;
        Ok(())
    })?;
    for entry in ENTRIES {
        fs::rename(draft.join(entry), root.join(entry)).map_err(io)?;
    }
    fs::remove_dir(&draft).map_err(io)?;
    // Facts and builds are no sources. What somebody has written there stays.
    let ignore = Project::to_be(root).tracking_dir().join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n").map_err(io)?;
    }
    Ok(())
}

/// For people: what was chosen, found and written, and what comes next.
pub(super) fn told(choice: &Choice, together: &Together, files: &Files, dry: bool) -> String {
    let mut text = String::new();
    let Choice { package, features, target, .. } = choice;
    let defaults = if target.default_features { "default features" } else { "no default features" };
    let base = [&[defaults.to_owned()][..], &target.features].concat().join(", ");
    let _ =
        writeln!(text, "{package}: {} measured by the {} `{}`", features.join(", "), target.kind.word(), target.driver);
    let _ = writeln!(text, "  both arms   {base}");
    if let Some(adapter) = &target.adapter {
        let _ = writeln!(text, "  each run    {}", adapter.command.join(" "));
    }
    let work =
        if choice.workloads.is_empty() { "listed when it is built".to_owned() } else { choice.workloads.join(", ") };
    let _ = writeln!(text, "  workloads   {work}");
    let _ = writeln!(text, "  decides     {}", choice.metric.1.beside(&choice.metric.0));
    if let Some(control) = &choice.control {
        let _ = writeln!(text, "  control     {control}");
    }
    for (feature, said) in &together.alone {
        let _ = writeln!(text, "\n`{feature}` does not compile, and is left out:\n{}", indented(said));
    }
    for ([one, other], said) in &together.pairs {
        let _ = writeln!(text, "\n`{one}` and `{other}` do not compile together:\n{}", indented(said));
    }
    if let Some(said) = &together.all {
        let _ = writeln!(text, "\nAny two compile together, but not all of them:\n{}", indented(said));
    }
    if together.tried > 0 {
        let rest = if together.cut_short { "; the other pairs were not tried" } else { "" };
        let _ = writeln!(
            text,
            "\n{} sets of features were compiled, {} of them earlier{rest}",
            together.tried, together.known
        );
    }
    for note in &choice.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let verb = if dry { "Would write" } else { "Wrote" };
    let _ = writeln!(text, "\n{verb} {} files:", files.len());
    for name in files.keys() {
        let _ = writeln!(text, "  {name}");
    }
    if dry {
        for name in [CONFIG_FILE, "improvements/F001.yaml"] {
            let _ = write!(text, "\n==> {name}\n{}", files.get(name).map(String::as_str).unwrap_or_default());
        }
    } else {
        let _ = writeln!(text, "\nNext: workbench apply F001 --dry-run");
    }
    text
}

fn indented(said: &str) -> String {
    said.lines().map(|line| format!("  │ {line}")).collect::<Vec<_>>().join("\n")
}

/// The register needs somebody who owns its entries.
fn owner() -> Agent {
    Agent {
        number: 1,
        name: "Owner".to_owned(),
        specialization: "The project".to_owned(),
        subjects: Vec::new(),
        modules: Vec::new(),
        runner: Runner::default(),
        limits: Limits::default(),
    }
}
