//! The call tree of folded stacks: for each place in it, what was counted there and below, in each stretch.

use std::collections::BTreeMap;

use super::folded::Folded;

/// Deeper frames are counted at the last frame that is kept, so that no recursion of the profiled program becomes one of
/// ours.
const DEPTH_MAX: usize = 512;

/// How often something was counted, for each stretch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

/// A call tree. Its root has no name and no count of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTree {
    /// Counted here, not below.
    pub own: Counts,
    /// Counted here and below.
    pub total: Counts,
    /// What was called from here, by name.
    pub children: BTreeMap<String, CallTree>,
}

impl Counts {
    /// Adds to the count of a stretch.
    pub fn add(&mut self, stretch: usize, count: u64) {
        if self.0.len() <= stretch {
            self.0.resize(stretch + 1, 0);
        }
        self.0[stretch] += count;
    }

    /// The count of a stretch.
    pub fn in_stretch(&self, stretch: usize) -> u64 {
        self.0.get(stretch).copied().unwrap_or_default()
    }

    /// The count of all stretches.
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl CallTree {
    /// The tree of all stretches' stacks.
    pub fn of<'a>(stretches: impl IntoIterator<Item = &'a Folded>) -> Self {
        let mut root = Self::default();
        for (stretch, folded) in stretches.into_iter().enumerate() {
            for (stack, count) in folded.stacks() {
                root.total.add(stretch, count);
                let mut node = &mut root;
                for frame in stack.iter().take(DEPTH_MAX) {
                    node = node.children.entry(frame.clone()).or_default();
                    node.total.add(stretch, count);
                }
                node.own.add(stretch, count);
            }
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(texts: &[&str]) -> CallTree {
        let stretches: Vec<Folded> = texts.iter().map(|text| text.parse().unwrap()).collect();
        CallTree::of(&stretches)
    }

    #[test]
    fn counts_by_hand() {
        let root = tree(&["main;read 3\nmain;read;copy 2\n", "main;write;copy 4\nmain;read 1\nidle 1\n"]);
        assert_eq!((root.own.sum(), root.total.sum()), (0, 11));
        let main = &root.children["main"];
        assert_eq!((main.own.sum(), main.total.in_stretch(0), main.total.in_stretch(1)), (0, 5, 5));
        let read = &main.children["read"];
        assert_eq!((read.own.in_stretch(0), read.own.in_stretch(1), read.total.sum()), (3, 1, 6));
        assert_eq!(read.children["copy"].own.sum(), 2);
        assert_eq!(main.children["write"].total.in_stretch(0), 0);
        assert_eq!(root.children["idle"].own.in_stretch(1), 1);
        assert_eq!(root.children["idle"].own.in_stretch(7), 0);
    }

    #[test]
    fn very_deep_stacks_are_cut_and_keep_their_count() {
        let deep = format!("{} 7", vec!["f"; 100_000].join(";"));
        let root = tree(&[&deep]);
        assert_eq!(root.total.sum(), 7);
        let mut node = &root;
        let mut depth = 0;
        while let Some(child) = node.children.get("f") {
            (node, depth) = (child, depth + 1);
        }
        assert_eq!((depth, node.own.sum()), (DEPTH_MAX, 7));
    }

    /// What is counted at a node and in its children is its total, everywhere.
    fn conserves(node: &CallTree) -> bool {
        let below: u64 = node.children.values().map(|child| child.total.sum()).sum();
        node.own.sum() + below == node.total.sum() && node.children.values().all(conserves)
    }

    proptest! {
        #[test]
        fn nothing_is_lost(stacks in prop::collection::vec((prop::collection::vec("[a-d]", 1..8), 0..99_u64), 0..40)) {
            let mut stretches = [Folded::default(), Folded::default()];
            for (n, (stack, count)) in stacks.into_iter().enumerate() {
                stretches[n % 2].add(stack, count);
            }
            let root = CallTree::of(&stretches);
            prop_assert_eq!(root.total.sum(), stretches[0].total() + stretches[1].total());
            prop_assert!(conserves(&root));
        }
    }
}
