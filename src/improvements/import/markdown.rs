//! The blocks of a Markdown text, each with its place.
//!
//! pulldown-cmark says what is a heading, a list, a table, code; the words are then taken from the text itself, so that
//! they stay as they were written. A table's rows are split here, not there: CommonMark fills and cuts rows that have
//! too few or too many cells, and that must not happen in silence.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Words as they were written, and where they begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) at: usize,
}

/// A block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// `## Title`
    Heading { level: u8, text: Said },
    /// A line of a paragraph; `depth` is that of the list item it belongs to, 0 outside of lists.
    Line { depth: u8, text: Said },
    /// An item of a list: its number and its box, where it has them.
    Item { depth: u8, number: Option<u64>, ticked: Option<bool>, text: Said },
    /// A table.
    Table(Table),
    /// A stretch of code; one whose fence is never closed goes to the end of the text.
    Code { text: Said, closed: bool },
    /// `---`
    Rule,
}

/// A table as it stands: a row may have more or fewer cells than there are headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) at: usize,
    pub(super) headings: Vec<Said>,
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: usize,
    pub(super) cells: Vec<Said>,
}

impl Said {
    /// The words of a stretch of `text`, without the white space around them.
    pub(super) fn of(text: &str, range: Range<usize>) -> Self {
        let words = text.get(range.clone()).unwrap_or_default();
        let at = range.start + (words.len() - words.trim_start().len());
        Self { text: words.trim().to_owned(), at }
    }

    /// A part of these words, which must lie in them.
    pub(super) fn part(&self, part: &str) -> Self {
        let inside = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let offset = inside.filter(|offset| *offset <= self.text.len()).unwrap_or(0);
        Self::of(part, 0..part.len()).moved(self.at + offset)
    }

    fn moved(self, by: usize) -> Self {
        Self { at: self.at + by, ..self }
    }
}

/// The blocks of `text` in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader { text, blocks: Vec::new(), lists: Vec::new(), leaf: None, heading: None, pending: None };
    let mut events = Parser::new_ext(text, options).into_offset_iter();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::Table(_)) => {
                reader.flush();
                let table = reader.table(range);
                reader.blocks.push(table);
                events.by_ref().find(|(event, _)| matches!(event, Event::End(TagEnd::Table)));
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                reader.flush();
                let code = reader.code(range, &kind);
                reader.blocks.push(code);
                events.by_ref().find(|(event, _)| matches!(event, Event::End(TagEnd::CodeBlock)));
            }
            other => reader.event(&other, range),
        }
    }
    reader.flush();
    reader.blocks
}

struct Reader<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    /// The next number of each list around, innermost last.
    lists: Vec<Option<u64>>,
    /// The stretch of words being gathered.
    leaf: Option<Range<usize>>,
    heading: Option<u8>,
    /// An item whose words have not come yet.
    pending: Option<Item>,
}

struct Item {
    number: Option<u64>,
    ticked: Option<bool>,
    at: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.flush();
                self.heading = Some(*level as u8);
            }
            Event::End(TagEnd::Heading(_)) => {
                if self.leaf.is_none() {
                    self.leaf = Some(range.end..range.end);
                }
                self.flush();
                self.heading = None;
            }
            Event::Start(Tag::List(first)) => {
                self.flush();
                self.lists.push(*first);
            }
            Event::End(TagEnd::List(_)) => {
                self.flush();
                self.lists.pop();
            }
            Event::Start(Tag::Item) => {
                self.flush();
                let number = self.lists.last_mut().and_then(Option::as_mut).map(|next| {
                    *next = next.saturating_add(1);
                    *next - 1
                });
                self.pending = Some(Item { number, ticked: None, at: range.start });
            }
            Event::End(TagEnd::Item) => {
                self.flush();
                self.empty_item();
            }
            Event::TaskListMarker(ticked) => {
                if let Some(item) = &mut self.pending {
                    item.ticked = Some(*ticked);
                }
            }
            Event::SoftBreak | Event::HardBreak => self.flush_line(),
            Event::Rule => {
                self.flush();
                self.blocks.push(Block::Rule);
            }
            Event::Start(tag) if is_inline(tag) => self.extend(range),
            Event::Start(_) => self.flush(),
            Event::End(end) => {
                if !is_inline_end(*end) {
                    self.flush();
                }
            }
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_) => self.extend(range),
        }
    }

    fn extend(&mut self, range: Range<usize>) {
        self.leaf = Some(match self.leaf.take() {
            Some(leaf) => leaf.start..leaf.end.max(range.end),
            None => range,
        });
    }

    /// A line ends, its paragraph goes on; in a heading of several lines they are one.
    fn flush_line(&mut self) {
        if self.heading.is_none() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some(leaf) = self.leaf.take() else { return };
        // Markdown that spans lines of its own, such as bold words or HTML, is told line by line.
        let mut at = leaf.start;
        for piece in self.text[leaf].split_inclusive('\n') {
            let text = Said::of(self.text, at..at + piece.len());
            at += piece.len();
            if text.text.is_empty() && self.heading.is_none() {
                continue;
            }
            let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
            let block = match (self.heading, self.pending.take()) {
                (Some(level), _) => Block::Heading { level, text },
                (None, Some(Item { number, ticked, .. })) => Block::Item { depth, number, ticked, text },
                (None, None) => Block::Line { depth, text },
            };
            self.blocks.push(block);
        }
    }

    /// An item without words of its own: `1.` above a nested list.
    fn empty_item(&mut self) {
        if let Some(Item { number, ticked, at }) = self.pending.take() {
            let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX);
            self.blocks.push(Block::Item { depth, number, ticked, text: Said { text: String::new(), at } });
        }
    }

    fn table(&self, range: Range<usize>) -> Block {
        let mut rows = Vec::new();
        let mut at = range.start;
        for line in self.text[range.clone()].split_inclusive('\n') {
            if !line.trim().is_empty() {
                rows.push(Row { at, cells: cells(self.text, at..at + line.len()) });
            }
            at += line.len();
        }
        let mut rows = rows.into_iter();
        let headings = rows.next().map(|row| row.cells).unwrap_or_default();
        // The second line is the ruler, without which this would be no table.
        Block::Table(Table { at: range.start, headings, rows: rows.skip(1).collect() })
    }

    fn code(&self, range: Range<usize>, kind: &CodeBlockKind<'_>) -> Block {
        let text = Said::of(self.text, range);
        let closed = match kind {
            CodeBlockKind::Indented => true,
            CodeBlockKind::Fenced(_) => {
                let fence: String = text.text.chars().take_while(|char| matches!(char, '`' | '~')).collect();
                text.text.lines().count() > 1
                    && text.text.lines().last().is_some_and(|last| last.trim_start().starts_with(&fence))
            }
        };
        Block::Code { text, closed }
    }
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
    )
}

