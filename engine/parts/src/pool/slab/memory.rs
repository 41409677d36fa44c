//! One slab: a header, and objects of one class.
//!
//! ```text
//!  0          header       colour                                        64 KiB
//!  ┌──────────────────────┬──────┬────────┬────────┬────────┬─────┬───┐
//!  │ class, bits: at home │      │ object │ object │ object │  …  │   │
//!  └──────────────────────┴──────┴────────┴────────┴────────┴─────┴───┘
//! ```
//! The rest that no object fits into is shared out before and behind the objects, differently from slab to slab. So
//! the first objects of all slabs do not meet in the same lines of the processor's caches.
//!
//! A debug build also knows which objects are in use: one freed twice, one of another class, and one written to after it was
//! freed are caught.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use super::class::{Class, HEADER_ROOM, MAX_BYTES, SLAB_BYTES, UNIT};
use super::rounds::Rounds;

const LAYOUT: Layout = match Layout::from_size_align(SLAB_BYTES, SLAB_BYTES) {
    Ok(layout) => layout,
    Err(_) => panic!("no layout"),
};

/// A cache line.
const COLOUR_BYTES: usize = 64;

const WORD_BITS: usize = u64::BITS as usize;

/// Enough for the smallest objects.
const WORDS: usize = (MAX_BYTES / UNIT).div_ceil(WORD_BITS);

/// What a freed object is filled with in a debug build.
const POISON: u8 = 0xdd;

/// A slab. Whoever calls its methods holds the lock of its class, unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slab(NonNull<Header>);

#[repr(C)]
struct Header {
    /// Never changes.
    class: Class,
    /// Of the first object. Never changes.
    start: u16,
    home: Home,
    /// A bit for each object that somebody owns. Only debug builds keep it.
    in_use: [AtomicU64; if cfg!(debug_assertions) { WORDS } else { 0 }],
}

/// What changes under the lock of the class.
struct Home {
    /// Objects at home.
    count: usize,
    /// Where the slab stands in its class's list of those with objects at home.
    place: usize,
    /// A bit for each object.
    bits: [u64; WORDS],
}

const _: () = assert!(size_of::<Header>() <= HEADER_ROOM);

// SAFETY: memory that is shared under the lock of its class, but for `in_use`, which is atomic.
unsafe impl Send for Slab {}

/// The memory of a slab, without objects.
#[derive(Debug)]
pub(super) struct Blank(NonNull<u8>);

// SAFETY: plain memory, owned.
unsafe impl Send for Blank {}

impl Blank {
    pub(super) fn new() -> Self {
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc(LAYOUT) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(LAYOUT) };
        Self(memory)
    }
}

impl Drop for Blank {
    fn drop(&mut self) {
        // SAFETY: came from `alloc` with this layout; owned.
        unsafe { dealloc(self.0.as_ptr(), LAYOUT) };
    }
}

impl Slab {
    /// A slab with all its objects at home.
    pub(super) fn new(blank: Blank, class: Class, nth: usize) -> Self {
        let memory = blank.0;
        std::mem::forget(blank);
        let objects = class.objects();
        let colours = (MAX_BYTES - objects * class.bytes()) / COLOUR_BYTES + 1;
        let start = HEADER_ROOM + nth % colours * COLOUR_BYTES;
        let mut bits = [0; WORDS];
        for object in 0..objects {
            bits[object / WORD_BITS] |= 1 << (object % WORD_BITS);
        }
        let header = Header {
            class,
            start: start as u16,
            home: Home { count: objects, place: 0, bits },
            in_use: [const { AtomicU64::new(0) }; _],
        };
        // SAFETY: aligned, large enough, ours.
        unsafe { memory.cast::<Header>().write(header) };
        if cfg!(debug_assertions) {
            // SAFETY: the objects lie within the slab, and nobody has one.
            unsafe { memory.add(start).write_bytes(POISON, objects * class.bytes()) };
        }
        Self(memory.cast())
    }

    /// The slab of an object. Without the lock only [`note_taken`](Self::note_taken) and [`note_freed`](Self::note_freed)
    /// are for it.
    ///
    /// # Safety
    /// `object` is one of a slab.
    #[inline]
    pub(super) unsafe fn of(object: NonNull<u8>) -> Self {
        let back = object.addr().get() % SLAB_BYTES;
        // SAFETY: a slab begins at the multiple of its size before the object, and has a header there.
        Self(unsafe { object.sub(back) }.cast())
    }

    pub(super) fn place(mut self) -> usize {
        self.at_home().place
    }

    pub(super) fn set_place(mut self, place: usize) {
        self.at_home().place = place;
    }

    /// Moves objects into `rounds`, as many as it holds and as there are.
    pub(super) fn lend(mut self, rounds: &mut Rounds) {
        let (first, class) = (self.first(), self.class());
        let home = self.at_home();
        for (number, word) in home.bits.iter_mut().enumerate() {
            while *word != 0 && rounds.len() < class.rounds() {
                let object = number * WORD_BITS + word.trailing_zeros() as usize;
                *word &= *word - 1;
                home.count -= 1;
                // SAFETY: within the slab: no bit is set beyond its objects.
                rounds.push(unsafe { first.add(object * class.bytes()) });
            }
        }
    }

