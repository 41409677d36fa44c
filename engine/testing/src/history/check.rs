//! The verdict on a history.

use std::fmt;

use super::graph::{Edge, Graph};
use super::record::{Ending, History};
use super::versions::{Versions, versions};

/// Something that snapshot isolation forbids. Transactions are named by their place in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anomaly {
    /// The record itself is wrong: the test must be mended.
    NotAHistory(String),
    /// A value that nobody appended to this list.
    FromNowhere {
        /// Who read it.
        reader: usize,
        /// Which list.
        key: u64,
        /// The value.
        value: u64,
    },
    /// Adya's G1a: an append of a transaction that was rolled back was seen.
    AbortedRead {
        /// Who read it.
        reader: usize,
        /// Which list.
        key: u64,
        /// Who had appended it.
        writer: usize,
    },
    /// Adya's G1b: the middle of a transaction was seen.
    IntermediateRead {
        /// Who read it.
        reader: usize,
        /// Which list.
        key: u64,
        /// Whose middle.
        writer: usize,
    },
    /// Two reads of a list of which neither is the beginning of the other.
    Diverging {
        /// Which list.
        key: u64,
        /// One read.
        one: Vec<u64>,
        /// The other.
        other: Vec<u64>,
    },
    /// A transaction did not see its own append.
    OwnWriteMissing {
        /// Which transaction.
        reader: usize,
        /// Which list.
        key: u64,
        /// What it read.
        list: Vec<u64>,
    },
    /// A transaction read a list twice, and another's append came or went in between.
    NonRepeatable {
        /// Which transaction.
        reader: usize,
        /// Which list.
        key: u64,
        /// The first read.
        one: Vec<u64>,
        /// The second.
        other: Vec<u64>,
    },
    /// An acknowledged append that a later reader does not find.
    LostAppend {
        /// Who appended.
        writer: usize,
        /// To which list.
        key: u64,
        /// What.
        value: u64,
    },
    /// Each comes before the next, and the last before the first.
    Cycle(Vec<(usize, Edge)>),
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Anomaly::NotAHistory(why) => write!(f, "not a history: {why}"),
            Anomaly::FromNowhere { reader, key, value } => {
                write!(f, "T{reader} read {value} in list {key}, which nobody appended there")
            }
            Anomaly::AbortedRead { reader, key, writer } => {
                write!(f, "aborted read: T{reader} saw an append of T{writer} to list {key}, which was rolled back")
            }
            Anomaly::IntermediateRead { reader, key, writer } => {
                write!(f, "intermediate read: T{reader} saw list {key} in the middle of T{writer}")
            }
            Anomaly::Diverging { key, one, other } => {
                write!(f, "list {key} was read as {one:?} and as {other:?}: no order of appends explains both")
            }
            Anomaly::OwnWriteMissing { reader, key, list } => {
                write!(f, "T{reader} read {list:?} in list {key}, without its own appends at the end")
            }
            Anomaly::NonRepeatable { reader, key, one, other } => {
                write!(f, "T{reader} read list {key} as {one:?} and then as {other:?}")
            }
            Anomaly::LostAppend { writer, key, value } => {
                write!(f, "lost: {value}, which T{writer} appended to list {key} and which was acknowledged")
            }
            Anomaly::Cycle(cycle) => {
                cycle.iter().try_for_each(|(at, edge)| write!(f, "T{at} ─{edge}─▶ "))?;
                cycle.first().map_or(Ok(()), |(first, _)| write!(f, "T{first}"))
            }
        }
    }
}

impl std::error::Error for Anomaly {}

/// Whether strong snapshot isolation allows `history`. Read every list after the last append, lest its end is unknown.
///
/// # Errors
/// The first anomaly found.
pub fn check(history: &History) -> Result<(), Anomaly> {
    let versions = versions(history)?;
    let mut graph = Graph::new(history.transactions.len());
    add_versions(&mut graph, &versions);
    add_time(&mut graph, history);
    graph.cycle().map_or(Ok(()), |cycle| Err(Anomaly::Cycle(cycle)))
}

fn add_versions(graph: &mut Graph, Versions { writers, seen }: &Versions) {
    for (key, writers) in writers {
        writers.windows(2).for_each(|pair| graph.add(pair[0], pair[1], Edge::Ww(*key)));
    }
    for seen in seen {
        let writers = &writers[&seen.key];
        if let Some(last) = seen.count.checked_sub(1) {
            graph.add(writers[last], seen.reader, Edge::Wr(seen.key));
        }
        // Its own append may be the next one: that is no edge.
        if let Some(next) = writers.get(seen.count) {
            graph.add(seen.reader, *next, Edge::Rw(seen.key));
        }
    }
}

/// What was acknowledged before another began comes before it. Through moments, or there would be an edge for each pair.
fn add_time(graph: &mut Graph, history: &History) {
    let mut events = Vec::new();
    for (at, done) in history.transactions.iter().enumerate() {
        if done.ending != Ending::Aborted {
            events.push((done.begun, at, true));
        }
        if done.ending == Ending::Committed {
            events.push((done.over, at, false));
        }
    }
    events.sort_unstable();
    let mut now = graph.moment();
    for (_, at, begins) in events {
        if begins {
            graph.add(now, at, Edge::Rt);
        } else {
            let next = graph.moment();
            graph.add(now, next, Edge::Rt);
            graph.add(at, next, Edge::Rt);
            now = next;
        }
    }
}
