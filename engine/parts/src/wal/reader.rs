//! Reads the log back, record by record, until it ends, and says why it ended.

use super::WalError;
use super::files::{Resume, corrupt};
use super::record::{ALIGN, Epoch, Frame, HEADER, MAX_PAYLOAD, framed_len};
use super::segment::{SegmentHeader, SegmentNumber};
use crate::io::{AlignedBuf, BLOCK, Lsn, Span, Vfs};
use std::sync::Arc;

/// Bytes fetched at once.
const CHUNK: usize = 256 << 10;

/// Iterates over the valid records of a log.
#[derive(Debug)]
pub struct LogReader {
    vfs: Arc<dyn Vfs>,
    chain: Vec<SegmentHeader>,
    stale: Vec<SegmentNumber>,
    spares: Vec<u64>,
    durable_at_least: Lsn,
    /// The segment in which `at` lies.
    current: usize,
    /// The next record's position, which is `bytes[cursor]`.
    at: Lsn,
    cursor: usize,
    bytes: Vec<u8>,
    chunk: AlignedBuf,
    end: Option<LogEnd>,
}

/// A record read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it lies.
    pub span: Span,
    /// What was appended, its kind byte first.
    pub payload: &'a [u8],
}

/// Where the valid log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The end of the last valid record.
    pub at: Lsn,
    /// What was found there.
    pub why: EndReason,
}

/// Why a log ends where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Nothing was written there.
    Unwritten,
    /// The bytes there are no record of this place and incarnation: a write that was cut, or an old file's.
    BadChecksum,
    /// The length there is impossible, or reaches beyond the last segment.
    BadLength,
    /// The last segment is full to its last byte.
    SegmentFull,
}

impl LogReader {
    pub(super) fn new(
        vfs: Arc<dyn Vfs>,
        chain: Vec<SegmentHeader>,
        stale: Vec<SegmentNumber>,
        spares: Vec<u64>,
        start: Lsn,
        durable_at_least: Lsn,
    ) -> LogReader {
        assert!(start.0.is_multiple_of(ALIGN), "no record starts at {start}");
        // A position between two incarnations stands for the start of the second.
        let at = start.max(chain[0].first_lsn);
        let chunk = AlignedBuf::zeroed(CHUNK);
        let (bytes, current, cursor, end) = (Vec::new(), 0, 0, None);
        LogReader { vfs, chain, stale, spares, durable_at_least, current, at, cursor, bytes, chunk, end }
    }

