//! Changing a slotted page. Every change is a deterministic function of the page and the arguments.

use std::ops::Range;

use super::layout::{
    CAPACITY, COUNT, GARBAGE, HEAD, HEAP_START, Kind, LAST_INSERT, LOWER_LEN, LOWER_OFFSET, MAX_KEY, NODE_HEADER,
    PREFIX_LEN, RUN, SHARED, SHARED_MAX, SlottedPage, UNBOUNDED, UPPER_LEN, UPPER_OFFSET, head_of, narrow,
};
use crate::page::{PAGE_SIZE, Page, PageId};

/// Slots are added this many at a time, so that few insertions move the slots behind the heads.
const SLOTS_STEP: usize = 16;

impl SlottedPage {
    /// Inserts an entry before position `at` of a leaf; the value is the concatenation of `value`.
    ///
    /// # Panics
    /// If there is no room: the caller asked [`Self::has_room`] first.
    pub fn insert_value(&mut self, at: usize, key: &[u8], value: &[&[u8]]) {
        debug_assert!(self.kind() == Kind::Leaf && self.covers(key));
        let value_len = value.iter().map(|part| part.len()).sum();
        let suffix = &key[self.prefix().len()..];
        let slot = self.open_slot(at, suffix, value_len);
        self.0.put_u16(slot + 4, narrow(value_len));
        let mut offset = usize::from(self.0.u16(slot)) + suffix.len();
        for part in value {
            self.0.bytes_mut()[offset..offset + part.len()].copy_from_slice(part);
            offset += part.len();
        }
    }

    /// Inserts an entry before position `at` of an inner page.
    ///
    /// # Panics
    /// If there is no room: the caller asked [`Self::has_room`] first.
    pub fn insert_child(&mut self, at: usize, separator: &[u8], child: PageId) {
        debug_assert!(self.kind() == Kind::Inner && self.covers(separator));
        let slot = self.open_slot(at, &separator[self.prefix().len()..], 0);
        self.0.put_u64(slot + 4, child.get());
    }

    /// Points entry `at` of an inner page to another child.
    pub fn set_child(&mut self, at: usize, child: PageId) {
        debug_assert!(self.kind() == Kind::Inner && at < self.len());
        let slot = self.slot_at(at);
        self.0.put_u64(slot + 4, child.get());
    }

    /// The value of entry `at` of a leaf, to be changed without changing its length.
    pub fn value_mut(&mut self, at: usize) -> &mut [u8] {
        debug_assert!(self.kind() == Kind::Leaf);
        let slot = self.slot(at);
        let start = slot.offset + slot.key_len;
        &mut self.0.bytes_mut()[start..start + slot.value_len]
    }

    /// Changes the length of entry `at`'s value, whose bytes are then unspecified.
    ///
    /// # Panics
    /// If a longer value finds no room: the caller asked [`Self::has_room`] first.
    pub fn resize_value(&mut self, at: usize, value_len: usize) {
        let slot = self.slot(at);
        let place = self.slot_at(at);
        if value_len <= slot.value_len {
            self.0.put_u16(place + 4, narrow(value_len));
            self.add_garbage(slot.value_len - value_len);
            return;
        }
        // The old copy counts as garbage while a new place is found, which may need just those bytes.
        let mut key = [0; MAX_KEY];
        let key = &mut key[..slot.key_len];
        key.copy_from_slice(self.slice(slot.offset, slot.key_len));
        self.add_garbage(slot.key_len + slot.value_len);
        self.0.put_u16(place + 2, 0);
        self.0.put_u16(place + 4, 0);
        let offset = self.allocate(slot.key_len + value_len);
        self.0.put_u16(place, narrow(offset));
        self.0.put_u16(place + 2, narrow(slot.key_len));
        self.0.put_u16(place + 4, narrow(value_len));
        self.0.bytes_mut()[offset..offset + slot.key_len].copy_from_slice(key);
    }

    /// Removes entry `at`.
    pub fn remove(&mut self, at: usize) {
        let (slot, count) = (self.slot(at), self.len());
        let width = self.kind().slot_bytes();
        let (heads, slots) = (NODE_HEADER, self.slot_at(0));
        let bytes = self.0.bytes_mut();
        bytes.copy_within(heads + HEAD * (at + 1)..heads + HEAD * count, heads + HEAD * at);
        bytes.copy_within(slots + width * (at + 1)..slots + width * count, slots + width * at);
        self.0.put_u16(COUNT, narrow(count - 1));
        self.add_garbage(slot.key_len + slot.value_len);
    }

