//! The simulated directory as the engine sees it, and the levers a test pulls.

use super::image::{DiskImage, Inode, InodeId, NameChange, Survival};
use crate::vfs::assert_aligned;
use crate::{BLOCK, File, IoAction, IoError, Vfs};
use std::fmt;
use std::io::{Error, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A directory in memory. Clones are handles on the same one.
#[derive(Clone)]
pub struct SimFs {
    disk: Arc<Mutex<Disk>>,
}

/// One I/O that changes something: a write, a sync, a length or a directory change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoEvent {
    /// Its number, from 0.
    pub op: u64,
    /// What is done.
    pub action: IoAction,
    /// To which file.
    pub file: Arc<str>,
    /// Where, for a write; the new length, for a length change.
    pub offset: u64,
    /// How many bytes, for a write.
    pub len: usize,
}

/// A failure to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of call that will fail.
    pub action: IoAction,
    /// Only on files whose name starts like this.
    pub file_prefix: String,
    /// How many matching calls succeed before.
    pub after: u64,
    /// How it will fail.
    pub kind: FaultKind,
}

/// How an injected fault looks to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The device reports an error (EIO).
    Device,
    /// The disk is full (ENOSPC).
    DiskFull,
    /// A read brings only its first block.
    ShortRead,
}

struct Disk {
    image: DiskImage,
    next_inode: u64,
    ops: u64,
    off: bool,
    off_at: Option<u64>,
    faults: Vec<Fault>,
    observer: Option<Observer>,
    trace: Option<Vec<IoEvent>>,
    sync_delay: Duration,
    write_delay: Duration,
}

type Observer = Box<dyn FnMut(&IoEvent, &DiskImage) + Send>;

#[derive(Debug)]
struct SimFile {
    fs: SimFs,
    inode: InodeId,
    name: Arc<str>,
}

impl SimFs {
    /// An empty directory.
    #[expect(clippy::new_without_default, reason = "a disk is made on purpose")]
    pub fn new() -> SimFs {
        SimFs::from_image(DiskImage::default())
    }

    pub(super) fn from_image(image: DiskImage) -> SimFs {
        let next_inode = image.inodes.keys().last().map_or(0, |id| id.0 + 1);
        let disk = Disk {
            image,
            next_inode,
            ops: 0,
            off: false,
            off_at: None,
            faults: Vec::new(),
            observer: None,
            trace: None,
            sync_delay: Duration::ZERO,
            write_delay: Duration::ZERO,
        };
        SimFs { disk: Arc::new(Mutex::new(disk)) }
    }

    /// What a power cut at this moment would leave open.
    pub fn image(&self) -> DiskImage {
        self.lock().image.clone()
    }

    /// Cuts the power and returns the restarted machine. Every handle on the old one fails from now on.
    pub fn crash(&self, survival: Survival) -> SimFs {
        self.power_off();
        self.image().restart(survival)
    }

    /// Cuts the power: every later call on any handle fails.
    pub fn power_off(&self) {
        self.lock().off = true;
    }

    /// Cuts the power during operation number `op`: a write may then have reached the disk in part.
    pub fn power_off_at(&self, op: u64) {
        self.lock().off_at = Some(op);
    }

    /// Operations so far: the numbers below are the possible crash points.
    pub fn op_count(&self) -> u64 {
        self.lock().ops
    }

    /// Makes a coming call fail, once.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Limits the summed length of all files; growing beyond it fails with `StorageFull`.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().image.capacity = bytes;
    }

    /// Makes every sync take this long, so that concurrent commits find something to share.
    pub fn set_sync_delay(&self, delay: Duration) {
        self.lock().sync_delay = delay;
    }

    /// Every write takes so long for each MiB from now on, before anything of it is there.
    pub fn set_write_delay(&self, delay: Duration) {
        self.lock().write_delay = delay;
    }

    /// Shows `observer` the disk at every operation, at the moment when a power cut hurts most: a write is
    /// issued but unsynced, a sync has made nothing durable yet. It runs under the disk's lock and must not
    /// call the disk.
    pub fn observe(&self, observer: impl FnMut(&IoEvent, &DiskImage) + Send + 'static) {
        self.lock().observer = Some(Box::new(observer));
    }

    /// Starts to record operations.
    pub fn record_trace(&self) {
        self.lock().trace = Some(Vec::new());
    }

    /// The operations recorded so far.
    pub fn trace(&self) -> Vec<IoEvent> {
        self.lock().trace.clone().unwrap_or_default()
    }

    /// Hash of all names and contents. Two machines of equal hash behave alike.
    pub fn state_hash(&self) -> u64 {
        self.lock().image.state_hash()
    }

    /// Flips the bits of `xor` in one byte on the disk itself: a broken medium.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn corrupt(&self, file: &str, offset: u64, xor: u8) {
        let mut disk = self.lock();
        let id = *disk.image.names.get(file).unwrap_or_else(|| panic!("no file `{file}` to corrupt"));
        disk.inode(id).corrupt(offset, xor);
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, inode: InodeId, name: &str) -> Arc<dyn File> {
        Arc::new(SimFile { fs: self.clone(), inode, name: name.into() })
    }
}

