//! The machine's lease: one measurement at a time, whatever the project, whoever the user.
//!
//! A lock on a well-known file, which the kernel takes back when its holder ends, however it ends. The file's text says
//! who holds it; it is believed only while the lock is held and the process that it names lives, so a stale text misleads nobody.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;
use tokio::time::Instant;

use super::giving_way::{self, Settled};
use super::lock::{FileLock, is_held};
use super::owner::Owner;
use super::place::Place;
use super::share::Ordinary;

/// A taken lease is asked for again after this long.
const RETRY: Duration = Duration::from_millis(500);

/// Who waits is told so this often.
const TOLD: Duration = Duration::from_secs(2);

/// A new holder has this long to write its name.
const NAMED: Duration = Duration::from_millis(50);

/// The machine is ours until this is dropped.
#[derive(Debug)]
pub struct Lease {
    place: Place,
    lock: Option<FileLock>,
    /// While all who give way are to stand still.
    quiet: Option<FileLock>,
    /// Who measures is not modest.
    _share: Option<Ordinary>,
}

/// What came of asking for the lease.
#[derive(Debug)]
pub enum Asked {
    /// We have it.
    Granted(Lease),
    /// Somebody else has it; who, unless it is not known.
    Busy(Option<Owner>),
}

/// How long to wait for the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// So long.
    For(Duration),
    /// As long as it takes.
    Endless,
}

