//! Who goes well with whom: on the diagonal what each feature does, beside it what two do beyond the sum of that.

use unicode_width::UnicodeWidthStr;

use super::shown::{Glyphs, Shown};
use crate::lab::screen::Term;

/// The matrix as a table, ending with a newline; empty where there is no interaction to show.
pub fn matrix(shown: &Shown<'_>, glyphs: Glyphs) -> String {
    let factors = shown.factors();
    let cells = cells(shown, glyphs, &factors);
    if !factors.iter().any(|&a| factors.iter().any(|&b| a < b && shown.effects.of(&Term::pair(a, b)).is_some())) {
        return String::new();
    }
    let name = |&factor: &usize| shown.names[factor].as_str();
    let all = cells.iter().flatten().map(String::as_str).chain(factors.iter().map(name));
    let width = all.map(UnicodeWidthStr::width).max().unwrap_or_default() + 2;
    let padded = |cell: &str| format!("{}{cell}", " ".repeat(width.saturating_sub(cell.width())));
    let mut text = format!(" {}{}\n", " ".repeat(width), factors.iter().map(|f| padded(name(f))).collect::<String>());
    for (factor, row) in factors.iter().zip(&cells) {
        let row: String = row.iter().map(|cell| padded(cell)).collect();
        text += &format!(" {}{row}\n", padded(name(factor)));
    }
    let legend = glyphs.pick(
        "diagonal: on against off; ▲ synergy ▼ conflict △ ▽ likely",
        "diagonal: on against off; ++ synergy -- conflict +? -? likely",
    );
    text += &format!(" {legend}\n");
    text
}

fn cells(shown: &Shown<'_>, glyphs: Glyphs, factors: &[usize]) -> Vec<Vec<String>> {
    let cell = |row: usize, column: usize| {
        let term = if row == column { Term::main(row) } else { Term::pair(row, column) };
        let text = shown.effects.of(&term).map(|estimate| {
            let mark = if row == column { "" } else { glyphs.together(estimate) };
            let change = shown.change(estimate.effect);
            if mark.is_empty() { change } else { format!("{mark} {change}") }
        });
        glyphs.plain(&text.unwrap_or_else(|| glyphs.pick("–", "-").to_owned()))
    };
    factors.iter().map(|&row| factors.iter().map(|&column| cell(row, column)).collect()).collect()
}
