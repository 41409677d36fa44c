//! The last step for terminals that know ASCII only: whatever is left on the screen that is not ASCII (a title from a
//! file, a minus sign, a report's frame) is replaced by something that is.

use ratatui::buffer::Buffer;

/// Replaces every symbol that is not ASCII, one cell by one.
pub(super) fn reduce(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(" ", plain);
            cell.set_symbol(plain);
        }
    }
}

fn plain(symbol: char) -> &'static str {
    match symbol {
        '−' | '–' | '—' | '─' | '·' | '‑' => "-",
        '…' | '±' => "~",
        'µ' => "u",
        '≤' => "<",
        '≥' => ">",
        '\u{a0}' | '\u{202f}' => " ",
        '│' | '┊' => "|",
        '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => "+",
        '→' | '▸' => ">",
        '←' | '◂' => "<",
        '×' | '✗' => "x",
        '●' => "o",
        '◆' => "*",
        '┄' | '⋅' => ".",
        '“' | '”' => "\"",
        '‘' | '’' => "'",
        _ => "?",
    }
}
