//! The threads of this process: who is there, what their CPU clocks say, and a timer on each.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::zeroed;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Threads in one profile, dead ones included. Later ones are not sampled, and that is said.
const THREADS_MAX: usize = 4096;

/// What the handler keeps of each thread; only the thread itself writes it while it lives.
#[derive(Default)]
pub(super) struct Meter {
    /// Its CPU clock when it was last sampled.
    pub(super) last_ns: AtomicU64,
    /// CPU time of the handler in it.
    pub(super) handler_ns: AtomicU64,
}

/// The threads that are being sampled.
pub(super) struct Threads {
    period: Duration,
    /// Goes with every signal, so that one of an earlier profile is known as such.
    generation: u32,
    /// All that were ever seen; their place is their name in signals.
    all: Vec<Thread>,
    /// Places of the living by thread id.
    living: BTreeMap<libc::pid_t, usize>,
    ours: libc::pid_t,
    /// Threads that could not be watched.
    pub(super) unwatched: u64,
}

struct Thread {
    id: libc::pid_t,
    name: String,
    /// Whether its name was asked for when it had been sampled: young threads still have their maker's.
    named: bool,
    timer: Option<libc::timer_t>,
}

// SAFETY: a `timer_t` is a name of the process's, good in any of its threads.
unsafe impl Send for Threads {}

impl Threads {
    /// None yet.
    pub(super) fn new(period: Duration, generation: u32, ours: libc::pid_t) -> Self {
        Self { period, generation, all: Vec::new(), living: BTreeMap::new(), ours, unwatched: 0 }
    }

    /// As many meters as there can be threads.
    pub(super) fn meters() -> Box<[Meter]> {
        (0..THREADS_MAX).map(|_| Meter::default()).collect()
    }

    /// Looks who is there: begins with new threads, forgets those that are gone. `from_birth` says that a new thread was born while we
    /// watched, so that all its CPU time belongs to this profile.
    pub(super) fn look(&mut self, meters: &[Meter], from_birth: bool) -> io::Result<()> {
        let here = ids()?;
        let gone: Vec<libc::pid_t> = self.living.keys().copied().filter(|id| !here.contains(id)).collect();
        for id in gone {
            if let Some(thread) = self.living.remove(&id).and_then(|at| self.all.get_mut(at)) {
                thread.disarm();
            }
        }
        for id in here {
            if id != self.ours && !self.living.contains_key(&id) {
                self.begin(id, meters, from_birth);
            }
        }
        Ok(())
    }

    fn begin(&mut self, id: libc::pid_t, meters: &[Meter], from_birth: bool) {
        let at = self.all.len();
        let (Some(meter), Some(now_ns)) = (meters.get(at), clock_ns(clock_of(id))) else {
            self.unwatched += 1;
            return;
        };
        meter.last_ns.store(if from_birth { 0 } else { now_ns }, Ordering::Relaxed);
        meter.handler_ns.store(0, Ordering::Relaxed);
        let timer = arm(id, at, self.generation, self.period);
        self.unwatched += u64::from(timer.is_none());
        self.all.push(Thread { id, name: name_of(id).unwrap_or_default(), named: false, timer });
        self.living.insert(id, at);
    }

    /// The name of the thread at a place, which has been sampled.
    pub(super) fn name(&mut self, at: usize) -> &str {
        let Some(thread) = self.all.get_mut(at) else { return "" };
        if !thread.named {
            thread.named = true;
            thread.name = name_of(thread.id).unwrap_or_else(|| std::mem::take(&mut thread.name));
        }
        &thread.name
    }

    /// Takes all timers away.
    pub(super) fn disarm(&mut self) {
        self.all.iter_mut().for_each(Thread::disarm);
        self.living.clear();
    }

    /// CPU time that the handler took in all threads.
    pub(super) fn handler_ns(&self, meters: &[Meter]) -> u64 {
        meters.iter().take(self.all.len()).map(|meter| meter.handler_ns.load(Ordering::Relaxed)).sum()
    }
}

