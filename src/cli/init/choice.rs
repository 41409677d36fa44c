//! What was chosen, by flags or at the terminal, and what follows from it.

use std::path::Path;

use super::{Args, ask};
use crate::cli::{Exit, Failure};
use crate::config::{Adapter, Kind, LabLimits, Reads, Target};
use crate::improvements::foreign::FEATURES_MAX;
use crate::improvements::{Direction, Trial};
use crate::lab::adapter;
use crate::lab::build::{Manifest, Package, Together};

/// Layouts of each arm where a bench is measured.
const BENCH_LAYOUTS: u32 = 4;

/// Everything that the files are made from.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) package: String,
    pub(super) features: Vec<String>,
    pub(super) target: Target,
    pub(super) lab: LabLimits,
    /// The main one first.
    pub(super) workloads: Vec<String>,
    pub(super) control: Option<String>,
    /// The metric that decides, and which way it improves.
    pub(super) metric: (String, Direction),
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl Choice {
    /// From flags, the manifest, and answers. `root` is where the files go.
    pub(super) fn of(args: &Args, manifest: &Manifest, root: &Path) -> Result<Self, Failure> {
        let names: Vec<String> = manifest.packages.iter().map(|package| package.name.clone()).collect();
        let name = ask::one("package", "--package", args.package.as_deref(), &names)?;
        let package = manifest.package(&name)?;
        let (kind, driver) = program(args, package)?;
        let switchable: Vec<String> = package.features.keys().filter(|name| *name != "default").cloned().collect();
        let features = ask::several("feature", "--features", &args.features, &switchable)?;
        if features.len() > FEATURES_MAX {
            let report =
                miette::miette!("{} features are more than a register numbers: {FEATURES_MAX}", features.len());
            return Err(Failure::new(Exit::Usage, report));
        }
        let required = package.required_features(kind, &driver);
        if let Some(feature) = features.iter().find(|feature| required.contains(feature)) {
            let help = "choose other features, or another program";
            let report = miette::miette!(
                code = "init::required",
                help = help,
                "`{driver}` is built only with the feature `{feature}`: it cannot measure what that brings"
            );
            return Err(Failure::new(Exit::Failed, report));
        }
        let mut base = package.base(&features, required);
        if let Some(given) = &args.base {
            let known: Vec<String> = package.features.keys().cloned().collect();
            base.features = ask::several("feature", "--base", given, &known)?;
            base.default_features = false;
        }
        let mut notes = notes(package, &features, &base.lost);
        let adapter = adapter(args, package, kind)?;
        if adapter.as_ref().is_some_and(|adapter| adapter.check.is_empty()) {
            let tests = if args.no_tests { "not even its tests are run" } else { "its tests are run on both arms" };
            notes.push(format!("a bench checks no answers: {tests}, and `target.adapter.check` may name a command"));
        }
        let profile = if kind == Kind::Bench { "bench" } else { "release" };
        let target = Target {
            package: name.clone(),
            driver: driver.clone(),
            kind,
            workspace: relative(&manifest.workspace_root, root),
            profile: profile.to_owned(),
            feature_prefix: String::new(),
            default_features: base.default_features,
            features: base.features,
            // Of a bench each is a compilation of the bench, not only a link.
            layouts: if adapter.is_some() { BENCH_LAYOUTS } else { Target::LAYOUTS },
            adapter,
            tests: if args.no_tests { Vec::new() } else { vec![name.clone()] },
            test_profile: (!args.no_tests).then(|| "dev".to_owned()),
            test_args: Vec::new(),
            command: Vec::new(),
        };
        let metric = target.adapter.as_ref().and_then(|adapter| adapter::metrics(adapter).into_iter().next());
        let metric = metric
            .map_or_else(|| ("rate".to_owned(), Direction::Higher), |metric| (metric.name, direction(metric.better)));
        let mut workloads = args.workloads.clone();
        if workloads.is_empty() && target.adapter.as_ref().is_some_and(|adapter| !adapter.lists_benches()) {
            workloads.push(driver);
        }
        let control = args.control.clone();
        let lab = lab(&target);
        Ok(Self { package: name, features, target, lab, workloads, control, metric, notes })
    }

    /// Leaves out what does not compile.
    pub(super) fn without(&mut self, together: &Together) {
        self.features.retain(|feature| !together.alone.iter().any(|(broken, _)| broken == feature));
    }

    /// A workload as an entry names it.
    pub(super) fn trial(&self, workload: &str) -> Trial {
        let (metric, better) = self.metric.clone();
        Trial {
            workload: workload.to_owned(),
            params: Default::default(),
            metric,
            better,
            required_gain: None,
            slice_ms: None,
        }
    }
}

pub(super) fn direction(better: probe::protocol::Better) -> Direction {
    match better {
        probe::protocol::Better::Higher => Direction::Higher,
        probe::protocol::Better::Lower => Direction::Lower,
    }
}

