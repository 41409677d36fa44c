//! The process table: what `/proc/<pid>/stat` says.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub pid: i32,
    /// `R` running, `S` sleeping, `T` stopped, `Z` dead but not yet asked after, …
    pub state: char,
    /// Who started it, or adopted it.
    pub parent: i32,
    /// Its kernel flags.
    pub(super) flags: u64,
    /// User and system time of all its threads, in the kernel's ticks.
    pub cpu_ticks: u64,
    /// The same of its children that have ended and were asked after: where an arm's adapter does its work.
    pub children_ticks: u64,
    /// When it started, in ticks since boot: with the number, this process and no later one.
    pub started_ticks: u64,
}

impl Stat {
    /// Of a process; `None` when there is none of that number.
    pub fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// `42 (name) S 1 …`: the name stands in parentheses and may hold anything, also parentheses.
    fn parse(text: &str) -> Option<Self> {
        let pid = text.split_once(' ')?.0.parse().ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            pid,
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            flags: number(6)?,
            cpu_ticks: number(11)? + number(12)?,
            children_ticks: number(13)? + number(14)?,
            started_ticks: number(19)?,
        })
    }

    /// Whether it is one of the kernel's own threads.
    pub fn is_kernel_thread(&self) -> bool {
        const PF_KTHREAD: u64 = 0x0020_0000;
        self.flags & PF_KTHREAD != 0
    }

    /// Whether it can use no CPU: stopped, traced, or dead.
    pub fn stands_still(&self) -> bool {
        matches!(self.state, 'T' | 't' | 'Z' | 'X')
    }

    /// Whether it has ended and only its number is left.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// All processes that may be seen.
pub fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::of).collect()
}

/// Living processes in whose environment `variable` has been `value` since they started. Of another user's nothing is known.
pub fn marked(variable: &str, value: &str) -> Vec<Stat> {
    let entry = format!("{variable}={value}");
    let bears = |pid: i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|there| there == entry.as_bytes())
    };
    all().into_iter().filter(|stat| !stat.is_dead() && bears(stat.pid)).collect()
}

/// This process's parent, its parent, and so on.
pub fn ancestors() -> Vec<Stat> {
    let me = i32::try_from(std::process::id()).ok().and_then(Stat::of);
    let above = |stat: &Stat| Stat::of(stat.parent).filter(|parent| parent.pid != stat.pid);
    std::iter::successors(me, above).skip(1).collect()
}

/// When the process started; `None` when there is none.
pub fn started_ticks(pid: i32) -> Option<u64> {
    Stat::of(pid).map(|stat| stat.started_ticks)
}

/// Whether the process that started then still runs. A dead one that nobody has asked after does not.
pub fn is_alive(pid: i32, started_ticks: u64) -> bool {
    Stat::of(pid).is_some_and(|stat| stat.started_ticks == started_ticks && !stat.is_dead())
}

/// Asks the kernel to kill the child when the thread that started it ends, even by `kill -9`.
pub fn die_with_parent(command: &mut Command) {
    when_parent_ends(command, Signal::SIGKILL);
}

/// The same for a child that clears up after itself when it is asked to end.
pub fn end_with_parent(command: &mut Command) {
    when_parent_ends(command, Signal::SIGTERM);
}

fn when_parent_ends(command: &mut Command, signal: Signal) {
    let parent = Pid::this();
    let arm = move || -> io::Result<()> {
        set_pdeathsig(signal)?;
        // The parent may have gone between fork and prctl: then nobody would send the signal.
        if getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are made: prctl and getppid, neither of which
    // allocates or takes a lock; the error path builds an `io::Error` from a kind, which does not allocate.
    unsafe {
        command.pre_exec(arm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_text_is_read_field_by_field() {
        let stat = Stat::parse("42 (a) b) T 1 42 42 0 -1 2097152 9 9 9 9 11 22 3 4 20 0 1 0 777").unwrap();
        assert_eq!((stat.pid, stat.parent, stat.cpu_ticks, stat.started_ticks), (42, 1, 33, 777));
        assert_eq!(stat.children_ticks, 7);
        assert!(stat.is_kernel_thread() && stat.stands_still() && !stat.is_dead());
        assert_eq!(Stat::parse("42 (cut short) S 1 42"), None);
    }

    #[test]
    fn tells_a_process_from_its_successor_and_from_the_dead() {
        let me = i32::try_from(std::process::id()).unwrap();
        let started = started_ticks(me).unwrap();
        assert!(is_alive(me, started) && !is_alive(me, started + 1));
        assert!(all().iter().any(|stat| stat.pid == me));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert_eq!(started_ticks(pid), None);
    }
}