    /// The next record, or `None` at the end of the valid log, about which [`end`](Self::end) tells more.
    ///
    /// # Errors
    /// `Corrupt` if the log is damaged below a position that was certainly durable; or it cannot be read.
    #[expect(clippy::should_implement_trait, reason = "a record borrows the reader's buffer")]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, WalError> {
        if self.end.is_some() {
            return Ok(None);
        }
        self.enter_next_segment();
        match self.verify_next()? {
            Ok(len) => {
                let start = self.at;
                let payload = self.cursor + HEADER..self.cursor + HEADER + len;
                self.at = Lsn(start.0 + framed_len(len));
                self.cursor += framed_len(len) as usize;
                Ok(Some(Record { span: Span { start, end: self.at }, payload: &self.bytes[payload] }))
            }
            Err(Bad { why, extent }) => {
                self.refuse_damage(why, extent)?;
                self.end = Some(LogEnd { at: self.at, why });
                Ok(None)
            }
        }
    }

    /// Where and why the log ended, once [`next`](Self::next) has returned `None`.
    pub fn end(&self) -> Option<LogEnd> {
        self.end
    }

    /// What a new incarnation needs to take up at the end.
    ///
    /// # Panics
    /// If the end has not been reached: continuing earlier would bury valid records.
    pub fn into_resume(self) -> Resume {
        let Some(end) = self.end else { panic!("the log must be read to its end before it can be continued") };
        let epoch = Epoch(self.chain[self.chain.len() - 1].epoch.0 + 1);
        Resume { vfs: self.vfs, live: self.chain, stale: self.stale, spares: self.spares, end: end.at, epoch }
    }

    /// Length of the valid payload at `at`, or why there is none.
    fn verify_next(&mut self) -> Result<Result<usize, Bad>, WalError> {
        let bad = |why, extent| Ok(Err(Bad { why, extent }));
        if !self.fetch(HEADER)? {
            return bad(EndReason::SegmentFull, 0);
        }
        let word = u64::from_le_bytes(std::array::from_fn(|i| self.bytes[self.cursor + i]));
        let Some(frame) = Frame::from_word(word) else { return bad(EndReason::Unwritten, HEADER as u64) };
        let len = frame.payload_len();
        if len > MAX_PAYLOAD || !self.fetch(framed_len(len) as usize)? {
            return bad(EndReason::BadLength, HEADER as u64);
        }
        let payload = &self.bytes[self.cursor + HEADER..self.cursor + HEADER + len];
        match frame.verifies(self.chain[self.current].epoch, self.at, payload) {
            true => Ok(Ok(len)),
            false => bad(EndReason::BadChecksum, framed_len(len)),
        }
    }

    /// An unreadable record is damage, not the end, if all its bytes were durable: below what the caller knows to
    /// be durable, or in a segment that was finished, and synced, before another was begun. A record that
    /// crosses into the last segment may be torn there without fault.
    fn refuse_damage(&self, why: EndReason, extent: u64) -> Result<(), WalError> {
        let segment = &self.chain[self.current];
        let last = &self.chain[self.chain.len() - 1];
        let within_finished = if last.epoch == segment.epoch {
            last.number != segment.number && self.at.0 + extent <= last.continues_from.0
        } else {
            // A later incarnation recorded where this one's log ended, and `at` is before that place.
            true
        };
        if self.at >= self.durable_at_least && !within_finished {
            return Ok(());
        }
        let what = match why {
            EndReason::Unwritten => "a record is missing",
            EndReason::BadChecksum => "a record's checksum is wrong",
            EndReason::BadLength => "a record's length is impossible",
            EndReason::SegmentFull => "the log ends",
        };
        let known = "although the log was durable beyond this place";
        Err(corrupt(segment.number, segment.offset_of(self.at), self.at, &format!("{what}, {known}")))
    }

    /// Moves `current` forward if `at` has reached the end of its segment's part of the log.
    fn enter_next_segment(&mut self) {
        while let Some(next) = self.chain.get(self.current + 1)
            && self.at >= next.continues_from
        {
            self.current += 1;
            if self.at < next.first_lsn {
                self.at = next.first_lsn;
                self.bytes.clear();
                self.cursor = 0;
            }
        }
    }

    /// Makes `len` bytes from `at` on available; false if this incarnation of the log has no such bytes.
    fn fetch(&mut self, len: usize) -> Result<bool, WalError> {
        while self.bytes.len() - self.cursor < len {
            let from = Lsn(self.at.0 + (self.bytes.len() - self.cursor) as u64);
            let Some((segment, until)) = self.segment_with(from) else { return Ok(false) };
            self.bytes.drain(..self.cursor);
            self.cursor = 0;
            let skip = (from.0 % BLOCK as u64) as usize;
            let wanted = (until.0 - from.0).min((CHUNK - skip) as u64) as usize;
            let blocks = (skip + wanted).next_multiple_of(BLOCK);
            let file = self.vfs.open(&segment.number.file_name())?;
            file.read_exact_at(&mut self.chunk[..blocks], segment.offset_of(from) - skip as u64)?;
            self.bytes.extend_from_slice(&self.chunk[skip..skip + wanted]);
        }
        Ok(true)
    }

    /// The segment of the current incarnation that holds `lsn`, and where its part of the log ends.
    fn segment_with(&self, lsn: Lsn) -> Option<(SegmentHeader, Lsn)> {
        for (i, segment) in self.chain.iter().enumerate().skip(self.current) {
            if segment.epoch != self.chain[self.current].epoch {
                return None;
            }
            let until = self.chain.get(i + 1).map_or(segment.end(), |next| next.continues_from);
            if lsn < until {
                return Some((*segment, until));
            }
        }
        None
    }
}

/// Why there is no record, and how many bytes that finding rests on.
struct Bad {
    why: EndReason,
    extent: u64,
}
