//! The double-write area: a copy of every page on its way to the data file, so that a torn write can be healed.
//!
//! A disk writes sectors, not pages; a crash in the middle of a page write leaves some sectors old and some new, and redo
//! cannot start from that. So every page goes to a slot of a small ring first:
//!
//! ```text
//!   copy to slots ─▶ fdatasync(doublewrite) ─▶ write in place ─ … ─▶ fdatasync(data) ─▶ slots may be used again
//! ```
//!
//! A crash before the first sync leaves the page in place whole and old; after it, the slot is whole. A slot needs no
//! header: a page carries its id, LSN and checksum. At open, every page whose checksum fails is replaced by the intact
//! copy with the highest LSN, before anything else reads the data file.

use std::collections::BTreeMap;
use std::io::IoSlice;

use super::page::{PAGE_SIZE, Page, PageId};
use crate::io::{AlignedBuf, File, HUGE_PAGE, IoError, Vfs};
use crate::sync::{Arc, Condvar, Mutex};

/// Name of the file that holds the ring.
pub const DOUBLEWRITE_FILE: &str = "doublewrite";

/// What healing found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealReport {
    /// Intact copies in the ring.
    pub copies: usize,
    /// Pages that were torn in the data file and are whole again.
    pub healed: Vec<PageId>,
}

/// The ring of slots.
#[derive(Debug)]
pub(super) struct DoubleWrite {
    file: Arc<dyn File>,
    slots: u64,
    /// This opening made it: there is nothing in it.
    new: bool,
    ring: Mutex<Ring>,
    settled: Condvar,
}

/// Positions count slots since the start and never wrap; slot = position modulo ring size.
#[derive(Debug, Default)]
struct Ring {
    /// Next position to hand out.
    reserved: u64,
    /// Every position below was followed by a sync of the data file.
    reusable: u64,
    /// Where the batches begin whose pages are not yet written in place.
    in_flight: Vec<u64>,
    /// Somebody is syncing the data file to make slots reusable.
    syncing: bool,
}

impl Ring {
    /// The pages of every position below are written in place: a sync of the data file from now on covers them.
    fn in_place(&self) -> u64 {
        self.in_flight.iter().copied().min().unwrap_or(self.reserved)
    }
}

impl DoubleWrite {
    /// Opens the ring, making one of `slots` slots if there is none; an existing one keeps its size.
    pub(super) fn open(vfs: &dyn Vfs, slots: usize) -> Result<Self, IoError> {
        let exists = vfs.list()?.iter().any(|name| name == DOUBLEWRITE_FILE);
        let file = if exists { vfs.open(DOUBLEWRITE_FILE)? } else { vfs.create(DOUBLEWRITE_FILE)? };
        let found = file.len()? / PAGE_SIZE as u64;
        let new = found < 2;
        let slots = if new { slots.max(2) as u64 } else { found };
        let made = Self { file, slots, new, ring: Mutex::new(Ring::default()), settled: Condvar::new() };
        if new {
            // Written, not just reserved: a sync of a hole would have to allocate it.
            made.forget()?;
            vfs.sync_dir()?;
        }
        Ok(made)
    }

    /// How many pages one call of [`Self::write`] may carry.
    pub(super) fn batch_pages(&self) -> usize {
        (self.slots as usize / 2).min(64)
    }

    /// Writes sealed pages to the ring and then in place. They are durable in place after the next sync of `data`, and
    /// safe from tearing from now on.
    pub(super) fn write(&self, data: &dyn File, pages: &[Page]) -> Result<(), IoError> {
        assert!(pages.len() <= self.batch_pages(), "{} pages at once", pages.len());
        let start = self.reserve(data, pages.len() as u64)?;
        let written = self.write_reserved(data, pages, start);
        let mut ring = self.ring.lock();
        ring.in_flight.retain(|&batch| batch != start);
        self.settled.notify_all();
        written
    }

    /// Runs `sync` of the data file and frees the slots of every page written in place before.
    pub(super) fn around_data_sync(&self, sync: impl FnOnce() -> Result<(), IoError>) -> Result<(), IoError> {
        let covered = self.ring.lock().in_place();
        sync()?;
        let mut ring = self.ring.lock();
        ring.reusable = ring.reusable.max(covered);
        self.settled.notify_all();
        Ok(())
    }

