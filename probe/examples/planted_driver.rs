//! A driver whose performance is made up: it does no work, and *reports* the rate that its features would give it.
//!
//! For trying a measuring procedure where the truth is known. `workbench apply`, `screen` and `interact` run on it when
//! workbench.yaml names it instead of a package to build, and the workload says what is planted:
//!
//! ```text
//! target: {package: none, driver: none, command: [target/debug/examples/planted_driver, "--features={features}"]}
//! …
//! workload: {workload: planted, metric: rate, params: {effects: "a=0.2 b=-0.1 a*b=0.05", noise: 0.03, tails: heavy}}
//! ```
//!
//! `a=0.2` multiplies the rate by exp(0.2) when the feature `a` is on; `a*b=0.05` by exp(0.05) more when both are. Each
//! process draws its noise once, from the seed and its features: a restart is the unit.
//!
//! Try `echo '{"cmd":"hello"}' | cargo run -p probe --example planted_driver`.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;
use std::time::Duration;

use probe::driver::{Description, Measured, Settings};
use probe::protocol::{
    Budget, Check, Failure, Load, Loaded, MetricSpec, ParamSpec, Params, Progress, Unit, WorkloadSpec,
};

/// Operations per second without features and noise.
const RATE: f64 = 10_000.0;

struct Planted {
    features: BTreeSet<String>,
    /// Of this process, from its load on.
    rate: f64,
}

impl probe::Driver for Planted {
    fn describe(&self) -> Description {
        let features = self.features.iter().cloned().collect();
        Description { features, workloads: vec![spec()], ..Description::new("planted") }
    }

    fn load(&mut self, request: &Load, _progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let settings = Settings::resolve(&spec().params, &request.params)?;
        let effect = effect(settings.text("effects"), &self.features)?;
        let mut coins = Coins::of(request.seed, &self.features);
        let start = match settings.text("tails") {
            "heavy" => {
                coins.normal()
                    / ((coins.normal().powi(2) + coins.normal().powi(2) + coins.normal().powi(2)) / 3.0).sqrt()
            }
            _ => coins.normal(),
        };
        self.rate = RATE * (effect + settings.number("noise") * start).exp();
        Ok(Loaded { rows: 1, params: settings.into_map(), ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, _params: &Params) -> Result<Measured, Failure> {
        let ops = match budget {
            Budget::Ops(ops) => ops,
            Budget::Time(time) => ((self.rate * time.as_secs_f64()) as u64).max(1),
        };
        let elapsed = Duration::from_secs_f64(ops as f64 / self.rate);
        let values = BTreeMap::from([("rate".to_owned(), self.rate)]);
        let counters = BTreeMap::from([("planted.ops".to_owned(), ops)]);
        Ok(Measured { ops, elapsed, values, counters, ..Measured::default() })
    }

    fn check(&mut self) -> Result<Check, Failure> {
        Ok(Check { ok: true, ..Check::default() })
    }
}

fn spec() -> WorkloadSpec {
    let params = [
        ("effects", ParamSpec::text("", "Effects on the log scale: `a=0.2 b=-0.1 a*b=0.05`.")),
        ("noise", ParamSpec::number(0.02, 0.0, 1.0, "Standard deviation of a process's log rate.")),
        ("tails", ParamSpec::choice("normal", &["normal", "heavy"], "The noise: normal, or Student's t3.")),
    ];
    WorkloadSpec {
        name: "planted".into(),
        summary: "Reports a made-up rate.".into(),
        metrics: vec![MetricSpec::higher("rate", Unit::PerSecond)],
        params: params.map(|(name, spec)| (name.to_owned(), spec)).into(),
    }
}

/// The sum of the effects whose features are all on.
fn effect(effects: &str, features: &BTreeSet<String>) -> Result<f64, Failure> {
    let term = |text: &str| {
        let (names, size) = text.split_once('=')?;
        let is_on = names.split('*').all(|name| features.contains(name));
        Some(if is_on { size.parse().ok()? } else { 0.0 })
    };
    let unclear = |text: &str| Failure::new(format!("`{text}` is no effect"), "write feature=size or one*other=size");
    effects.split([' ', ',']).filter(|text| !text.is_empty()).map(|text| term(text).ok_or_else(|| unclear(text))).sum()
}

/// Splitmix64: the noise of a process, the same for the same seed and features.
struct Coins(u64);

impl Coins {
    fn of(seed: u64, features: &BTreeSet<String>) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, features).hash(&mut hasher);
        Self(hasher.finish())
    }

    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn main() -> ExitCode {
    let given = std::env::args().find_map(|argument| argument.strip_prefix("--features=").map(str::to_owned));
    let features = given.unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    probe::run(Planted { features, rate: RATE })
}
