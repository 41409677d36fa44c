//! `workbench.yaml`: what is optimized, and by which rules it is judged.
//!
//! Only `target` must be given; every other key has the default that stands beside it here. The defaults of the policy
//! are those under which the rule's error rates were checked, so a project that changes them changes what PROVEN means.

mod adapter;

pub use adapter::{Adapter, Figure, FigureUnit, Reads};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::improvements::Trial;
use crate::project::{CONFIG_FILE, Project};
use crate::units::{Gain, SLICE_MS_MIN};
use crate::yaml::{Document, Faults, Reader};

/// What is optimized, and by which rules it is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "workbench.yaml")]
pub struct Config {
    /// The package being optimized and its driver.
    pub target: Target,
    /// The rule by which an experiment is decided.
    #[serde(default)]
    pub policy: PolicyConfig,
    /// When the machine is too busy to measure on.
    #[serde(default)]
    pub machine: MachineRules,
    /// Sizes and time limits of an experiment.
    #[serde(default)]
    pub lab: LabLimits,
    /// How many improvements at once are measured.
    #[serde(default)]
    pub screen: ScreenConfig,
    /// What revisions are compared on when nothing else is said; the register's first main workload when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compare: Vec<Trial>,
    /// Where the facts are kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Who may work on what, and how long; an agent's own file may tighten its limits.
    #[serde(default)]
    pub agents: AgentLimits,
}

/// The package being optimized and its driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The Cargo package whose features switch the improvements: `engine-driver`.
    #[schemars(length(min = 1))]
    pub package: String,
    /// Its binary that speaks the driver protocol: `workload`. With `adapter`, the bench or program that is measured.
    #[schemars(length(min = 1))]
    pub driver: String,
    /// Which kind of Cargo target the driver is.
    #[serde(default, skip_serializing_if = "Kind::is_bin")]
    pub kind: Kind,
    /// The Cargo workspace that holds it, relative to this file.
    #[serde(default = "default_workspace")]
    pub workspace: String,
    /// The Cargo profile both arms are built with.
    #[serde(default = "default_profile")]
    pub profile: String,
    /// Put before an improvement's feature on Cargo's command line: `engine/`, or nothing.
    #[serde(default)]
    pub feature_prefix: String,
    /// Whether both arms have the package's default features. `false` where one of them is an improvement.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub default_features: bool,
    /// Features that both arms have besides, whatever is tested. They take no prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Layouts of each arm that are measured: the driver as it was linked, and again with its functions in another order, so that
    /// where they happen to lie is noise and no difference between the arms. Needs a linker that can, such as lld.
    #[serde(default = "default_layouts", skip_serializing_if = "is_default_layouts")]
    #[schemars(range(min = 1, max = 64))]
    pub layouts: u32,
    /// How it is measured when the driver does not speak the driver protocol; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<Adapter>,
    /// Packages whose tests both arms must pass before anything is measured.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The Cargo profile of those tests; the arms' own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_profile: Option<String>,
    /// Further arguments of `cargo test`, such as which tests to leave to the project's own CI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_args: Vec<String>,
    /// A driver that is not built here: a program, relative to this file, and its arguments, in which `{features}`
    /// stands for the arm's features with commas between. Nothing is built or tested then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// A kind of Cargo target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A binary.
    #[default]
    Bin,
    /// A benchmark: `benches/…`.
    Bench,
    /// An example: `examples/…`.
    Example,
}

/// The rule by which an experiment is decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The gain the main workload must show, as a fraction, unless the improvement's file says otherwise.
    pub required_gain: Gain,
    /// The loss a guard may show, as a fraction.
    pub guard_margin: Gain,
    /// How far the control may move either way, as a fraction.
    pub control_margin: Gain,
    /// The error level of the always-valid bounds.
    pub alpha: f64,
    /// Pairs after which an experiment ends, whatever it knows.
    pub pair_limit: u32,
    /// Pairs after which a guard or the control may pass without being proven harmless, when its estimate is in order.
    pub guard_pairs: u32,
    /// The noise of a pair that is assumed of a workload not yet calibrated here, as a fraction. A wrong one costs
    /// pairs, never validity.
    pub noise: Gain,
    /// Fresh pairs for the published figure.
    pub confirmation_pairs: u32,
    /// Which verdict is enough for an improvement to join the stack.
    pub accept: Accept,
}

/// Which verdict is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// Only PROVEN: the lower bound lies above the required gain.
    Proven,
    /// PROVEN or ACCEPTED: at the end the lower bound lies above zero and the estimate at the required gain.
    Accepted,
}

