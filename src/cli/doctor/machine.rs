//! The machine: room, cores, quiet, and a disk whose syncs are real.

use std::fs;
use std::path::Path;

use super::Finding;
use crate::project::Project;

/// Two arms, their target directories and the data of a run.
const DISK_NEEDED_GB: f64 = 4.0;
/// What makes a full disk unlikely.
const DISK_COMFORTABLE_GB: f64 = 10.0;
/// `some avg10` in percent, above which somebody else is at work.
const PRESSURE_MAX: f64 = 20.0;

pub(super) fn findings(project: &Project) -> Vec<Finding> {
    let mut findings = vec![disk(project.root()), file_system(project.root()), cores(), load()];
    findings.extend([pressure("cpu"), pressure("io")]);
    findings.push(governor());
    findings
}

fn disk(root: &Path) -> Finding {
    const CHECK: &str = "disk space";
    let free_gb = match nix::sys::statvfs::statvfs(root) {
        Ok(stat) => stat.blocks_available() as f64 * stat.fragment_size() as f64 / 1e9,
        Err(error) => return Finding::doubtful(CHECK, format!("unknown: {error}"), "look with `df`"),
    };
    let found = format!("{free_gb:.1} GB free");
    let remedy = "make room; built arms are kept in tracking/lab and may be deleted";
    if free_gb < DISK_NEEDED_GB {
        Finding::missing(CHECK, format!("{found}, {DISK_NEEDED_GB} GB needed"), remedy)
    } else if free_gb < DISK_COMFORTABLE_GB {
        Finding::doubtful(CHECK, found, remedy)
    } else {
        Finding::good(CHECK, found)
    }
}

/// A sync on a file system in memory costs nothing, and whatever waits for syncs measures wrong.
fn file_system(root: &Path) -> Finding {
    const CHECK: &str = "file system";
    #[cfg(target_os = "linux")]
    {
        use nix::sys::statfs::{OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs};
        match statfs(root).map(|stat| stat.filesystem_type()) {
            Ok(TMPFS_MAGIC) => Finding::doubtful(
                CHECK,
                "the project lies in memory (tmpfs): a sync there is free",
                "move it to a disk before measuring anything durable",
            ),
            Ok(OVERLAYFS_SUPER_MAGIC) => Finding::doubtful(
                CHECK,
                "the project lies on an overlay: the cost of a sync depends on what is below",
                "mount a volume for tracking/ before measuring anything durable",
            ),
            Ok(_) => Finding::good(CHECK, "on a disk"),
            Err(error) => Finding::doubtful(CHECK, format!("unknown: {error}"), "make sure that it is a real disk"),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = root;
        Finding::doubtful(CHECK, "unknown on this system", "make sure that it is a real disk")
    }
}

fn cores() -> Finding {
    match std::thread::available_parallelism() {
        Ok(cores) if cores.get() >= 2 => Finding::good("cores", cores.to_string()),
        Ok(_) => Finding::doubtful("cores", "1", "measure on two or more: driver and target share this one"),
        Err(error) => Finding::doubtful("cores", format!("unknown: {error}"), "measure on two or more"),
    }
}

fn load() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load: Option<f64> =
        load.as_deref().and_then(|text| text.split_whitespace().next()).and_then(|one| one.parse().ok());
    match load {
        Some(load) if load <= cores as f64 * 0.5 => Finding::good("load", format!("{load:.2} on {cores} cores")),
        Some(load) => Finding::doubtful(
            "load",
            format!("{load:.2} on {cores} cores"),
            "somebody is at work: measurements will wait, or drop pairs",
        ),
        None => Finding::doubtful("load", "this system does not tell", "make sure that nothing else runs"),
    }
}

fn pressure(of: &'static str) -> Finding {
    let check = if of == "cpu" { "CPU pressure" } else { "I/O pressure" };
    let text = fs::read_to_string(format!("/proc/pressure/{of}")).ok();
    match text.as_deref().and_then(some_avg10) {
        Some(percent) if percent <= PRESSURE_MAX => Finding::good(check, format!("{percent:.1} %")),
        Some(percent) => {
            Finding::doubtful(check, format!("{percent:.1} %"), "wait until the machine is quiet before measuring")
        }
        None => Finding::doubtful(check, "this kernel does not tell", "quiet is judged by load and CPU time alone"),
    }
}

/// `some avg10=1.23 …` of a pressure file.
fn some_avg10(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

fn governor() -> Finding {
    const CHECK: &str = "CPU governor";
    match fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") {
        Ok(text) if text.trim() == "performance" => Finding::good(CHECK, "performance"),
        Ok(text) => Finding::doubtful(
            CHECK,
            text.trim().to_owned(),
            "set `performance` while measuring: a clock that moves is noise (cpupower frequency-set -g performance)",
        ),
        Err(_) => Finding::good(CHECK, "not under this system's control"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_read_from_the_some_line() {
        let text = "some avg10=12.50 avg60=3.00 avg300=1.00 total=1\nfull avg10=9.00 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(some_avg10(text), Some(12.5));
        assert_eq!(some_avg10(""), None);
    }
}
