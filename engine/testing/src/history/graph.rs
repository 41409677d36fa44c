//! Who must come before whom, and a search for the cycles that snapshot isolation forbids.
//!
//! Each transaction is two nodes: reached by a dependency, and reached by an anti-dependency (`rw`). Only from the first may an
//! `rw` go on. So each cycle of these nodes is one without two `rw` in a row.

use std::collections::VecDeque;
use std::fmt;

/// Why one transaction comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its append to the list came first.
    Ww(u64),
    /// Its append to the list was read.
    Wr(u64),
    /// It read the list without the other's append.
    Rw(u64),
    /// It was over before the other began.
    Rt,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edge::Ww(key) => write!(f, "ww({key})"),
            Edge::Wr(key) => write!(f, "wr({key})"),
            Edge::Rw(key) => write!(f, "rw({key})"),
            Edge::Rt => f.write_str("rt"),
        }
    }
}

/// Transactions, moments between them, and edges.
#[derive(Debug)]
pub(super) struct Graph {
    /// Transactions come first; the rest are moments, which stand for "all that was over by now".
    transactions: usize,
    edges: Vec<Vec<(usize, Edge)>>,
}

impl Graph {
    pub(super) fn new(transactions: usize) -> Self {
        Graph { transactions, edges: vec![Vec::new(); transactions] }
    }

    /// A new moment.
    pub(super) fn moment(&mut self) -> usize {
        self.edges.push(Vec::new());
        self.edges.len() - 1
    }

    pub(super) fn add(&mut self, from: usize, to: usize, edge: Edge) {
        if from != to {
            self.edges[from].push((to, edge));
        }
    }

    /// A cycle without two `rw` in a row: transactions, each with the edge to the next.
    pub(super) fn cycle(&self) -> Option<Vec<(usize, Edge)>> {
        let rest = self.after_sorting();
        let start = (0..rest.len()).filter(|&node| rest[node]);
        // Of the cycles through nodes that lie on one, the first found is among the shortest from its node.
        let path = start.take(1000).filter_map(|node| self.back_to(node, &rest)).min_by_key(Vec::len)?;
        Some(self.told(&path))
    }

    /// Successors in the doubled graph.
    fn next(&self, node: usize) -> impl Iterator<Item = (usize, Edge)> + '_ {
        let (at, by_rw) = (node / 2, node % 2 == 1);
        self.edges[at].iter().filter_map(move |&(to, edge)| match edge {
            Edge::Rw(_) => (!by_rw).then_some((2 * to + 1, edge)),
            Edge::Ww(_) | Edge::Wr(_) | Edge::Rt => Some((2 * to, edge)),
        })
    }

    /// Which nodes are left when all without predecessors are taken away, again and again (Kahn): none, if there is no cycle.
    fn after_sorting(&self) -> Vec<bool> {
        let count = 2 * self.edges.len();
        let mut before = vec![0_usize; count];
        (0..count).for_each(|node| self.next(node).for_each(|(to, _)| before[to] += 1));
        let mut free: Vec<usize> = (0..count).filter(|&node| before[node] == 0).collect();
        let mut rest = vec![true; count];
        while let Some(node) = free.pop() {
            rest[node] = false;
            for (to, _) in self.next(node) {
                before[to] -= 1;
                if before[to] == 0 {
                    free.push(to);
                }
            }
        }
        rest
    }

    /// The shortest way from `start` back to it, if there is one: each node with the edge out of it.
    fn back_to(&self, start: usize, within: &[bool]) -> Option<Vec<(usize, Edge)>> {
        let mut came: Vec<Option<(usize, Edge)>> = vec![None; within.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for (to, edge) in self.next(node).filter(|(to, _)| within[*to]) {
                if came[to].is_some() {
                    continue;
                }
                came[to] = Some((node, edge));
                if to == start {
                    return Some(trace(&came, start));
                }
                queue.push_back(to);
            }
        }
        None
    }

    /// The cycle without its moments.
    fn told(&self, path: &[(usize, Edge)]) -> Vec<(usize, Edge)> {
        path.iter().map(|(node, edge)| (node / 2, *edge)).filter(|(at, _)| *at < self.transactions).collect()
    }
}

fn trace(came: &[Option<(usize, Edge)>], start: usize) -> Vec<(usize, Edge)> {
    let (mut path, mut at) = (Vec::new(), start);
    while let Some((from, edge)) = came[at] {
        path.push((from, edge));
        at = from;
        if at == start {
            break;
        }
    }
    path.reverse();
    path
}