/// When the machine is too busy to measure on. Blind to the metric: fixed before the first pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MachineRules {
    /// CPU time of other processes during a pair, as a fraction of all cores.
    pub foreign_cpu_max: f64,
    /// Time stolen by the hypervisor during a pair, as a fraction of all cores.
    pub steal_max: f64,
    /// `some avg10` of CPU pressure before a pair, percent.
    pub cpu_pressure_max: f64,
    /// `some avg10` of I/O pressure before a pair, percent.
    pub io_pressure_max: f64,
    /// Dropped pairs, as a fraction of all: above it the experiment stops.
    pub dropped_max: f64,
    /// How long a pair waits for the machine to become quiet, seconds.
    pub quiet_wait_s: u64,
    /// The folder of the machine's lease, relative to this file; `/tmp/workbench-machine` when absent. All who measure on
    /// the same processors must name the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
}

/// Sizes and time limits of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabLimits {
    /// How long one slice of the baseline should take, milliseconds.
    pub slice_ms: u64,
    /// Measured slices per process.
    pub slices: u32,
    /// Warm-up slices, dropped.
    pub warmup_slices: u32,
    /// A build that takes longer is stopped, seconds.
    pub build_limit_s: u64,
    /// A test run that takes longer is stopped, seconds.
    pub test_limit_s: u64,
    /// A driver that is silent for longer is dead, seconds.
    pub answer_limit_s: u64,
    /// The wall time of one `apply`, builds and tests included, seconds.
    pub experiment_limit_s: u64,
    /// A session on the machine lasts so long after its noise was looked at: then three pairs of a binary against itself open the next,
    /// seconds.
    pub session_s: u64,
    /// How long each arm is profiled after the verdict, in four processes together, seconds; 0 takes no profile.
    pub profile_s: u64,
    /// Built arms are removed, oldest first, above this size, megabytes.
    pub cache_limit_mb: u64,
}

/// How many improvements at once are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScreenConfig {
    /// The one workload on which all of them are measured; the one that they have in common when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Trial>,
    /// The wall time of one `screen` or `interact`, builds included, seconds.
    pub limit_s: u64,
}

/// Where the facts are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:` and a path relative to this file.
    pub url: String,
}

/// Who may work on what, how long, and what nobody may touch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentLimits {
    /// Agents at work at the same time.
    pub parallel: u32,
    /// Submissions that wait for a reviewer: while there are so many, nobody begins. Review is the bottleneck.
    pub review: u32,
    /// Attempts at one assignment.
    pub attempts: u32,
    /// Wall time of one attempt, minutes; time in which somebody measures does not count.
    pub minutes: f64,
    /// Changed lines that one attempt may hand in.
    pub diff_lines: u32,
    /// Output kept of one attempt, megabytes.
    pub output_mb: u32,
    /// What the folder of one assignment may take on the disk, megabytes: its worktree and what is built in it.
    pub disk_mb: u32,
    /// How long an agent that must end has to end by itself after INT, and again after TERM, milliseconds.
    pub grace_ms: u64,
    /// The branch that accepted work lands on; the checkout is never touched.
    pub integration: String,
    /// Files that no submission may change, as globs, besides the workbench's own: what measures, and what checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
    /// A file beside the repository's, with workloads that guard every submission and that no brief names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_guards: Option<String>,
}

impl Config {
    /// Reads the project's configuration. What is wrong with it goes to `faults`.
    pub fn load(project: &Project, faults: &mut Faults) -> Option<Self> {
        let file = project.config_file();
        let document = Reader::<Self>::default().read(&file, CONFIG_FILE, faults)?;
        let before = faults.len();
        check(&document, faults);
        (faults.len() == before).then_some(document.value)
    }
}

impl StoreConfig {
    /// The path in the URL.
    fn file(&self) -> Option<&str> {
        let path = self.url.strip_prefix("sqlite:")?;
        Some(path.strip_prefix("//").unwrap_or(path)).filter(|path| !path.is_empty())
    }
}

/// The project with store and lease where its configuration puts them. A configuration with mistakes moves nothing:
/// whoever loads it tells of them.
pub fn placed(project: Project) -> Project {
    let Some(config) = Config::load(&project, &mut Faults::default()) else { return project };
    let project = match config.store.file() {
        Some(file) => project.with_store(file),
        None => project,
    };
    match &config.machine.lease {
        Some(lease) => project.with_lease(lease),
        None => project,
    }
}

impl Kind {
    /// The word that Cargo uses for it, on its command line and in its messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Bench => "bench",
            Self::Example => "example",
        }
    }

    fn is_bin(&self) -> bool {
        *self == Self::Bin
    }
}

