//! What an agent says, kept to the byte as lines of JSON.
//!
//! ```text
//! {"at_ms":1760000000000,"stream":"stdout","text":"compiling\n"}
//! {"at_ms":1760000000004,"stream":"stderr","base64":"gIGC"}              what is not UTF-8, or what JSON would leave a terminal to obey
//! {"at_ms":1760000000010,"stream":"workbench","text":"it ended by itself"}    what the supervisor says
//! ```
//!
//! Put together, `text` and `base64` of a stream are what was written to it, up to the quota. A record is a line, or a piece of one that is
//! very long or was the last. No control character is left as it is, so that whoever prints the file prints no escape sequences.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A line longer than this is kept in pieces.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// Where something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// The agent's standard output.
    Stdout,
    /// The agent's standard error.
    Stderr,
    /// The supervisor.
    Workbench,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// When it was read.
    pub at: Timestamp,
    /// Where.
    pub stream: Stream,
    /// The bytes, as they came.
    pub bytes: Vec<u8>,
}

/// The file that it goes to.
#[derive(Debug)]
pub(super) struct Output {
    file: BufWriter<File>,
    /// Begun lines of stdout and stderr.
    begun: [Vec<u8>; 2],
    taken_bytes: u64,
    limit_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Record {
    at_ms: i64,
    stream: Stream,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Output {
    pub(super) fn create(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        Ok(Self { file, begun: [Vec::new(), Vec::new()], taken_bytes: 0, limit_bytes })
    }

    /// Takes what the agent wrote; `true` once it has written more than it may.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<bool> {
        let room = usize::try_from(self.limit_bytes - self.taken_bytes).unwrap_or(usize::MAX);
        let taken = &bytes[..bytes.len().min(room)];
        self.taken_bytes += taken.len() as u64;
        for piece in taken.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(PIECE_BYTES_MAX)) {
            let begun = &mut self.begun[stream as usize % 2];
            begun.extend_from_slice(piece);
            if begun.ends_with(b"\n") || begun.len() >= PIECE_BYTES_MAX {
                let whole = std::mem::take(begun);
                self.write(stream, &whole)?;
            }
        }
        Ok(bytes.len() > room)
    }

    /// What the supervisor says.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.write(Stream::Workbench, text.as_bytes())?;
        self.flush()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Writes what is begun, and sees to it that all of it is on the disk. Returns how much of the agent's output was taken, bytes.
    pub(super) fn close(mut self) -> u64 {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let begun = std::mem::take(&mut self.begun[stream as usize]);
            if !begun.is_empty() {
                let _ = self.write(stream, &begun);
            }
        }
        // A full disk has been told of when it was first written to.
        let _ = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        self.taken_bytes
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let (text, base64) = match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(is_left_by_json) => (Some(text.to_owned()), None),
            Ok(_) | Err(_) => (None, Some(STANDARD.encode(bytes))),
        };
        let record = Record { at_ms: Timestamp::now().as_millisecond(), stream, text, base64 };
        serde_json::to_writer(&mut self.file, &record)?;
        self.file.write_all(b"\n")
    }
}

/// DEL and the second set of control characters, some of which terminals obey: JSON escapes neither.
fn is_left_by_json(char: char) -> bool {
    matches!(char, '\u{7f}'..='\u{9f}')
}

/// Reads what was kept. A last line that is not whole yet is left out.
pub fn read_output(path: &Path) -> io::Result<Vec<Kept>> {
    Ok(std::fs::read_to_string(path)?.lines().filter_map(read_record).collect())
}

/// Reads one line of what was kept; `None` when it is none.
pub fn read_record(line: &str) -> Option<Kept> {
    let record: Record = serde_json::from_str(line).ok()?;
    let bytes = match (record.text, record.base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(base64)) => STANDARD.decode(base64).ok()?,
        (None, None) => return None,
    };
    Some(Kept { at: Timestamp::from_millisecond(record.at_ms).ok()?, stream: record.stream, bytes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kept: &[Kept], stream: Stream) -> Vec<u8> {
        kept.iter().filter(|kept| kept.stream == stream).flat_map(|kept| kept.bytes.clone()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_comes_out_is_what_went_in(
            writes in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 0..20),
            limit in 0u64..3000,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.jsonl");
            let mut output = Output::create(&path, limit).unwrap();
            let (mut wanted, mut left) = ([Vec::new(), Vec::new()], usize::try_from(limit).unwrap());
            for (err, bytes) in &writes {
                let stream = if *err { Stream::Stderr } else { Stream::Stdout };
                let full = output.take(stream, bytes).unwrap();
                prop_assert_eq!(full, bytes.len() > left);
                let taken = &bytes[..bytes.len().min(left)];
                left -= taken.len();
                wanted[usize::from(*err)].extend_from_slice(taken);
                output.say("meanwhile").unwrap();
            }
            let bytes = output.close();
            let kept = read_output(&path).unwrap();
            prop_assert_eq!(of(&kept, Stream::Stdout), &wanted[0][..]);
            prop_assert_eq!(of(&kept, Stream::Stderr), &wanted[1][..]);
            prop_assert_eq!(bytes, wanted.iter().map(|w| w.len() as u64).sum::<u64>());
            let raw = std::fs::read(&path).unwrap();
            let raw = String::from_utf8(raw).unwrap();
            prop_assert!(raw.chars().all(|char| char == '\n' || !char.is_control()));
        }
    }

    #[test]
    fn what_json_does_not_escape_is_kept_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut output = Output::create(&path, u64::MAX).unwrap();
        let said = "\u{7f}\n\u{9b}2J\n".as_bytes();
        output.take(Stream::Stdout, said).unwrap();
        output.close();
        assert_eq!(of(&read_output(&path).unwrap(), Stream::Stdout), said);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(['\u{7f}', '\u{9b}']));
    }

    #[test]
    fn a_character_in_two_writes_stays_readable_and_a_long_line_comes_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut output = Output::create(&path, u64::MAX).unwrap();
        let word = "Größe\n".as_bytes();
        output.take(Stream::Stdout, &word[..3]).unwrap();
        output.take(Stream::Stdout, &word[3..]).unwrap();
        output.take(Stream::Stdout, &vec![b'x'; 3 * PIECE_BYTES_MAX + 1]).unwrap();
        output.close();
        let kept = read_output(&path).unwrap();
        assert_eq!(kept[0].bytes, word);
        assert!(std::fs::read_to_string(&path).unwrap().contains(r#""text":"Größe\n""#));
        assert_eq!(kept.len(), 5);
    }
}
