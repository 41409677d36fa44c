//! The clock: what it is, what a look at it costs, how fine it is, and whether it ever runs backwards.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use super::Finding;
use super::kernel::Kernel;
use super::spread::short;

/// What was measured of the clock.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// One look at it.
    cost: Duration,
    /// The smallest step it was seen to make.
    step: Duration,
    /// Times that a thread saw it earlier than another thread had before.
    backwards: u64,
}

/// A look that costs more goes to the kernel, or to the host, instead of to a register.
const COST_MAX: Duration = Duration::from_nanos(200);

/// Slices are hundreds of milliseconds; a latency is microseconds.
const STEP_MAX: Duration = Duration::from_micros(1);

pub(super) fn findings(kernel: &Kernel) -> Vec<Finding> {
    vec![source(kernel), clock(measure())]
}

fn source(kernel: &Kernel) -> Finding {
    const CHECK: &str = "clock source";
    const FOLDER: &str = "sys/devices/system/clocksource/clocksource0";
    let remedy = |offered: &str| {
        format!(
            "boot with tsc=reliable, or take a better one of those offered: {offered} (echo NAME > /{FOLDER}/current_clocksource)"
        )
    };
    let offered = kernel.read(&format!("{FOLDER}/available_clocksource")).unwrap_or_default();
    match kernel.read(&format!("{FOLDER}/current_clocksource")) {
        Some(name) if matches!(name.as_str(), "tsc" | "arch_sys_counter" | "kvm-clock" | "timebase" | "tod") => {
            Finding::good(CHECK, name)
        }
        Some(name) => Finding::doubtful(CHECK, format!("{name}: slow to read"), remedy(&offered)),
        None => Finding::doubtful(CHECK, "this system does not tell", "its cost below is measured"),
    }
}

fn clock(measured: Option<Measured>) -> Finding {
    const CHECK: &str = "clock";
    let Some(Measured { cost, step, backwards }) = measured else {
        return Finding::missing(CHECK, "there is no monotonic clock", "measure on another system");
    };
    let found = format!("a look costs {}, smallest step {}", short(cost), short(step));
    if backwards > 0 {
        let found = format!("{found}; it ran backwards {backwards} times between processors");
        return Finding::missing(
            CHECK,
            found,
            "boot with clocksource=hpet or kvm-clock: nothing can be timed by this one",
        );
    }
    if cost > COST_MAX || step > STEP_MAX {
        let remedy = "see the clock source above; latencies of single operations are not to be trusted until then";
        return Finding::doubtful(CHECK, found, remedy);
    }
    Finding::good(CHECK, format!("{found}, never backwards"))
}

fn measure() -> Option<Measured> {
    const ROUNDS: u32 = 200;
    const LOOKS: u32 = 100;
    let (mut step, mut cost) = (Duration::MAX, Duration::MAX);
    // The cheapest round: in the others somebody else had the processor.
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut before = now()?;
        for _ in 1..LOOKS {
            let after = now()?;
            if let Some(moved) = after.checked_sub(before).filter(|moved| !moved.is_zero()) {
                step = step.min(moved);
            }
            before = after;
        }
        cost = cost.min(started.elapsed() / LOOKS);
    }
    Some(Measured { cost, step, backwards: backwards() })
}

/// Two threads tell each other the time; a thread that is told a later time than it reads then has seen it run backwards.
fn backwards() -> u64 {
    const LOOKS: u32 = 100_000;
    let (latest, ended, seen) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
    let look = || {
        for _ in 0..LOOKS {
            let told = latest.load(Ordering::SeqCst);
            let read = now().map_or(u64::MAX, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
            if read < told {
                seen.fetch_add(1, Ordering::Relaxed);
            }
            latest.fetch_max(read, Ordering::SeqCst);
            if ended.load(Ordering::Relaxed) {
                return;
            }
        }
        ended.store(true, Ordering::Relaxed);
    };
    std::thread::scope(|threads| {
        threads.spawn(look);
        look();
    });
    seen.into_inner()
}

/// The clock itself: `Instant` hides steps backwards.
fn now() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_MONOTONIC).ok().map(Duration::from)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::kernel::tests::Faked;
    use super::*;

    #[test]
    fn a_slow_a_coarse_and_a_backward_clock_are_seen() {
        let good = Measured { cost: Duration::from_nanos(25), step: Duration::from_nanos(1), backwards: 0 };
        assert_eq!(clock(Some(good)).state, State::Good);
        assert_eq!(clock(Some(Measured { cost: Duration::from_nanos(900), ..good })).state, State::Doubtful);
        assert_eq!(clock(Some(Measured { step: Duration::from_millis(4), ..good })).state, State::Doubtful);
        assert_eq!(clock(Some(Measured { backwards: 1, ..good })).state, State::Missing);
        assert_eq!(clock(None).state, State::Missing);
    }

    #[test]
    fn a_slow_source_is_named_with_what_is_offered() {
        let folder = "sys/devices/system/clocksource/clocksource0";
        let (current, offered) = (format!("{folder}/current_clocksource"), format!("{folder}/available_clocksource"));
        let slow = source(&Faked::new(&[(&current, "acpi_pm\n"), (&offered, "tsc hpet acpi_pm\n")]).kernel());
        assert!(slow.state == State::Doubtful && slow.remedy.unwrap().contains("tsc hpet acpi_pm"));
        assert_eq!(source(&Faked::new(&[(&current, "tsc\n")]).kernel()).state, State::Good);
        assert_eq!(source(&Faked::new(&[]).kernel()).state, State::Doubtful);
    }

    #[test]
    fn this_clock_can_be_measured() {
        let measured = measure().unwrap();
        assert!(measured.cost < Duration::from_micros(100) && measured.step > Duration::ZERO, "{measured:?}");
    }
}
