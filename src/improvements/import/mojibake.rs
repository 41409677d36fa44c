//! A document's text, made whole: byte-order mark, line ends, and UTF-8 that was read as Windows-1252 and saved again.
//!
//! ```text
//! 🔴 = F0 9F 94 B4 ──read as Windows-1252──▶ ð Ÿ ” ´ ──saved as UTF-8──▶ ðŸ”´
//! ```
//!
//! The way back is exact wherever each byte has a character. Five bytes (81 8D 8F 90 9D) have none, and most programs
//! drop them: the mark ❌ (E2 9D 8C) is left as `âŒ`. Such a remnant is restored when only one of the marks that
//! tracking documents use reads like it; otherwise it becomes U+FFFD, and the repair says which marks it may have been.
//! Nothing is mended in silence, and every offset in the mended text leads back to its place in the file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Serialize;

use super::whole::Place;

/// What Windows-1252 reads for the bytes 80 to 9F; `\0` where it has no character.
const UPPER: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Marks that tracking documents use and that lose a byte on the way.
const MARKS: &[char] = &[
    '❌', '⏸', '⏳', '⏰', '⏱', '❗', '←', '”', '📁', '📍', '📏', '📐', '📝', '🔁', '🔍', '🔐', '🏁', '🐛', '🏗',
    '\u{fe0f}',
];

/// Damage upon damage is undone at most this often.
const PASSES_MAX: usize = 3;

/// A text and the way back to the file it was made from.
#[derive(Debug, Clone)]
pub(super) struct Repaired {
    text: String,
    original: String,
    edits: Vec<Edit>,
    repairs: Vec<Repair>,
}

/// A stretch of the text that reads otherwise in the file.
#[derive(Debug, Clone)]
struct Edit {
    at: Range<usize>,
    from: Range<usize>,
}

/// Something that was mended, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Where it first stands.
    #[serde(flatten)]
    pub place: Place,
    /// What was wrong.
    pub damage: Damage,
    /// What the file says.
    pub was: String,
    /// What was read instead.
    pub now: String,
    /// How often.
    pub times: usize,
}

/// What was wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// A byte-order mark at the start.
    ByteOrderMark,
    /// Lines that end in CR LF, or in CR alone.
    LineEnds,
    /// UTF-8 read as Windows-1252: restored exactly.
    Mojibake,
    /// The same with a byte dropped; only one known mark reads like it.
    ByteLost,
    /// The same; several marks read like it, or none.
    Unreadable,
}

/// A character and the stretch of the file it was made from.
#[derive(Debug, Clone)]
struct Glyph {
    char: char,
    from: Range<usize>,
    damage: Option<Damage>,
}

impl Repaired {
    /// Mends `original`.
    pub(super) fn new(original: &str) -> Self {
        let mut glyphs: Vec<Glyph> = original
            .char_indices()
            .map(|(at, char)| Glyph { char, from: at..at + char.len_utf8(), damage: None })
            .collect();
        glyphs = plain_ends(glyphs);
        for _ in 0..PASSES_MAX {
            let (mended, changed) = pass(glyphs);
            glyphs = mended;
            if !changed {
                break;
            }
        }
        let mut repaired =
            Self { text: String::new(), original: original.to_owned(), edits: Vec::new(), repairs: Vec::new() };
        for glyph in &glyphs {
            let start = repaired.text.len();
            if glyph.char != '\u{feff}' {
                repaired.text.push(glyph.char);
            }
            if glyph.damage.is_some() {
                repaired.edits.push(Edit { at: start..repaired.text.len(), from: glyph.from.clone() });
            }
        }
        repaired.repairs = repaired.told(&glyphs);
        repaired
    }