    /// Fills `into`, freshly formatted with fences of its own, with the entries in `range`.
    pub fn copy_entries(&self, range: Range<usize>, into: &mut SlottedPage) {
        assert!(into.is_empty() && into.capacity() == 0, "{:?} is not fresh", into.0.id());
        // Exactly as many slots as are needed: growing in steps might waste the bytes of the last entries.
        into.0.put_u16(CAPACITY, narrow(range.len()));
        let (last, run) = (usize::from(self.0.u16(LAST_INSERT)), self.0.u16(RUN));
        let (last, run) =
            if range.contains(&last) { (last - range.start, run) } else { (range.len().saturating_sub(1), 0) };
        let mut key = Vec::with_capacity(64);
        for at in range {
            self.copy_key(at, &mut key);
            let to = into.len();
            match self.kind() {
                Kind::Leaf => into.insert_value(to, &key, &[self.value(at)]),
                Kind::Inner => into.insert_child(to, &key, self.child(at)),
            }
        }
        // Copying is no run; the one that was seen goes where its last entry goes.
        into.0.put_u16(LAST_INSERT, narrow(last));
        into.0.put_u16(RUN, run);
    }

    /// Rebuilds the page with the entries in `range` and other fences, compact. Id, tree, level and LSN stay.
    pub fn rebuild(&mut self, range: Range<usize>, lower: &[u8], upper: Option<&[u8]>) {
        let mut fresh = Page::zeroed();
        let into = SlottedPage::of_mut(&mut fresh);
        into.format(self.0.id(), self.0.tree(), self.level(), lower, upper);
        self.copy_entries(range, into);
        into.0.set_lsn(self.0.lsn());
        self.0.bytes_mut().copy_from_slice(fresh.bytes());
    }

    /// Whether the page's entries would fit if it had these fences.
    pub fn fits_with_fences(&self, lower: &[u8], upper: Option<&[u8]>) -> bool {
        let prefix = upper.map_or(0, |upper| common_prefix(lower, upper));
        let longer = self.len() * self.prefix().len().saturating_sub(prefix);
        let slots = self.len() * (HEAD + self.kind().slot_bytes());
        let heap: usize = (0..self.len()).map(|at| self.slot(at).key_len + self.slot(at).value_len).sum();
        NODE_HEADER + slots + heap + longer + lower.len() + upper.map_or(0, <[u8]>::len) <= PAGE_SIZE
    }

    pub(super) fn write_fences(&mut self, lower: &[u8], upper: Option<&[u8]>) {
        let at = self.allocate(lower.len());
        self.0.bytes_mut()[at..at + lower.len()].copy_from_slice(lower);
        self.0.put_u16(LOWER_OFFSET, narrow(at));
        self.0.put_u16(LOWER_LEN, narrow(lower.len()));
        self.0.bytes_mut()[UNBOUNDED] = u8::from(upper.is_none());
        let upper = upper.unwrap_or_default();
        let at = self.allocate(upper.len());
        self.0.bytes_mut()[at..at + upper.len()].copy_from_slice(upper);
        self.0.put_u16(UPPER_OFFSET, narrow(at));
        self.0.put_u16(UPPER_LEN, narrow(upper.len()));
        // Without an upper fence `upper` is empty here, and so is the prefix.
        self.0.put_u16(PREFIX_LEN, narrow(common_prefix(lower, upper)));
    }

    /// Makes a slot before position `at` for a suffix, which is copied in, and `value_len` bytes behind it.
    /// Returns where the slot is.
    fn open_slot(&mut self, at: usize, suffix: &[u8], value_len: usize) -> usize {
        let (count, bytes) = (self.len(), suffix.len() + value_len);
        assert!(at <= count, "insertion at {at} of {count}");
        let searched = at >= self.kind().first_searched();
        debug_assert!(searched || count == 0, "an entry in front of the lower fence");
        if searched {
            self.share(suffix);
        }
        if count == self.capacity() {
            self.add_slots(bytes);
        }
        let offset = self.allocate(bytes);
        let width = self.kind().slot_bytes();
        let (heads, slots) = (NODE_HEADER, self.slot_at(0));
        let page = self.0.bytes_mut();
        page[offset..offset + suffix.len()].copy_from_slice(suffix);
        page.copy_within(heads + HEAD * at..heads + HEAD * count, heads + HEAD * (at + 1));
        page.copy_within(slots + width * at..slots + width * count, slots + width * (at + 1));
        self.0.put_u16(COUNT, narrow(count + 1));
        self.0.put_u32(heads + HEAD * at, if searched { head_of(&suffix[self.shared().len()..]) } else { 0 });
        self.note_insertion(at);
        let slot = slots + width * at;
        self.0.put_u16(slot, narrow(offset));
        self.0.put_u16(slot + 2, narrow(suffix.len()));
        slot
    }

