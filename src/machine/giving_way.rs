//! Builds that give way: a supervisor stops all that it has started while somebody measures, and lets it go on afterwards.
//!
//! A supervisor locks a file of its own while what it started may run, and gives that lock back once all of it stands still. So
//! the holder of the lease knows that the machine is quiet when no such file is locked; and a supervisor that was killed holds
//! nobody up, since its lock went with it.
//!
//! Neither can overlook the other: the supervisor locks its file and then looks whether it is to be quiet, the holder asks for
//! quiet and then looks at the files.
//!
//! While nobody measures the supervisor looks for that twenty times a second, else four times: what that asks of the kernel
//! takes nothing from anybody.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::lease;
use super::lock::{FileLock, is_held};
use super::owner::Owner;
use super::place::Place;
use super::tree::{Stopped, adopt};

/// How often a supervisor looks whether it is to be quiet, while what it started may run.
const LOOK: Duration = Duration::from_millis(50);

/// How often it looks while somebody measures, who is not to be disturbed for the sake of going on sooner.
const LOOK_WHEN_STOPPED: Duration = Duration::from_millis(250);

/// How often what runs beside a measurement that it started itself is looked through for more to stop.
const LOOK_THROUGH: Duration = Duration::from_secs(1);

/// Begins the name of a file that its supervisor has not signed yet.
const UNNAMED: &[u8] = b".";

/// A supervisor that does not answer within this long is measured beside.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Everything that this process starts gives way to measurements until this is dropped; then all of it goes on.
#[derive(Debug)]
pub struct GivingWay {
    wished: Arc<Wished>,
    watcher: Option<JoinHandle<()>>,
    record: PathBuf,
}

/// What the watcher is told.
#[derive(Debug, Default)]
struct Wished {
    /// Stop nothing any more: what runs was told to end, and cannot while it is stopped.
    letting_go: AtomicBool,
    /// Nothing runs any more.
    ended: AtomicBool,
}

/// What came of waiting for those who give way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Who stopped what they had started.
    pub stopped: Vec<Owner>,
    /// Who did not, in time.
    pub restless: Vec<Owner>,
}

impl GivingWay {
    /// Gives way from now on. Returns when nobody measures, so that what is started next may run; `waiting` is told whom
    /// it waits for.
    pub fn begin(place: &Place, us: &Owner, waiting: &mut dyn FnMut(String)) -> io::Result<Self> {
        adopt();
        place.prepare()?;
        let (record, mut file) = record(place, us)?;
        let mut told = false;
        let lock = loop {
            let lock = locked(file)?;
            if !lease::is_quiet(place) {
                break lock;
            }
            file = lock.release();
            if !std::mem::replace(&mut told, true) {
                waiting(lease::waiting_for(lease::holder(place).as_ref()));
            }
            while lease::is_quiet(place) {
                std::thread::sleep(LOOK_WHEN_STOPPED);
            }
        };
        let wished = Arc::new(Wished::default());
        let watch =
            Watch { place: place.clone(), mark: Mark::Working(lock), stopped: Stopped::default(), looked: None };
        let told = Arc::clone(&wished);
        let watcher = std::thread::Builder::new().name("giving way".to_owned()).spawn(move || watch.run(&told))?;
        Ok(Self { wished, watcher: Some(watcher), record })
    }

    /// What runs was told to end: it goes on, and is not stopped again. A measurement meanwhile is told that we are at work.
    pub fn let_go(&self) {
        self.wished.letting_go.store(true, Ordering::Release);
        if let Some(watcher) = &self.watcher {
            watcher.thread().unpark();
        }
    }
}

impl Drop for GivingWay {
    fn drop(&mut self) {
        self.wished.ended.store(true, Ordering::Release);
        if let Some(watcher) = self.watcher.take() {
            watcher.thread().unpark();
            let _ = watcher.join();
        }
        let _ = fs::remove_file(&self.record);
    }
}

/// What the watching thread has in hand.
struct Watch {
    place: Place,
    mark: Mark,
    stopped: Stopped,
    /// When a measurement of our own was last looked around for more to stop.
    looked: Option<Instant>,
}

/// Our file.
enum Mark {
    /// Locked: what we started may run.
    Working(FileLock),
    /// Free: all of it stands still.
    Idle(File),
    /// Only while it changes hands.
    Passing,
}