impl Vfs for SimFs {
    fn open(&self, name: &str) -> Result<Arc<dyn File>, IoError> {
        let disk = self.lock();
        disk.check_power(IoAction::Open, name)?;
        Ok(self.handle(disk.find(IoAction::Open, name)?, name))
    }

    fn create(&self, name: &str) -> Result<Arc<dyn File>, IoError> {
        let mut disk = self.lock();
        if disk.image.names.contains_key(name) {
            let why = "there is a file of that name";
            return Err(IoError::other(IoAction::Create, name, ErrorKind::AlreadyExists, why));
        }
        disk.begin(IoAction::Create, name, 0, 0)?;
        let inode = InodeId(disk.next_inode);
        disk.next_inode += 1;
        disk.image.inodes.insert(inode, Inode::default());
        disk.change_names(NameChange::Create { name: name.into(), inode });
        disk.end(IoAction::Create, name)?;
        Ok(self.handle(inode, name))
    }

    fn list(&self) -> Result<Vec<String>, IoError> {
        let disk = self.lock();
        disk.check_power(IoAction::List, ".")?;
        Ok(disk.image.names.keys().map(|name| name.to_string()).collect())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        let mut disk = self.lock();
        let inode = disk.find(IoAction::Rename, from)?;
        disk.begin(IoAction::Rename, from, 0, 0)?;
        disk.change_names(NameChange::Rename { from: from.into(), to: to.into(), inode });
        disk.end(IoAction::Rename, from)
    }

    fn remove(&self, name: &str) -> Result<(), IoError> {
        let mut disk = self.lock();
        let inode = disk.find(IoAction::Remove, name)?;
        disk.begin(IoAction::Remove, name, 0, 0)?;
        disk.change_names(NameChange::Remove { name: name.into(), inode });
        disk.end(IoAction::Remove, name)
    }

    fn sync_dir(&self) -> Result<(), IoError> {
        let mut disk = self.lock();
        disk.begin(IoAction::SyncDir, ".", 0, 0)?;
        disk.observe(IoAction::SyncDir, ".", 0, 0);
        disk.check_power(IoAction::SyncDir, ".")?;
        disk.image.durable_names = disk.image.names.clone();
        disk.image.pending_names.clear();
        Ok(())
    }
}

impl File for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, IoError> {
        assert_aligned(buf, offset);
        let mut disk = self.fs.lock();
        disk.check_power(IoAction::Read, &self.name)?;
        let wanted = match disk.take_fault(IoAction::Read, &self.name) {
            None => buf.len(),
            Some(FaultKind::ShortRead) => BLOCK.min(buf.len()),
            Some(kind) => return Err(kind.error(IoAction::Read, &self.name)),
        };
        Ok(disk.inode(self.inode).current.read(&mut buf[..wanted], offset))
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> Result<(), IoError> {
        self.write_vectored_at(&[IoSlice::new(buf)], offset)
    }

    fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> Result<(), IoError> {
        bufs.iter().for_each(|buf| assert_aligned(buf, offset));
        let len = bufs.iter().map(|buf| buf.len()).sum();
        let mut disk = self.fs.lock();
        if !disk.write_delay.is_zero() {
            let delay = disk.write_delay.mul_f64(len as f64 / f64::from(1 << 20));
            drop(disk);
            std::thread::sleep(delay);
            disk = self.fs.lock();
        }
        if let Err(error) = disk.begin(IoAction::Write, &self.name, offset, len) {
            if !disk.off {
                scatter(bufs, offset, |at, buf| disk.inode(self.inode).write_failed(at, buf));
            }
            return Err(error);
        }
        disk.check_capacity(self.inode, offset + len as u64, IoAction::Write, &self.name)?;
        scatter(bufs, offset, |at, buf| disk.inode(self.inode).write(at, buf));
        disk.observe(IoAction::Write, &self.name, offset, len);
        disk.check_power(IoAction::Write, &self.name)
    }

