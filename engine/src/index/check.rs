//! The structural checker: walks a whole tree and proves that it is one.
//!
//! Checked in every page: id, tree, type and level; that heads, slots and heap agree and do not overlap; that keys ascend,
//! lie between the fences and lead back to themselves when searched. Between pages: a child's fences are exactly its
//! separator and the next one, so leaves cover all keys without gap or overlap; no page is reached twice.

use std::collections::BTreeSet;

use super::error::TreeError;
use crate::buffer::{BufferError, BufferPool, PageId, PageType, TreeId, Visit};
use crate::storage::slotted::SlottedPage;

/// What a sound tree consists of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeReport {
    /// Pages per level, leaves first.
    pub pages: Vec<u64>,
    /// Entries in the leaves.
    pub entries: u64,
    /// Leaves without an entry.
    pub empty_leaves: u64,
    /// Mean share of a leaf in use, 0 to 1.
    pub leaf_fill: f64,
    /// Every page, the root included.
    pub reached: BTreeSet<PageId>,
}

/// Something in a tree is not as it must be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TreeFault {
    /// A page could not be read.
    #[error("{page:?}, reached from {from:?}: {error}")]
    Unreadable {
        /// The page.
        page: PageId,
        /// Its parent; the root itself for the root.
        from: PageId,
        /// Why.
        error: BufferError,
    },
    /// A page contradicts itself or its parent.
    #[error("{page:?}, reached from {from:?}: {what}")]
    Unsound {
        /// The page.
        page: PageId,
        /// Its parent; the root itself for the root.
        from: PageId,
        /// What is wrong.
        what: String,
    },
}

/// A page still to be visited, and what its parent says about it.
struct Expected {
    page: PageId,
    from: PageId,
    /// Nothing for the root.
    level: Option<u8>,
    lower: Vec<u8>,
    upper: Option<Vec<u8>>,
}

pub(super) fn check(pool: &BufferPool, tree: TreeId, root: PageId) -> Result<TreeReport, TreeFault> {
    let mut report = TreeReport::default();
    let mut pending = vec![Expected { page: root, from: root, level: None, lower: Vec::new(), upper: None }];
    let mut fill = 0.0;
    while let Some(expected) = pending.pop() {
        let Expected { page, from, .. } = expected;
        let unsound = |what: String| TreeFault::Unsound { page, from, what };
        if !report.reached.insert(page) {
            return Err(unsound("is reached twice".into()));
        }
        let held = pool.shared(page, Visit::Scan).map_err(|error| TreeFault::Unreadable { page, from, error })?;
        let node = SlottedPage::of(&held);
        check_identity(node, tree, &expected).map_err(unsound)?;
        node.check().map_err(unsound)?;
        let level = usize::from(node.level());
        report.pages.resize(report.pages.len().max(level + 1), 0);
        report.pages[level] += 1;
        if level == 0 {
            report.entries += node.len() as u64;
            report.empty_leaves += u64::from(node.is_empty());
            fill += node.fill();
        } else {
            pending.extend(children(node, page).map_err(unsound)?);
        }
    }
    report.leaf_fill = fill / report.pages[0] as f64;
    Ok(report)
}

/// Adds every page of the tree to `used`, reading inner pages only.
pub fn reachable(pool: &BufferPool, root: PageId, used: &mut BTreeSet<PageId>) -> Result<(), TreeError> {
    let mut pending = vec![root];
    while let Some(page) = pending.pop() {
        used.insert(page);
        let held = pool.shared(page, Visit::Scan)?;
        let node = SlottedPage::of(&held);
        match node.level() {
            0 => {}
            1 => used.extend((0..node.len()).map(|at| node.child(at))),
            2.. => pending.extend((0..node.len()).map(|at| node.child(at))),
        }
    }
    Ok(())
}

fn check_identity(node: &SlottedPage, tree: TreeId, expected: &Expected) -> Result<(), String> {
    let page = node.page();
    let kind = if node.level() == 0 { PageType::Leaf } else { PageType::Inner };
    if page.kind() != Some(kind) {
        return Err(format!("has type {:?} at level {}", page.kind(), node.level()));
    }
    if page.id() != expected.page || page.tree() != tree {
        return Err(format!("says it is {:?} of {:?}, not of {tree:?}", page.id(), page.tree()));
    }
    if expected.level.is_some_and(|level| level != node.level()) {
        return Err(format!("is at level {}, its parent says {:?}", node.level(), expected.level));
    }
    if node.lower_fence() != expected.lower || node.upper_fence() != expected.upper.as_deref() {
        return Err(format!(
            "covers {:?}..{:?}, its parent says {:?}..{:?}",
            node.lower_fence(),
            node.upper_fence(),
            expected.lower,
            expected.upper
        ));
    }
    Ok(())
}

fn children(node: &SlottedPage, page: PageId) -> Result<Vec<Expected>, String> {
    if node.is_empty() {
        return Err("has no child".into());
    }
    if node.key(0) != node.lower_fence() {
        return Err("its first child does not begin at its lower fence".into());
    }
    let child = |at: usize| Expected {
        page: node.child(at),
        from: page,
        level: Some(node.level() - 1),
        lower: node.key(at),
        upper: if at + 1 < node.len() { Some(node.key(at + 1)) } else { node.upper_fence().map(<[u8]>::to_vec) },
    };
    Ok((0..node.len()).map(child).collect())
}
