//! The segment files of a running log: taken into use, prepared ahead, recycled.
//!
//! ```text
//!             create, zero-fill, sync              header, sync, rename, sync_dir
//!   (nothing) ----------------------> wal-spare-3 --------------------------------> wal-0000000007
//!                                          ^                                             |
//!                                          +---------------- rename, sync_dir -----------+
//!                                                 once a checkpoint is above it
//! ```
//!
//! Two invariants follow. A file named `wal-N` has a valid header of segment N. And an LSN is handed out only
//! where a segment or a spare has room for it ([`Segments::room_end`]), so a full disk is refused at append,
//! when nothing is promised yet.
//!
//! An opening that finds no spare makes a short one and does not wait for a whole; the next is made beside the work, when
//! the log has come half through the one in use.
//!
//! Segments are filled with zeros, not only allocated: syncing a block that extends a file, or that lies in an
//! allocated but unwritten extent, makes ext4 commit its journal, which doubles the time of every commit.

use super::background::Background;
use super::files::Resume;
use super::record::Epoch;
use super::segment::{LogFileName, SegmentHeader, SegmentNumber};
use super::{WalError, WalOptions};
use crate::io::{AlignedBuf, BLOCK, File, HUGE_PAGE, IoError, Lsn, Vfs};
use crate::metrics::{Counter, Metrics};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex};
use std::collections::VecDeque;

/// Bytes written at once when a file is filled with zeros: one piece for the device.
const ZERO_CHUNK: u64 = HUGE_PAGE as u64;

/// Length of the segment that an opening has to make, if it finds no file to use again: full length would be waited for, and
/// a small database never needs it. The next one is made beside the work.
const FIRST_SEGMENT: u64 = 4 << 20;

/// All segments of a log, and the files waiting to become segments.
#[derive(Debug)]
pub(super) struct Segments {
    vfs: Arc<dyn Vfs>,
    body_bytes: u64,
    spares_max: usize,
    metrics: Arc<Metrics>,
    epoch: Epoch,
    /// End of the log bytes for which files exist.
    room_end: AtomicU64,
    catalog: Mutex<Catalog>,
    /// Held while a spare is made, so that two who need one do not both make one.
    making: Mutex<()>,
}

/// The segment being written.
#[derive(Debug)]
pub(super) struct ActiveSegment {
    pub(super) header: SegmentHeader,
    pub(super) file: Arc<dyn File>,
}

#[derive(Debug)]
struct Catalog {
    /// Oldest first; the last is being written.
    live: VecDeque<SegmentHeader>,
    spares: Vec<Spare>,
    next_spare: u64,
}

/// A file ready to become a segment.
#[derive(Clone, Copy, Debug)]
struct Spare {
    number: u64,
    body_bytes: u64,
}

