//! A project whose driver is the toy: performance, noise and faults are planted.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use workbench::lab::experiment::{ExperimentId, Pair};
use workbench::machine::{Asked, Lease, Owner, Place};
use workbench::tracking::{Experiment, Reader};

use super::bench::{Bench, Ran, WORKBENCH};

/// A project with one measurable improvement, T003, and a toy for a driver.
pub(crate) struct Lab {
    pub(crate) bench: Bench,
}

/// The toy, compiled once for all tests.
pub(crate) fn toy() -> &'static Path {
    static TOY: OnceLock<PathBuf> = OnceLock::new();
    TOY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (source, made) = (fixture().join("src/main.rs"), folder.join(format!("toy-{}", std::process::id())));
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let status = Command::new(rustc).args(["--edition", "2024", "-o"]).arg(&made).arg(&source).status().unwrap();
        assert!(status.success());
        // Renamed, so that a concurrent run of these tests never executes half a file.
        let toy = folder.join("toy-driver");
        std::fs::rename(&made, &toy).unwrap();
        toy
    })
}

/// The toy's project.
pub(crate) fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/toy")
}

impl Lab {
    /// T003 gains `effect` (log scale) on its main workload at a noise of 1 %; guard and control do not move.
    pub(crate) fn new(effect: f64) -> Self {
        Self::with(&format!("effect: {effect}, noise: 0.01, batch: 8"), "noise: 0.003", "noise: 0.003")
    }

    /// Parameters of the toy for main workload, guard and control.
    pub(crate) fn with(main: &str, guard: &str, control: &str) -> Self {
        let bench = Bench::new();
        std::fs::create_dir(bench.path("tmp")).unwrap();
        let lab = Self { bench };
        lab.config("[\"driver\", \"--features={features}\"]", "");
        std::fs::copy(toy(), lab.bench.path("driver")).unwrap();
        let entry = std::fs::read_to_string(lab.bench.path("improvements/T003.yaml")).unwrap();
        let (before, _) = entry.split_once("  workload:").unwrap();
        lab.bench.write(
            "improvements/T003.yaml",
            format!(
                "{before}  workload: {{workload: toy, params: {{{main}}}, metric: tps}}
  guards:
    - {{workload: other, params: {{{guard}}}, metric: tps}}
  control: {{workload: toy, params: {{{control}, control: true}}, metric: tps}}
  mechanism:
    figure: commits per sync
    counter: wal.commits
    per: wal.syncs
    on: {{min: 4}}
    off: {{min: 0.95, max: 1.05}}
  references: [Aether]
"
            ),
        );
        lab
    }

    /// A copy of this project as it is now.
    pub(crate) fn another(&self) -> Self {
        Self { bench: self.bench.another() }
    }

    /// Writes workbench.yaml for a driver that is not built, on a machine that is never too busy.
    pub(crate) fn config(&self, command: &str, more: &str) {
        self.bench.write(
            "workbench.yaml",
            format!(
                "target: {{package: toy, driver: toy, profile: lab, command: {command}}}
policy: {{noise: 0.015, confirmation_pairs: 5}}
machine: {{foreign_cpu_max: 1, steal_max: 1, cpu_pressure_max: 100, io_pressure_max: 100}}
lab: {{slices: 2, answer_limit_s: 60, profile_s: 1}}
{more}"
            ),
        );
    }

    /// A driver that hangs is given up after a second; a driver that must not be may wait for the machine for long.
    pub(crate) fn give_up_early(&self) {
        self.bench.replace("workbench.yaml", "answer_limit_s: 60,", "answer_limit_s: 1,");
    }

    /// The command `workbench apply T003 …`, with a machine's lease of its own.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(WORKBENCH);
        command.args(args).current_dir(self.bench.root()).env_remove("WORKBENCH_PROJECT").env("NO_COLOR", "1");
        command.env("TMPDIR", self.bench.path("tmp")).env("WORKBENCH_LEASE", self.bench.path("machine"));
        command
    }

    /// Takes the lease of this lab's machine.
    pub(crate) fn lease(&self, what: &str) -> Lease {
        match Lease::ask(&Place::new(self.bench.path("machine")), &Owner::new(what, Path::new("/elsewhere"))) {
            Ok(Asked::Granted(lease)) => lease,
            other => panic!("{other:?}"),
        }
    }

    /// The same, when its holder has built what it measures.
    pub(crate) fn quiet(&self, what: &str) -> Lease {
        let mut lease = self.lease(what);
        lease.hush().unwrap();
        lease
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::new(&self.command(args).output().unwrap(), &self.bench.root())
    }

    pub(crate) fn apply(&self, more: &[&str]) -> Ran {
        self.run(&[&["apply", "T003"], more].concat())
    }

    pub(crate) fn start(&self, more: &[&str]) -> Child {
        let mut command = self.command(&[&["apply", "T003"], more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What the store holds of an experiment.
    pub(crate) fn experiment(&self, id: i64) -> Experiment {
        let found = self.read(async |reader| reader.experiment(ExperimentId(id)).await.unwrap());
        found.flatten().expect("an experiment")
    }

    /// Pairs of the latest experiment; none while there is none.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        self.latest().map_or(Vec::new(), |found| found.pairs.into_iter().map(|fact| fact.pair).collect())
    }

    fn latest(&self) -> Option<Experiment> {
        let latest = self.read(async |reader| match reader.experiments(1).await.unwrap().first() {
            Some(latest) => reader.experiment(latest.id).await.unwrap(),
            None => None,
        });
        latest.flatten()
    }

    /// What SQLite finds wrong with the store; nothing while there is none.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.read(async |reader| reader.check().await.unwrap()).unwrap_or_default()
    }

    /// Waits until a running apply has recorded so many pairs.
    pub(crate) fn wait_for_pairs(&self, count: usize) {
        let start = Instant::now();
        while self.pairs().len() < count {
            assert!(start.elapsed() < Duration::from_secs(60), "no {count} pairs in a minute");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The same of the experiment of that number.
    pub(crate) fn wait_for_pairs_of(&self, experiment: i64, count: usize) {
        let there =
            || self.latest().filter(|latest| latest.summary.id.0 == experiment).map_or(0, |found| found.pairs.len());
        let start = Instant::now();
        while there() < count {
            assert!(start.elapsed() < Duration::from_secs(60), "no {count} pairs in a minute");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `None` while there is no store.
    fn read<T>(&self, look: impl AsyncFnOnce(Reader) -> T) -> Option<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let reader = Reader::open_at(&self.bench.path("tracking/workbench.db")).await.unwrap()?;
            Some(look(reader).await)
        })
    }

    /// Process ids of drivers and compilers that work in this project.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let root = self.bench.root();
        let ids = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        ids.filter(|pid| {
            let inside = |link: &str| {
                std::fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|path| path.starts_with(&root))
            };
            inside("exe") || inside("cwd")
        })
        .collect()
    }

    /// What a run may leave in the lab's folders of living processes and their data.
    pub(crate) fn leftovers(&self) -> usize {
        let count = |name: &str| std::fs::read_dir(self.bench.path(name)).map_or(0, Iterator::count);
        count("tracking/lab/work") + count("tracking/lab/running")
    }
}