    /// Replaces torn pages of the data file by their copies. Run before anybody reads the data file.
    pub(super) fn heal(&self, data: &dyn File) -> Result<HealReport, IoError> {
        let mut newest: BTreeMap<PageId, Page> = BTreeMap::new();
        let mut report = HealReport::default();
        if self.new || cfg!(planted = "torn_page_unhealed") {
            return Ok(report);
        }
        let mut copies = AlignedBuf::zeroed(self.batch_pages() * PAGE_SIZE);
        for slot in (0..self.slots).step_by(self.batch_pages()) {
            let count = self.batch_pages().min((self.slots - slot) as usize);
            let copies = &mut copies[..count * PAGE_SIZE];
            self.file.read_exact_at(copies, slot * PAGE_SIZE as u64)?;
            for copy in copies.as_chunks().0.iter().map(Page::of) {
                if copy.stored_checksum() != copy.computed_checksum() || copy.id() == PageId::NONE {
                    continue;
                }
                report.copies += 1;
                if newest.get(&copy.id()).is_none_or(|other| other.lsn() <= copy.lsn()) {
                    newest.insert(copy.id(), copy);
                }
            }
        }
        let end = data.len()?;
        let mut place = Page::zeroed();
        for (id, copy) in newest {
            if id.offset_bytes() + PAGE_SIZE as u64 <= end {
                data.read_exact_at(place.bytes_mut(), id.offset_bytes())?;
                if place.stored_checksum() == place.computed_checksum() {
                    continue;
                }
            }
            data.write_at(copy.bytes(), id.offset_bytes())?;
            report.healed.push(id);
        }
        // What a killed process wrote in place may be in the device's cache only: until it is durable, its copy is needed.
        data.sync_data()?;
        if report.copies > 0 {
            self.forget()?;
        }
        Ok(report)
    }

    /// Clears the slots. Positions begin anew with every opening, so an older copy of a page could outlive a newer one.
    fn forget(&self) -> Result<(), IoError> {
        let bytes = self.slots as usize * PAGE_SIZE;
        let blank = AlignedBuf::zeroed(bytes.min(HUGE_PAGE));
        // From behind: a new file has its length with the first write, so a crash leaves no smaller ring.
        for start in (0..bytes).step_by(blank.len()).rev() {
            self.file.write_at(&blank[..blank.len().min(bytes - start)], start as u64)?;
        }
        self.file.sync_data()
    }

    fn write_reserved(&self, data: &dyn File, pages: &[Page], start: u64) -> Result<(), IoError> {
        let first = start % self.slots;
        let before_end = pages.len().min((self.slots - first) as usize);
        let (head, wrapped) = pages.split_at(before_end);
        self.file.write_vectored_at(&slices(head), first * PAGE_SIZE as u64)?;
        if !wrapped.is_empty() {
            self.file.write_vectored_at(&slices(wrapped), 0)?;
        }
        self.file.sync_data()?;
        write_in_place(data, pages)
    }

    /// Reserves `count` positions, syncing the data file when the ring has come around.
    fn reserve(&self, data: &dyn File, count: u64) -> Result<u64, IoError> {
        let mut ring = self.ring.lock();
        while ring.reserved + count > ring.reusable + self.slots {
            let covered = ring.in_place();
            // One sync serves all who wait here; and before the oldest batch is in place, none would help.
            if ring.syncing || covered == ring.reusable {
                ring = self.settled.wait(ring);
                continue;
            }
            ring.syncing = true;
            drop(ring);
            let synced = data.sync_data();
            ring = self.ring.lock();
            ring.syncing = false;
            self.settled.notify_all();
            synced?;
            ring.reusable = ring.reusable.max(covered);
        }
        let start = ring.reserved;
        ring.reserved += count;
        ring.in_flight.push(start);
        Ok(start)
    }
}

/// Writes pages to where they belong, neighbours that follow one another in one go.
pub(super) fn write_in_place(data: &dyn File, pages: &[Page]) -> Result<(), IoError> {
    let follow = |pair: &&[Page]| pair[1].id().offset_bytes() == pair[0].id().offset_bytes() + PAGE_SIZE as u64;
    let mut rest = pages;
    while let Some(first) = rest.first() {
        let (run, after) = rest.split_at(1 + rest.windows(2).take_while(follow).count());
        data.write_vectored_at(&slices(run), first.id().offset_bytes())?;
        rest = after;
    }
    Ok(())
}

fn slices(pages: &[Page]) -> Vec<IoSlice<'_>> {
    pages.iter().map(|page| IoSlice::new(page.bytes())).collect()
}
