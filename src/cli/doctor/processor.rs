//! The processors: how many are ours, who shares them, how even their speed is, and what they can count.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Finding;
use super::kernel::{Kernel, listed};
use super::spread::{Spread, short};

/// Where the kernel speaks of processors.
const CPU: &str = "sys/devices/system/cpu";

/// Between two runs of the same loop more than this is the machine's doing.
const SPEED_TAIL_MAX: f64 = 1.10;

pub(super) fn findings(kernel: &Kernel) -> Vec<Finding> {
    vec![
        cores(kernel),
        quota(kernel),
        siblings(kernel),
        governor(kernel),
        turbo(kernel),
        speed(Spread::of(runs_of_a_fixed_loop())),
        tick(nix::time::clock_getres(nix::time::ClockId::CLOCK_MONOTONIC_COARSE).ok().map(Duration::from)),
        counters(count_instructions(), kernel.number("proc/sys/kernel/perf_event_paranoid")),
    ]
}

fn cores(kernel: &Kernel) -> Finding {
    const CHECK: &str = "cores";
    let (ours, online) = (kernel.allowed(), listed(&kernel.read(&format!("{CPU}/online")).unwrap_or_default()));
    let found = if online.len() > ours.len() {
        format!("{} of {}: this process is bound to them", ours.len(), online.len())
    } else {
        ours.len().to_string()
    };
    match ours.len() {
        0 => Finding::doubtful(CHECK, "this system does not tell", "measure on two or more"),
        1 => {
            Finding::doubtful(CHECK, found, "measure on two or more: the target and what looks after it share this one")
        }
        _ => Finding::good(CHECK, found),
    }
}

/// A control group's share of CPU time: when it is used up, everything stands still for the rest of the period.
fn quota(kernel: &Kernel) -> Finding {
    const CHECK: &str = "CPU quota";
    let Some(groups) = kernel.read("proc/self/cgroup") else {
        return Finding::doubtful(CHECK, "this system does not tell", "make sure that CPU time is not rationed");
    };
    let quotas = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        if controllers.is_empty() {
            quota_above(path, |group| unified(&kernel.read(&format!("sys/fs/cgroup{group}/cpu.max"))?))
        } else if controllers.split(',').any(|name| name == "cpu") {
            quota_above(path, |group| {
                let read = |name: &str| kernel.number(&format!("sys/fs/cgroup/cpu{group}/cpu.cfs_{name}_us"));
                Some(read("quota")? / read("period")?).filter(|quota| *quota > 0.0)
            })
        } else {
            None
        }
    });
    match quotas.reduce(f64::min) {
        None => Finding::good(CHECK, "none"),
        Some(quota) => Finding::doubtful(
            CHECK,
            format!("{quota:.2} processors: whoever uses them up stands still until the next period"),
            "measure outside the limit (cpu.max of the control group, --cpus of a container)",
        ),
    }
}

/// The tightest quota of a group and of those around it.
fn quota_above(path: &str, of: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let path = path.trim_end_matches('/');
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter_map(|end| of(&path[..end])).reduce(f64::min)
}

/// `150000 100000` is one and a half; `max 100000` is no quota.
fn unified(text: &str) -> Option<f64> {
    let (quota, period) = text.split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.trim().parse::<f64>().ok()?)
}

fn siblings(kernel: &Kernel) -> Finding {
    const CHECK: &str = "SMT";
    let ours = kernel.allowed();
    let siblings = |cpu: &u32| Some((*cpu, kernel.read(&format!("{CPU}/cpu{cpu}/topology/thread_siblings_list"))?));
    let cores: Vec<(u32, String)> = ours.iter().filter_map(siblings).collect();
    let is_shared = |(cpu, siblings): &(u32, String)| {
        listed(siblings).iter().any(|sibling| sibling != cpu && ours.contains(sibling))
    };
    if cores.is_empty() {
        Finding::doubtful(CHECK, "this system does not tell", "make sure that no two processors share a core")
    } else if cores.iter().any(is_shared) {
        Finding::doubtful(
            CHECK,
            "processors of ours share a core: each slows the other down",
            "turn it off while measuring (echo off > /sys/devices/system/cpu/smt/control), or bind to one thread of each core (taskset)",
        )
    } else {
        Finding::good(CHECK, "no two of our processors share a core")
    }
}

fn governor(kernel: &Kernel) -> Finding {
    const CHECK: &str = "CPU governor";
    let of = |cpu: &u32| kernel.read(&format!("{CPU}/cpu{cpu}/cpufreq/scaling_governor"));
    let mut governors: Vec<String> = kernel.allowed().iter().filter_map(of).collect();
    governors.sort();
    governors.dedup();
    if !tells_of_processors(kernel) {
        Finding::doubtful(CHECK, "this system does not tell", "make sure that the clock is fixed while measuring")
    } else if governors.is_empty() {
        Finding::good(CHECK, "the clock is not under this system's control")
    } else if governors == ["performance"] {
        Finding::good(CHECK, "performance")
    } else {
        Finding::doubtful(
            CHECK,
            governors.join(", "),
            "set `performance` while measuring: a clock that moves is noise (cpupower frequency-set -g performance)",
        )
    }
}