fn check(document: &Document<Config>, faults: &mut Faults) {
    adapter::check(document, faults);
    let Config { policy, machine, lab, screen, store, agents, .. } = &document.value;
    let mut demand = |holds: bool, path: &str, message: &str| {
        if !holds {
            faults.push(document.fault(path, format!("`{path}` {message}")).code("config::limit"));
        }
    };
    let share = |value: f64| value > 0.0 && value < 1.0;
    demand(policy.alpha > 0.0 && policy.alpha <= 0.5, "policy.alpha", "must lie above 0 and at most at 0.5");
    demand(policy.required_gain.0 > 0.0, "policy.required_gain", "must be above 0: 0.10 is 10 %");
    demand(share(policy.guard_margin.0), "policy.guard_margin", "must lie between 0 and 1: 0.03 is 3 %");
    demand(share(policy.control_margin.0), "policy.control_margin", "must lie between 0 and 1: 0.03 is 3 %");
    // Fewer pairs cannot reach 1/alpha: the bounds would stay infinite whatever is measured.
    demand(policy.pair_limit >= 5, "policy.pair_limit", "must be at least 5: fewer pairs can decide nothing");
    demand(policy.guard_pairs >= 5, "policy.guard_pairs", "must be at least 5: fewer pairs can show nothing");
    demand(policy.noise.0 > 0.0, "policy.noise", "must be above 0: 0.03 is 3 %");
    demand(policy.confirmation_pairs >= 1, "policy.confirmation_pairs", "must be at least 1");
    let limit = |value: f64| value > 0.0 && value <= 1.0;
    demand(limit(machine.foreign_cpu_max), "machine.foreign_cpu_max", "must lie above 0 and at most at 1 (no limit)");
    demand(limit(machine.steal_max), "machine.steal_max", "must lie above 0 and at most at 1 (no limit)");
    demand(share(machine.dropped_max), "machine.dropped_max", "must lie between 0 and 1");
    demand(machine.cpu_pressure_max > 0.0, "machine.cpu_pressure_max", "must be above 0");
    demand(machine.lease.as_ref().is_none_or(|lease| !lease.is_empty()), "machine.lease", "must name a folder");
    demand(machine.io_pressure_max > 0.0, "machine.io_pressure_max", "must be above 0");
    let shortest = format!("must be at least {SLICE_MS_MIN}: shorter slices measure the clock");
    demand(lab.slice_ms >= SLICE_MS_MIN, "lab.slice_ms", &shortest);
    demand(lab.slices >= 1, "lab.slices", "must be at least 1");
    demand(lab.answer_limit_s >= 1, "lab.answer_limit_s", "must be at least 1");
    demand(agents.parallel >= 1, "agents.parallel", "must be at least 1");
    demand(agents.attempts >= 1, "agents.attempts", "must be at least 1");
    demand(agents.minutes > 0.0 && agents.minutes.is_finite(), "agents.minutes", "must be above 0");
    demand(agents.disk_mb >= 1, "agents.disk_mb", "must be at least 1");
    demand(!agents.integration.is_empty(), "agents.integration", "must name a branch");
    demand(screen.limit_s >= 1, "screen.limit_s", "must be at least 1");
    demand(store.file().is_some(), "store.url", "must be `sqlite:` and a path; no other store is supported");
}

fn default_workspace() -> String {
    ".".to_owned()
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

fn default_profile() -> String {
    "release".to_owned()
}

fn default_layouts() -> u32 {
    Target::LAYOUTS
}

fn is_default_layouts(layouts: &u32) -> bool {
    *layouts == Target::LAYOUTS
}

impl Target {
    /// Layouts of each arm, unless workbench.yaml says otherwise: what is left of a layout's fate between two arms is half of it.
    pub const LAYOUTS: u32 = 8;
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            required_gain: Gain(0.10),
            guard_margin: Gain(0.03),
            control_margin: Gain(0.03),
            alpha: 0.05,
            pair_limit: 30,
            guard_pairs: 5,
            noise: Gain(0.03),
            confirmation_pairs: 5,
            accept: Accept::Accepted,
        }
    }
}

impl Default for MachineRules {
    fn default() -> Self {
        Self {
            foreign_cpu_max: 0.05,
            steal_max: 0.02,
            cpu_pressure_max: 20.0,
            io_pressure_max: 20.0,
            dropped_max: 0.20,
            quiet_wait_s: 60,
            lease: None,
        }
    }
}

impl Default for LabLimits {
    fn default() -> Self {
        Self {
            slice_ms: 150,
            slices: 6,
            warmup_slices: 1,
            build_limit_s: 1200,
            test_limit_s: 900,
            answer_limit_s: 60,
            experiment_limit_s: 3600,
            session_s: 3600,
            profile_s: 12,
            cache_limit_mb: 4096,
        }
    }
}

impl Default for ScreenConfig {
    fn default() -> Self {
        Self { workload: None, limit_s: 21_600 }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: "sqlite:tracking/workbench.db".to_owned() }
    }
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            parallel: 2,
            review: 4,
            attempts: 3,
            minutes: 120.0,
            diff_lines: 2000,
            output_mb: 64,
            disk_mb: 16_384,
            grace_ms: 2000,
            integration: "integration".to_owned(),
            protected: Vec::new(),
            private_guards: None,
        }
    }
}