impl Thread {
    fn disarm(&mut self) {
        if let Some(timer) = self.timer.take() {
            // SAFETY: the timer is ours, and is not used after this.
            unsafe { libc::timer_delete(timer) };
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// This thread's id.
pub(super) fn own_id() -> libc::pid_t {
    // SAFETY: it only asks.
    unsafe { libc::gettid() }
}

/// What a CPU clock says; `None` when its thread is gone. Safe in a signal handler.
pub(super) fn clock_ns(clock: libc::clockid_t) -> Option<u64> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes one `timespec`, and `now` is one.
    let failed = unsafe { libc::clock_gettime(clock, &raw mut now) } != 0;
    (!failed).then(|| now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
}

/// The CPU clock of a thread, as the kernel names it (`clock_getcpuclockid(3)`): the id's complement, and what kind of clock.
fn clock_of(id: libc::pid_t) -> libc::clockid_t {
    const OF_A_THREAD: libc::clockid_t = 4;
    const BY_THE_SCHEDULER: libc::clockid_t = 2;
    (!id << 3) | OF_A_THREAD | BY_THE_SCHEDULER
}

/// A timer on a thread's CPU clock that signals this very thread.
fn arm(id: libc::pid_t, at: usize, generation: u32, period: Duration) -> Option<libc::timer_t> {
    // SAFETY: all zero is a `sigevent`; the fields that matter are set below.
    let mut event: libc::sigevent = unsafe { zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = libc::SIGPROF;
    event.sigev_notify_thread_id = id;
    event.sigev_value = libc::sigval { sival_ptr: ptr::without_provenance_mut(token(at, generation)) };
    let mut timer: libc::timer_t = ptr::null_mut();
    // SAFETY: it reads `event` and writes `timer`.
    if unsafe { libc::timer_create(clock_of(id), &raw mut event, &raw mut timer) } != 0 {
        return None;
    }
    let each = libc::timespec {
        tv_sec: libc::time_t::try_from(period.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(period.subsec_nanos().cast_signed()),
    };
    let setting = libc::itimerspec { it_interval: each, it_value: each };
    // SAFETY: the timer was made above; the old setting is not asked for.
    if unsafe { libc::timer_settime(timer, 0, &raw const setting, ptr::null_mut()) } != 0 {
        // SAFETY: it was made above and goes nowhere else.
        unsafe { libc::timer_delete(timer) };
        return None;
    }
    Some(timer)
}

/// What a signal says of whom it interrupts: the thread's place, and of which profile.
fn token(at: usize, generation: u32) -> usize {
    at | (generation as usize & GENERATIONS) << PLACE_BITS
}

/// The place in a token of this generation.
pub(super) fn place(token: usize, generation: u32) -> Option<usize> {
    (token >> PLACE_BITS == generation as usize & GENERATIONS).then_some(token & (THREADS_MAX - 1))
}

const PLACE_BITS: u32 = THREADS_MAX.trailing_zeros();
const GENERATIONS: usize = usize::MAX >> PLACE_BITS;

fn ids() -> io::Result<Vec<libc::pid_t>> {
    let of_entry = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(fs::read_dir("/proc/self/task")?.filter_map(of_entry).collect())
}

pub(super) fn name_of(id: libc::pid_t) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok()?;
    Some(name.trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_by_its_clock_and_name() {
        let own = own_id();
        let (before, here) = (clock_ns(clock_of(own)).unwrap(), clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).unwrap());
        assert!(before <= here && ids().unwrap().contains(&own));
        let named = std::thread::Builder::new().name("worker-7".to_owned());
        let id = named.spawn(|| (own_id(), name_of(own_id()).unwrap())).unwrap().join().unwrap();
        assert_eq!(id.1, "worker-7");
        assert_eq!(clock_ns(clock_of(1 << 22)), None, "no id is as great");
    }

    #[test]
    fn a_token_names_its_place_in_its_profile_only() {
        for (at, generation) in [(0, 0), (4095, 1), (17, u32::MAX)] {
            assert_eq!(place(token(at, generation), generation), Some(at));
            assert_eq!(place(token(at, generation), generation.wrapping_add(1)), None);
        }
    }
}
