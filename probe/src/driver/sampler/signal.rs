//! The SIGPROF handler: how much CPU time since this thread's last sample, where it is, and its stack.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::zeroed;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::samples::{Registers, STACK_BYTES, Sample, Samples};
use super::threads::{Meter, clock_ns, place};

/// What the handler writes to. Made once and never freed: a signal may be late.
pub(super) struct Shared {
    /// Places for samples.
    pub(super) samples: Samples,
    /// What is kept of each thread.
    pub(super) meters: Box<[Meter]>,
    /// Of the profile that is being recorded. Signals of others are let pass.
    pub(super) generation: AtomicU32,
    /// This process, for [`copy`].
    pub(super) process: libc::pid_t,
}

/// There is one signal, so there is one of these.
pub(super) static SHARED: OnceLock<Shared> = OnceLock::new();

/// Makes SIGPROF ours. It stays so: the signal's default is to kill the process.
pub(super) fn install() -> io::Result<()> {
    // SAFETY: all zero is a `sigaction`; the fields that matter are set below.
    let mut action: libc::sigaction = unsafe { zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the handler is safe at any instruction of any thread; see there.
    match unsafe { libc::sigaction(libc::SIGPROF, &raw const action, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Calls nothing that takes a lock or allocates: two clock readings, one copy by the kernel, atomics.
extern "C" fn on_signal(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(shared) = SHARED.get() else { return };
    // SAFETY: with SA_SIGINFO the kernel passes a whole `siginfo_t` …
    let info = unsafe { &*info };
    if info.si_code != libc::SI_TIMER {
        return; // somebody's own
    }
    // SAFETY: … and of a timer's signal `si_value` is what the timer was made with.
    let token = unsafe { info.si_value() }.sival_ptr.addr();
    let Some(thread) = place(token, shared.generation.load(Ordering::Acquire)) else { return };
    let (Some(meter), Some(now_ns)) = (shared.meters.get(thread), clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)) else {
        return;
    };
    // SAFETY: `errno` is this thread's; the interrupted code must find it as it was.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: with SA_SIGINFO the third argument is the interrupted thread's `ucontext_t`.
    let registers = registers(unsafe { &*context.cast::<libc::ucontext_t>() });
    let weight = now_ns.saturating_sub(meter.last_ns.load(Ordering::Relaxed));
    let kept = shared.samples.fill(|sample| {
        let Sample { stack, length, .. } = sample;
        *length = copy(shared.process, registers.sp, stack);
        (sample.thread, sample.weight, sample.registers) = (thread, weight, registers);
    });
    if !kept {
        shared.samples.lose();
    }
    let after_ns = clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap_or(now_ns);
    meter.last_ns.store(after_ns, Ordering::Relaxed);
    meter.handler_ns.fetch_add(after_ns - now_ns, Ordering::Relaxed);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Copies this process's own memory from `from` on, as far as there is some, and says how many bytes. The kernel does it, so that an address
/// where nothing is ends the copy and not the process.
pub(super) fn copy(process: libc::pid_t, from: u64, into: &mut [u64]) -> usize {
    const PAGE: u64 = 4096;
    const PIECES: usize = STACK_BYTES / PAGE as usize + 1;
    // One piece for each page: a piece that is not there fails alone.
    let mut pieces = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; PIECES];
    let (mut at, mut left, mut used) = (from, size_of_val(into) as u64, 0);
    for piece in &mut pieces {
        let length = left.min(PAGE - at % PAGE);
        if length == 0 {
            break;
        }
        *piece = libc::iovec { iov_base: ptr::with_exposed_provenance_mut(at as usize), iov_len: length as usize };
        (at, left, used) = (at.wrapping_add(length), left - length, used + 1);
    }
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: size_of_val(into) };
    // SAFETY: the kernel writes at most `local.iov_len` bytes into `into`, and only reads at the other addresses, which need not exist.
    let copied = unsafe { libc::process_vm_readv(process, &raw const local, 1, pieces.as_ptr(), used, 0) };
    usize::try_from(copied).unwrap_or(0)
}

#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> Registers {
    let of = |register: c_int| context.uc_mcontext.gregs[register as usize].cast_unsigned();
    Registers { ip: of(libc::REG_RIP), sp: of(libc::REG_RSP), fp: of(libc::REG_RBP), lr: 0 }
}

#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> Registers {
    let libc::mcontext_t { pc, sp, regs, .. } = context.uc_mcontext;
    Registers { ip: pc, sp, fp: regs[29], lr: regs[30] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_ends_where_memory_ends() {
        let process = std::process::id().cast_signed();
        let words = [1_u64, 2, 3, 4];
        let mut into = [0_u64; 4];
        assert_eq!(copy(process, words.as_ptr().expose_provenance() as u64, &mut into), 32);
        assert_eq!(into, words);
        assert_eq!(copy(process, 8, &mut into), 0, "nothing is there, and nobody dies");
    }
}
