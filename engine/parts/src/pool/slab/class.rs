//! The sizes that objects come in.

/// Bytes of a slab. It begins at a multiple of this, so that an object's address tells its slab's.
pub(super) const SLAB_BYTES: usize = 64 * 1024;

/// Bytes of a slab that its header takes, at most.
pub(super) const HEADER_ROOM: usize = 2048;

/// The largest object: a slab of its own.
pub const MAX_BYTES: usize = SLAB_BYTES - HEADER_ROOM;

/// The largest object of the graded sizes; between this and [`MAX_BYTES`] there is nothing.
const GRADED_MAX: usize = 2048;

/// Sizes are multiples of this, and so are addresses.
pub(super) const UNIT: usize = 16;

/// Four sizes to a doubling: an object wastes a ninth of its memory on average.
const SIZES: [u16; Class::COUNT] = [
    16,
    32,
    48,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    384,
    448,
    512,
    640,
    768,
    896,
    1024,
    1280,
    1536,
    1792,
    2048,
    MAX_BYTES as u16,
];

/// The class of every number of units.
const BY_UNITS: [u8; GRADED_MAX / UNIT + 1] = {
    let (mut table, mut units, mut class) = ([0; GRADED_MAX / UNIT + 1], 0, 0);
    while units < table.len() {
        if units * UNIT > SIZES[class] as usize {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
};

/// A size of objects. Those of one class share slabs, whatever they are: so no class is too rare to be warm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    /// How many there are.
    pub(super) const COUNT: usize = 25;
    const WHOLE_SLAB: Class = Class(Class::COUNT as u8 - 1);

    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Class> {
        (0..Self::COUNT as u8).map(Class)
    }

    /// For objects of `bytes` that stand on multiples of `align`; `None`: they are not for slabs.
    #[inline]
    pub const fn of(bytes: usize, align: usize) -> Option<Class> {
        match bytes {
            _ if align > UNIT => None,
            0..=GRADED_MAX => Some(Class(BY_UNITS[bytes.div_ceil(UNIT)])),
            // Half empty, it would not be worth a slab.
            _ if bytes <= MAX_BYTES && bytes > MAX_BYTES / 2 => Some(Class::WHOLE_SLAB),
            _ => None,
        }
    }

    /// The place in a table of classes.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Bytes of an object.
    #[inline]
    pub(super) const fn bytes(self) -> usize {
        SIZES[self.0 as usize] as usize
    }

    /// Objects of a slab.
    pub(super) const fn objects(self) -> usize {
        MAX_BYTES / self.bytes()
    }

    /// Rounds of a magazine: so few that it holds no more than a slab's memory.
    #[inline]
    pub(super) const fn rounds(self) -> usize {
        let fitting = SLAB_BYTES / self.bytes();
        if fitting < super::ROUNDS { fitting } else { super::ROUNDS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_class_that_holds_it() {
        for bytes in 0..=GRADED_MAX {
            let class = Class::of(bytes, 8).expect("small ones have a class");
            assert!(class.bytes() >= bytes && class.bytes().is_multiple_of(UNIT));
            assert!(class.index() == 0 || usize::from(SIZES[class.index() - 1]) < bytes, "{bytes}");
        }
        assert_eq!(Class::of(GRADED_MAX + 1, 1), None);
        assert_eq!(Class::of(MAX_BYTES, 16).map(|class| (class.objects(), class.rounds())), Some((1, 1)));
        assert_eq!(Class::of(MAX_BYTES + 1, 1), None);
        assert_eq!(Class::of(64, 32), None, "alignment");
    }
}
