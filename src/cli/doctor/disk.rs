//! The disk that the lab works on: its room, what kind it is, and what a sync on it costs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Finding;
use super::kernel::Kernel;
use super::spread::Spread;
use crate::project::Project;

/// Two arms, their target directories and the data of a run.
const NEEDED_GB: f64 = 4.0;
/// What makes a full disk unlikely.
const COMFORTABLE_GB: f64 = 10.0;

/// No disk answers that fast: a sync that does has not waited for one.
const SYNC_MIN: Duration = Duration::from_micros(10);
/// Slow syncs this much above the usual ones make pairs differ by how many of them they met.
const SYNC_TAIL_MAX: f64 = 10.0;

pub(super) fn findings(kernel: &Kernel, project: &Project) -> Vec<Finding> {
    // Where data of measured processes will lie; it may be a volume of its own.
    let lab = project.lab_dir();
    let folder = lab.ancestors().find(|folder| folder.is_dir()).unwrap_or(project.root());
    let mounts = kernel.read("proc/self/mountinfo").unwrap_or_default();
    vec![room(folder), file_system(mount_of(&mounts, folder)), sync(&sync_times(folder), &project.shown(folder))]
}

fn room(folder: &Path) -> Finding {
    const CHECK: &str = "disk space";
    match nix::sys::statvfs::statvfs(folder) {
        Ok(stat) => judged_room(stat.blocks_available() as f64 * stat.fragment_size() as f64 / 1e9),
        Err(error) => Finding::doubtful(CHECK, format!("unknown: {error}"), "look with `df`"),
    }
}

fn judged_room(free_gb: f64) -> Finding {
    const CHECK: &str = "disk space";
    let found = format!("{free_gb:.1} GB free");
    let remedy = "make room; built arms are kept in tracking/lab and may be deleted";
    if free_gb < NEEDED_GB {
        Finding::missing(CHECK, format!("{found}, {NEEDED_GB} GB needed"), remedy)
    } else if free_gb < COMFORTABLE_GB {
        Finding::doubtful(CHECK, found, remedy)
    } else {
        Finding::good(CHECK, found)
    }
}

/// What a folder lies on.
#[derive(Debug, PartialEq, Eq)]
struct Mount<'a> {
    kind: &'a str,
    device: &'a str,
    options: String,
}

/// The mount whose point is the longest one above `folder` (proc_pid_mountinfo(5)); of several there, the last.
fn mount_of<'a>(mountinfo: &'a str, folder: &Path) -> Option<Mount<'a>> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let (before, after): (Vec<&str>, Vec<&str>) = (before.split(' ').collect(), after.split(' ').collect());
        let point = PathBuf::from(before.get(4)?.replace("\\040", " "));
        let options = [before.get(5), after.get(2)].into_iter().flatten().copied().collect::<Vec<_>>().join(",");
        folder.starts_with(&point).then_some((point, Mount { kind: after.first()?, device: after.get(1)?, options }))
    });
    mounts.max_by_key(|(point, _)| point.components().count()).map(|(_, mount)| mount)
}

/// A sync on a file system in memory costs nothing, and whatever waits for syncs measures wrong.
fn file_system(mount: Option<Mount<'_>>) -> Finding {
    const CHECK: &str = "file system";
    let Some(Mount { kind, device, options }) = mount else {
        return Finding::doubtful(CHECK, "this system does not tell", "make sure that it is a real disk");
    };
    let found = format!("{kind} on {device}");
    let no_barrier = options.split(',').any(|option| matches!(option, "nobarrier" | "barrier=0"));
    match kind {
        "tmpfs" | "ramfs" => Finding::doubtful(
            CHECK,
            format!("{found}: memory, where a sync is free"),
            "move the project, or mount a disk on tracking/, before measuring anything durable",
        ),
        "overlay" | "aufs" => Finding::doubtful(
            CHECK,
            format!("{found}: the cost of a sync depends on what is below"),
            "mount a volume on tracking/ before measuring anything durable",
        ),
        "nfs" | "nfs4" | "cifs" | "9p" | "virtiofs" | "ceph" | "vboxsf" => Finding::doubtful(
            CHECK,
            format!("{found}: another machine's disk, and its neighbours'"),
            "mount a disk of this machine on tracking/ before measuring anything durable",
        ),
        _ if kind.starts_with("fuse") => Finding::doubtful(
            CHECK,
            format!("{found}: a program answers for the disk"),
            "mount a disk of this machine on tracking/ before measuring anything durable",
        ),
        _ if no_barrier => Finding::doubtful(
            CHECK,
            format!("{found}, without barriers: a sync does not reach the disk"),
            "mount it without `nobarrier` before measuring anything durable",
        ),
        _ => Finding::good(CHECK, found),
    }
}

