//! Who holds the lease, or gives way to it: what others are told.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;
use std::{fmt, process};

use jiff::Timestamp;
use nix::unistd::{User, getuid};
use serde::{Deserialize, Serialize};

use super::processes::{is_alive, started_ticks};

/// Of a text that somebody else wrote, this much is read.
const TEXT_MAX_BYTES: u64 = 4096;

/// A process that has something to do on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// What it does: `apply T003`.
    pub what: String,
    /// In which folder.
    pub place: String,
    /// For which user.
    pub user: String,
    /// Its process id.
    pub pid: i32,
    /// When the process started, in the kernel's ticks since boot: with the pid, this process and no later one.
    pub started_ticks: u64,
    /// Since when.
    pub since: Timestamp,
}

impl Owner {
    /// This process, from now on.
    pub fn new(what: impl Into<String>, place: &Path) -> Self {
        let pid = i32::try_from(process::id()).unwrap_or_default();
        let user = User::from_uid(getuid()).ok().flatten().map(|user| user.name);
        Self {
            what: what.into(),
            place: place.display().to_string(),
            user: user.unwrap_or_else(|| format!("user {}", getuid())),
            pid,
            started_ticks: started_ticks(pid).unwrap_or_default(),
            since: Timestamp::now(),
        }
    }

    /// Whether its process still runs: a text outlives who wrote it.
    pub fn is_alive(&self) -> bool {
        is_alive(self.pid, self.started_ticks)
    }

    /// Writes it as the whole text of `file`.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", serde_json::to_string(self)?)
    }

    /// What `file` says. `None` when it says nothing that can be understood; control characters are not passed on.
    pub(super) fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.take(TEXT_MAX_BYTES).read_to_string(&mut text).ok()?;
        let mut owner: Self = serde_json::from_str(&text).ok()?;
        for text in [&mut owner.what, &mut owner.place, &mut owner.user] {
            text.retain(|c| !c.is_control());
        }
        Some(owner)
    }
}

impl fmt::Display for Owner {
    /// `apply T003 in /srv/shop by ann, pid 4711, since 14:03:20 UTC (12 min)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, place, user, pid, since, .. } = self;
        let for_s = Timestamp::now().duration_since(*since).as_secs().max(0).unsigned_abs();
        let since = since.strftime("%H:%M:%S UTC");
        write!(f, "{what} in {place} by {user}, pid {pid}, since {since} ({})", rough(Duration::from_secs(for_s)))
    }
}

/// `40 s`, `12 min`, `3 h`.
fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_who_what_where_and_since_when() {
        let owner = Owner {
            since: Timestamp::now() - Duration::from_secs(750),
            ..Owner::new("apply T003", Path::new("/srv/shop"))
        };
        let told = owner.to_string();
        assert!(told.starts_with("apply T003 in /srv/shop by "), "{told}");
        assert!(told.contains(&format!("pid {}, since ", process::id())) && told.ends_with(" UTC (12 min)"), "{told}");
        assert!(owner.is_alive() && !Owner { started_ticks: 1, ..owner }.is_alive());
    }

    #[test]
    fn what_others_wrote_is_not_trusted() {
        let mut file = tempfile::tempfile().unwrap();
        let sly = Owner { what: "apply \x1b[2JT003\n".to_owned(), ..Owner::new("", Path::new("/")) };
        sly.write(&mut file).unwrap();
        assert_eq!(Owner::read(&mut file).unwrap().what, "apply [2JT003");
        for garbage in [&b"apply T003, pid 7"[..], b"", b"\xff\xfe", b"{}"] {
            file.set_len(0).unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(garbage).unwrap();
            assert_eq!(Owner::read(&mut file), None, "{garbage:?}");
        }
    }
}
