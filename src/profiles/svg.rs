//! Writing SVG: escaped text, rectangles, and text that is cut to its box.

use std::fmt::Write;

/// Width of a character of the monospaced font, as a part of its size.
const CHARACTER_WIDTH: f64 = 0.615;

/// An SVG document in the making. Writing into a string cannot fail.
#[derive(Debug, Default)]
pub(crate) struct Svg {
    body: String,
}

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: f64,
    pub(crate) color: &'static str,
    pub(crate) bold: bool,
}

impl Svg {
    /// Text whose baseline begins at `x`, `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, font: Font, text: &str) {
        self.anchored("start", x, y, font, text);
    }

    /// Text whose baseline ends at `x`, `y`.
    pub(crate) fn text_before(&mut self, x: f64, y: f64, font: Font, text: &str) {
        self.anchored("end", x, y, font, text);
    }

    fn anchored(&mut self, anchor: &str, x: f64, y: f64, font: Font, text: &str) {
        let Font { size, color, bold } = font;
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{color}\"{weight}>{text}</text>"
        );
    }

    /// A rectangle with a tooltip, and as much of `label` as fits into it.
    pub(crate) fn labelled(
        &mut self,
        [x, y, width, height]: [f64; 4],
        fill: &str,
        tooltip: &str,
        font: Font,
        label: &str,
    ) {
        let _ = write!(
            self.body,
            "<g><title>{}</title><rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" fill=\"{fill}\"/>",
            escaped(tooltip)
        );
        if let Some(label) = cut(label, width - 6.0, font.size) {
            let _ = write!(
                self.body,
                "<text x=\"{:.2}\" y=\"{:.1}\" font-size=\"{}\" fill=\"{}\">{}</text>",
                x + 3.0,
                y + height - 4.5,
                font.size,
                font.color,
                escaped(&label)
            );
        }
        self.body.push_str("</g>\n");
    }

    /// A rectangle.
    pub(crate) fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }

    /// A line, dashed or not.
    pub(crate) fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], color: &str, width: f64, is_dashed: bool) {
        let dashes = if is_dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{color}\" stroke-width=\"{width}\"{dashes}/>"
        );
    }

    /// A disc with a tooltip, hollow or not.
    pub(crate) fn disc(&mut self, [x, y, radius]: [f64; 3], color: &str, is_hollow: bool, tooltip: &str) {
        let fill = if is_hollow { "#ffffff" } else { color };
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{color}\" stroke-width=\"1.5\"><title>{}</title></circle>",
            escaped(tooltip)
        );
    }

    /// The whole document.
    pub(crate) fn finish(self, width: f64, height: f64) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"monospace\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// As much of a function's name as fits into `width`: without its crate, without its module, and at last its beginning.
/// `None` when nothing useful fits.
fn cut(name: &str, width: f64, size: f64) -> Option<String> {
    let fits = (width / (size * CHARACTER_WIDTH)).floor().max(0.0) as usize;
    let mut rest = name;
    loop {
        let length = rest.chars().count();
        if length <= fits {
            return Some(rest.to_owned());
        }
        match rest.split_once("::") {
            Some((_, shorter)) => rest = shorter,
            None if fits < 4 => return None,
            None => return Some(rest.chars().take(fits - 1).chain(std::iter::once('…')).collect()),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML allows no control characters but these.
            '\t' | '\n' => safe.push(' '),
            character if character.is_control() => safe.push('\u{fffd}'),
            character => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_box_and_escaped() {
        assert_eq!(cut("abc", 100.0, 11.0).unwrap(), "abc");
        assert_eq!(cut("engine::wal::append", 100.0, 11.0).unwrap(), "wal::append");
        assert_eq!(cut("engine::wal::append", 45.0, 11.0).unwrap(), "append");
        assert_eq!(cut("engine::wal::append", 35.0, 11.0).unwrap(), "appe…");
        assert_eq!(cut("engine::wal::append", 20.0, 11.0), None);
        assert_eq!(escaped("<a & \"b\">\u{1}"), "&lt;a &amp; &quot;b&quot;&gt;\u{fffd}");
    }
}
