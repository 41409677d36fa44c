//! Memory: where it lies, in pages of which size, and whether there is enough of it.

use super::Finding;
use super::kernel::Kernel;

/// Less than this, and two arms with their data will be short of it.
const AVAILABLE_MIN_GB: f64 = 1.0;

/// A process that was started with randomization turned off, and hands that on to what it starts (personality(2)).
const ADDR_NO_RANDOMIZE: u64 = 0x004_0000;

pub(super) fn findings(kernel: &Kernel) -> Vec<Finding> {
    vec![layout(kernel), huge_pages(kernel), memory(kernel), swap(kernel)]
}

fn layout(kernel: &Kernel) -> Finding {
    const CHECK: &str = "ASLR";
    let personality = kernel.read("proc/self/personality").and_then(|text| u64::from_str_radix(&text, 16).ok());
    if personality.is_some_and(|flags| flags & ADDR_NO_RANDOMIZE != 0) {
        return Finding::doubtful(
            CHECK,
            "turned off for this process and what it starts",
            "start without `setarch -R` or a debugger: one layout repeated in all pairs passes for an effect",
        );
    }
    match kernel.number("proc/sys/kernel/randomize_va_space") {
        Some(2.0) => Finding::good(CHECK, "on: every process is a new layout"),
        Some(level) => Finding::doubtful(
            CHECK,
            format!("randomize_va_space is {level:.0}: the layout of processes repeats"),
            "sysctl kernel.randomize_va_space=2: one layout repeated in all pairs passes for an effect",
        ),
        None => Finding::doubtful(CHECK, "this system does not tell", "make sure that it is on"),
    }
}

fn huge_pages(kernel: &Kernel) -> Finding {
    const CHECK: &str = "huge pages";
    match kernel.chosen("sys/kernel/mm/transparent_hugepage/enabled").as_deref() {
        Some("always") => Finding::doubtful(
            CHECK,
            "transparent ones for everybody: whether a process gets them is chance",
            "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled while measuring",
        ),
        Some(chosen) => Finding::good(CHECK, format!("transparent ones: {chosen}")),
        None if kernel.read("sys/devices/system/cpu/online").is_none() => {
            Finding::doubtful(CHECK, "this system does not tell", "make sure that none are given out by chance")
        }
        None => Finding::good(CHECK, "this kernel makes none by itself"),
    }
}

fn memory(kernel: &Kernel) -> Finding {
    const CHECK: &str = "memory";
    match (in_gb(kernel, "MemAvailable"), in_gb(kernel, "MemTotal")) {
        (Some(available), Some(total)) => {
            let found = format!("{available:.1} of {total:.1} GB available");
            if available < AVAILABLE_MIN_GB {
                Finding::doubtful(CHECK, found, "end what else needs memory: what is written out to make room is noise")
            } else {
                Finding::good(CHECK, found)
            }
        }
        (None, _) | (_, None) => {
            Finding::doubtful(CHECK, "this system does not tell", "make sure that there is enough")
        }
    }
}

fn swap(kernel: &Kernel) -> Finding {
    const CHECK: &str = "swap";
    match (in_gb(kernel, "SwapTotal"), in_gb(kernel, "SwapFree")) {
        (Some(total), Some(free)) if total - free > total * 0.01 => Finding::doubtful(
            CHECK,
            format!("{:.2} of {total:.1} GB in use: a page that has to come back is a stall", total - free),
            "swapoff -a while measuring, once there is memory enough",
        ),
        (Some(total), Some(_)) if total > 0.0 => Finding::good(CHECK, format!("{total:.1} GB, unused")),
        (Some(_), Some(_)) => Finding::good(CHECK, "none"),
        (None, _) | (_, None) => {
            Finding::doubtful(CHECK, "this system does not tell", "make sure that nothing is swapped")
        }
    }
}

/// A line of `/proc/meminfo`, which counts in KiB.
fn in_gb(kernel: &Kernel, name: &str) -> Option<f64> {
    let text = kernel.read("proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::kernel::tests::Faked;
    use super::*;

    #[test]
    fn a_frozen_layout_is_seen() {
        let of = |level: &str, personality: &str| {
            layout(
                &Faked::new(&[("proc/sys/kernel/randomize_va_space", level), ("proc/self/personality", personality)])
                    .kernel(),
            )
            .state
        };
        assert_eq!(of("2\n", "00000000\n"), State::Good);
        assert_eq!((of("0\n", "00000000\n"), of("1\n", "00000000\n")), (State::Doubtful, State::Doubtful));
        assert_eq!(of("2\n", "00040000\n"), State::Doubtful);
        assert_eq!(layout(&Faked::new(&[]).kernel()).state, State::Doubtful);
    }

    #[test]
    fn pages_of_chance_and_memory_that_is_short_are_seen() {
        let huge = |text: &str| {
            huge_pages(&Faked::new(&[("sys/kernel/mm/transparent_hugepage/enabled", text)]).kernel()).state
        };
        assert_eq!((huge("[always] madvise never"), huge("always [madvise] never")), (State::Doubtful, State::Good));
        let with = |text: &str| Faked::new(&[("proc/meminfo", text)]);
        let short =
            with("MemTotal: 8000000 kB\nMemAvailable: 500000 kB\nSwapTotal: 4000000 kB\nSwapFree: 1000000 kB\n");
        assert_eq!((memory(&short.kernel()).state, swap(&short.kernel()).state), (State::Doubtful, State::Doubtful));
        let ample =
            with("MemTotal: 8000000 kB\nMemAvailable: 5000000 kB\nSwapTotal: 4000000 kB\nSwapFree: 4000000 kB\n");
        assert_eq!((memory(&ample.kernel()).state, swap(&ample.kernel()).state), (State::Good, State::Good));
        assert_eq!(swap(&with("SwapTotal: 0 kB\nSwapFree: 0 kB\n").kernel()).found, "none");
        assert_eq!(
            (memory(&with("").kernel()).state, swap(&with("").kernel()).state),
            (State::Doubtful, State::Doubtful)
        );
    }
}
