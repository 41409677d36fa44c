//! What a driver prints: events on stdout, bounded; words on stderr, of which the last are kept.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::task::JoinHandle;

/// No event is longer: a folded profile of a large program has a few MiB.
pub(super) const LINE_MAX: usize = 64 << 20;

const TAIL_LINES: usize = 12;
const TAIL_LINE_CHARS: usize = 300;

/// One line of stdout.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Text(Vec<u8>),
    /// More than [`LINE_MAX`] bytes without an end.
    Endless,
    /// The driver closed its output.
    End,
}

/// Reads stdout line by line. Cancelling a read loses nothing: what was read stays in the buffer.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(64 << 10, reader), line: Vec::new() }
    }

    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let chunk = self.reader.fill_buf().await?;
            if chunk.is_empty() {
                // An unfinished last line is no event: the driver died writing it.
                return Ok(Line::End);
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            self.line.extend_from_slice(&chunk[..taken]);
            self.reader.consume(taken + usize::from(end.is_some()));
            if self.line.len() > LINE_MAX {
                return Ok(Line::Endless);
            }
            if end.is_some() {
                return Ok(Line::Text(std::mem::take(&mut self.line)));
            }
        }
    }
}

/// Keeps the last lines of stderr.
#[derive(Debug)]
pub(super) struct Tail {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

impl Tail {
    /// Reads `stderr` to its end in the background, so that the driver never blocks on it.
    pub(super) fn of(stderr: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let reader = tokio::spawn(keep_tail(stderr, Arc::clone(&lines)));
        Self { lines, reader }
    }

    /// The last lines, after a moment for what is still in the pipe.
    pub(super) async fn last(&mut self) -> Vec<String> {
        let _ = tokio::time::timeout(Duration::from_millis(200), &mut self.reader).await;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

async fn keep_tail(mut stderr: impl AsyncRead + Unpin, lines: Arc<Mutex<VecDeque<String>>>) {
    let mut chunk = [0; 4096];
    let mut open = String::new();
    loop {
        let length = match stderr.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        for character in String::from_utf8_lossy(&chunk[..length]).chars() {
            if character == '\n' {
                keep(&lines, std::mem::take(&mut open));
            } else if open.len() < TAIL_LINE_CHARS && !character.is_control() {
                open.push(character);
            }
        }
    }
    keep(&lines, open);
}

fn keep(lines: &Mutex<VecDeque<String>>, line: String) {
    if line.trim().is_empty() {
        return;
    }
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == TAIL_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_whole_or_none() {
        let mut lines = Lines::new(&b"one\n\ntwo\nunfinished"[..]);
        for text in ["one", "", "two"] {
            assert_eq!(lines.next().await.unwrap(), Line::Text(text.into()));
        }
        assert_eq!(lines.next().await.unwrap(), Line::End);
    }

    #[tokio::test]
    async fn a_line_without_end_is_given_up() {
        let mut lines = Lines::new(tokio::io::repeat(b'x'));
        assert_eq!(lines.next().await.unwrap(), Line::Endless);
        assert!(lines.line.len() <= LINE_MAX + (64 << 10));
    }

    #[tokio::test]
    async fn the_tail_is_the_last_lines_made_harmless() {
        let mut text: String = (0..100).map(|i| format!("line {i}\n")).collect();
        text += "\u{1b}[31mred\u{7}\n";
        text += &"y".repeat(10_000);
        let mut tail = Tail::of(std::io::Cursor::new(text.into_bytes()));
        let last = tail.last().await;
        assert_eq!(last.len(), TAIL_LINES);
        assert_eq!(last[TAIL_LINES - 3..TAIL_LINES - 1], ["line 99", "[31mred"]);
        assert_eq!(last[TAIL_LINES - 1].len(), TAIL_LINE_CHARS);
    }
}