    /// Makes what the suffixes share what they share with this one, too, and the heads what follows.
    fn share(&mut self, suffix: &[u8]) {
        let entries = self.kind().first_searched()..self.len();
        let shared = if entries.is_empty() {
            suffix.len().min(SHARED_MAX)
        } else {
            let shared = common_prefix(self.shared(), suffix);
            if shared == self.shared().len() || cfg!(planted = "shared_bytes_not_lessened") {
                return;
            }
            shared
        };
        let field = &mut self.0.bytes_mut()[SHARED..NODE_HEADER];
        field.fill(0);
        field[0] = shared as u8;
        field[1..=shared].copy_from_slice(&suffix[..shared]);
        for at in entries {
            let head = head_of(&self.suffix(at)[shared..]);
            self.0.put_u32(NODE_HEADER + HEAD * at, head);
        }
    }

    /// Keeps the hint of [`Self::insertions`].
    #[inline]
    fn note_insertion(&mut self, at: usize) {
        let (last, run) = (usize::from(self.0.u16(LAST_INSERT)), self.0.u16(RUN).cast_signed());
        let run = if at == last + 1 {
            run.max(0).saturating_add(1)
        } else if at == last {
            run.min(0).saturating_sub(1)
        } else {
            0
        };
        self.0.put_u16(LAST_INSERT, narrow(at));
        self.0.put_u16(RUN, run.cast_unsigned());
    }

    /// Adds slots: a step of them if an entry of `bytes` still fits behind, otherwise the one that is needed.
    fn add_slots(&mut self, bytes: usize) {
        let each = HEAD + self.kind().slot_bytes();
        let available = self.gap() + usize::from(self.0.u16(GARBAGE));
        let more = if SLOTS_STEP * each + bytes <= available { SLOTS_STEP } else { 1 };
        if self.gap() < more * each {
            self.compact();
        }
        assert!(self.gap() >= more * each, "no room for a slot");
        let (from, count) = (self.slot_at(0), self.len());
        let capacity = self.capacity() + more;
        self.0.put_u16(CAPACITY, narrow(capacity));
        let to = self.slot_at(0);
        let end = from + count * self.kind().slot_bytes();
        self.0.bytes_mut().copy_within(from..end, to);
    }

    /// Finds `bytes` of heap, compacting if they are there but scattered.
    fn allocate(&mut self, bytes: usize) -> usize {
        if self.gap() < bytes {
            self.compact();
        }
        assert!(self.gap() >= bytes, "no room for {bytes} bytes in {:?}", self.0.id());
        let start = usize::from(self.0.u16(HEAP_START)) - bytes;
        self.0.put_u16(HEAP_START, narrow(start));
        start
    }

    /// Gathers the live parts of the heap at the end of the page.
    fn compact(&mut self) {
        let old = self.0.bytes().to_owned();
        let mut start = PAGE_SIZE;
        let mut moved = |page: &mut Page, field: usize, len: usize| {
            let from = usize::from(page.u16(field));
            start -= len;
            page.bytes_mut()[start..start + len].copy_from_slice(&old[from..from + len]);
            page.put_u16(field, narrow(start));
        };
        let (lower, upper) = (usize::from(self.0.u16(LOWER_LEN)), usize::from(self.0.u16(UPPER_LEN)));
        moved(&mut self.0, LOWER_OFFSET, lower);
        moved(&mut self.0, UPPER_OFFSET, upper);
        for at in 0..self.len() {
            let slot = self.slot(at);
            let place = self.slot_at(at);
            moved(&mut self.0, place, slot.key_len + slot.value_len);
        }
        self.0.put_u16(HEAP_START, narrow(start));
        self.0.put_u16(GARBAGE, 0);
    }

    fn add_garbage(&mut self, bytes: usize) {
        let garbage = usize::from(self.0.u16(GARBAGE)) + bytes;
        self.0.put_u16(GARBAGE, narrow(garbage));
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