/// The program that is measured.
fn program(args: &Args, package: &Package) -> Result<(Kind, String), Failure> {
    let programs = package.programs();
    let of = |kind: Kind| -> Vec<String> {
        programs.iter().filter(|(found, _)| *found == kind).map(|(_, name)| (*name).to_owned()).collect()
    };
    for (kind, given) in [(Kind::Bench, &args.bench), (Kind::Example, &args.example), (Kind::Bin, &args.bin)] {
        if let Some(given) = given {
            return Ok((kind, ask::one(kind.word(), &format!("--{}", kind.word()), Some(given), &of(kind))?));
        }
    }
    // A bench is there to be measured: only where there is none is anything else looked at.
    if !of(Kind::Bench).is_empty() {
        return Ok((Kind::Bench, ask::one("bench", "--bench", None, &of(Kind::Bench))?));
    }
    let shown: Vec<String> = programs.iter().map(|(kind, name)| format!("{} {name}", kind.word())).collect();
    let picked = ask::one("program", "--bin or --example", None, &shown)?;
    let at = shown.iter().position(|known| *known == picked).unwrap_or_default();
    Ok((programs[at].0, programs[at].1.to_owned()))
}

/// How it is run and read; `None` for a driver.
fn adapter(args: &Args, package: &Package, kind: Kind) -> Result<Option<Adapter>, Failure> {
    let uses = |names: &[&str]| names.iter().any(|name| package.requirement(name).is_some());
    let reads = match args.reads {
        Some(reads) => reads,
        None if args.command.first().is_some_and(|first| first.ends_with("hyperfine")) => Reads::Hyperfine,
        None if !args.command.is_empty() => Reads::Process,
        None if kind != Kind::Bench && uses(&["probe"]) => return Ok(None),
        None if kind == Kind::Bench && uses(&["criterion", "codspeed-criterion-compat"]) => Reads::Criterion,
        None if kind == Kind::Bench && uses(&["divan", "codspeed-divan-compat"]) => Reads::Divan,
        None => Reads::Process,
    };
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let command = match reads {
        _ if !args.command.is_empty() => args.command.clone(),
        Reads::Criterion => {
            // Before 0.4 it takes whole seconds only.
            let whole = package
                .requirement("criterion")
                .is_some_and(|req| req.trim_start_matches(['^', '=', '~', ' ']).starts_with("0.3"));
            let (warm_up, measurement) = if whole { ("1", "1") } else { ("0.1", "0.3") };
            words(&[
                "{program}",
                "--bench",
                "--noplot",
                "--warm-up-time",
                warm_up,
                "--measurement-time",
                measurement,
                "--sample-size",
                "10",
                "--nresamples",
                "1000",
                "{filter}",
            ])
        }
        Reads::Divan => words(&["{program}", "--bench", "--sample-count", "20", "--max-time", "0.3", "{filter}"]),
        Reads::Hyperfine => {
            words(&["hyperfine", "-N", "--warmup", "1", "--runs", "5", "--export-json", "{out}", "{program}"])
        }
        Reads::Process if kind == Kind::Bench => words(&["{program}", "--bench"]),
        Reads::Process => words(&["{program}"]),
        Reads::Bmf | Reads::Pattern => {
            let help = "write it behind `--`: workbench init … -- {program} --json {out}";
            let report =
                miette::miette!(code = "init::command", help = help, "nobody can guess the command of such output");
            return Err(Failure::new(Exit::Usage, report));
        }
    };
    Ok(Some(Adapter { reads, command, figures: Vec::new(), check: Vec::new() }))
}

/// Slices as long as a run of the harness, so that a slice is one run.
fn lab(target: &Target) -> LabLimits {
    let limits = LabLimits::default();
    let Some(adapter) = &target.adapter else { return limits };
    let seconds = |flag: &str| {
        let at = adapter.command.iter().position(|word| word == flag)?;
        adapter.command.get(at + 1)?.parse::<f64>().ok()
    };
    let run_s = match adapter.reads {
        Reads::Criterion => seconds("--warm-up-time").unwrap_or(3.0) + seconds("--measurement-time").unwrap_or(5.0),
        Reads::Divan => seconds("--max-time").unwrap_or(0.1),
        Reads::Process | Reads::Hyperfine | Reads::Bmf | Reads::Pattern => return LabLimits { slices: 4, ..limits },
    };
    LabLimits { slice_ms: (run_s * 1000.0) as u64, slices: 2, ..limits }
}

fn notes(package: &Package, features: &[String], lost: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    for feature in features {
        let implied = package.closure(feature);
        let others = features.iter().filter(|other| *other != feature && implied.contains(other.as_str()));
        notes.extend(others.map(|other| format!("`{feature}` switches `{other}` on: what it brings includes that")));
    }
    notes.extend(lost.iter().map(|lost| {
        let name = lost.trim_start_matches("dep:");
        format!(
            "without the default features both arms lose the optional dependency `{name}`, which only they switch on"
        )
    }));
    notes
}

/// `path` as seen from `root`, or absolute where it lies elsewhere.
fn relative(path: &Path, root: &Path) -> String {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    match path.strip_prefix(&root) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