fn sync(times: &io::Result<Vec<Duration>>, shown: &str) -> Finding {
    const CHECK: &str = "sync";
    let times = match times {
        Ok(times) => times,
        Err(error) => {
            return Finding::doubtful(CHECK, format!("not measured in {shown}: {error}"), "make the folder writable");
        }
    };
    let Some(spread) = Spread::of(times.clone()) else {
        return Finding::doubtful(CHECK, "not measured", "try again");
    };
    let found = format!("fdatasync of 4 KiB in {shown}: {spread}");
    if spread.median < SYNC_MIN {
        let remedy = "no disk is that quick: check the file system and the host's cache; durable figures from here hold nowhere else";
        Finding::doubtful(CHECK, found, remedy)
    } else if spread.tail() > SYNC_TAIL_MAX {
        let remedy = "somebody else writes to this disk, or it throttles: find out who, or expect to need more pairs";
        Finding::doubtful(CHECK, found, remedy)
    } else {
        Finding::good(CHECK, found)
    }
}

/// As a log does it: each time a page more, and then a sync.
fn sync_times(folder: &Path) -> io::Result<Vec<Duration>> {
    const SYNCS_MAX: usize = 200;
    const TIME_MAX: Duration = Duration::from_secs(1);
    let path = folder.join(format!(".doctor-sync-{}", std::process::id()));
    let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    let started = Instant::now();
    let mut times = Vec::with_capacity(SYNCS_MAX);
    let mut measure = || {
        // One to begin with makes the file itself durable.
        for turn in 0..=SYNCS_MAX {
            file.write_all(&[0x5a; 4096])?;
            let before = Instant::now();
            file.sync_data()?;
            if turn > 0 {
                times.push(before.elapsed());
            }
            if started.elapsed() >= TIME_MAX && turn > 0 {
                break;
            }
        }
        Ok(())
    };
    let measured = measure();
    fs::remove_file(&path)?;
    measured.map(|()| times)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 22 0:5 / /srv rw - tmpfs tmpfs rw
31 30 254:16 / /srv/my\\040disk rw,noatime - xfs /dev/vdb rw,nobarrier
32 22 0:60 / /shared rw - fuse.sshfs host:/x rw
33 22 0:61 / /box rw - overlay overlay rw,lowerdir=/a";

    #[test]
    fn the_nearest_mount_counts() {
        let of = |path: &str| mount_of(MOUNTS, Path::new(path)).unwrap();
        assert_eq!(
            (of("/home/x").device, of("/srv/x").kind, of("/srv/my disk/lab").device),
            ("/dev/vda", "tmpfs", "/dev/vdb")
        );
        assert_eq!(of("/srvx").device, "/dev/vda");
        assert_eq!(mount_of("", Path::new("/")), None);
    }

    #[test]
    fn disks_that_are_none_are_seen() {
        let state = |path: &str| file_system(mount_of(MOUNTS, Path::new(path))).state;
        assert_eq!(state("/home"), State::Good);
        for path in ["/srv", "/srv/my disk", "/shared/x", "/box"] {
            assert_eq!(state(path), State::Doubtful, "{path}");
        }
        assert_eq!(
            file_system(Some(Mount { kind: "nfs4", device: "host:/x", options: String::new() })).state,
            State::Doubtful
        );
        assert_eq!(file_system(None).state, State::Doubtful);
    }

    #[test]
    fn little_room_is_seen() {
        assert_eq!([3.9, 9.0, 30.0].map(|gb| judged_room(gb).state), [State::Missing, State::Doubtful, State::Good]);
    }

    #[test]
    fn syncs_that_are_free_or_uneven_are_seen() {
        let times = |slow_us: u64, usual_us: u64| {
            let time = |n| Duration::from_micros(if n < 5 { slow_us } else { usual_us });
            sync(&Ok((0..200).map(time).collect()), "tracking/lab").state
        };
        assert_eq!((times(900, 300), times(9_000, 300), times(3, 2)), (State::Good, State::Doubtful, State::Doubtful));
        assert_eq!(sync(&Err(io::ErrorKind::PermissionDenied.into()), "x").state, State::Doubtful);
    }

    #[test]
    fn this_disk_can_be_measured_and_nothing_is_left() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/target").unwrap();
        let times = sync_times(folder.path()).unwrap();
        assert!(!times.is_empty() && times.iter().all(|time| !time.is_zero()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
