//! Whether a page is what the layout says.

use super::layout::{GARBAGE, HEAP_START, NODE_HEADER, SHARED, SHARED_MAX, SlottedPage, head_of};
use crate::page::PAGE_SIZE;

impl SlottedPage {
    /// Checks everything that can be seen in the page alone; says what is wrong first.
    pub fn check(&self) -> Result<(), String> {
        self.check_heap()?;
        self.check_order()
    }

    /// Pieces lie in the heap, do not overlap, and with the garbage fill it exactly.
    fn check_heap(&self) -> Result<(), String> {
        let heap_start = usize::from(self.0.u16(HEAP_START));
        if self.len() > self.capacity() || self.slots_end() > heap_start || heap_start > PAGE_SIZE {
            return Err(format!("{} entries, {} slots, heap at {heap_start}", self.len(), self.capacity()));
        }
        let mut pieces: Vec<(usize, usize)> = (0..self.len())
            .map(|at| {
                let slot = self.slot(at);
                (slot.offset, slot.key_len + slot.value_len)
            })
            .collect();
        pieces.extend(self.fence_pieces());
        pieces.retain(|&(_, len)| len > 0);
        pieces.sort_unstable();
        let mut end = heap_start;
        let mut used = 0;
        for (offset, len) in pieces {
            if offset < end || offset + len > PAGE_SIZE {
                return Err(format!("{len} bytes at {offset} overlap the piece that ends at {end}, or leave the page"));
            }
            end = offset + len;
            used += len;
        }
        let garbage = usize::from(self.0.u16(GARBAGE));
        if heap_start + used + garbage != PAGE_SIZE {
            return Err(format!("heap at {heap_start} with {used} bytes in use and {garbage} of garbage"));
        }
        Ok(())
    }

    /// Keys ascend between the fences, and each head is the start of its suffix.
    fn check_order(&self) -> Result<(), String> {
        if !self.lower_fence().starts_with(self.prefix()) {
            return Err("the prefix is not the start of the lower fence".into());
        }
        let (shared, field) = (usize::from(self.0.bytes()[SHARED]), &self.0.bytes()[SHARED + 1..NODE_HEADER]);
        if shared > SHARED_MAX || field[shared..].iter().any(|byte| *byte != 0) {
            return Err(format!("{shared} bytes are shared, of {field:?}"));
        }
        let mut before: Option<Vec<u8>> = None;
        for at in 0..self.len() {
            let key = self.key(at);
            let head = match self.suffix(at).strip_prefix(self.shared()) {
                _ if at < self.kind().first_searched() => 0,
                Some(rest) => head_of(rest),
                None => return Err(format!("entry {at}: key {key:?} does not begin as the others")),
            };
            if self.head(at) != head {
                return Err(format!("entry {at}: the head is not that of the key"));
            }
            if !self.covers(&key) {
                return Err(format!("entry {at}: key {key:?} is outside the fences"));
            }
            if before.is_some_and(|before| before >= key) {
                return Err(format!("entry {at}: key {key:?} is not above the one before"));
            }
            if self.search(&key) != Ok(at) {
                return Err(format!("entry {at}: a search for key {key:?} gives {:?}", self.search(&key)));
            }
            before = Some(key);
        }
        Ok(())
    }
}
