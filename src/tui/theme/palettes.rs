//! The themes' colours, from the 256-colour cube.

use ratatui::style::{Color, Modifier, Style};

use super::{Fills, Theme, ThemeName};

impl Theme {
    /// The theme of that name.
    pub fn named(name: ThemeName) -> Self {
        match name {
            ThemeName::Dark => Self::coloured(
                name,
                Palette {
                    dim: 246,
                    faint: 239,
                    accent: 75,
                    good: 114,
                    warn: 221,
                    bad: 203,
                    a: 180,
                    b: 117,
                    lit: 237,
                    bar: 235,
                    on_bar: 252,
                    fills: [
                        (173, 16),
                        (179, 16),
                        (137, 16),
                        (180, 16),
                        (240, 252),
                        (67, 231),
                        (167, 231),
                        (97, 231),
                        (178, 16),
                        (213, 16),
                    ],
                },
            ),
            ThemeName::Light => Self::coloured(
                name,
                Palette {
                    dim: 242,
                    faint: 250,
                    accent: 25,
                    good: 28,
                    warn: 130,
                    bad: 160,
                    a: 94,
                    b: 26,
                    lit: 254,
                    bar: 255,
                    on_bar: 235,
                    fills: [
                        (216, 16),
                        (222, 16),
                        (223, 16),
                        (180, 16),
                        (253, 238),
                        (153, 16),
                        (217, 16),
                        (183, 16),
                        (222, 16),
                        (162, 231),
                    ],
                },
            ),
            // Blue, orange and yellow: distinct under every common deficiency.
            ThemeName::ColourBlind => Self::coloured(
                name,
                Palette {
                    dim: 246,
                    faint: 239,
                    accent: 117,
                    good: 39,
                    warn: 227,
                    bad: 208,
                    a: 215,
                    b: 75,
                    lit: 237,
                    bar: 235,
                    on_bar: 252,
                    fills: [
                        (179, 16),
                        (180, 16),
                        (137, 16),
                        (144, 16),
                        (240, 252),
                        (25, 231),
                        (208, 16),
                        (110, 16),
                        (227, 16),
                        (231, 16),
                    ],
                },
            ),
            ThemeName::Mono => {
                let plain = Style::new();
                let dim = plain.add_modifier(Modifier::DIM);
                let bold = plain.add_modifier(Modifier::BOLD);
                Self {
                    name,
                    text: plain,
                    dim,
                    faint: dim,
                    title: bold.remove_modifier(Modifier::DIM),
                    accent: bold,
                    good: plain,
                    warn: plain,
                    bad: bold,
                    arm_a: plain,
                    arm_b: bold,
                    selected: plain.add_modifier(Modifier::REVERSED),
                    bar: plain,
                    fills: Fills {
                        plain: [plain; 4],
                        same: dim,
                        cheaper: plain,
                        dearer: bold,
                        gone: plain,
                        new: bold,
                        found: bold.add_modifier(Modifier::UNDERLINED),
                        cursor: plain.add_modifier(Modifier::REVERSED),
                    },
                }
            }
        }
    }

    fn coloured(name: ThemeName, palette: Palette) -> Self {
        let [plain @ .., same, cheaper, dearer, gone, new, found] =
            palette.fills.map(|(fill, ink)| Style::new().fg(Color::Indexed(ink)).bg(Color::Indexed(fill)));
        let cursor = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
        let ink = |index: u8| Style::new().fg(Color::Indexed(index));
        Self {
            name,
            text: Style::new(),
            dim: ink(palette.dim),
            faint: ink(palette.faint),
            title: Style::new().fg(Color::Reset).add_modifier(Modifier::BOLD),
            accent: ink(palette.accent),
            good: ink(palette.good),
            warn: ink(palette.warn),
            bad: ink(palette.bad),
            arm_a: ink(palette.a),
            arm_b: ink(palette.b),
            selected: Style::new().bg(Color::Indexed(palette.lit)).add_modifier(Modifier::BOLD),
            bar: Style::new().fg(Color::Indexed(palette.on_bar)).bg(Color::Indexed(palette.bar)),
            fills: Fills { plain, same, cheaper, dearer, gone, new, found, cursor },
        }
    }
}

/// Indices into the 256-colour cube.
struct Palette {
    dim: u8,
    faint: u8,
    accent: u8,
    good: u8,
    warn: u8,
    bad: u8,
    a: u8,
    b: u8,
    lit: u8,
    bar: u8,
    on_bar: u8,
    /// Fill and ink of frames: four neighbours, then same, cheaper, dearer, gone, new, found.
    fills: [(u8, u8); 10],
}
