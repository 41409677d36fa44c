//! The sampler: which thread spent how much CPU, and in which function.
//!
//! ```text
//!  every thread                                    one thread of our own, 50 times a second
//!  ────────────                                    ────────────────────────────────────────
//!  its own CPU clock's timer ─▶ SIGPROF            a new thread? ─▶ [threads]: a timer of its own
//!    [signal]: how much CPU since the last one,
//!    registers, a copy of the stack ─▶ [samples] ─▶ [unwind]: return addresses ─▶ counted
//!                                                                                   │ at the end
//!                                                                                   └─▶ [symbols], [fold]: names
//! ```
//!
//! [allocations] makes samples too, of memory that is asked for, and they go the same way.
//!
//! **A sample weighs what its thread's clock says**: the CPU time since this thread's last one. The timers run on the kernel's tick: a
//! thread that is off the CPU at a tick is found by a later one, and the sample then stands for all the time until there. So the weights of
//! a thread sum to its clock, and what remains (after its last sample; threads that came and went between two looks) is in no sample
//! and in the books as such. Time in system calls counts like other time: the signal is delivered at the call's end, on the caller's stack.
//!
//! What this cannot do: tell apart places that a thread runs through between two ticks of its own, if they keep step with the tick. A
//! thread that a timer wakes just behind a tick, and that sleeps before the next one, is seen seldom, and then with all its weight.
//!
//! **The handler is short and its own:** two clock readings, one `process_vm_readv` (which cannot fault, however odd the stack), atomics.
//! It takes no lock, allocates nothing and unwinds nothing. Rejected: one timer for the process (`setitimer`), which fires once in a tick
//! however many threads ran, and lost half of two busy threads' samples; to unwind in the handler, which needs locks and memory in a place
//! that may hold neither; `perf_event_open`, which tells nothing of the kernel's time where `perf_event_paranoid` is 2, the usual
//! setting, and is not there at all in most containers.

mod allocations;
mod fold;
mod samples;
mod session;
mod signal;
mod symbols;
mod threads;
mod unwind;

pub use allocations::Allocations;
pub(super) use session::{Missed, SAMPLING, Sampled, Session, What};