impl Watch {
    fn run(mut self, wished: &Wished) {
        while !wished.ended.load(Ordering::Acquire) {
            let letting_go = wished.letting_go.load(Ordering::Acquire);
            match (lease::is_quiet(&self.place) && !letting_go, &self.mark) {
                (false, Mark::Working(_)) => self.stopped.go_on(),
                // Locked before anything goes on, and looked again: whoever asks for quiet now waits for us.
                (false, Mark::Idle(_)) => {
                    self.work();
                    continue;
                }
                (true, Mark::Working(_)) => self.stop(),
                // Who waits for a measurement of our own runs, and may start more.
                (true, Mark::Idle(_)) if self.looked.is_some_and(|at| at.elapsed() >= LOOK_THROUGH) => self.stop(),
                (_, Mark::Idle(_) | Mark::Passing) => {}
            }
            std::thread::park_timeout(match self.mark {
                Mark::Working(_) | Mark::Passing => LOOK,
                Mark::Idle(_) => LOOK_WHEN_STOPPED,
            });
        }
        self.stopped.go_on();
    }

    fn stop(&mut self) {
        let me = i32::try_from(std::process::id()).unwrap_or_default();
        let halted = self.stopped.stop_below(me, lease::holder(&self.place).map(|holder| holder.pid));
        self.looked = halted.spared.then(Instant::now);
        if halted.still {
            self.mark = match std::mem::replace(&mut self.mark, Mark::Passing) {
                Mark::Working(lock) => Mark::Idle(lock.release()),
                idle @ (Mark::Idle(_) | Mark::Passing) => idle,
            };
        }
    }

    fn work(&mut self) {
        self.mark = match std::mem::replace(&mut self.mark, Mark::Passing) {
            // Nobody else locks our file; were it so, what we started would run unannounced, not stand for ever.
            Mark::Idle(file) => locked(file).map_or(Mark::Passing, Mark::Working),
            other @ (Mark::Working(_) | Mark::Passing) => other,
        };
        if matches!(self.mark, Mark::Passing) {
            self.stopped.go_on();
        }
    }
}

/// Waits until every supervisor has stopped what it started, or does not answer.
pub(super) async fn settle(place: &Place) -> Settled {
    let started = Instant::now();
    let all: Vec<(PathBuf, Owner)> = registered(place);
    loop {
        let (working, stopped): (Vec<_>, Vec<_>) = all.iter().partition(|(path, _)| is_at_work(path));
        let owners = |these: Vec<&(PathBuf, Owner)>| these.into_iter().map(|(_, owner)| owner.clone()).collect();
        if working.is_empty() || started.elapsed() >= ANSWER_MAX {
            return Settled { stopped: owners(stopped), restless: owners(working) };
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Supervisors that live, and their files. Files of dead ones are removed where we may.
pub fn registered(place: &Place) -> Vec<(PathBuf, Owner)> {
    let Ok(entries) = fs::read_dir(place.giving_way()) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(UNNAMED)) {
        let path = entry.path();
        let Ok(mut file) = File::open(&path) else { continue };
        match Owner::read(&mut file) {
            Some(owner) if owner.is_alive() => found.push((path, owner)),
            // Of another namespace of processes, perhaps: its lock says that it lives.
            _ if is_held(&file).unwrap_or(false) => {}
            Some(_) | None => drop(fs::remove_file(&path)),
        }
    }
    found
}

fn is_at_work(path: &Path) -> bool {
    File::open(path).and_then(|file| is_held(&file)).unwrap_or(false)
}

/// Our file. It comes to its place with our name in it, so that nobody takes it for one that was left behind.
fn record(place: &Place, us: &Owner) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("{}-{}", us.pid, COUNT.fetch_add(1, Ordering::Relaxed));
    let (path, unnamed) = (place.giving_way().join(&name), place.giving_way().join(format!(".{name}")));
    // One left by a dead process of the same number.
    let _ = fs::remove_file(&unnamed);
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&unnamed)?;
    // Whoever measures must be able to look at its lock, whatever the process's mask.
    file.set_permissions(Permissions::from_mode(0o644))?;
    us.write(&mut file)?;
    fs::rename(&unnamed, &path)?;
    Ok((path, file))
}

/// Nobody else locks our file.
fn locked(file: File) -> io::Result<FileLock> {
    FileLock::ask(file)?.map_err(|_| io::ErrorKind::WouldBlock.into())
}
