//! The text of a file, read with a limit and made safe to show.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::NamedSource;

use super::{Fault, Faults};

/// Larger files are refused unread: nobody writes a megabyte of register by hand.
pub const SIZE_MAX_BYTES: u64 = 1 << 20;

/// Lines longer than this are not shown as a snippet.
const SHOWN_LINE_MAX_BYTES: usize = 400;

/// A file's name, as people know it, and its text.
#[derive(Debug)]
pub struct Source {
    shown: NamedSource<String>,
    name: String,
}

impl Source {
    /// A source from text already in memory.
    pub fn new(name: &str, text: String) -> Arc<Self> {
        Arc::new(Self { shown: NamedSource::new(name, text), name: name.to_owned() })
    }

    /// Reads `path`, which people know as `name`. What is wrong with it goes to `faults`.
    pub fn read(path: &Path, name: &str, faults: &mut Faults) -> Option<Arc<Self>> {
        Self::read_up_to(SIZE_MAX_BYTES, path, name, faults)
    }

    /// The same of a file that may be larger, since no person wrote it.
    pub fn read_up_to(max_bytes: u64, path: &Path, name: &str, faults: &mut Faults) -> Option<Arc<Self>> {
        let bytes = match read_bounded(path, max_bytes) {
            Ok(bytes) => bytes,
            Err(refusal) => {
                faults.push(refusal.fault(name));
                return None;
            }
        };
        let bad = bad_ranges(&bytes);
        let source = Self::new(name, showable(bytes));
        let clean = bad.is_empty();
        for (range, message) in bad {
            faults.push(Fault::at(&source, range, message).code("yaml::text").help("save the file as UTF-8 text"));
        }
        clean.then_some(source)
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        self.shown.inner()
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let mut before = &self.text().as_bytes()[..offset.min(self.text().len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        if let Some(newline) = before.iter().rposition(|byte| *byte == b'\n') {
            before = &before[newline + 1..];
        }
        (line, 1 + String::from_utf8_lossy(before).chars().count())
    }

    /// Whether the line at `offset` is short enough to be shown.
    pub(super) fn is_readable_at(&self, offset: usize) -> bool {
        let bytes = self.text().as_bytes();
        let offset = offset.min(bytes.len());
        let before = bytes[..offset].iter().rev().take_while(|byte| **byte != b'\n').count();
        let after = bytes[offset..].iter().take_while(|byte| **byte != b'\n').count();
        before + after <= SHOWN_LINE_MAX_BYTES
    }

    /// The text under its name, for a snippet.
    pub(super) fn shown(&self) -> &NamedSource<String> {
        &self.shown
    }
}

enum Refusal {
    Missing,
    DanglingLink,
    Unreadable(io::Error),
    NotAFile,
    TooLarge(u64),
}

impl Refusal {
    fn fault(self, name: &str) -> Fault {
        match self {
            Self::Missing => Fault::of_file(name, format!("{name} does not exist")).code("yaml::missing_file"),
            Self::DanglingLink => Fault::of_file(name, format!("{name} is a link that leads nowhere"))
                .code("yaml::missing_file")
                .help("remove it, or point it at a file"),
            Self::Unreadable(error) => Fault::of_file(name, format!("{name} cannot be read: {error}"))
                .code("yaml::unreadable")
                .help("check who owns the file and its permissions"),
            Self::NotAFile => Fault::of_file(name, format!("{name} is not a regular file")).code("yaml::not_a_file"),
            Self::TooLarge(max_bytes) => {
                Fault::of_file(name, format!("{name} is larger than {max_bytes} bytes and was not read"))
                    .code("yaml::too_large")
                    .help("one entry per file; long texts belong beside the register")
            }
        }
    }
}

fn read_bounded(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Refusal> {
    // Asked before opening: opening a pipe would wait for its writer.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(Refusal::NotAFile),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Refusal::Unreadable(error)),
        Err(_) if path.is_symlink() => return Err(Refusal::DanglingLink),
        Err(_) => return Err(Refusal::Missing),
    }
    let file = File::open(path).map_err(Refusal::Unreadable)?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(Refusal::Unreadable)?;
    if bytes.len() as u64 > max_bytes { Err(Refusal::TooLarge(max_bytes)) } else { Ok(bytes) }
}

/// The first byte that is not UTF-8 and the first control byte, each with what to say of it.
fn bad_ranges(bytes: &[u8]) -> Vec<(Range<usize>, String)> {
    let mut bad = Vec::new();
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        bad.push((at..at + 1, format!("byte 0x{:02x} at offset {at} is not UTF-8", bytes[at])));
    }
    if let Some(at) = bytes.iter().position(|byte| is_forbidden(*byte)) {
        let named = if bytes[at] == 0 { "NUL byte".to_owned() } else { format!("control byte 0x{:02x}", bytes[at]) };
        bad.push((at..at + 1, format!("{named} at offset {at}: this is not a text file")));
    }
    bad
}

fn is_forbidden(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The text with every bad byte replaced by one `?`, so that offsets stay and no escape sequence reaches a terminal.
fn showable(mut bytes: Vec<u8>) -> String {
    bytes.iter_mut().filter(|byte| is_forbidden(**byte)).for_each(|byte| *byte = b'?');
    loop {
        match String::from_utf8(bytes) {
            Ok(text) => return text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                bytes = error.into_bytes();
                // Everything after the first bad byte may be anything: only ASCII is kept there.
                bytes[at..].iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_keep_their_offsets() {
        let bytes = b"id: T003\ntitle: caf\xe9 \x1b[31m\n".to_vec();
        let bad = bad_ranges(&bytes);
        assert_eq!(bad[0].0, 19..20);
        assert_eq!(bad[1].0, 21..22);
        let source = Source::new("x", showable(bytes));
        assert_eq!(source.text(), "id: T003\ntitle: caf? ?[31m\n");
        assert_eq!(source.line_and_column(19), (2, 11));
        assert_eq!(source.line_and_column(0), (1, 1));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(Source::new("x", "a\nöäx".to_owned()).line_and_column(6), (2, 3));
    }
}
