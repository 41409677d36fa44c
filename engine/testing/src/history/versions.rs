//! The order of each list's appends, and what each transaction saw of it. Anomalies that need no cycle come to light here.

use std::collections::HashMap;

use super::check::Anomaly;
use super::record::{Done, Ending, Event, History};

/// One read of another's writes: the list without what the transaction itself had appended before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) reader: usize,
    pub(super) key: u64,
    /// Appends that it saw.
    pub(super) count: usize,
}

/// Who appended what, in which order, and who saw how much of it.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// By list: the writers of its appends, in their order.
    pub(super) writers: HashMap<u64, Vec<usize>>,
    pub(super) seen: Vec<Seen>,
}

struct Write {
    writer: usize,
    key: u64,
    /// Not the last one of its transaction to this list.
    intermediate: bool,
}

/// Reads the versions off a history.
pub(super) fn versions(history: &History) -> Result<Versions, Anomaly> {
    let writes = writes(history)?;
    let mut orders: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut seen = Vec::new();
    for (reader, done) in history.transactions.iter().enumerate() {
        if done.ending == Ending::Aborted {
            // Even a transaction that fails has read from a snapshot, but what it did afterwards binds nobody.
            continue;
        }
        for (key, others) in reads(reader, done)? {
            let order = orders.entry(key).or_default();
            let common = order.len().min(others.len());
            if order[..common] != others[..common] {
                return Err(Anomaly::Diverging { key, one: order.clone(), other: others });
            }
            judge(&writes, history, reader, key, &others)?;
            seen.push(Seen { reader, key, count: others.len() });
            if others.len() > order.len() {
                *order = others;
            }
        }
    }
    lost(history, &orders)?;
    let writers = |(key, order): (u64, Vec<u64>)| (key, order.iter().map(|value| writes[value].writer).collect());
    Ok(Versions { writers: orders.into_iter().map(writers).collect(), seen })
}

fn writes(history: &History) -> Result<HashMap<u64, Write>, Anomaly> {
    let mut writes = HashMap::new();
    for (writer, done) in history.transactions.iter().enumerate() {
        let mut last: HashMap<u64, u64> = HashMap::new();
        for event in &done.events {
            let Event::Append { key, value } = *event else { continue };
            if writes.insert(value, Write { writer, key, intermediate: false }).is_some() {
                return Err(Anomaly::NotAHistory(format!("{value} was appended twice")));
            }
            if let Some(before) = last.insert(key, value).and_then(|before| writes.get_mut(&before)) {
                before.intermediate = true;
            }
        }
    }
    Ok(writes)
}

/// What a transaction read of others, list by list, its own appends taken off.
fn reads(reader: usize, done: &Done) -> Result<Vec<(u64, Vec<u64>)>, Anomaly> {
    let (mut own, mut reads) = (HashMap::<u64, Vec<u64>>::new(), HashMap::<u64, Vec<u64>>::new());
    let mut in_order = Vec::new();
    for event in &done.events {
        match event {
            Event::Append { key, value } => own.entry(*key).or_default().push(*value),
            Event::Read { key, list } => {
                let own = own.get(key).map_or(&[][..], Vec::as_slice);
                let Some(others) = list.strip_suffix(own) else {
                    return Err(Anomaly::OwnWriteMissing { reader, key: *key, list: list.clone() });
                };
                match reads.get(key) {
                    Some(before) if before != others => {
                        let (one, other) = (before.clone(), others.to_vec());
                        return Err(Anomaly::NonRepeatable { reader, key: *key, one, other });
                    }
                    Some(_) => {}
                    None => {
                        reads.insert(*key, others.to_vec());
                        in_order.push(*key);
                    }
                }
            }
        }
    }
    Ok(in_order.into_iter().filter_map(|key| reads.remove_entry(&key)).collect())
}

/// Whether a reader may have seen these appends at all.
fn judge(
    writes: &HashMap<u64, Write>,
    history: &History,
    reader: usize,
    key: u64,
    others: &[u64],
) -> Result<(), Anomaly> {
    for (at, value) in others.iter().enumerate() {
        let Some(write) = writes.get(value).filter(|write| write.key == key) else {
            return Err(Anomaly::FromNowhere { reader, key, value: *value });
        };
        if history.transactions[write.writer].ending == Ending::Aborted {
            return Err(Anomaly::AbortedRead { reader, key, writer: write.writer });
        }
        if write.intermediate && at + 1 == others.len() {
            return Err(Anomaly::IntermediateRead { reader, key, writer: write.writer });
        }
    }
    Ok(())
}

/// Appends that were acknowledged and that the longest read of their list, made after they were, does not have.
fn lost(history: &History, orders: &HashMap<u64, Vec<u64>>) -> Result<(), Anomaly> {
    let latest = latest_reads(history);
    for (writer, done) in history.transactions.iter().enumerate() {
        for event in &done.events {
            let Event::Append { key, value } = event else { continue };
            let read_since = latest.get(key).is_some_and(|begun| *begun > done.over);
            if done.ending == Ending::Committed && read_since && !orders[key].contains(value) {
                return Err(Anomaly::LostAppend { writer, key: *key, value: *value });
            }
        }
    }
    Ok(())
}

/// When the last transaction that read a list began.
fn latest_reads(history: &History) -> HashMap<u64, u64> {
    let mut latest: HashMap<u64, u64> = HashMap::new();
    for done in history.transactions.iter().filter(|done| done.ending == Ending::Committed) {
        for event in &done.events {
            if let Event::Read { key, .. } = event {
                let begun = latest.entry(*key).or_default();
                *begun = done.begun.max(*begun);
            }
        }
    }
    latest
}
