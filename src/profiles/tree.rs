//! The call tree of folded stacks: for each place in it, what was counted there and below.

use std::collections::BTreeMap;

use super::folded::Folded;

/// Deeper frames are counted at the last frame that is kept, so that no recursion of the profiled program becomes one of
/// ours.
const DEPTH_MAX: usize = 512;

/// A call tree. Its root has no name and no count of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTree {
    /// Counted here, not below.
    pub own: u64,
    /// Counted here and below.
    pub total: u64,
    /// What was called from here, by name.
    pub children: BTreeMap<String, CallTree>,
}

impl CallTree {
    /// The tree of `folded`.
    pub fn of(folded: &Folded) -> Self {
        let mut root = Self::default();
        for (stack, count) in folded.stacks() {
            root.total += count;
            let mut node = &mut root;
            for frame in stack.iter().take(DEPTH_MAX) {
                node = node.children.entry(frame.clone()).or_default();
                node.total += count;
            }
            node.own += count;
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(text: &str) -> CallTree {
        CallTree::of(&text.parse().unwrap())
    }

    #[test]
    fn counts_by_hand() {
        let root = tree("main;read 3\nmain;read;copy 2\nmain;write;copy 4\nidle 1\n");
        assert_eq!((root.own, root.total), (0, 10));
        let main = &root.children["main"];
        assert_eq!((main.own, main.total), (0, 9));
        let read = &main.children["read"];
        assert_eq!((read.own, read.total), (3, 5));
        assert_eq!(read.children["copy"].own, 2);
        assert_eq!(main.children["write"].total, 4);
        assert_eq!(root.children["idle"].own, 1);
    }

    #[test]
    fn very_deep_stacks_are_cut_and_keep_their_count() {
        let deep = format!("{} 7", vec!["f"; 100_000].join(";"));
        let root = tree(&deep);
        assert_eq!(root.total, 7);
        let mut node = &root;
        let mut depth = 0;
        while let Some(child) = node.children.get("f") {
            (node, depth) = (child, depth + 1);
        }
        assert_eq!((depth, node.own), (DEPTH_MAX, 7));
    }

    /// What is counted at a node and in its children is its total, everywhere.
    fn conserves(node: &CallTree) -> bool {
        let below: u64 = node.children.values().map(|child| child.total).sum();
        node.own + below == node.total && node.children.values().all(conserves)
    }

    proptest! {
        #[test]
        fn nothing_is_lost(stacks in prop::collection::vec((prop::collection::vec("[a-d]", 1..8), 0..99_u64), 0..40)) {
            let mut folded = Folded::default();
            for (stack, count) in stacks {
                folded.add(stack, count);
            }
            let root = CallTree::of(&folded);
            prop_assert_eq!(root.total, folded.total());
            prop_assert!(conserves(&root));
        }
    }
}
