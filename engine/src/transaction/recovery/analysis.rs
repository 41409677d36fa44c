//! The first pass over the log: who was open when it ended, and what had they done?

use std::collections::BTreeMap;

use super::OpenError;
use crate::io::Lsn;
use crate::transaction::checkpoint::{CHECKPOINT, Checkpoint, is_record_of};
use crate::transaction::row_log::Record;
use crate::transaction::stamp::{Ts, TxnId};
use crate::transaction::wal::LogReader;

/// What the log says about transactions.
#[derive(Debug)]
pub(super) struct Analysis {
    /// Transactions without an end, and their changes that are not compensated, oldest first.
    pub(super) losers: BTreeMap<TxnId, Vec<Done>>,
    /// Above every id in the log and before the checkpoint.
    pub(super) next_txn: TxnId,
    /// At least every timestamp in the log and before the checkpoint.
    pub(super) ts: Ts,
    /// Commits whose timestamps, taken after their records, are not in the log.
    ts_taken_later: u64,
    saw_checkpoint: bool,
    /// Where reading began: of transactions that had ended by the checkpoint, records may lie below.
    from: Lsn,
}

/// A change that may have to be undone.
#[derive(Debug)]
pub(super) struct Done {
    /// Start of its record.
    pub(super) lsn: Lsn,
    /// Its record.
    pub(super) payload: Box<[u8]>,
}

impl Analysis {
    /// Reads the log to its end.
    pub(super) fn run(reader: &mut LogReader, checkpoint: &Checkpoint) -> Result<Self, OpenError> {
        let mut analysis = Self {
            losers: BTreeMap::new(),
            next_txn: checkpoint.next_txn,
            ts: checkpoint.ts,
            ts_taken_later: 0,
            saw_checkpoint: false,
            from: checkpoint.analysis_from,
        };
        while let Some(record) = reader.next()? {
            let lsn = record.span.start;
            if record.payload[0] == CHECKPOINT {
                analysis.saw_checkpoint |= lsn == checkpoint.record && is_record_of(checkpoint, record.payload);
            } else if Record::is_kind(record.payload[0]) {
                let decoded =
                    Record::decode(record.payload).map_err(|why| OpenError::Record { lsn, why: why.to_string() })?;
                analysis.note(lsn, record.payload, &decoded)?;
            }
        }
        if analysis.saw_checkpoint {
            // Each of them took one, and those not counted here took it before the checkpoint did its own.
            analysis.ts.0 += analysis.ts_taken_later;
            return Ok(analysis);
        }
        let why = "it is not the checkpoint record that the superblock names".to_owned();
        Err(OpenError::Record { lsn: checkpoint.record, why })
    }

    fn note(&mut self, lsn: Lsn, payload: &[u8], record: &Record<'_>) -> Result<(), OpenError> {
        match *record {
            Record::Insert { txn, .. } | Record::Change { txn, .. } => {
                self.next_txn = self.next_txn.max(TxnId(txn.0 + 1));
                self.losers.entry(txn).or_default().push(Done { lsn, payload: payload.into() });
            }
            Record::UndoInsert { txn, undone, .. } | Record::UndoChange { txn, undone, .. } => {
                let last = self.losers.get_mut(&txn).and_then(Vec::pop).map(|done| done.lsn);
                let is_below = last.is_none() && undone < self.from;
                if last != Some(undone) && !is_below {
                    let why =
                        format!("it undoes the record at {undone}, which is not the last of transaction {}", txn.0);
                    return Err(OpenError::Record { lsn, why });
                }
            }
            Record::Commit { txn, ts } => {
                match ts {
                    Some(ts) => self.ts = self.ts.max(ts),
                    None => self.ts_taken_later += 1,
                }
                self.losers.remove(&txn);
            }
            Record::RolledBack { txn } => {
                self.losers.remove(&txn);
            }
            Record::Purge { .. } => {}
        }
        Ok(())
    }
}
