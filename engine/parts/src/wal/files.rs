//! The log as found on disk, before anybody writes to it.

use super::WalError;
use super::reader::LogReader;
use super::record::Epoch;
use super::segment::{LogFileName, SegmentHeader, SegmentNumber};
use crate::io::{AlignedBuf, BLOCK, Lsn, Vfs};
use std::sync::Arc;

/// The segment files of a directory.
#[derive(Debug)]
pub struct LogFiles {
    pub(super) vfs: Arc<dyn Vfs>,
    pub(super) segments: Vec<Found>,
    pub(super) spares: Vec<u64>,
}

/// A segment file, and its header or what is wrong with it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) number: SegmentNumber,
    pub(super) header: Result<SegmentHeader, String>,
}

/// Where the next incarnation of a log takes up.
#[derive(Debug)]
pub struct Resume {
    pub(super) vfs: Arc<dyn Vfs>,
    /// Segments that are still needed, oldest first.
    pub(super) live: Vec<SegmentHeader>,
    /// Segment files that hold nothing needed, left over from a recycling that a crash cut short.
    pub(super) stale: Vec<SegmentNumber>,
    pub(super) spares: Vec<u64>,
    /// End of the valid log.
    pub(super) end: Lsn,
    pub(super) epoch: Epoch,
}

impl LogFiles {
    /// Lists the log's files and reads their headers. A damaged header is reported only when its segment is read.
    ///
    /// # Errors
    /// The directory or a file cannot be read.
    pub fn discover(vfs: Arc<dyn Vfs>) -> Result<LogFiles, WalError> {
        let mut segments = Vec::new();
        let mut spares = Vec::new();
        let mut block = AlignedBuf::zeroed(BLOCK);
        for name in vfs.list()? {
            match LogFileName::parse(&name) {
                Some(LogFileName::Segment(number)) => {
                    let file = vfs.open(&name)?;
                    let header = match file.len()? < BLOCK as u64 {
                        true => Err("the file ends before its header block does".to_owned()),
                        false => {
                            file.read_exact_at(&mut block, 0)?;
                            SegmentHeader::decode(&block, number)
                        }
                    };
                    segments.push(Found { number, header });
                }
                Some(LogFileName::Spare(number)) => spares.push(number),
                None => {}
            }
        }
        segments.sort_by_key(|found| found.number);
        Ok(LogFiles { vfs, segments, spares })
    }

    /// Whether a file of this name is a log's.
    pub fn owns(name: &str) -> bool {
        LogFileName::parse(name).is_some()
    }

    /// Whether there is no log.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The log of a new database. A first segment without a record, left by a crash during the making of the
    /// database, is removed.
    ///
    /// # Errors
    /// There is a log with records: the database's other files are missing, and starting over would bury it.
    pub fn start_new(self) -> Result<Resume, WalError> {
        let LogFiles { vfs, segments, spares } = self;
        if let [Found { header: Ok(header), .. }] = segments[..] {
            let mut reader =
                LogReader::new(vfs.clone(), vec![header], Vec::new(), Vec::new(), header.first_lsn, Lsn::ZERO);
            if reader.next()?.is_none() {
                vfs.remove(&header.number.file_name())?;
                vfs.sync_dir()?;
                return LogFiles { vfs, segments: Vec::new(), spares }.start_new();
            }
        }
        if let Some(found) = segments.first() {
            let why = "there is a log, but no database that it belongs to";
            return Err(corrupt(found.number, 0, Lsn::ZERO, why));
        }
        Ok(Resume { vfs, live: Vec::new(), stale: Vec::new(), spares, end: Lsn::ZERO, epoch: Epoch(1) })
    }

    /// Reads records beginning at `start`. The caller knows that everything below `durable_at_least` (the end of
    /// a record) was durable: an end of the log before it is damage, not the trace of a crash.
    ///
    /// # Errors
    /// `Corrupt` if the chain of segments from `start` on is incomplete.
    pub fn read_from(self, start: Lsn, durable_at_least: Lsn) -> Result<LogReader, WalError> {
        let holds_start = |found: &Found| matches!(&found.header, Ok(header) if header.continues_from <= start);
        let Some(first) = self.segments.iter().rposition(holds_start) else {
            let number = self.segments.first().map_or(SegmentNumber(0), |found| found.number);
            return Err(corrupt(number, 0, start, "no segment holds the position where recovery must begin"));
        };
        let mut chain: Vec<SegmentHeader> = Vec::new();
        for found in &self.segments[first..] {
            let header = found.header.clone().map_err(|why| corrupt(found.number, 0, start, &why))?;
            if let Some(before) = chain.last() {
                check_link(before, &header)?;
            }
            chain.push(header);
        }
        if start.0 >= chain[0].end().0 && chain.len() == 1 {
            return Err(corrupt(
                chain[0].number,
                0,
                start,
                "the log ends before the position where recovery must begin",
            ));
        }
        let stale = self.segments[..first].iter().map(|found| found.number).collect();
        Ok(LogReader::new(self.vfs, chain, stale, self.spares, start, durable_at_least))
    }
}

fn check_link(before: &SegmentHeader, header: &SegmentHeader) -> Result<(), WalError> {
    let begins_incarnation = header.epoch > before.epoch;
    let place_fits = if begins_incarnation {
        let within = before.first_lsn <= header.continues_from && header.continues_from <= before.end();
        within && header.first_lsn == header.continues_from.next_block()
    } else {
        header.continues_from == before.end() && header.first_lsn == before.end()
    };
    let why = if header.number != before.number.next() {
        format!("segment {} is missing", before.number.next().0)
    } else if header.epoch < before.epoch || !place_fits {
        format!("it does not continue segment {}", before.number.0)
    } else {
        return Ok(());
    };
    Err(corrupt(header.number, 0, header.continues_from, &why))
}

pub(super) fn corrupt(number: SegmentNumber, offset: u64, lsn: Lsn, why: &str) -> WalError {
    WalError::Corrupt { file: number.file_name(), offset, lsn, why: why.to_owned() }
}
