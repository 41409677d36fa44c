//! What the process has used. Read at the ends of slices only, so a file or a system call is no matter.

use rustix::time::{ClockId, clock_gettime};

/// CPU time of the whole process in ns, user and system, all threads. The process clock counts what `getrusage` counts,
/// in nanoseconds instead of ticks.
pub fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// Peak resident memory, or `None` where the platform does not tell.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_cpu_time_and_sleep_does_not() {
        let start = cpu_ns();
        let mut x = 1_u64;
        while cpu_ns() - start < 5_000_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(cpu_ns() - start >= 5_000_000);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn peak_memory_grows_with_what_is_touched() {
        let before = peak_memory_bytes().unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak_memory_bytes().unwrap() >= before.max(block.len() as u64));
    }
}