fn turbo(kernel: &Kernel) -> Finding {
    const CHECK: &str = "turbo";
    let off = kernel.number(&format!("{CPU}/intel_pstate/no_turbo")).map(|value| value == 1.0);
    let boost = kernel.number(&format!("{CPU}/cpufreq/boost")).map(|value| value == 0.0);
    match (off.or(boost), off.is_some()) {
        (None, _) if !tells_of_processors(kernel) => {
            Finding::doubtful(CHECK, "this system does not tell", "make sure that it is off while measuring")
        }
        (None, _) => Finding::good(CHECK, "not under this system's control"),
        (Some(true), _) => Finding::good(CHECK, "off"),
        (Some(false), true) => Finding::doubtful(
            CHECK,
            "on: speed follows temperature",
            "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo while measuring",
        ),
        (Some(false), false) => Finding::doubtful(
            CHECK,
            "on: speed follows temperature",
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost while measuring",
        ),
    }
}

/// Whether there is anything to read about processors at all.
fn tells_of_processors(kernel: &Kernel) -> bool {
    kernel.read(&format!("{CPU}/online")).is_some()
}

fn speed(spread: Option<Spread>) -> Finding {
    const CHECK: &str = "CPU speed";
    match spread {
        Some(spread) if spread.tail() <= SPEED_TAIL_MAX => Finding::good(CHECK, format!("a fixed loop: {spread}")),
        Some(spread) => Finding::doubtful(
            CHECK,
            format!("a fixed loop is uneven: {spread}"),
            "look for other work, power saving, heat, or a host that shares its processors; expect to need more pairs",
        ),
        None => Finding::doubtful(CHECK, "not measured", "try again"),
    }
}

/// Each takes a part of a millisecond, in which no memory and no system call has a share.
fn runs_of_a_fixed_loop() -> Vec<Duration> {
    const RUNS: usize = 200;
    const STEPS: u64 = 200_000;
    const TIME_MAX: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    let run = |_| {
        let started = Instant::now();
        let mut state = black_box(1_u64);
        for _ in 0..black_box(STEPS) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        black_box(state);
        started.elapsed()
    };
    // The first ones wake the processor up.
    (0..RUNS).take_while(|_| begun.elapsed() < TIME_MAX).map(run).skip(RUNS / 20).collect()
}

/// What the kernel's coarse clock moves by is its tick; a sampler's timer fires no more often.
fn tick(period: Option<Duration>) -> Finding {
    const CHECK: &str = "kernel tick";
    match period {
        Some(period) if period <= Duration::from_millis(4) => Finding::good(CHECK, short(period)),
        Some(period) => Finding::doubtful(
            CHECK,
            format!(
                "{}: a profile takes no more than {:.0} samples a second",
                short(period),
                period.as_secs_f64().recip()
            ),
            "raise lab.profile_s in workbench.yaml, or use a kernel with CONFIG_HZ=250 or more",
        ),
        None => Finding::doubtful(CHECK, "this system does not tell", "look at how many samples profiles have"),
    }
}

fn counters(counted: Result<(), nix::errno::Errno>, paranoid: Option<f64>) -> Finding {
    use nix::errno::Errno;
    const CHECK: &str = "perf events";
    const INSTEAD: &str = "`workbench profile --count-instructions` counts instructions with Callgrind instead";
    match counted {
        Ok(()) => Finding::good(CHECK, "the processor counts instructions"),
        Err(Errno::EACCES | Errno::EPERM) => Finding::doubtful(
            CHECK,
            paranoid.map_or_else(
                || "not permitted".to_owned(),
                |level| format!("not permitted: perf_event_paranoid is {level:.0}"),
            ),
            format!("sysctl kernel.perf_event_paranoid=1; {INSTEAD}"),
        ),
        Err(error) => Finding::doubtful(CHECK, format!("no instruction counter here ({error})"), INSTEAD),
    }
}

