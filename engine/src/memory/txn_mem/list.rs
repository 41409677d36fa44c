//! A list that counts how often it asked the heap for room.

/// See the [module](self).
#[derive(Debug)]
pub struct List<T> {
    items: Vec<T>,
    growths: u64,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), growths: 0 }
    }
}

impl<T> List<T> {
    #[inline]
    pub(super) fn push(&mut self, item: T) {
        self.growths += u64::from(self.items.len() == self.items.capacity());
        self.items.push(item);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }

    #[inline]
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Forgets all items but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.items.truncate(len);
    }

    /// Gives back everything but the count of what it took.
    pub(super) fn free(&mut self) {
        self.items = Vec::new();
    }

    /// Gives back room beyond that for `items`.
    pub(super) fn shrink_to(&mut self, items: usize) {
        self.items.shrink_to(items);
    }

    /// Bytes of the room it has.
    pub(super) fn footprint_bytes(&self) -> usize {
        self.items.capacity() * size_of::<T>()
    }

    /// How often it has grown since this was last called.
    pub(super) fn take_growths(&mut self) -> u64 {
        std::mem::take(&mut self.growths)
    }
}
