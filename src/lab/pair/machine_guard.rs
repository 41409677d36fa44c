//! A pair begins when the machine is quiet, or when it has been waited for long enough.

use std::time::{Duration, Instant};

use crate::config::MachineRules;
use crate::lab::LabError;
use crate::lab::machine::{is_pressed, pressure};
use crate::lab::recorder::Sink;

/// Pressure is looked at over this long, with both arms stopped.
const LOOK: Duration = Duration::from_millis(150);

/// Waits for the machine to become quiet, at most as long as the rules say; returns CPU and I/O pressure then.
pub(super) async fn wait_until_quiet(
    rules: &MachineRules,
    sink: &mut impl Sink,
) -> Result<(Option<f64>, Option<f64>), LabError> {
    let started = Instant::now();
    if rules.cpu_pressure_max >= 100.0 && rules.io_pressure_max >= 100.0 {
        return Ok((None, None)); // no pressure can break such rules
    }
    let waiting = || "waiting for a quiet machine".to_owned();
    let limit = Duration::from_secs(rules.quiet_wait_s);
    loop {
        let (cpu, io) = sink.watch(waiting, pressure(LOOK)).await?;
        let pressed = is_pressed(cpu, io, rules);
        if pressed.is_none() || started.elapsed() >= limit {
            return Ok((cpu, io));
        }
        sink.watch(waiting, tokio::time::sleep(Duration::from_millis(350))).await?;
    }
}