fn is_inline_end(end: TagEnd) -> bool {
    matches!(
        end,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
    )
}

/// The cells of a row: what stands between bars that are not escaped.
pub(super) fn cells(text: &str, row: Range<usize>) -> Vec<Said> {
    let line = Said::of(text, row);
    let inner = line.text.strip_prefix('|').unwrap_or(&line.text);
    let mut at = line.at + (line.text.len() - inner.len());
    let inner = match inner.strip_suffix('|') {
        Some(rest) if !rest.ends_with('\\') => rest,
        Some(_) | None => inner,
    };
    let mut cells = Vec::new();
    let mut start = at;
    let mut escaped = false;
    for char in inner.chars() {
        if char == '|' && !escaped {
            cells.push(Said::of(text, start..at));
            start = at + 1;
        }
        escaped = char == '\\' && !escaped;
        at += char.len_utf8();
    }
    cells.push(Said::of(text, start..at));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let words = |said: &Said| {
            assert_eq!(text.get(said.at..said.at + said.text.len()), Some(said.text.as_str()));
            said.text.clone()
        };
        blocks(text)
            .iter()
            .map(|block| match block {
                Block::Heading { level, text } => format!("h{level} {}", words(text)),
                Block::Line { depth, text } => format!("line{depth} {}", words(text)),
                Block::Item { depth, number, ticked, text } => {
                    format!("item{depth} {number:?} {ticked:?} {}", words(text))
                }
                Block::Table(table) => {
                    let row = |cells: &[Said]| cells.iter().map(words).collect::<Vec<_>>().join("/");
                    let rows: Vec<String> = table.rows.iter().map(|cells| row(&cells.cells)).collect();
                    format!("table {} : {}", row(&table.headings), rows.join(" : "))
                }
                Block::Code { text, closed } => format!("code {closed} {}", words(text)),
                Block::Rule => "rule".to_owned(),
            })
            .collect()
    }

    #[test]
    fn blocks_keep_their_words() {
        let text = "# A **b**\n\n**K**: v  \n`c` d\n\n- [x] one\n  - two **x**\n    more\n- [ ] three\n\n4. four\n5. five\n\n---\n";
        assert_eq!(
            shown(text),
            [
                "h1 A **b**",
                "line0 **K**: v",
                "line0 `c` d",
                "item1 None Some(true) one",
                "item2 None None two **x**",
                "line2 more",
                "item1 None Some(false) three",
                "item1 Some(4) None four",
                "item1 Some(5) None five",
                "rule",
            ]
        );
    }

    #[test]
    fn tables_show_what_they_lack() {
        let text = "| A | B |\n|---|---|\n| `x\\|y` | 2 |\n| 3 |\n| 4 | 5 | 6 |\n";
        assert_eq!(shown(text), ["table A/B : `x\\|y`/2 : 3 : 4/5/6"]);
    }

    #[test]
    fn an_open_fence_is_seen() {
        assert_eq!(shown("```sh\nls\n```\n"), ["code true ```sh\nls\n```"]);
        assert_eq!(shown("a\n\n```sh\nls"), ["line0 a", "code false ```sh\nls"]);
    }
}
