//! An allocator that counts what is asked of another one, while a profile of allocations is recorded.
//!
//! A byte in [`INTERVAL_BYTES`], drawn at random, is a sample: the gaps between them are exponential, so an allocation of n bytes is found with
//! p = 1 − exp(−n / interval), whatever the program does and however its sizes repeat. Found, it counts for 1 / p allocations and n / p bytes, so
//! that the sums are true on average for small ones and large ones alike (tcmalloc's and jemalloc's heap profilers draw so too).
//!
//! What is not being recorded costs one relaxed load for each allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::samples::{Registers, Sample};
use super::signal::{SHARED, copy};
use super::threads::{clock_ns, own_id};

/// Bytes between two samples on average.
pub(super) const INTERVAL_BYTES: f64 = 512.0 * 1024.0;

/// How long an allocation waits for a place for its sample.
const PATIENCE_MS: u32 = 200;

/// Makes allocations visible to a profile, by site. It is the program's choice:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: probe::driver::Allocations = probe::driver::Allocations::of(std::alloc::System);
/// ```
#[derive(Debug, Default)]
pub struct Allocations<A = System>(A);

impl<A> Allocations<A> {
    /// Of this allocator.
    pub const fn of(allocator: A) -> Self {
        Self(allocator)
    }
}

// SAFETY: every call goes to the inner allocator as it came; what is noted touches neither the layout nor the memory.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocations<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as asked of our caller.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as asked of our caller.
        unsafe { self.0.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as asked of our caller.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    /// Counts as an allocation of the new size, as heap profilers do.
    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(new_size);
        // SAFETY: as asked of our caller.
        unsafe { self.0.realloc(block, layout, new_size) }
    }
}

static RECORDING: AtomicBool = AtomicBool::new(false);
static SEEN: AtomicBool = AtomicBool::new(false);
static OWN_NS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Bytes to the next sample; not drawn yet below 0.
    static LEFT: Cell<f64> = const { Cell::new(-1.0) };
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// Begins to record. What the calling thread allocates is not recorded.
pub(super) fn record() {
    LEFT.set(f64::INFINITY);
    OWN_NS.store(0, Ordering::Relaxed);
    SEEN.store(false, Ordering::Relaxed);
    RECORDING.store(true, Ordering::Relaxed);
}

/// Ends it. Returns the CPU time that sampling took in the threads that allocate, or `None` when no allocation came this way: another
/// allocator is in use.
pub(super) fn end() -> Option<u64> {
    RECORDING.store(false, Ordering::Relaxed);
    SEEN.load(Ordering::Relaxed).then(|| OWN_NS.load(Ordering::Relaxed))
}

#[inline]
fn note(bytes: usize) {
    if RECORDING.load(Ordering::Relaxed) {
        count(bytes as f64);
    }
}

#[cold]
#[inline(never)]
fn count(bytes: f64) {
    // A thread that is ending has no counter any more.
    let _ = LEFT.try_with(|left| {
        let mut now = left.get();
        if now < 0.0 {
            SEEN.store(true, Ordering::Relaxed);
            now = gap();
        }
        now -= bytes;
        if now <= 0.0 {
            sample(bytes);
            now = gap();
        }
        left.set(now);
    });
}

/// Takes down who allocates. Allocates nothing.
#[inline(never)]
fn sample(bytes: f64) {
    let Some(shared) = SHARED.get() else { return };
    let before_ns = clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or_default();
    let registers = registers();
    let found_with = -(-bytes / INTERVAL_BYTES).exp_m1();
    let fill = || {
        shared.samples.fill(|sample| {
            let Sample { stack, length, .. } = sample;
            *length = copy(shared.process, registers.sp, stack);
            sample.thread = usize::try_from(own_id()).unwrap_or_default();
            (sample.weight, sample.times) = ((bytes / found_with).round() as u64, 1.0 / found_with);
            sample.registers = registers;
        })
    };
    // Here one may wait for a place, unlike in a signal's handler: who unwinds takes none of the program's locks.
    let kept = fill()
        || (0..PATIENCE_MS).any(|_| {
            thread::sleep(Duration::from_millis(1));
            fill()
        });
    if !kept {
        shared.samples.lose();
    }
    let after_ns = clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or_default();
    OWN_NS.fetch_add(after_ns.saturating_sub(before_ns), Ordering::Relaxed);
}

/// Bytes to the next sample: exponential.
fn gap() -> f64 {
    let mut x = RANDOM.get();
    if x == 0 {
        x = own_id().unsigned_abs().into();
        x = (x << 32) ^ ptr::from_ref(&x).addr() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    }
    // Marsaglia's xorshift64*, of which the high bits are good.
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    RANDOM.set(x);
    let uniform = (x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64;
    -(1.0 - uniform).ln() * INTERVAL_BYTES
}

/// Where we are. In its caller, whose unwind table then holds.
#[inline(always)]
fn registers() -> Registers {
    let (ip, sp, fp): (u64, u64, u64);
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: it reads three registers.
        unsafe {
            std::arch::asm!("lea {ip}, [rip]", "mov {sp}, rsp", "mov {fp}, rbp", ip = out(reg) ip, sp = out(reg) sp, fp = out(reg) fp, options(nomem, nostack, preserves_flags));
        }
        Registers { ip, sp, fp, lr: 0 }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let lr: u64;
        // SAFETY: it reads four registers.
        unsafe {
            std::arch::asm!("adr {ip}, .", "mov {sp}, sp", "mov {fp}, x29", "mov {lr}, x30", ip = out(reg) ip, sp = out(reg) sp, fp = out(reg) fp, lr = out(reg) lr, options(nomem, nostack, preserves_flags));
        }
        Registers { ip, sp, fp, lr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_exponential() {
        let gaps: Vec<f64> = (0..40_000).map(|_| gap()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((mean / INTERVAL_BYTES - 1.0).abs() < 0.03, "{mean}");
        let above = gaps.iter().filter(|gap| **gap > INTERVAL_BYTES).count() as f64 / gaps.len() as f64;
        assert!((above - (-1.0_f64).exp()).abs() < 0.015, "{above} exceed the mean, and e⁻¹ should");
    }
}
