//! Text for cells: measured in columns, shortened with a mark, wrapped at words; quantities as people read them.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::units::Effect;

/// Columns the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns` columns; what is cut leaves `mark` behind. Control characters become blanks, so that
/// no text from a file or a process can move the cursor.
pub fn fit<'t>(text: &'t str, columns: usize, mark: &str) -> Cow<'t, str> {
    let clean: Cow<'t, str> = if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|symbol| if symbol.is_control() { ' ' } else { symbol }).collect())
    } else {
        Cow::Borrowed(text)
    };
    if clean.width() <= columns {
        return clean;
    }
    let room = columns.saturating_sub(mark.width());
    let mut cut = String::with_capacity(columns);
    let mut used = 0;
    for symbol in clean.chars() {
        let size = symbol.width().unwrap_or(0);
        if used + size > room {
            break;
        }
        used += size;
        cut.push(symbol);
    }
    if mark.width() <= columns {
        cut.push_str(mark);
    }
    Cow::Owned(cut)
}

/// The end of a path of names, as much of it as has room: `engine::wal::sync`, `…wal::sync`, `…sync`. What stands between
/// angle brackets is not taken apart. Where not even the last name has room, its beginning.
pub fn tail_of_path<'t>(path: &'t str, columns: usize, mark: &str) -> Cow<'t, str> {
    if path.width() <= columns {
        return Cow::Borrowed(path);
    }
    let mut open = 0_usize;
    let mut last = path;
    for (at, symbol) in path.char_indices() {
        match symbol {
            '<' => open += 1,
            '>' => open = open.saturating_sub(1),
            ':' if open == 0 && path[..at].ends_with(':') => {
                last = &path[at + 1..];
                if mark.width() + last.width() <= columns {
                    return Cow::Owned(format!("{mark}{last}"));
                }
            }
            _ => {}
        }
    }
    fit(last, columns, mark)
}

/// Lines of at most `columns` columns, broken at blanks; a word longer than a line is broken anywhere.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for symbol in word.chars() {
            if line.width() + symbol.width().unwrap_or(0) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(symbol);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A duration in at most two units: `8 s`, `3 min 20 s`, `2 h 5 min`, `4 d`.
pub fn span(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 if (whole % 3600) / 60 == 0 => format!("{} h", whole / 3600),
        3600..86_400 => format!("{} h {} min", whole / 3600, (whole % 3600) / 60),
        _ => format!("{} d", whole / 86_400),
    }
}

/// How long ago, in one unit: `now`, `12 s`, `3 min`, `5 h`, `2 d`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).max(SignedDuration::ZERO).as_secs();
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A measured quantity with three significant digits: `984`, `7.12k`, `36.2k`, `1.20M`; small ones as they are.
pub fn quantity(value: f64) -> String {
    let size = value.abs();
    let (scaled, suffix) = match size {
        _ if !size.is_finite() => return "–".to_owned(),
        _ if size >= 1e9 => (value / 1e9, "G"),
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        // By what is left after rounding: 9.996 is 10.0.
        part if part >= 99.95 => 0,
        part if part >= 9.995 => 1,
        part if suffix.is_empty() && part.fract() == 0.0 => 0,
        _ => 2,
    };
    format!("{scaled:.digits$}{suffix}")
}

/// Bounds in percent, without the sign of it: `[+398, +431]`; an open end is `…`.
pub fn bounds(effect: &Effect) -> String {
    match (effect.low, effect.high) {
        (None, None) => "no bounds yet".to_owned(),
        (Some(_), _) | (_, Some(_)) => effect.bounds().replace(" %", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Change;

    #[test]
    fn cutting_leaves_a_mark_and_never_exceeds_the_room() {
        assert_eq!(fit("WAL group commit", 16, "…"), "WAL group commit");
        assert_eq!(fit("WAL group commit", 10, "…"), "WAL group…");
        assert_eq!(fit("日本語テキスト", 6, "…"), "日本…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(fit("a\x1b[2Jb", 9, "…"), "a [2Jb");
        for columns in 0..12 {
            assert!(width(&fit("日本 WAL\tgroup", columns, "...")) <= columns);
        }
    }

    #[test]
    fn the_end_of_a_path_says_most() {
        let of = |columns| tail_of_path("engine::wal::Log<a::B>::sync", columns, "…").into_owned();
        assert_eq!(of(28), "engine::wal::Log<a::B>::sync");
        assert_eq!([of(27), of(17), of(8)], ["…wal::Log<a::B>::sync", "…Log<a::B>::sync", "…sync"]);
        assert_eq!([of(4), of(3), of(0)], ["sync", "sy…", ""]);
        assert_eq!(tail_of_path("fsync", 3, "…"), "fs…");
        for columns in 0..30 {
            assert!(width(&of(columns)) <= columns);
        }
    }

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrap("one fdatasync per commit", 13), ["one fdatasync", "per commit"]);
        assert_eq!(wrap("transaction/wal", 6), ["transa", "ction/", "wal"]);
        assert_eq!(wrap("", 6), [""]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }

    #[test]
    fn quantities_read_as_people_say_them() {
        assert_eq!(
            [quantity(7_123.0), quantity(36_210.0), quantity(984.0), quantity(0.5)],
            ["7.12k", "36.2k", "984", "0.50"]
        );
        assert_eq!([span(8.2), span(200.0), span(7500.0), span(f64::NAN)], ["8 s", "3 min 20 s", "2 h 5 min", "0 s"]);
        assert_eq!([quantity(9_996.0), quantity(99.97)], ["10.0k", "100"]);
        let effect = Effect { estimate: Change(0.5), low: Some(Change(0.25)), high: None };
        assert_eq!(bounds(&effect), "[+25.0, …]");
        assert_eq!(bounds(&Effect { low: None, ..effect }), "no bounds yet");
    }
}
