//! Lines of bounded length: a driver fed with rubbish must not eat the machine's memory.

use std::io::{self, BufRead, Read};

/// Longest command accepted. Real ones are a few hundred bytes.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// What came instead of, or as, a line.
pub(super) enum Line {
    /// Text without its line end.
    Text(String),
    /// More than [`MAX_LINE_BYTES`] without a line end; the rest of the line was skipped.
    TooLong,
    /// Bytes that are not UTF-8.
    NotText,
    /// End of input.
    End,
}

/// Reads the next line.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(Line::End);
    }
    if bytes.len() as u64 == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
        skip_to_line_end(input)?;
        return Ok(Line::TooLong);
    }
    Ok(String::from_utf8(bytes).map_or(Line::NotText, |text| Line::Text(text.trim().to_owned())))
}

fn skip_to_line_end(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, found) = match buffer.iter().position(|&b| b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if found {
            return Ok(());
        }
    }
}
