//! The way down: inner pages optimistically, the leaf as it is wanted.

use super::error::TreeError;
use crate::buffer::{BufferError, BufferPool, ExclusivePage, OptimisticPage, PageId, SharedPage, Visit};
use crate::metrics::Counter;
use crate::storage::slotted::{Kind, NodeBytes, SlottedPage, child_at, entry_count, find, level_of};

/// Restarts after which a descent lets others go first each time.
const EAGER_RESTARTS: u32 = 8;

/// Where a descent goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Toward<'k> {
    /// To the leaf that covers the key.
    At(&'k [u8]),
    /// To the leaf that covers the keys just below the key.
    Before(&'k [u8]),
    /// To the last leaf.
    Last,
}

/// How the leaf is held.
pub(super) trait LeafHold<'p>: Sized {
    fn hold(pool: &'p BufferPool, page: PageId, visit: Visit) -> Result<Self, BufferError>;
    fn level(&self) -> u8;
}

impl<'p> LeafHold<'p> for SharedPage<'p> {
    #[inline]
    fn hold(pool: &'p BufferPool, page: PageId, visit: Visit) -> Result<Self, BufferError> {
        pool.shared(page, visit)
    }

    #[inline]
    fn level(&self) -> u8 {
        SlottedPage::of(self).level()
    }
}

impl<'p> LeafHold<'p> for ExclusivePage<'p> {
    #[inline]
    fn hold(pool: &'p BufferPool, page: PageId, visit: Visit) -> Result<Self, BufferError> {
        pool.exclusive(page, visit)
    }

    #[inline]
    fn level(&self) -> u8 {
        SlottedPage::of(self).level()
    }
}

impl<'p> LeafHold<'p> for OptimisticPage<'p> {
    #[inline(always)]
    fn hold(pool: &'p BufferPool, page: PageId, visit: Visit) -> Result<Self, BufferError> {
        pool.optimistic(page, visit)
    }

    /// As everything read from it, to be validated.
    #[inline]
    fn level(&self) -> u8 {
        level_of(&self.bytes())
    }
}

/// The way to a page, up to its parent as it was when it led there.
#[derive(Debug)]
pub(super) struct Way<'p> {
    /// Nothing if the page is the root.
    pub(super) parent: Option<OptimisticPage<'p>>,
    pub(super) page: PageId,
}

/// Descends from `root` to a leaf and holds it. `at_parent` sees the leaf's parent and the entry taken, unvalidated.
#[inline]
pub(super) fn to_leaf<'p, H: LeafHold<'p>>(
    pool: &'p BufferPool,
    root: PageId,
    toward: Toward<'_>,
    visit: Visit,
    mut at_parent: impl FnMut(&OptimisticPage<'p>, usize),
) -> Result<H, TreeError> {
    let mut restarts = 0;
    loop {
        if let Some(leaf) = try_to_leaf(pool, root, toward, visit, &mut at_parent)? {
            return Ok(leaf);
        }
        restart(pool, &mut restarts);
    }
}

/// Descends from `root` to the page at `level` that covers `key`, without holding it.
pub(super) fn locate<'p>(pool: &'p BufferPool, root: PageId, key: &[u8], level: u8) -> Result<Way<'p>, TreeError> {
    let mut restarts = 0;
    loop {
        if let Some(way) = Way::find(pool, root, Toward::At(key), level, &mut |_, _| {})? {
            return Ok(way);
        }
        restart(pool, &mut restarts);
    }
}

/// Nothing means that a page changed underway.
#[inline(always)]
fn try_to_leaf<'p, H: LeafHold<'p>>(
    pool: &'p BufferPool,
    root: PageId,
    toward: Toward<'_>,
    visit: Visit,
    at_parent: &mut impl FnMut(&OptimisticPage<'p>, usize),
) -> Result<Option<H>, TreeError> {
    match Way::find(pool, root, toward, 0, at_parent)? {
        Some(way) => way.hold(pool, visit),
        None => Ok(None),
    }
}

impl<'p> Way<'p> {
    /// Goes down to the parent of the page at level `target`. `at_parent` sees it and the entry taken, unvalidated. Nothing
    /// means that a page changed underway.
    ///
    /// # Panics
    /// If the tree is not that high.
    #[inline(always)]
    pub(super) fn find(
        pool: &'p BufferPool,
        root: PageId,
        toward: Toward<'_>,
        target: u8,
        at_parent: &mut impl FnMut(&OptimisticPage<'p>, usize),
    ) -> Result<Option<Self>, TreeError> {
        let mut node = pool.optimistic(root, Visit::Inner)?;
        let mut level = level_of(&node.bytes());
        if !node.validate() {
            return Ok(None);
        }
        assert!(target <= level, "level {target} of a tree whose root is at level {level}");
        if level == target {
            return Ok(Some(Way { parent: None, page: root }));
        }
        while level > target + 1 {
            let Some((child, _)) = step(&node, toward) else { return Ok(None) };
            let Some(next) = after(&node, pool.optimistic(child, Visit::Inner))? else {
                return Ok(None);
            };
            node = next;
            level -= 1;
        }
        let Some((page, at)) = step(&node, toward) else { return Ok(None) };
        at_parent(&node, at);
        Ok(Some(Way { parent: Some(node), page }))
    }

    /// Holds the page, which is a leaf. Nothing means that it is no longer where the way leads.
    #[inline(always)]
    pub(super) fn hold<H: LeafHold<'p>>(self, pool: &'p BufferPool, visit: Visit) -> Result<Option<H>, TreeError> {
        let held = H::hold(pool, self.page, visit);
        match self.parent {
            Some(parent) => after(&parent, held),
            None => {
                // It may have grown between the look and the latch.
                let leaf = held?;
                Ok((leaf.level() == 0).then_some(leaf))
            }
        }
    }
}

/// The child to go to and its entry's number, or nothing if the node changed while it was read.
#[inline(always)]
fn step(node: &OptimisticPage<'_>, toward: Toward<'_>) -> Option<(PageId, usize)> {
    let bytes = node.bytes();
    let at = child_index(&bytes, toward);
    let child = child_at(&bytes, at);
    node.validate().then_some((child, at))
}

#[inline]
fn child_index(node: &impl NodeBytes, toward: Toward<'_>) -> usize {
    match toward {
        Toward::At(key) => match find(node, Kind::Inner, key) {
            Ok(at) => at,
            Err(at) => at.saturating_sub(1),
        },
        Toward::Before(key) => match find(node, Kind::Inner, key) {
            Ok(at) | Err(at) => at.saturating_sub(1),
        },
        Toward::Last => entry_count(node).saturating_sub(1),
    }
}

/// What was got from a child counts only if the parent still led there afterwards; otherwise even an error means nothing.
#[inline(always)]
fn after<T>(parent: &OptimisticPage<'_>, got: Result<T, BufferError>) -> Result<Option<T>, TreeError> {
    match got {
        Ok(child) => Ok(parent.validate().then_some(child)),
        Err(error) if parent.validate() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

#[cold]
fn restart(pool: &BufferPool, restarts: &mut u32) {
    pool.metrics().inc(Counter::TreeRestarts);
    *restarts += 1;
    if *restarts > EAGER_RESTARTS {
        crate::sync::thread::yield_now();
    }
}