/// Opens a counter of our own instructions, and closes it.
#[cfg(target_os = "linux")]
fn count_instructions() -> Result<(), nix::errno::Errno> {
    use nix::errno::Errno;
    use nix::libc;
    // The first published size of `struct perf_event_attr`: type u32, size u32, config u64, then what may stay zero but
    // for the flags at byte 40. Type 0 is hardware, config 1 its instructions (perf_event_open(2)).
    const BYTES: usize = 64;
    const EXCLUDE_KERNEL_AND_HYPERVISOR: u64 = 1 << 5 | 1 << 6;
    let mut attributes = [0_u64; BYTES / 8];
    attributes[0] = (BYTES as u64) << 32;
    attributes[1] = 1;
    attributes[5] = EXCLUDE_KERNEL_AND_HYPERVISOR;
    // SAFETY: the attributes are BYTES long, as they say, and outlive the call, which only reads them; the other
    // arguments are this process (0), any processor (-1), no group (-1) and no flags.
    let opened = unsafe { libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, 0) };
    let descriptor = libc::c_int::try_from(Errno::result(opened)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else knows it.
    drop(unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(descriptor) });
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn count_instructions() -> Result<(), nix::errno::Errno> {
    Err(nix::errno::Errno::ENOSYS)
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::State;
    use super::super::kernel::tests::Faked;
    use super::*;

    const OURS: (&str, &str) = ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");

    fn state(finding: &Finding) -> State {
        assert_eq!(finding.state == State::Good, finding.remedy.is_none(), "{finding:?}");
        finding.state
    }

    #[test]
    fn too_few_processors_are_seen() {
        let online = ("sys/devices/system/cpu/online", "0-7");
        assert_eq!(cores(&Faked::new(&[OURS, online]).kernel()).found, "2 of 8: this process is bound to them");
        let one = Faked::new(&[("proc/self/status", "Cpus_allowed_list:\t3\n"), online]);
        assert_eq!(state(&cores(&one.kernel())), State::Doubtful);
    }

    #[test]
    fn quotas_are_seen_in_both_kinds_of_control_groups_and_above_us() {
        let of = |files: &[(&str, &str)]| quota(&Faked::new(files).kernel());
        assert_eq!(state(&of(&[])), State::Doubtful);
        assert_eq!(state(&of(&[("proc/self/cgroup", "")])), State::Good);
        let unified = ("proc/self/cgroup", "0::/a/b\n");
        assert_eq!(state(&of(&[unified, ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")])), State::Good);
        let above = of(&[
            unified,
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
        ]);
        assert_eq!((state(&above), above.found.starts_with("1.50 processors")), (State::Doubtful, true));
        let old = ("proc/self/cgroup", "4:memory:/m\n1:cpu,cpuacct:/box\n");
        let files = |quota| {
            [
                old,
                ("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", quota),
                ("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000"),
            ]
        };
        assert_eq!(state(&of(&files("-1"))), State::Good);
        assert_eq!(state(&of(&files("50000"))), State::Doubtful);
    }

    #[test]
    fn shared_cores_moving_clocks_and_turbo_are_seen() {
        let with = |path: &str, text: &str| Faked::new(&[OURS, (path, text)]);
        let topology = "sys/devices/system/cpu/cpu0/topology/thread_siblings_list";
        assert_eq!(state(&siblings(&with(topology, "0-1").kernel())), State::Doubtful);
        assert_eq!(state(&siblings(&with(topology, "0,4").kernel())), State::Good, "4 is not ours");
        let silent = Faked::new(&[]);
        let judged = [siblings, governor, turbo].map(|judge| state(&judge(&silent.kernel())));
        assert_eq!(judged, [State::Doubtful; 3]);
        let online = Faked::new(&[OURS, ("sys/devices/system/cpu/online", "0-1")]);
        assert_eq!([governor(&online.kernel()), turbo(&online.kernel())].map(|found| state(&found)), [State::Good; 2]);
        let scaling = "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor";
        assert_eq!(state(&governor(&with(scaling, "powersave\n").kernel())), State::Doubtful);
        let fixed = Faked::new(&[OURS, ("sys/devices/system/cpu/online", "0-1"), (scaling, "performance\n")]);
        assert_eq!(governor(&fixed.kernel()).found, "performance");
        assert_eq!(state(&turbo(&with("sys/devices/system/cpu/intel_pstate/no_turbo", "0").kernel())), State::Doubtful);
        assert_eq!(state(&turbo(&with("sys/devices/system/cpu/intel_pstate/no_turbo", "1").kernel())), State::Good);
        assert_eq!(state(&turbo(&with("sys/devices/system/cpu/cpufreq/boost", "1").kernel())), State::Doubtful);
        assert_eq!(state(&turbo(&with("sys/devices/system/cpu/cpufreq/boost", "0").kernel())), State::Good);
    }

    #[test]
    fn an_uneven_speed_a_slow_tick_and_forbidden_counters_are_seen() {
        let runs =
            |slow: u64| Spread::of((0..100).map(|n| Duration::from_micros(if n < 2 { slow } else { 1000 })).collect());
        assert_eq!((state(&speed(runs(1050))), state(&speed(runs(1300)))), (State::Good, State::Doubtful));
        assert_eq!(state(&speed(None)), State::Doubtful);
        let tick = |ms| state(&tick(Some(Duration::from_millis(ms))));
        assert_eq!((tick(1), tick(4), tick(10)), (State::Good, State::Good, State::Doubtful));
        assert_eq!(state(&counters(Ok(()), None)), State::Good);
        let forbidden = counters(Err(Errno::EACCES), Some(4.0));
        assert_eq!(
            (state(&forbidden), forbidden.found.as_str()),
            (State::Doubtful, "not permitted: perf_event_paranoid is 4")
        );
        assert_eq!(state(&counters(Err(Errno::ENOENT), None)), State::Doubtful);
    }

    #[test]
    fn a_fixed_loop_takes_time() {
        let spread = Spread::of(runs_of_a_fixed_loop()).unwrap();
        assert!(spread.min > Duration::from_micros(20) && spread.count > 5, "{spread}");
    }
}