    /// The mended text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What was mended, by kind and place.
    pub(super) fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The offset in the file of an offset in the text.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let before = self.edits.partition_point(|edit| edit.at.start <= offset);
        match before.checked_sub(1).map(|last| &self.edits[last]) {
            Some(edit) if offset < edit.at.end => edit.from.start,
            Some(edit) => edit.from.end + (offset - edit.at.end),
            None => offset,
        }
    }

    /// Line and column, in the file, of an offset in the text.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let (from, to) = (self.origin(start), self.origin(offset));
        Place { line, column: 1 + self.original.get(from..to).map_or(0, |text| text.chars().count()) }
    }

    /// Equal damage is told once, with its first place.
    fn told(&self, glyphs: &[Glyph]) -> Vec<Repair> {
        let mut told: Vec<Repair> = Vec::new();
        let mut known: BTreeMap<(Damage, String), usize> = BTreeMap::new();
        let mut at = 0;
        for glyph in glyphs {
            let here = at;
            at += if glyph.char == '\u{feff}' { 0 } else { glyph.char.len_utf8() };
            let Some(damage) = glyph.damage else { continue };
            let was = self.original.get(glyph.from.clone()).unwrap_or_default().to_owned();
            if let Some(index) = known.get(&(damage, was.clone())) {
                told[*index].times += 1;
                continue;
            }
            known.insert((damage, was.clone()), told.len());
            told.push(Repair { place: self.place(here), damage, now: glyph.now(&was), was, times: 1 });
        }
        told.sort_by_key(|repair| (repair.damage, repair.place));
        told
    }
}

impl Glyph {
    fn now(&self, was: &str) -> String {
        match self.damage {
            Some(Damage::ByteOrderMark) => String::new(),
            Some(Damage::Unreadable) => {
                let candidates: Vec<String> = remnants(was).iter().map(char::to_string).collect();
                if candidates.is_empty() { was.to_owned() } else { format!("one of {}", candidates.join(" ")) }
            }
            Some(Damage::LineEnds | Damage::Mojibake | Damage::ByteLost) | None => self.char.to_string(),
        }
    }
}

/// The byte-order mark and the line ends.
fn plain_ends(glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let mut plain: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut glyphs = glyphs.into_iter().peekable();
    while let Some(mut glyph) = glyphs.next() {
        if glyph.char == '\u{feff}' && glyph.from.start == 0 {
            glyph.damage = Some(Damage::ByteOrderMark);
        } else if glyph.char == '\r' {
            if let Some(newline) = glyphs.next_if(|next| next.char == '\n') {
                glyph.from.end = newline.from.end;
            }
            glyph.char = '\n';
            glyph.damage = Some(Damage::LineEnds);
        }
        plain.push(glyph);
    }
    plain
}

/// One reading as Windows-1252 undone; whether there was one.
fn pass(glyphs: Vec<Glyph>) -> (Vec<Glyph>, bool) {
    let mut mended = Vec::with_capacity(glyphs.len());
    let mut changed = false;
    let mut at = 0;
    while let Some(glyph) = glyphs.get(at) {
        let (taken, char, damage) = match decoded(&glyphs[at..]) {
            Some((taken, char)) => (taken, char, Damage::Mojibake),
            None => match remnant(&glyphs[at..]) {
                Some((taken, char, damage)) => (taken, char, damage),
                None => {
                    mended.push(glyph.clone());
                    at += 1;
                    continue;
                }
            },
        };
        changed = true;
        let from = glyph.from.start..glyphs[at + taken - 1].from.end;
        mended.push(Glyph { char, from, damage: Some(damage) });
        at += taken;
    }
    (mended, changed)
}

/// The character whose UTF-8 bytes stand here, one character for each byte.
fn decoded(glyphs: &[Glyph]) -> Option<(usize, char)> {
    let length = match byte_of(glyphs.first()?.char)? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes: Option<Vec<u8>> = glyphs.get(..length)?.iter().map(|glyph| byte_of(glyph.char)).collect();
    let text = String::from_utf8(bytes?).ok()?;
    Some((length, text.chars().next()?))
}

/// A mark that lost a byte: the longest one that reads like what stands here.
fn remnant(glyphs: &[Glyph]) -> Option<(usize, char, Damage)> {
    byte_of(glyphs.first()?.char).filter(|byte| *byte >= 0xc2)?;
    (2..=3).rev().find_map(|length| {
        let text: String = glyphs.get(..length)?.iter().map(|glyph| glyph.char).collect();
        match remnants(&text) {
            [] => None,
            [mark] => Some((length, *mark, Damage::ByteLost)),
            _ => Some((length, char::REPLACEMENT_CHARACTER, Damage::Unreadable)),
        }
    })
}

