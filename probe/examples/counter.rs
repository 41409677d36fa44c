//! The smallest driver: it counts. Try `echo '{"cmd":"hello"}' | cargo run -p probe --example counter`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use probe::driver::{Description, Measured};
use probe::protocol::{Budget, Check, Failure, Load, Loaded, MetricSpec, Params, Progress, Unit, WorkloadSpec};

struct Counter(u64, u64);

impl probe::Driver for Counter {
    fn describe(&self) -> Description {
        let metrics = vec![MetricSpec::higher("rate", Unit::PerSecond)];
        let count = WorkloadSpec { name: "count".into(), metrics, ..WorkloadSpec::default() };
        Description { workloads: vec![count], ..Description::new("counter") }
    }

    fn load(&mut self, request: &Load, _progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        *self = Counter(request.seed, 0);
        Ok(Loaded { rows: 1, ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, _params: &Params) -> Result<Measured, Failure> {
        let (started, mut ops) = (Instant::now(), 0);
        while match budget {
            Budget::Ops(limit) => ops < limit,
            Budget::Time(limit) => started.elapsed() < limit,
        } {
            self.0 = std::hint::black_box(self.0 + 1);
            ops += 1;
        }
        self.1 += ops;
        let elapsed = started.elapsed().max(Duration::from_nanos(1));
        let values = BTreeMap::from([("rate".to_owned(), ops as f64 / elapsed.as_secs_f64())]);
        Ok(Measured { ops, elapsed, values, ..Measured::default() })
    }

    fn check(&mut self) -> Result<Check, Failure> {
        Ok(Check { ok: self.0 >= self.1, state_hash: Some(format!("{:x}", self.0)), ..Check::default() })
    }
}

fn main() -> ExitCode {
    probe::run(Counter(0, 0))
}
