//! What the process has used. Read at the ends of slices only, so a file or a system call is no matter.

/// CPU time of the whole process in ns, user and system, all threads, and of its children that have ended: of a driver
/// that runs other programs, theirs is what counts. The process clock counts what `getrusage` counts, in nanoseconds
/// instead of ticks.
///
/// By the C library: rustix looks for the kernel's page of clocks itself, which Valgrind hides, and the program would die there.
pub fn cpu_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one `timespec`, and `now` is one. The clock exists wherever this runs, so it cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now) };
    let children = children();
    let micros = |time: libc::timeval| time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_usec.unsigned_abs();
    let of_children_ns = (micros(children.ru_utime) + micros(children.ru_stime)) * 1000;
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs() + of_children_ns
}

/// Peak resident memory of the process, or of the largest child that has ended if that was larger. `None` where the
/// platform does not tell.
pub fn peak_memory_bytes() -> Option<u64> {
    // Kilobytes, on Linux.
    let of_children = children().ru_maxrss.unsigned_abs() * 1024;
    status_bytes("VmHWM:").map(|own| own.max(of_children))
}

/// Resident memory now, or `None` where the platform does not tell.
pub fn resident_memory_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

/// What children have used that have ended and been waited for.
fn children() -> libc::rusage {
    // SAFETY: a C structure of integers, for which zeros are a value; it is overwritten as a whole.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: it writes one `rusage`, and `usage` is one. Asked for a process's children it cannot fail.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    usage
}

fn status_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// The heap of the system's allocator. What the program maps by itself is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heap {
    /// Taken from the system and not given back.
    pub held_bytes: u64,
    /// Of these, in blocks that the program has and the few that each thread keeps at hand.
    pub used_bytes: u64,
}

impl Heap {
    /// What is held and not used, as a share of what is held: gaps between used blocks, and what is kept for later.
    pub fn fragmentation(&self) -> f64 {
        1.0 - self.used_bytes as f64 / self.held_bytes.max(1) as f64
    }
}

/// The heap now, or `None` where the allocator does not tell.
pub fn heap() -> Option<Heap> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: it only reads the allocator's books, under their own locks.
        let info = unsafe { libc::mallinfo2() };
        let mapped = info.hblkhd as u64;
        Some(Heap { held_bytes: info.arena as u64 + mapped, used_bytes: info.uordblks as u64 + mapped })
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    None
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

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn every_other_block_freed_is_half_of_a_heap_in_gaps() {
        const BLOCKS: usize = 40_000;
        const BYTES: usize = 1000;
        let before = heap().unwrap();
        let mut blocks: Vec<_> = (0..BLOCKS).map(|_| Some(std::hint::black_box(vec![1_u8; BYTES]))).collect();
        let full = heap().unwrap();
        assert!(full.used_bytes >= before.used_bytes + (BLOCKS * BYTES) as u64);
        blocks.iter_mut().step_by(2).for_each(|block| *block = None);
        let half = heap().unwrap();
        // Other tests run beside this one.
        assert!(half.used_bytes + (BLOCKS * BYTES / 3) as u64 <= full.used_bytes, "{full:?} {half:?}");
        assert!(half.fragmentation() > full.fragmentation() + 0.1, "{full:?} {half:?}");
    }
}