    /// Takes an object back.
    pub(super) fn take_home(mut self, object: NonNull<u8>) {
        let number = self.number(object);
        let home = self.at_home();
        home.bits[number / WORD_BITS] |= 1 << (number % WORD_BITS);
        home.count += 1;
    }

    /// Objects at home.
    pub(super) fn home(mut self) -> usize {
        self.at_home().count
    }

    /// Whether all its objects are at home.
    pub(super) fn is_whole(self) -> bool {
        self.home() == self.class().objects()
    }

    /// The memory alone. All objects are at home, and the slab is in no list any more.
    pub(super) fn into_blank(self) -> Blank {
        debug_assert!(self.is_whole(), "a slab is given up while somebody has an object of it");
        Blank(self.0.cast())
    }

    /// In a debug build: the object is somebody's from now on. Needs no lock.
    #[inline]
    pub(super) fn note_taken(self, object: NonNull<u8>) {
        if cfg!(debug_assertions) {
            let (word, bit) = self.in_use(object);
            assert_eq!(word.fetch_or(bit, Ordering::Relaxed) & bit, 0, "an object is handed out twice");
            // SAFETY: nobody's until now.
            let content = unsafe { std::slice::from_raw_parts(object.as_ptr(), self.class().bytes()) };
            assert!(content.iter().all(|byte| *byte == POISON), "an object was written to after it was freed");
        }
    }

    /// In a debug build: the object is nobody's any more. Needs no lock.
    #[inline]
    pub(super) fn note_freed(self, object: NonNull<u8>, class: Class) {
        if cfg!(debug_assertions) {
            assert_eq!(self.class(), class, "an object is freed as one of another size");
            let (word, bit) = self.in_use(object);
            assert_ne!(word.fetch_and(!bit, Ordering::Relaxed) & bit, 0, "an object is freed twice");
            // SAFETY: the caller's until now, and all of it is the object's.
            unsafe { object.write_bytes(POISON, class.bytes()) };
        }
    }

    fn in_use(&self, object: NonNull<u8>) -> (&AtomicU64, u64) {
        let number = self.number(object);
        // SAFETY: a header is there as long as the slab, and these are atomic.
        let words = unsafe { &(*self.0.as_ptr()).in_use };
        (&words[number / WORD_BITS], 1 << (number % WORD_BITS))
    }

    fn at_home(&mut self) -> &mut Home {
        // SAFETY: a header is there as long as the slab; the caller holds the lock of its class.
        unsafe { &mut (*self.0.as_ptr()).home }
    }

    fn class(self) -> Class {
        // SAFETY: a header is there as long as the slab, and this never changes.
        unsafe { (*self.0.as_ptr()).class }
    }

    /// The first object.
    fn first(self) -> NonNull<u8> {
        // SAFETY: as above.
        unsafe { self.0.cast::<u8>().add((*self.0.as_ptr()).start.into()) }
    }

    /// Which of the slab's objects.
    fn number(self, object: NonNull<u8>) -> usize {
        let (at, bytes) = (object.addr().get() - self.first().addr().get(), self.class().bytes());
        debug_assert!(at.is_multiple_of(bytes), "an address within an object");
        at / bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lie_apart_within_their_slab_and_come_home() {
        // Under Miri the many small ones take minutes.
        for class in Class::all().filter(|class| !cfg!(miri) || class.objects() < 70) {
            for nth in 0..3 {
                let slab = Slab::new(Blank::new(), class, nth);
                let mut lent = Vec::new();
                while slab.home() > 0 {
                    let mut rounds = Rounds::new();
                    slab.lend(&mut rounds);
                    lent.extend(std::iter::from_fn(|| rounds.pop()));
                }
                lent.sort_unstable();
                assert_eq!(lent.len(), class.objects());
                for pair in lent.windows(2) {
                    assert!(pair[1].addr().get() - pair[0].addr().get() >= class.bytes());
                }
                for object in lent {
                    assert!(object.addr().get().is_multiple_of(UNIT) && !slab.is_whole());
                    // SAFETY: lent by the slab above.
                    assert_eq!(unsafe { Slab::of(object) }, slab);
                    slab.take_home(object);
                }
                assert!(slab.is_whole());
                drop(slab.into_blank());
            }
        }
    }

    #[test]
    fn slabs_side_by_side_begin_on_other_lines() {
        let class = Class::of(640, 8).expect("a class");
        let start = |nth| {
            let slab = Slab::new(Blank::new(), class, nth);
            let start = slab.first().addr().get() % SLAB_BYTES;
            drop(slab.into_blank());
            start
        };
        assert!(start(0) != start(1) && start(1) != start(2));
    }
}
