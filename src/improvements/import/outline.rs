//! A document as people read it: sections, and lines that know what they stand under.
//!
//! ```text
//! ## Phase 1: Critical Path (Weeks 1-2)      section
//! **Success Criteria**:                      lead: ends in a colon and says nothing itself
//! - ✅ TPS >= 50,000 on TPC-C                 line: section, lead, mark
//!   - Baseline: ~25,000                      line: parent, key and value
//! ```

use std::sync::LazyLock;

use regex::Regex;

use super::markdown::{Block, Said, Table, blocks};

/// A document's sections, lines, tables and code, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) sections: Vec<Section>,
    pub(super) lines: Vec<Line>,
    pub(super) tables: Vec<Table>,
    pub(super) codes: Vec<Code>,
}

/// A heading with all below it; the first one is what stands before any heading.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) level: u8,
    pub(super) parent: Option<usize>,
    /// The heading without its mark.
    pub(super) title: Said,
    pub(super) mark: Option<Mark>,
}

/// A line, a table or a stretch of code.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) section: usize,
    /// The line that this one is listed under.
    pub(super) lead: Option<usize>,
    /// The item that this one is part of.
    pub(super) parent: Option<usize>,
    pub(super) depth: u8,
    pub(super) mark: Option<Mark>,
    /// `Status` of `**Status**: In progress`.
    pub(super) key: Option<Said>,
    /// Whether the key is set off in bold.
    pub(super) bold: bool,
    /// What follows the key, or the whole text.
    pub(super) value: Said,
    /// The whole, without its mark.
    pub(super) text: Said,
    /// The whole, as it was written.
    pub(super) raw: Said,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line of a paragraph.
    Text,
    /// An item of a list, with its number.
    Item(Option<u64>),
    /// A whole table, by its index.
    Table(usize),
    /// A stretch of code, by its index.
    Code(usize),
}

/// A stretch of code.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) text: Said,
    pub(super) closed: bool,
}

/// What a sign beside a line says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// ✅
    Done,
    /// ⏳ 🔄 📋
    Open,
    /// `[x]` or `[ ]`
    Box(bool),
}

impl Outline {
    /// Reads `text`.
    pub(super) fn new(text: &str) -> Self {
        let preamble = Section { level: 0, parent: None, title: Said { text: String::new(), at: 0 }, mark: None };
        let mut outline = Self { sections: vec![preamble], ..Self::default() };
        for block in blocks(text) {
            outline.add(block);
        }
        outline
    }

    /// The section and all those around it, innermost first.
    pub(super) fn around(&self, section: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(section), |inner| self.sections[*inner].parent)
    }

    /// Whether `inner` is `outer` or lies in it.
    pub(super) fn is_within(&self, inner: usize, outer: usize) -> bool {
        self.around(inner).any(|section| section == outer)
    }

    /// The titles from the outermost section to this one, without the document's own: `SUCCESS METRICS › Latency`.
    pub(super) fn path(&self, section: usize) -> String {
        let around = self.around(section).filter(|at| *at == section || self.sections[*at].level > 1);
        let titles = around.map(|at| self.sections[at].title.text.as_str()).filter(|text| !text.is_empty());
        let mut titles: Vec<&str> = titles.collect();
        titles.reverse();
        titles.join(" › ")
    }

    /// The lines of one section, without those of the sections in it.
    pub(super) fn lines_of(&self, section: usize) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate().filter(move |(_, line)| line.section == section)
    }

    /// The lines of a section and of all the sections in it.
    pub(super) fn lines_within(&self, section: usize) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate().filter(move |(_, line)| self.is_within(line.section, section))
    }

    /// What a line stands under, in words: its lead, its item, and its section's title.
    pub(super) fn heading_of(&self, line: &Line) -> String {
        let lead = line.lead.map(|lead| self.lines[lead].text.text.as_str()).unwrap_or_default();
        let parent = line.parent.map(|parent| self.lines[parent].text.text.as_str()).unwrap_or_default();
        format!("{} {lead} {parent}", self.sections[line.section].title.text)
    }

    fn add(&mut self, block: Block) {
        match block {
            Block::Heading { level, text } => self.heading(level, &text),
            Block::Line { depth, text } => self.line(Kind::Text, depth, None, text),
            Block::Item { depth, number, ticked, text } => {
                self.line(Kind::Item(number), depth, ticked.map(Mark::Box), text);
            }
            Block::Table(table) => {
                let raw = Said { text: String::new(), at: table.at };
                self.tables.push(table);
                self.line(Kind::Table(self.tables.len() - 1), 0, None, raw);
            }
            Block::Code { text, closed } => {
                let raw = text.clone();
                self.codes.push(Code { text, closed });
                self.line(Kind::Code(self.codes.len() - 1), 0, None, raw);
            }
            Block::Rule => {}
        }
    }

    fn heading(&mut self, level: u8, text: &Said) {
        let last = self.sections.len() - 1;
        let parent = self.around(last).find(|at| self.sections[*at].level < level);
        let (mark, title) = unmarked(text);
        self.sections.push(Section { level, parent, title, mark });
    }

    fn line(&mut self, kind: Kind, depth: u8, boxed: Option<Mark>, raw: Said) {
        let section = self.sections.len() - 1;
        let is_words = matches!(kind, Kind::Text | Kind::Item(_));
        let (mark, text) = if is_words { unmarked(&raw) } else { (None, raw.clone()) };
        let (key, value) = if is_words { key_and_value(&text) } else { (None, text.clone()) };
        let bold = key.is_some() && text.text.starts_with("**");
        let here = self.lines.iter().enumerate().rev().take_while(|(_, line)| line.section == section);
        let mut parent = None;
        let mut lead = None;
        for (at, line) in here {
            let is_item = matches!(line.kind, Kind::Item(_));
            let around = if matches!(kind, Kind::Item(_)) { line.depth < depth } else { line.depth <= depth };
            if parent.is_none() && depth > 0 && is_item && around {
                parent = Some(at);
            }
            if line.depth == 0 {
                // Only items and code are listed under a line; a paragraph or table ends the list.
                let listed = matches!(kind, Kind::Item(_) | Kind::Code(_) | Kind::Table(_));
                lead = Some(at).filter(|_| listed && matches!(line.kind, Kind::Text) && line.is_lead());
                break;
            }
        }
        self.lines.push(Line { kind, section, lead, parent, depth, mark: boxed.or(mark), key, bold, value, text, raw });
    }
}