/// Why there is no lease.
#[derive(Debug, Error, Diagnostic)]
pub enum LeaseError {
    /// Somebody has it.
    #[error("{}", told(.0.as_ref()))]
    #[diagnostic(code(lease::busy))]
    Busy(Option<Owner>),
    /// A person or the system asked to stop waiting.
    #[error("stopped while waiting for the machine")]
    #[diagnostic(code(lease::stopped))]
    Interrupted,
    /// Its file cannot be opened or locked.
    #[error("cannot lock {}: {cause}", path.display())]
    #[diagnostic(
        code(lease::file),
        help(
            "all who measure on this machine must be able to write there; another place is `machine.lease` in workbench.yaml, or WORKBENCH_LEASE"
        )
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl Lease {
    /// Asks once. `owner` is what others are told while we hold it.
    pub fn ask(place: &Place, owner: &Owner) -> Result<Asked, LeaseError> {
        let failed = |cause| LeaseError::File { path: place.lease(), cause };
        loop {
            let file = place.open(&place.lease()).map_err(failed)?;
            match FileLock::ask(file).map_err(failed)? {
                Ok(mut lock) => {
                    if !place.is_current(lock.file()) {
                        continue; // somebody has removed the file: a lock on it is worth nothing
                    }
                    // The text is a courtesy: whether it can be written does not change who holds the lock.
                    let _ = owner.write(lock.file());
                    return Ok(Asked::Granted(Self {
                        place: place.clone(),
                        lock: Some(lock),
                        quiet: None,
                        _share: Ordinary::for_a_while(),
                    }));
                }
                Err(file) => return Ok(Asked::Busy(named(file))),
            }
        }
    }

    /// Asks until it is granted, as long as there is patience. Who waits is told of through `waiting`; `interrupted` ends the wait.
    pub async fn take(
        place: &Place,
        mut owner: Owner,
        patience: Patience,
        waiting: &mut (dyn FnMut(String) + Send),
        interrupted: impl Future<Output = ()>,
    ) -> Result<Self, LeaseError> {
        let started = Instant::now();
        let mut interrupted = std::pin::pin!(interrupted);
        let mut said: Option<Instant> = None;
        loop {
            owner.since = jiff::Timestamp::now();
            let holder = match Self::ask(place, &owner)? {
                Asked::Granted(lease) => return Ok(lease),
                Asked::Busy(holder) => holder,
            };
            let left = match patience {
                Patience::None => Duration::ZERO,
                Patience::For(limit) => limit.saturating_sub(started.elapsed()),
                Patience::Endless => Duration::MAX,
            };
            if left.is_zero() {
                return Err(LeaseError::Busy(holder));
            }
            if said.is_none_or(|at| at.elapsed() >= TOLD) {
                waiting(waiting_for(holder.as_ref()));
                said = Some(Instant::now());
            }
            tokio::select! {
                () = &mut interrupted => return Err(LeaseError::Interrupted),
                () = tokio::time::sleep(RETRY.min(left)) => {}
            }
        }
    }

    /// Asks all who give way to stop what they started, until the lease ends.
    ///
    /// Not before our own builds are done: what is stopped keeps its locks, and a build of ours may wait for one of them, such as
    /// cargo's on its package cache.
    pub fn hush(&mut self) -> Result<(), LeaseError> {
        let path = self.place.quiet();
        let failed = |cause| LeaseError::File { path: path.clone(), cause };
        let lock = FileLock::ask(self.place.open(&path).map_err(failed)?).map_err(failed)?;
        // Only a holder of the lease locks it, and that is us.
        self.quiet = Some(lock.map_err(|_| failed(io::ErrorKind::WouldBlock.into()))?);
        Ok(())
    }

    /// Waits until all who were asked to have stopped what they started.
    pub async fn settle(&self) -> Settled {
        giving_way::settle(&self.place).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(quiet) = self.quiet.take() {
            quiet.release();
        }
        if let Some(mut lock) = self.lock.take() {
            // No name is better than an old one; a holder that is killed leaves it, and nobody believes it.
            let _ = lock.file().set_len(0);
            lock.release();
        }
    }
}

/// Whether somebody holds the lease. Looking on takes nothing: nobody who asks for it meanwhile is turned away.
pub fn is_taken(place: &Place) -> bool {
    taken(&place.lease()).is_some()
}

/// Whether its holder wants nothing else to run. Looking on takes nothing, as before.
pub fn is_quiet(place: &Place) -> bool {
    taken(&place.quiet()).is_some()
}

/// Who holds the lease; `None` when nobody does, or it is not known who.
pub fn holder(place: &Place) -> Option<Owner> {
    taken(&place.lease()).and_then(named)
}

/// What is said while one waits.
pub fn waiting_for(holder: Option<&Owner>) -> String {
    format!("waiting for the machine: {}", told(holder))
}

/// A holder in words.
fn told(holder: Option<&Owner>) -> String {
    holder.map_or_else(|| "another measurement runs".to_owned(), Owner::to_string)
}

/// The file, while it is locked.
fn taken(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    is_held(&file).ok()?.then_some(file)
}

/// The holder's name, once it has written it.
fn named(mut file: File) -> Option<Owner> {
    let started = std::time::Instant::now();
    loop {
        let owner = Owner::read(&mut file).filter(Owner::is_alive);
        if owner.is_some() || started.elapsed() >= NAMED {
            return owner;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(what: &str) -> Owner {
        Owner::new(what, Path::new("/srv/shop"))
    }

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path().join("machine"));
        (folder, place)
    }

    #[test]
    fn one_holder_at_a_time_and_the_other_is_told_who() {
        let (_folder, place) = place();
        assert_eq!(holder(&place), None);
        let Asked::Granted(lease) = Lease::ask(&place, &us("apply T003")).unwrap() else { panic!() };
        let Asked::Busy(Some(owner)) = Lease::ask(&place, &us("me")).unwrap() else { panic!() };
        assert_eq!(owner.what, "apply T003");
        assert_eq!(holder(&place).unwrap(), owner);
        drop(lease);
        assert_eq!(holder(&place), None);
        assert!(matches!(Lease::ask(&place, &us("me")).unwrap(), Asked::Granted(_)));
    }

    #[test]
    fn the_name_of_a_dead_holder_is_not_believed() {
        let (_folder, place) = place();
        let dead = Owner { started_ticks: 1, ..us("apply B001") };
        let Asked::Granted(_lease) = Lease::ask(&place, &dead).unwrap() else { panic!() };
        assert!(matches!(Lease::ask(&place, &us("me")).unwrap(), Asked::Busy(None)));
    }

    #[test]
    fn a_removed_file_is_no_lease() {
        let (_folder, place) = place();
        let Asked::Granted(_old) = Lease::ask(&place, &us("apply T003")).unwrap() else { panic!() };
        std::fs::remove_file(place.lease()).unwrap();
        let Asked::Granted(_new) = Lease::ask(&place, &us("apply B001")).unwrap() else { panic!() };
        assert!(
            matches!(Lease::ask(&place, &us("me")).unwrap(), Asked::Busy(Some(owner)) if owner.what == "apply B001")
        );
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let (_folder, place) = place();
        let Asked::Granted(_lease) = Lease::ask(&place, &us("apply T003")).unwrap() else { panic!() };
        let mut said = Vec::new();
        let mut waiting = |note| said.push(note);
        let patience = Patience::For(Duration::from_millis(700));
        let started = Instant::now();
        let asked = Lease::take(&place, us("me"), patience, &mut waiting, std::future::pending()).await;
        assert!(matches!(asked, Err(LeaseError::Busy(Some(_)))));
        assert!(started.elapsed() >= Duration::from_millis(700) && started.elapsed() < Duration::from_secs(2));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("waiting for the machine: apply T003 in /srv/shop by "), "{said:?}");
    }
}
