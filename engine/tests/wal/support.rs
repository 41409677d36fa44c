//! What the log's tests share: small logs, recognisable records, reading back.

use engine::io::{Lsn, SimFs, Span};
use engine::metrics::Metrics;
use engine::transaction::wal::{CommitLog, CommitWait, Durability, LogEnd, LogFiles, WalError, WalOptions};
use std::sync::Arc;

/// Makes each generic test into three, in modules `serial`, `grouped` and `object`, where a log is known by its trait only.
macro_rules! every_variant {
    ($($(#[$doc:meta])* fn $name:ident<L: CommitLog>() $body:block)+) => {
        $($(#[$doc])* fn $name<L: CommitLog>() $body)+

        mod serial {
            $(#[test] fn $name() { super::$name::<engine::transaction::wal::serial::SerialLog>() })+
        }
        mod grouped {
            $(#[test] fn $name() { super::$name::<engine::transaction::wal::grouped::GroupedLog>() })+
        }
        mod object {
            use engine::transaction::wal::{CommitLog, grouped::GroupedLog};
            $(#[test] fn $name() { super::$name::<engine::compose::Object<GroupedLog, dyn CommitLog>>() })+
        }
    };
}
pub(crate) use every_variant;

/// Everything of a log that could be read.
#[derive(Debug)]
pub(crate) struct ReadBack {
    pub(crate) records: Vec<(Span, Vec<u8>)>,
    pub(crate) end: LogEnd,
}

/// Small enough that a few hundred records cross segments and fill the buffer.
pub(crate) fn small() -> WalOptions {
    WalOptions {
        durability: Durability::Full,
        segment_bytes: 16 << 10,
        buffer_bytes: 8 << 10,
        prepare_ahead: false,
        ..WalOptions::default()
    }
}

/// The i-th record: its number, then a length and bytes that follow from it.
pub(crate) fn payload(i: u64) -> Vec<u8> {
    let len = 9 + (i * 7919 % 300) as usize;
    let mut bytes = vec![1];
    bytes.extend_from_slice(&i.to_le_bytes());
    bytes.extend((bytes.len()..len).map(|b| (b as u64 * 31 + i) as u8));
    bytes
}

pub(crate) fn new_log<L: CommitLog>(fs: &SimFs, options: &WalOptions) -> (L, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let resume = LogFiles::discover(Arc::new(fs.clone())).unwrap().start_new().unwrap();
    (L::open(resume, options, metrics.clone()).unwrap(), metrics)
}

/// Reads the log from its very beginning and opens its next incarnation.
pub(crate) fn reopen<L: CommitLog>(fs: &SimFs, options: &WalOptions) -> L {
    let mut reader = LogFiles::discover(Arc::new(fs.clone())).unwrap().read_from(Lsn(4096), Lsn::ZERO).unwrap();
    while reader.next().unwrap().is_some() {}
    L::open(reader.into_resume(), options, Arc::new(Metrics::new())).unwrap()
}

pub(crate) fn append<L: CommitLog>(log: &L, payload: &[u8]) -> Span {
    append_result(log, payload).unwrap()
}

pub(crate) fn append_result<L: CommitLog>(log: &L, payload: &[u8]) -> Result<Span, WalError> {
    log.append(payload)
}

pub(crate) fn commit_and_wait<L: CommitLog>(log: &L, end: Lsn) -> Result<(), WalError> {
    match log.commit(end)? {
        CommitWait::Durable | CommitWait::Unsynced => Ok(()),
        CommitWait::Until(lsn) => log.wait(lsn),
    }
}

/// Reads from the log's very beginning, knowing nothing about what was durable.
pub(crate) fn read_all(fs: &SimFs) -> Result<ReadBack, WalError> {
    read_from(fs, Lsn(4096), Lsn::ZERO)
}

pub(crate) fn read_from(fs: &SimFs, start: Lsn, durable_at_least: Lsn) -> Result<ReadBack, WalError> {
    let mut reader = LogFiles::discover(Arc::new(fs.clone()))?.read_from(start, durable_at_least)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next()? {
        records.push((record.span, record.payload.to_vec()));
    }
    Ok(ReadBack { records, end: reader.end().unwrap() })
}