impl Line {
    /// Whether it says nothing itself, but announces what follows: `**Deliverables**:`.
    pub(super) fn is_lead(&self) -> bool {
        self.text.text.trim_end_matches('*').ends_with(':') || self.text.text.ends_with(":**")
    }

    /// Whether its key is one of `words`, whatever their case.
    pub(super) fn has_key(&self, words: &[&str]) -> bool {
        self.key.as_ref().is_some_and(|key| words.iter().any(|word| key.text.eq_ignore_ascii_case(word)))
    }

    /// Whether somebody says that it is done.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.mark, Some(Mark::Done | Mark::Box(true)))
    }
}

const DONE: &[char] = &['✅', '✔', '☑', '✓'];
const OPEN: &[char] = &['⏳', '⌛', '🔄', '🚧', '📋', '⬜', '☐', '⏸', '❌', '✗'];

/// The mark at the start or the end of `said`, and the rest.
fn unmarked(said: &Said) -> (Option<Mark>, Said) {
    let mark_of = |char: char| {
        if DONE.contains(&char) { Some(Mark::Done) } else { OPEN.contains(&char).then_some(Mark::Open) }
    };
    let text = said.text.as_str();
    if let Some(mark) = text.chars().next().and_then(mark_of) {
        let rest = text.trim_start_matches(|char: char| mark_of(char).is_some() || char == '\u{fe0f}');
        return (Some(mark), said.part(rest));
    }
    let bare = text.trim_end_matches('\u{fe0f}');
    match bare.chars().next_back().and_then(mark_of) {
        Some(mark) => {
            let rest = bare.trim_end_matches(|char: char| mark_of(char).is_some());
            (Some(mark), said.part(rest))
        }
        None => (None, said.clone()),
    }
}

/// `**Key**: value`, `**Key** - value` or `Key: value`.
fn key_and_value(said: &Said) -> (Option<Said>, Said) {
    static BOLD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\*\*(.+?)(?::\*\*|\*\*\s*(?::|\s[-–—]\s))\s*(.*)$"));
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([\p{L}\d][^:`*|]{0,48}):(?:\s+(.*))?$"));
    let text = said.text.as_str();
    let Some(found) = BOLD.captures(text).or_else(|| PLAIN.captures(text)) else { return (None, said.clone()) };
    let part = |at: usize| said.part(found.get(at).map_or(&text[text.len()..], |found| found.as_str()));
    (Some(part(1)), part(2))
}

/// A pattern that is part of the program.
pub(super) fn pattern(words: &str) -> Regex {
    Regex::new(words).expect("the pattern is written in this program and covered by its tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::new(text)
    }

    #[test]
    fn keys_and_marks() {
        let text =
            "**Status**: ✅ done\n\n- **Bulk** - fast\n- ✅ **A:** b\n- plain: x\n- 10:30 o'clock\n\n## T1: Pool ✅\n";
        let outline = outline(text);
        let seen: Vec<_> = outline
            .lines
            .iter()
            .map(|line| (line.key.as_ref().map(|key| key.text.as_str()), line.value.text.as_str(), line.mark))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("Status"), "✅ done", None),
                (Some("Bulk"), "fast", None),
                (Some("A"), "b", Some(Mark::Done)),
                (Some("plain"), "x", None),
                (None, "10:30 o'clock", None),
            ]
        );
        assert_eq!((outline.sections[1].title.text.as_str(), outline.sections[1].mark), ("T1: Pool", Some(Mark::Done)));
        for line in &outline.lines {
            assert!(text[line.value.at..].starts_with(&line.value.text), "{line:?}");
        }
    }

    #[test]
    fn lines_know_what_they_stand_under() {
        let outline = outline("# A\n\n## B\n\n**Criteria**:\n- one\n  - two\n\nend\n\n- three\n\n# C\n\nx\n");
        let [criteria, one, two, end, three, x] = outline.lines.as_slice() else { panic!("{:?}", outline.lines) };
        assert!(criteria.is_lead() && !one.is_lead());
        assert_eq!((one.lead, one.parent), (Some(0), None));
        assert_eq!((two.lead, two.parent), (Some(0), Some(1)));
        assert_eq!((end.lead, three.lead, x.lead), (None, None, None));
        assert_eq!(outline.path(one.section), "B");
        assert!(outline.is_within(one.section, 1) && !outline.is_within(x.section, 1));
    }
}
