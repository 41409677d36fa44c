//! The difference between two states of a row: one range of bytes.

/// Replace `before_len` bytes at `at` by `after`. `before` holds those bytes, or is empty where they are never wanted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch<'a> {
    /// Bytes in front that stay.
    pub at: usize,
    /// Bytes replaced.
    pub before_len: usize,
    /// What they were.
    pub before: &'a [u8],
    /// What they become.
    pub after: &'a [u8],
}

impl<'a> Patch<'a> {
    /// Nothing changes.
    pub const NONE: Patch<'static> = Patch { at: 0, before_len: 0, before: &[], after: &[] };

    /// The shortest range that turns `old` into `new`.
    #[must_use]
    pub fn between(old: &'a [u8], new: &'a [u8]) -> Self {
        let at = common_prefix(old, new);
        let (old, new) = (&old[at..], &new[at..]);
        let tail = common_suffix(old, new);
        let before = &old[..old.len() - tail];
        Patch { at, before_len: before.len(), before, after: &new[..new.len() - tail] }
    }

    /// The way back. Needs `before`.
    #[must_use]
    pub fn reversed(self) -> Self {
        debug_assert_eq!(self.before.len(), self.before_len, "this patch knows no way back");
        Patch { at: self.at, before_len: self.after.len(), before: self.after, after: self.before }
    }

    /// The same without the way back.
    #[must_use]
    pub fn forward_only(self) -> Self {
        Patch { before: &[], ..self }
    }

    /// Applies it to `row`; `None` if it does not fit, and the row is as it was.
    #[must_use]
    pub fn apply(&self, row: &mut Vec<u8>) -> Option<()> {
        let end = self.at.checked_add(self.before_len)?;
        if end > row.len() {
            return None;
        }
        if self.before_len == self.after.len() {
            row[self.at..end].copy_from_slice(self.after);
        } else {
            row.splice(self.at..end, self.after.iter().copied());
        }
        Some(())
    }
}

/// Compared at a time as long as they agree: most of a row does.
const BLOCK: usize = 32;

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.as_chunks::<BLOCK>().0.iter().zip(b.as_chunks::<BLOCK>().0);
    let mut at = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[at..], &b[at..]);
    for (&a, &b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        let differ = u64::from_le_bytes(a) ^ u64::from_le_bytes(b);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let done = a.len().min(b.len()) / 8 * 8;
    at + a[done..].iter().zip(&b[done..]).take_while(|(a, b)| a == b).count()
}

fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.as_rchunks::<BLOCK>().1.iter().rev().zip(b.as_rchunks::<BLOCK>().1.iter().rev());
    let mut at = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - at], &b[..b.len() - at]);
    for (&a, &b) in a.as_rchunks().1.iter().rev().zip(b.as_rchunks().1.iter().rev()) {
        let differ = u64::from_le_bytes(a) ^ u64::from_le_bytes(b);
        if differ != 0 {
            return at + differ.leading_zeros() as usize / 8;
        }
        at += 8;
    }
    let done = a.len().min(b.len()) / 8 * 8;
    let (a, b) = (&a[..a.len() - done], &b[..b.len() - done]);
    at + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_changed_range() {
        let patch = Patch::between(b"stock 0017 of 99, a long text", b"stock 0026 of 99, a long text");
        assert_eq!((patch.at, patch.before, patch.after), (8, b"17".as_slice(), b"26".as_slice()));
        assert_eq!(Patch::between(b"aaa", b"aaaa").after, b"a");
        assert_eq!(Patch::between(b"same", b"same"), Patch { at: 4, ..Patch::NONE });
    }

    proptest! {
        #[test]
        fn the_shortest_range(front in "[ab]{0,80}", old in "[ab]{0,40}", new in "[ab]{0,40}", back in "[ab]{0,80}") {
            let (old, new) = ([&front, &old, &back].map(|part| &**part).concat(), [&front, &new, &back].map(|part| &**part).concat());
            let (old, new) = (old.as_bytes(), new.as_bytes());
            let at = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            let tail = old[at..].iter().rev().zip(new[at..].iter().rev()).take_while(|(old, new)| old == new).count();
            let patch = Patch::between(old, new);
            prop_assert_eq!((patch.at, patch.before_len), (at, old.len() - at - tail));
            prop_assert_eq!((patch.before, patch.after), (&old[at..old.len() - tail], &new[at..new.len() - tail]));
        }

        #[test]
        fn there_and_back(old in "[ab]{0,40}", new in "[ab]{0,40}") {
            let patch = Patch::between(old.as_bytes(), new.as_bytes());
            let mut row = old.clone().into_bytes();
            prop_assert!(patch.apply(&mut row).is_some());
            prop_assert_eq!(&row, new.as_bytes());
            prop_assert!(patch.reversed().apply(&mut row).is_some());
            prop_assert_eq!(row, old.into_bytes());
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let patch = Patch { at: 3, before_len: 2, before: &[], after: b"x" };
        let mut row = b"abcd".to_vec();
        assert_eq!(patch.apply(&mut row), None);
        assert_eq!(row, b"abcd");
    }
}