/// The marks of which `text` may be left.
fn remnants(text: &str) -> &'static [char] {
    static REMNANTS: LazyLock<BTreeMap<String, Vec<char>>> = LazyLock::new(|| {
        let mut remnants: BTreeMap<String, Vec<char>> = BTreeMap::new();
        for mark in MARKS {
            let bytes = mark.to_string().into_bytes();
            remnants.entry(bytes.into_iter().filter_map(read_as_1252).collect()).or_default().push(*mark);
        }
        remnants
    });
    REMNANTS.get(text).map_or(&[], Vec::as_slice)
}

fn read_as_1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9f => Some(UPPER[usize::from(byte - 0x80)]).filter(|char| *char != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// The byte that Windows-1252, or Latin-1 in its gaps, reads as `char`.
fn byte_of(char: char) -> Option<u8> {
    match char {
        '\u{80}'..='\u{ff}' => u8::try_from(u32::from(char)).ok(),
        '\0'..='\u{7f}' => None,
        _ => UPPER.iter().position(|upper| *upper == char).and_then(|at| u8::try_from(0x80 + at).ok()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn damaged(text: &str) -> String {
        text.bytes().filter_map(read_as_1252).collect()
    }

    #[test]
    fn marks_come_back() {
        for mark in ["🔴", "🟡", "🟢", "🔵", "📋", "🔄", "✅", "⏸", "❌", "📊", "🎯", "→", "≥", "–"]
        {
            let repaired = Repaired::new(&format!("a {} b", damaged(mark)));
            assert_eq!(repaired.text(), format!("a {mark} b"));
            assert_eq!(repaired.repairs().len(), 1, "{mark}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_told() {
        let repaired = Repaired::new(&format!("## {} Components", damaged("📁")));
        assert_eq!(repaired.text(), "## \u{fffd} Components");
        let repair = &repaired.repairs()[0];
        assert_eq!((repair.damage, repair.now.as_str()), (Damage::Unreadable, "one of 📁 📍 📏 📐 📝"));
        assert_eq!(repair.place, Place { line: 1, column: 4 });
    }

    #[test]
    fn damage_upon_damage_is_undone() {
        assert_eq!(Repaired::new(&damaged(&damaged("×"))).text(), "×");
    }

    #[test]
    fn places_are_those_of_the_file() {
        let repaired = Repaired::new("\u{feff}one\r\nâœ… two x\r\n");
        assert_eq!(repaired.text(), "one\n✅ two x\n");
        assert_eq!(repaired.place(repaired.text().find('x').unwrap()), Place { line: 2, column: 9 });
        let kinds: Vec<Damage> = repaired.repairs().iter().map(|repair| repair.damage).collect();
        assert_eq!(kinds, [Damage::ByteOrderMark, Damage::LineEnds, Damage::Mojibake]);
        assert_eq!(repaired.repairs()[1].times, 2);
    }

    #[test]
    fn sound_text_stays() {
        let text = "naïve Größe, 20 µs × 3 → «ok» “quoted” – Pâté\n";
        assert_eq!(Repaired::new(text).text(), text);
        assert!(Repaired::new(text).repairs().is_empty());
    }

    proptest! {
        /// Any text, read wrongly, comes back where no byte was lost; and every offset leads into the file.
        #[test]
        fn the_way_back_is_exact(text in "[ -~\n✅🔴📋🔄🎯→≥…]{0,60}") {
            let whole: String = text.bytes().map(|byte| read_as_1252(byte).unwrap_or(char::from(byte))).collect();
            let repaired = Repaired::new(&whole);
            prop_assert_eq!(repaired.text(), text);
            for (offset, _) in repaired.text().char_indices() {
                prop_assert!(whole.is_char_boundary(repaired.origin(offset)));
            }
        }
    }
}