    fn sync_data(&self) -> Result<(), IoError> {
        let mut disk = self.fs.lock();
        if let Err(error) = disk.begin(IoAction::Sync, &self.name, 0, 0) {
            disk.inode(self.inode).sync_failed();
            return Err(error);
        }
        disk.observe(IoAction::Sync, &self.name, 0, 0);
        disk.check_power(IoAction::Sync, &self.name)?;
        if !disk.sync_delay.is_zero() {
            let delay = disk.sync_delay;
            drop(disk);
            std::thread::sleep(delay);
            disk = self.fs.lock();
            disk.check_power(IoAction::Sync, &self.name)?;
        }
        disk.inode(self.inode).sync();
        Ok(())
    }

    fn len(&self) -> Result<u64, IoError> {
        let mut disk = self.fs.lock();
        disk.check_power(IoAction::Len, &self.name)?;
        Ok(disk.inode(self.inode).current.len())
    }

    fn set_len(&self, len: u64) -> Result<(), IoError> {
        let mut disk = self.fs.lock();
        disk.begin(IoAction::SetLen, &self.name, len, 0)?;
        disk.check_capacity(self.inode, len, IoAction::SetLen, &self.name)?;
        disk.inode(self.inode).set_len(len);
        disk.observe(IoAction::SetLen, &self.name, len, 0);
        disk.check_power(IoAction::SetLen, &self.name)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Disk {
    /// Starts a changing operation: the power may be off, and it may be destined to fail. At the crash point
    /// the change is still made (pending), and the check after it reports the cut.
    fn begin(&mut self, action: IoAction, file: &str, offset: u64, len: usize) -> Result<(), IoError> {
        self.check_power(action, file)?;
        let event = IoEvent { op: self.ops, action, file: file.into(), offset, len };
        self.off = self.off_at == Some(self.ops);
        self.ops += 1;
        if let Some(trace) = &mut self.trace {
            trace.push(event);
        }
        match self.take_fault(action, file) {
            None => Ok(()),
            Some(kind) => Err(kind.error(action, file)),
        }
    }

    fn end(&mut self, action: IoAction, file: &str) -> Result<(), IoError> {
        self.observe(action, file, 0, 0);
        self.check_power(action, file)
    }

    fn observe(&mut self, action: IoAction, file: &str, offset: u64, len: usize) {
        if let Some(observer) = &mut self.observer {
            observer(&IoEvent { op: self.ops - 1, action, file: file.into(), offset, len }, &self.image);
        }
    }

    fn check_power(&self, action: IoAction, file: &str) -> Result<(), IoError> {
        match self.off {
            true => Err(IoError::other(action, file, ErrorKind::Other, "the simulated machine is switched off")),
            false => Ok(()),
        }
    }

    fn check_capacity(&self, id: InodeId, end: u64, action: IoAction, file: &str) -> Result<(), IoError> {
        let Some(capacity) = self.image.capacity else { return Ok(()) };
        let length = |id: &InodeId| self.image.inodes[id].current.len();
        let used: u64 = self.image.names.values().map(length).sum();
        match end > length(&id) && used + (end - length(&id)) > capacity {
            true => Err(FaultKind::DiskFull.error(action, file)),
            false => Ok(()),
        }
    }

    fn take_fault(&mut self, action: IoAction, file: &str) -> Option<FaultKind> {
        let matching = |fault: &Fault| fault.action == action && file.starts_with(&fault.file_prefix);
        let due = self.faults.iter().position(|fault| matching(fault) && fault.after == 0);
        self.faults
            .iter_mut()
            .filter(|fault| matching(fault))
            .for_each(|fault| fault.after = fault.after.saturating_sub(1));
        due.map(|i| self.faults.remove(i).kind)
    }

    fn find(&self, action: IoAction, name: &str) -> Result<InodeId, IoError> {
        let missing = || IoError::other(action, name, ErrorKind::NotFound, "there is no file of that name");
        self.image.names.get(name).copied().ok_or_else(missing)
    }

    fn inode(&mut self, id: InodeId) -> &mut Inode {
        self.image.inodes.get_mut(&id).expect("an inode lives as long as its disk")
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.image.names);
        self.image.pending_names.push(change);
    }
}

impl FaultKind {
    fn error(self, action: IoAction, file: &str) -> IoError {
        let errno = match self {
            FaultKind::Device | FaultKind::ShortRead => rustix::io::Errno::IO,
            FaultKind::DiskFull => rustix::io::Errno::NOSPC,
        };
        IoError::new(action, file, Error::from_raw_os_error(errno.raw_os_error()))
    }
}

impl fmt::Debug for SimFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disk = self.lock();
        f.debug_struct("SimFs").field("ops", &disk.ops).field("names", &disk.image.names).finish_non_exhaustive()
    }
}

fn scatter(bufs: &[IoSlice<'_>], offset: u64, mut write: impl FnMut(u64, &[u8])) {
    let mut at = offset;
    for buf in bufs {
        write(at, buf);
        at += buf.len() as u64;
    }
}
