//! Which process works on an experiment, told apart from a later one that was given the same number.

use crate::machine::processes;

/// A process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot; 0 where the system does not tell.
    pub started_ticks: u64,
}

impl Process {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        let started_ticks = i32::try_from(pid).ok().and_then(processes::started_ticks);
        Self { pid, started_ticks: started_ticks.unwrap_or_default() }
    }

    /// Whether it still runs. A zombie does not, nor does a process of another machine, whose number is 0.
    pub fn is_alive(self) -> bool {
        let Ok(pid) = i32::try_from(self.pid) else { return false };
        if self.pid == 0 {
            return false;
        }
        if self.started_ticks == 0 {
            return nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok();
        }
        processes::is_alive(pid, self.started_ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_process_from_its_successor_and_from_the_dead() {
        let me = Process::current();
        assert!(me.is_alive());
        assert!(!Process { started_ticks: me.started_ticks + 1, ..me }.is_alive());
        assert!(!Process { pid: 0, started_ticks: 0 }.is_alive());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = Process { pid: child.id(), started_ticks: 1 };
        child.wait().unwrap();
        assert!(!gone.is_alive());
    }
}
