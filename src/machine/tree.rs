//! Everything that a process has started, stopped and continued together.
//!
//! Not its process group: what a build starts may lead groups of its own. With [`adopt`] the kernel hands orphans to the
//! supervisor, so that whatever it has started, however indirectly, is found below it.

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::processes::{Stat, all, is_alive};

/// Every round finds what was started during the last one; stopped processes start nothing, so that a few suffice.
const ROUNDS_MAX: usize = 50;

/// From now on orphans below this process become its children.
pub fn adopt() {
    // Where the system cannot, only those that outlive their parent are missed.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// What lives below `root`.
pub fn living_below(root: i32) -> Vec<Stat> {
    below(&all(), root).into_iter().filter(|stat| !stat.is_dead()).copied().collect()
}

/// What was stopped here and is to go on: processes with the moment they started.
#[derive(Debug, Default)]
pub struct Stopped(BTreeMap<i32, u64>);

/// What came of stopping.
#[derive(Debug, Clone, Copy, Default)]
pub struct Halted {
    /// All that is not spared stands still.
    pub still: bool,
    /// Something is spared.
    pub spared: bool,
}

impl Stopped {
    /// Stops everything below `root` that is not spared.
    ///
    /// Spared are a `holder` that is itself below `root`, what it has started, and who waits for it: a build tool that runs a
    /// measurement is not stopped while it reads the measurement's output.
    pub fn stop_below(&mut self, root: i32, holder: Option<i32>) -> Halted {
        let mut halted = Halted::default();
        for _ in 0..ROUNDS_MAX {
            let table = all();
            let below = below(&table, root);
            let within = holder.filter(|holder| below.iter().any(|stat| stat.pid == *holder));
            halted.spared = within.is_some();
            let spared = within.map(|holder| spared(&table, holder)).unwrap_or_default();
            let runs = |stat: &&Stat| !spared.contains(&stat.pid) && !stat.stands_still();
            let moving: Vec<&Stat> = below.into_iter().filter(runs).collect();
            halted.still = moving.is_empty();
            if halted.still {
                break;
            }
            for stat in moving {
                // Gone already: nothing to stop.
                if kill(Pid::from_raw(stat.pid), Signal::SIGSTOP).is_ok() {
                    self.0.insert(stat.pid, stat.started_ticks);
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        halted
    }

    /// Lets all that was stopped here go on; what was stopped before stays stopped.
    pub fn go_on(&mut self) {
        for (pid, started_ticks) in std::mem::take(&mut self.0) {
            if is_alive(pid, started_ticks) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
            }
        }
    }
}

/// Parents before their children, so that nothing new is started while one goes down.
fn below(table: &[Stat], root: i32) -> Vec<&Stat> {
    let mut children: BTreeMap<i32, Vec<&Stat>> = BTreeMap::new();
    for stat in table {
        children.entry(stat.parent).or_default().push(stat);
    }
    let (mut found, mut next) = (Vec::new(), vec![root]);
    let mut seen = BTreeSet::from([root]);
    while let Some(parent) = next.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                found.push(child);
                next.push(child.pid);
            }
        }
    }
    found
}

/// The holder, all below it, and all above it.
fn spared(table: &[Stat], holder: i32) -> BTreeSet<i32> {
    let parents: BTreeMap<i32, i32> = table.iter().map(|stat| (stat.pid, stat.parent)).collect();
    let mut spared: BTreeSet<i32> = below(table, holder).into_iter().map(|stat| stat.pid).collect();
    let mut above = Some(holder);
    while let Some(pid) = above.filter(|&pid| spared.insert(pid)) {
        above = parents.get(&pid).copied();
    }
    spared
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Child {
        Command::new("/bin/sh").args(["-c", script]).process_group(0).spawn().unwrap()
    }

    fn pid(child: &Child) -> i32 {
        i32::try_from(child.id()).unwrap()
    }

    fn cpu_below(root: i32) -> u64 {
        below(&all(), root).iter().map(|stat| stat.cpu_ticks).sum()
    }

    #[test]
    fn a_tree_stands_still_and_goes_on_also_where_it_has_groups_of_its_own() {
        let burn = "while :; do :; done";
        let mut child = shell(&format!("ulimit -t 30; ({burn}) & (setsid sh -c '{burn}; :' &) ; sleep 1000; :"));
        let root = pid(&child);
        std::thread::sleep(Duration::from_millis(200));
        let mut stopped = Stopped::default();
        assert!(stopped.stop_below(root, None).still);
        let (before, count) = (cpu_below(root), below(&all(), root).len());
        assert!(before > 0 && count >= 2, "{count} processes, {before} ticks");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(cpu_below(root), before);
        stopped.go_on();
        std::thread::sleep(Duration::from_millis(200));
        assert!(cpu_below(root) > before);
        for stat in below(&all(), root) {
            let _ = kill(Pid::from_raw(stat.pid), Signal::SIGKILL);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn who_measures_is_spared_with_all_below_and_above_it() {
        let stat = |pid, parent| Stat { pid, parent, ..Stat::of(1).unwrap() };
        // 10 ─ 11 ─ 12 (holder) ─ 13;  11 ─ 14;  10 ─ 15
        let table = [stat(10, 1), stat(11, 10), stat(12, 11), stat(13, 12), stat(14, 11), stat(15, 10)];
        let spared = spared(&table, 12);
        let stopped: Vec<i32> =
            below(&table, 10).iter().map(|stat| stat.pid).filter(|pid| !spared.contains(pid)).collect();
        assert_eq!(stopped, [15, 14]);
    }
}
