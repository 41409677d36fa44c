//! Notes of IS and IX on tables: a lane of words for each thread, and a counter that sends everybody to the queues.

use std::cell::Cell;
use std::sync::atomic::AtomicUsize as Plain;

use super::word::Word;
use crate::concurrent::lock_table::{Mode, OwnerId};
use crate::sync::CachePadded;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Words of a lane: a transaction that writes more tables than this notes the rest in queue objects.
const LANE_WORDS: usize = 16;

/// Tables that share a counter make each other's intents slower while one of them is wanted as a whole.
const COUNTERS: usize = 32;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Intents {
    lanes: Box<[CachePadded<Lane>]>,
    /// How many tables are closed to notes, by table. Seldom written, so every core keeps its own copy.
    closed: Box<CachePadded<[AtomicU32; COUNTERS]>>,
}

type Lane = [AtomicU64; LANE_WORDS];

/// What became of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// It stands in this word.
    At(u32),
    /// Somebody who wants the whole table has collected it: the writer is a holder in the queue object.
    Collected,
    /// Not taken: the table is closed, or the lane full.
    Refused,
}

impl Intents {
    pub(super) fn new(lanes: usize) -> Self {
        let word = || AtomicU64::new(Word::FREE.0);
        Self {
            lanes: (0..lanes).map(|_| CachePadded(std::array::from_fn(|_| word()))).collect(),
            closed: Box::new(CachePadded(std::array::from_fn(|_| AtomicU32::new(0)))),
        }
    }

    /// Notes that `owner` intends something with the table of this fingerprint. Once per owner and table.
    #[inline]
    pub(super) fn note(&self, table: u64, owner: OwnerId, mode: Mode) -> Note {
        let closed = &self.closed[table as usize % COUNTERS];
        if closed.load(Ordering::Acquire) != 0 {
            return Note::Refused;
        }
        let lane = lane() % self.lanes.len();
        let note = Word::held(table, owner, mode);
        for probe in 0..LANE_WORDS {
            let at = (table as usize + probe) % LANE_WORDS;
            let word = &self.lanes[lane][at];
            if word.compare_exchange(Word::FREE.0, note.0, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                continue;
            }
            // The collector closes first and then exchanges every word. Either its exchange of this word came before
            // ours, which then sees the table closed; or it comes after and finds the note. Acquire: who finds the table
            // open again has what was done while it was closed.
            if cfg!(planted = "intent_without_second_look") || closed.load(Ordering::Acquire) == 0 {
                return Note::At((lane * LANE_WORDS + at) as u32);
            }
            let withdrawn = word.compare_exchange(note.0, Word::FREE.0, Ordering::AcqRel, Ordering::Relaxed);
            return if withdrawn.is_ok() { Note::Refused } else { Note::Collected };
        }
        Note::Refused
    }

    /// The mode noted in a word by `owner`, unless it has been collected.
    pub(super) fn noted(&self, place: u32, table: u64, owner: OwnerId) -> Option<Mode> {
        Word(self.word(place)?.load(Ordering::Relaxed)).held_by(table, owner)
    }

    /// Takes `owner`'s own note back; its mode, unless it has been collected.
    #[inline]
    pub(super) fn take_back(&self, place: u32, table: u64, owner: OwnerId) -> Option<Mode> {
        let word = self.word(place)?;
        let seen = word.load(Ordering::Relaxed);
        let mode = Word(seen).held_by(table, owner)?;
        word.compare_exchange(seen, Word::FREE.0, Ordering::Release, Ordering::Relaxed).is_ok().then_some(mode)
    }

    /// From now on every note of this table is refused.
    pub(super) fn close(&self, table: u64) {
        self.closed[table as usize % COUNTERS].fetch_add(1, Ordering::AcqRel);
    }

    /// Undoes one [`close`](Self::close).
    pub(super) fn open(&self, table: u64) {
        self.closed[table as usize % COUNTERS].fetch_sub(1, Ordering::AcqRel);
    }

    /// Takes every note of a closed table out of its lane. `near` is some owner of the time.
    pub(super) fn collect(&self, table: u64, near: OwnerId, mut found: impl FnMut(OwnerId, Mode)) {
        if cfg!(planted = "notes_not_collected") {
            return;
        }
        for word in self.lanes.iter().flat_map(|lane| lane.iter()) {
            // An exchange, not a load: see `note`.
            let mut seen = word.fetch_or(0, Ordering::AcqRel);
            while let Some((mode, noted, owner)) = Word(seen).holder(near)
                && noted == table
            {
                match word.compare_exchange(seen, Word::FREE.0, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => {
                        found(owner, mode);
                        break;
                    }
                    Err(now) => seen = now,
                }
            }
        }
    }

    /// Whether nothing is noted and no table closed.
    pub(super) fn is_empty(&self) -> bool {
        let free = |word: &AtomicU64| word.load(Ordering::Acquire) == Word::FREE.0;
        self.lanes.iter().all(|lane| lane.iter().all(free))
            && self.closed.iter().all(|closed| closed.load(Ordering::Acquire) == 0)
    }

    fn word(&self, place: u32) -> Option<&AtomicU64> {
        let place = place as usize;
        self.lanes.get(place / LANE_WORDS).map(|lane| &lane[place % LANE_WORDS])
    }
}

thread_local! {
    static LANE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The calling thread's number: small, dense, not unique for ever. No part of the protocol: any lane would do.
#[inline]
fn lane() -> usize {
    let lane = LANE.get();
    if lane == usize::MAX { assign_lane() } else { lane }
}

#[cold]
fn assign_lane() -> usize {
    static NEXT: Plain = Plain::new(0);
    let lane = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    LANE.set(lane);
    lane
}
