//! The log, read by the offsets of ARCHITECTURE.md: segments, frames, records.

use super::bytes::{Reader, crc32c, u32_at, u64_at};
use super::database::Files;

/// What a segment's header block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    pub(crate) first_lsn: u64,
    pub(crate) continues_from: u64,
    pub(crate) body_bytes: u64,
}

/// One record with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) epoch: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) payload: Vec<u8>,
}

/// A record of the tree structure (0x40 to 0x44).
#[derive(Debug)]
pub(crate) enum Structure {
    CreateTree { tree: u32, root: u64, listing: Option<(u64, Vec<u8>, Vec<u8>)> },
    Split { left: u64, parent: u64, keep: u16, separator: Vec<u8>, right: Image },
    SplitRoot { root: u64, separator: Vec<u8>, left: Image, right: Image },
    Unlink { parent: u64, index: u16, freed: u64, heir: u64, lower: Vec<u8>, upper: Option<Vec<u8>> },
    Load { root: Image },
}

/// A page without the free bytes in its middle.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) front: Vec<u8>,
    pub(crate) heap: Vec<u8>,
}

impl Segment {
    #[track_caller]
    pub(crate) fn parse(file: &[u8]) -> Self {
        assert_eq!(&file[..8], b"ENGWAL01");
        assert_eq!(u32_at(file, 48), crc32c(&file[..48]));
        assert!(file[52..4096].iter().all(|&byte| byte == 0), "the rest of the header block is zero");
        let segment = Self {
            number: u64_at(file, 8),
            epoch: u64_at(file, 16),
            first_lsn: u64_at(file, 24),
            continues_from: u64_at(file, 32),
            body_bytes: u64_at(file, 40),
        };
        assert_eq!(file.len() as u64, 4096 + segment.body_bytes);
        segment
    }
}

/// Every valid record of the segments present. A log position `p` lies at byte `4096 + p - first_lsn` of its segment.
#[track_caller]
pub(crate) fn read(files: &Files) -> Vec<Frame> {
    let segments: Vec<(Segment, &[u8])> =
        files.segments().into_iter().map(|(_, file)| (Segment::parse(file), &file[4096..])).collect();
    let mut frames = Vec::new();
    for incarnation in segments.chunk_by(|a, b| a.0.epoch == b.0.epoch) {
        let (first, epoch) = (incarnation[0].0.first_lsn, incarnation[0].0.epoch);
        let log: Vec<u8> = incarnation.iter().flat_map(|(_, body)| body.iter().copied()).collect();
        let mut at = 0;
        while let Some((len, payload)) = valid_frame(&log, at, epoch, first) {
            let start = first + at as u64;
            frames.push(Frame { epoch, start, end: start + len as u64, payload: payload.to_vec() });
            at += len;
        }
        let end = first + at as u64;
        let after = segments.iter().find(|(segment, _)| segment.epoch > epoch);
        if let Some((next, _)) = after {
            assert_eq!(next.continues_from, end, "a new incarnation says where the log before it ended");
            assert_eq!(next.first_lsn, end.next_multiple_of(4096));
        }
    }
    frames
}

/// The bytes a record takes and its payload, if a record begins at `at`.
fn valid_frame(log: &[u8], at: usize, epoch: u64, first: u64) -> Option<(usize, &[u8])> {
    let len = u32_at(log.get(at..at + 8)?, 0) as usize;
    let payload = log.get(at + 8..at + 8 + len)?;
    let framed = (8 + len).next_multiple_of(8);
    let valid = len > 0 && u32_at(log, at + 4) == check(epoch, first + at as u64, payload);
    if valid {
        assert!(log[at + 8 + len..at + framed].iter().all(|&byte| byte == 0), "padding is zero");
    }
    valid.then_some((framed, payload))
}

/// The payload's CRC, xor 32 bits mixed from epoch, position and length.
pub(crate) fn check(epoch: u64, start: u64, payload: &[u8]) -> u32 {
    let mut x = start ^ epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((payload.len() as u64) << 40);
    for _ in 0..2 {
        x = (x ^ x >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    crc32c(payload) ^ (x ^ x >> 32) as u32
}

impl Structure {
    #[track_caller]
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::new(payload);
        let record = match r.u8() {
            0x40 => Structure::CreateTree {
                tree: r.u32(),
                root: r.u64(),
                listing: match r.u8() {
                    0 => None,
                    1 => Some((r.u64(), r.sized().to_vec(), r.sized().to_vec())),
                    other => panic!("a flag of {other}"),
                },
            },
            0x41 => Structure::Split {
                left: r.u64(),
                parent: r.u64(),
                keep: r.u16(),
                separator: r.sized().to_vec(),
                right: Image::parse(&mut r),
            },
            0x42 => Structure::SplitRoot {
                root: r.u64(),
                separator: r.sized().to_vec(),
                left: Image::parse(&mut r),
                right: Image::parse(&mut r),
            },
            0x43 => Structure::Unlink {
                parent: r.u64(),
                index: r.u16(),
                freed: r.u64(),
                heir: r.u64(),
                lower: r.sized().to_vec(),
                upper: match r.u8() {
                    0 => None,
                    1 => Some(r.sized().to_vec()),
                    other => panic!("a flag of {other}"),
                },
            },
            0x44 => Structure::Load { root: Image::parse(&mut r) },
            _ => return None,
        };
        r.end();
        Some(record)
    }
}

impl Image {
    #[track_caller]
    fn parse(r: &mut Reader<'_>) -> Self {
        Self { front: r.sized().to_vec(), heap: r.sized().to_vec() }
    }

    /// The page: front, zeros, heap.
    pub(crate) fn page(&self) -> Vec<u8> {
        let mut page = self.front.clone();
        page.resize(8192 - self.heap.len(), 0);
        page.extend(&self.heap);
        page
    }
}