impl Segments {
    /// Takes over the files of the log before and opens the first segment of a new incarnation.
    pub(super) fn open(
        resume: Resume,
        options: &WalOptions,
        metrics: Arc<Metrics>,
    ) -> Result<(Arc<Segments>, ActiveSegment), WalError> {
        let Resume { vfs, mut live, mut stale, spares, end, epoch } = resume;
        // What was read may be in the device's cache only, if just the process died. It is about to be relied on.
        for segment in &live {
            vfs.open(&segment.number.file_name())?.sync_data()?;
        }
        // A record that crosses segments may be torn in the first: then the second is there, and holds nothing.
        while live.len() > 1 && live[live.len() - 1].continues_from >= end {
            stale.extend(live.pop().map(|segment| segment.number));
        }
        for number in &stale {
            vfs.remove(&number.file_name())?;
        }
        if !stale.is_empty() {
            vfs.sync_dir()?;
        }
        let next_spare = spares.iter().max().map_or(0, |number| number + 1);
        // LSN 0 stays free: it is the LSN of a page that was never logged.
        let first_lsn = end.max(Lsn(1)).next_block();
        let number = live.last().map_or(SegmentNumber(1), |segment| segment.number.next());
        let segments = Segments {
            vfs,
            body_bytes: options.body_bytes(),
            spares_max: options.spares_max,
            metrics,
            epoch,
            room_end: AtomicU64::new(first_lsn.0),
            catalog: Mutex::new(Catalog { live: live.into(), spares: Vec::new(), next_spare }),
            making: Mutex::new(()),
        };
        segments.adopt_spares(&spares)?;
        if segments.room_end() == first_lsn {
            segments.make_spare(options.body_bytes().min(FIRST_SEGMENT - BLOCK as u64))?;
        }
        let active = segments.activate(number, first_lsn, end)?;
        Ok((Arc::new(segments), active))
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// End of the log bytes for which files exist.
    #[inline]
    pub(super) fn room_end(&self) -> Lsn {
        Lsn(self.room_end.load(Ordering::Acquire))
    }

    /// Makes files until the log has room up to `end`.
    ///
    /// # Errors
    /// `NoSpace`, or another failure to make a file. Nothing was promised; the log goes on.
    pub(super) fn ensure_room(&self, end: Lsn) -> Result<(), WalError> {
        while self.room_end() < end {
            let _making = self.making.lock();
            if self.room_end() < end {
                self.make_spare(self.body_bytes)?;
            }
        }
        Ok(())
    }

    /// Starts a thread that makes a spare if there is none, when raised.
    pub(super) fn prepare_ahead(self: &Arc<Segments>) -> Result<Background, WalError> {
        let segments = self.clone();
        let background = Background::spawn("wal-segments", move |_| {
            let _making = segments.making.lock();
            if segments.catalog.lock().spares.is_empty() {
                // If it fails, the append that needs the room will meet the same failure, and can report it.
                let _ = segments.make_spare(segments.body_bytes);
            }
        })?;
        Ok(background)
    }

    /// Takes the segment after `full` into use. Everything in `full` must be durable.
    pub(super) fn activate_after(&self, full: &SegmentHeader) -> Result<ActiveSegment, WalError> {
        self.activate(full.number.next(), full.end(), full.end())
    }

    /// Frees the segments that lie wholly below `lsn`.
    pub(super) fn recycle_below(&self, lsn: Lsn) -> Result<(), WalError> {
        let mut freed = Vec::new();
        let mut catalog = self.catalog.lock();
        while catalog.live.len() > 1 && catalog.live[1].continues_from <= lsn {
            let keep =
                catalog.live[0].body_bytes == self.body_bytes && catalog.spares.len() + freed.len() < self.spares_max;
            let spare = keep.then(|| catalog.take_spare_number());
            freed.extend(catalog.live.pop_front().map(|segment| (segment.number, spare)));
        }
        drop(catalog);
        if freed.is_empty() {
            return Ok(());
        }
        for (number, spare) in &freed {
            match spare {
                Some(spare) => self.vfs.rename(&number.file_name(), &LogFileName::Spare(*spare).to_string())?,
                None => self.vfs.remove(&number.file_name())?,
            }
        }
        // Only now: a header of its next life, written under its old name, would break the chain after a crash.
        self.vfs.sync_dir()?;
        for number in freed.iter().filter_map(|(_, spare)| *spare) {
            self.metrics.inc(Counter::WalSegmentsRecycled);
            self.add_spare(Spare { number, body_bytes: self.body_bytes });
        }
        Ok(())
    }

    fn activate(&self, number: SegmentNumber, first_lsn: Lsn, continues_from: Lsn) -> Result<ActiveSegment, WalError> {
        let spare = self.catalog.lock().spares.pop();
        let Some(spare) = spare else { unreachable!("an LSN was handed out for which there is no segment") };
        let body_bytes = spare.body_bytes;
        let header = SegmentHeader { number, epoch: self.epoch, first_lsn, continues_from, body_bytes };
        let (spare, name) = (LogFileName::Spare(spare.number).to_string(), number.file_name());
        let file = self.vfs.open(&spare)?;
        file.write_at(&header.encode(), 0)?;
        file.sync_data()?;
        self.vfs.rename(&spare, &name)?;
        self.vfs.sync_dir()?;
        let file = self.vfs.open(&name)?;
        self.catalog.lock().live.push_back(header);
        self.metrics.inc(Counter::WalSegments);
        Ok(ActiveSegment { header, file })
    }

    fn make_spare(&self, body_bytes: u64) -> Result<(), WalError> {
        let number = self.catalog.lock().take_spare_number();
        let name = LogFileName::Spare(number).to_string();
        let made = self.vfs.create(&name).and_then(|file| {
            fill_with_zeros(&*file, BLOCK as u64 + body_bytes)?;
            file.sync_data()
        });
        if let Err(error) = made {
            // Half a file helps nobody; that it cannot even be removed adds nothing to the error.
            let _ = self.vfs.remove(&name);
            return Err(if error.is_out_of_space() { WalError::NoSpace(error) } else { WalError::Io(error) });
        }
        self.add_spare(Spare { number, body_bytes });
        Ok(())
    }

    /// Keeps the spare files of the log before that have the right length.
    fn adopt_spares(&self, spares: &[u64]) -> Result<(), WalError> {
        for &number in spares {
            let name = LogFileName::Spare(number).to_string();
            if self.vfs.open(&name)?.len()? == BLOCK as u64 + self.body_bytes {
                self.add_spare(Spare { number, body_bytes: self.body_bytes });
            } else {
                self.vfs.remove(&name)?;
            }
        }
        Ok(())
    }

    fn add_spare(&self, spare: Spare) {
        self.catalog.lock().spares.push(spare);
        self.room_end.fetch_add(spare.body_bytes, Ordering::AcqRel);
    }
}

impl Catalog {
    fn take_spare_number(&mut self) -> u64 {
        self.next_spare += 1;
        self.next_spare - 1
    }
}

fn fill_with_zeros(file: &dyn File, len: u64) -> Result<(), IoError> {
    let zeros = AlignedBuf::zeroed(ZERO_CHUNK.min(len) as usize);
    let mut at = 0;
    while at < len {
        let n = (len - at).min(ZERO_CHUNK);
        file.write_at(&zeros[..n as usize], at)?;
        at += n;
    }
    Ok(())
}
