//! One segment file: its name and its header block.
//!
//! ```text
//!   wal-0000000007        | header block | body: log bytes first_lsn .. first_lsn + body_bytes |
//!
//!   header:  0 magic "ENGWAL01"   8 number   16 epoch   24 first_lsn   32 continues_from
//!           40 body_bytes        48 crc32c of bytes 0..48
//! ```
//!
//! Within an incarnation `first_lsn == continues_from ==` the end of the segment before. The first segment of an
//! incarnation starts at the next block boundary after the valid log's end, which `continues_from` tells: what
//! the segment before holds beyond it is the torn tail of a crash, and is never read again.

use super::record::Epoch;
use crate::io::{AlignedBuf, BLOCK, Lsn};

const MAGIC: u64 = u64::from_le_bytes(*b"ENGWAL01");
const PREFIX: &str = "wal-";
const SPARE_PREFIX: &str = "wal-spare-";

/// The position of a segment in the chain of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SegmentNumber(pub(super) u64);

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: SegmentNumber,
    pub(super) epoch: Epoch,
    pub(super) first_lsn: Lsn,
    pub(super) continues_from: Lsn,
    pub(super) body_bytes: u64,
}

/// What a file name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogFileName {
    Segment(SegmentNumber),
    Spare(u64),
}

impl SegmentHeader {
    /// The end of the log bytes it has room for.
    pub(super) fn end(&self) -> Lsn {
        Lsn(self.first_lsn.0 + self.body_bytes)
    }

    /// Where a log position lies in the file.
    pub(super) fn offset_of(&self, lsn: Lsn) -> u64 {
        BLOCK as u64 + (lsn.0 - self.first_lsn.0)
    }

    pub(super) fn encode(&self) -> AlignedBuf {
        let mut block = AlignedBuf::zeroed(BLOCK);
        let fields = [MAGIC, self.number.0, self.epoch.0, self.first_lsn.0, self.continues_from.0, self.body_bytes];
        for (i, field) in fields.iter().enumerate() {
            block[i * 8..i * 8 + 8].copy_from_slice(&field.to_le_bytes());
        }
        let crc = crc32c::crc32c(&block[..48]);
        block[48..52].copy_from_slice(&crc.to_le_bytes());
        block
    }

    /// The header in a block, or what is wrong with it.
    pub(super) fn decode(block: &[u8], number: SegmentNumber) -> Result<SegmentHeader, String> {
        let field = |i: usize| u64::from_le_bytes(std::array::from_fn(|b| block[i * 8 + b]));
        let crc = u32::from_le_bytes(std::array::from_fn(|b| block[48 + b]));
        if field(0) != MAGIC {
            return Err("the header block is not that of a log segment".to_owned());
        }
        if crc != crc32c::crc32c(&block[..48]) {
            return Err("the header block's checksum is wrong".to_owned());
        }
        let header = SegmentHeader {
            number: SegmentNumber(field(1)),
            epoch: Epoch(field(2)),
            first_lsn: Lsn(field(3)),
            continues_from: Lsn(field(4)),
            body_bytes: field(5),
        };
        match header.number == number {
            true => Ok(header),
            false => Err(format!("the header belongs to segment {}", header.number.0)),
        }
    }
}

impl LogFileName {
    /// What `name` means; `None` for a file that is none of the log's.
    pub(super) fn parse(name: &str) -> Option<LogFileName> {
        match (name.strip_prefix(SPARE_PREFIX), name.strip_prefix(PREFIX)) {
            (Some(spare), _) => spare.parse().ok().map(LogFileName::Spare),
            (None, Some(number)) => number.parse().ok().map(|number| LogFileName::Segment(SegmentNumber(number))),
            (None, None) => None,
        }
    }
}

impl std::fmt::Display for LogFileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LogFileName::Segment(number) => write!(f, "{PREFIX}{:010}", number.0),
            LogFileName::Spare(number) => write!(f, "{SPARE_PREFIX}{number}"),
        }
    }
}

impl SegmentNumber {
    pub(super) fn file_name(self) -> String {
        LogFileName::Segment(self).to_string()
    }

    pub(super) fn next(self) -> SegmentNumber {
        SegmentNumber(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_names_come_back() {
        let number = SegmentNumber(7);
        let header = SegmentHeader {
            number,
            epoch: Epoch(2),
            first_lsn: Lsn(8192),
            continues_from: Lsn(5000),
            body_bytes: 61_440,
        };
        let mut block = header.encode();
        assert_eq!(SegmentHeader::decode(&block, number), Ok(header));
        assert!(SegmentHeader::decode(&block, SegmentNumber(8)).unwrap_err().contains("segment 7"));
        block[30] ^= 1;
        assert!(SegmentHeader::decode(&block, number).unwrap_err().contains("checksum"));
        assert_eq!(LogFileName::parse("wal-0000000007"), Some(LogFileName::Segment(number)));
        assert_eq!(LogFileName::parse(&LogFileName::Spare(3).to_string()), Some(LogFileName::Spare(3)));
        assert_eq!(LogFileName::parse("wal-x"), None);
        assert_eq!(LogFileName::parse("data"), None);
    }
}
