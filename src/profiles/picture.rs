//! The picture of a difference: both call trees, one below the other, on one scale of time per operation.
//!
//! ```text
//!  title, what each side covers, legend
//!  A ┌───────────────── run ─────────────────┐      widths: what a place costs in A; colours: what became of it
//!    ├──── commit ─────┬──── work ───────────┤
//!  B ┌── run ──┐                                    the same scale: what was saved is the empty space
//!    └ commit ┬┘
//!  the functions that changed most
//! ```
//!
//! One flame graph for a difference must choose whose widths to show: B's hides what vanished, A's what is new.

use super::difference::{Change, Difference, Place};
use super::functions::functions;
use super::profile::{Arm, Kind};
use super::svg::{Font, Svg};
use crate::units;

const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 16.0;
const ROW: f64 = 17.0;
/// Narrower places are not drawn.
const PLACE_MIN_PIXELS: f64 = 0.8;
/// Functions listed below the trees.
const FUNCTIONS: usize = 12;

const TITLE: Font = Font { size: 17.0, color: "#111827", bold: true };
const TEXT: Font = Font { size: 12.0, color: "#374151", bold: false };
const QUIET: Font = Font { size: 12.0, color: "#6b7280", bold: false };
const STRONG: Font = Font { size: 12.0, color: "#111827", bold: true };
const LABEL: Font = Font { size: 11.0, color: "#111827", bold: false };

/// The picture of `difference` as SVG. Equal differences give equal bytes.
pub fn picture(difference: &Difference, title: &str) -> String {
    let mut page = Page { svg: Svg::default(), y: MARGIN, difference, scale: scale(difference) };
    page.head(title);
    page.legend();
    page.tree(Arm::A);
    page.tree(Arm::B);
    page.table();
    let height = page.y + MARGIN;
    page.svg.finish(WIDTH, height)
}

/// Pixels per nanosecond of one operation: the dearer side fills the width.
fn scale(difference: &Difference) -> f64 {
    (WIDTH - 2.0 * MARGIN) / difference.root.a.max(difference.root.b).max(f64::MIN_POSITIVE)
}

struct Page<'a> {
    svg: Svg,
    y: f64,
    difference: &'a Difference,
    scale: f64,
}

impl Page<'_> {
    fn line(&mut self, font: Font, text: &str) {
        self.y += font.size + 5.0;
        self.svg.text(MARGIN, self.y, font, text);
    }

    fn head(&mut self, title: &str) {
        let Difference { a, b, .. } = self.difference;
        self.line(TITLE, title);
        self.line(TEXT, &format!("{}: {}", Arm::A.label(), a.coverage()));
        self.line(TEXT, &format!("{}: {}", Arm::B.label(), b.coverage()));
        let (delta, before) = (b.measured() - a.measured(), a.measured());
        let share = if before > 0.0 { format!(" ({})", units::Change(delta / before)) } else { String::new() };
        let kind = self.difference.kind();
        let missed = delta - self.difference.delta();
        // What is in no place of the trees is said, where there is any.
        let missed = match kind {
            Kind::Cpu if missed.abs() > delta.abs() * 1e-6 => {
                format!("; {} of it was not sampled and is in no place below", kind.change(missed))
            }
            Kind::Cpu | Kind::Wait | Kind::Times | Kind::Instructions | Kind::Alloc | Kind::Allocs => String::new(),
        };
        self.line(STRONG, &format!("Change: {}{share} per operation{missed}", kind.change(delta)));
        self.y += 8.0;
    }

    fn legend(&mut self) {
        let mut x = MARGIN;
        for change in [Change::Cheaper, Change::Dearer, Change::Vanished, Change::New, Change::Same] {
            self.svg.rect([x, self.y, 14.0, 12.0], &color(change, 0.6));
            let words = explained(change);
            self.svg.text(x + 19.0, self.y + 10.5, LABEL, words);
            x += 19.0 + words.chars().count() as f64 * LABEL.size * 0.602 + 22.0;
        }
        self.y += 20.0;
    }

    fn tree(&mut self, arm: Arm) {
        let (profile, total) = match arm {
            Arm::A => (&self.difference.a, self.difference.root.a),
            Arm::B => (&self.difference.b, self.difference.root.b),
        };
        let kind = profile.kind;
        let heading = format!("{}: {} of {} per operation", arm.label(), kind.amount(total), kind.label());
        self.line(STRONG, &heading);
        self.y += 5.0;
        let top = self.y;
        let difference = self.difference;
        let depth = self.places(&difference.root, arm, MARGIN, top);
        self.y = top + depth as f64 * ROW + 8.0;
    }

    /// Draws the children of `place` side by side from `x` on, the dearest first; returns how many rows they took.
    fn places(&mut self, place: &Place, arm: Arm, mut x: f64, y: f64) -> usize {
        let mut children: Vec<(&String, &Place)> = place.children.iter().collect();
        // Places that both sides share stand in the same order in both trees.
        children.sort_by(|(_, one), (_, other)| other.a.max(other.b).total_cmp(&one.a.max(one.b)));
        let (difference, mut rows) = (self.difference, 0);
        for (name, child) in children {
            let width = match arm {
                Arm::A => child.a,
                Arm::B => child.b,
            } * self.scale;
            if width >= PLACE_MIN_PIXELS {
                let strength = (child.delta().abs() / difference.root.a.max(difference.root.b)).sqrt();
                let fill = color(child.change, strength);
                // A hair of background between neighbours.
                let frame = [x, y, (width - 0.6).max(0.3), ROW - 1.0];
                self.svg.labelled(frame, &fill, &tooltip(name, child, difference.kind()), LABEL, name);
                rows = rows.max(1 + self.places(child, arm, x, y + ROW));
            }
            x += width;
        }
        rows
    }

    fn table(&mut self) {
        let kind = self.difference.kind();
        self.line(STRONG, "Functions by change of their own cost per operation");
        self.row(QUIET, ["A", "B", "change", "± 99 %"].map(str::to_owned), "function");
        for function in functions(self.difference).iter().filter(|function| function.delta != 0.0).take(FUNCTIONS) {
            let noise = function.noise.map_or_else(|| "–".to_owned(), |noise| kind.amount(noise));
            let costs = [kind.amount(function.own_a), kind.amount(function.own_b), kind.change(function.delta), noise];
            self.svg.rect([MARGIN, self.y + 7.0, 4.0, 11.0], &color(function.change, 0.7));
            self.row(TEXT, costs, &function.name);
        }
    }

    /// Costs right-aligned in columns, then a name.
    fn row(&mut self, font: Font, costs: [String; 4], name: &str) {
        self.y += font.size + 5.0;
        let mut right = MARGIN;
        for cost in costs {
            right += 90.0;
            self.svg.text_before(right, self.y, font, &cost);
        }
        self.svg.text(right + 20.0, self.y, font, name);
    }
}

fn tooltip(name: &str, place: &Place, kind: Kind) -> String {
    format!(
        "{name}: A {}, B {}, change {} per operation ({})",
        kind.amount(place.a),
        kind.amount(place.b),
        kind.change(place.delta()),
        explained(place.change)
    )
}

fn explained(change: Change) -> &'static str {
    match change {
        Change::New => "new in B",
        Change::Vanished => "gone in B",
        Change::Dearer => "dearer in B",
        Change::Cheaper => "cheaper in B",
        Change::Same => "no change that counts",
    }
}

/// Blue and red for less and more, told apart by people who do not tell red from green; amber and violet for what has no
/// counterpart. `strength` is 0 to 1.
fn color(change: Change, strength: f64) -> String {
    let (pale, full) = match change {
        Change::Cheaper => ([0xd6, 0xe6, 0xf5], [0x3b, 0x8b, 0xc9]),
        Change::Dearer => ([0xfb, 0xdd, 0xd5], [0xe0, 0x56, 0x3f]),
        Change::Vanished => ([0xe0, 0xd7, 0xf3], [0xa4, 0x8a, 0xdb]),
        Change::New => ([0xfd, 0xe9, 0xbd], [0xf4, 0xb5, 0x3d]),
        Change::Same => return "#e7e7ea".to_owned(),
    };
    let strength = strength.clamp(0.0, 1.0);
    let mix = |n: usize| (f64::from(pale[n]) + (f64::from(full[n]) - f64::from(pale[n])) * strength).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::super::profile::Profile;
    use super::super::profile::tests::{profile, stretch};
    use super::*;

    fn difference() -> Difference {
        let a = profile(Arm::A, Kind::Cpu, "run;commit;<fdatasync> 600\nrun;work 390\nrun;odd 10\n", 4_000, 1_000);
        let b =
            profile(Arm::B, Kind::Cpu, "run;commit;<fdatasync> 20\nrun;commit;ring 180\nrun;work 800\n", 4_000, 4_000);
        Difference::of(a, b)
    }

    #[test]
    fn the_whole_picture() {
        let svg = picture(&difference(), "T003: CPU per operation, A against B");
        assert_eq!(svg, picture(&difference(), "T003: CPU per operation, A against B"));
        insta::assert_snapshot!(svg);
    }

    #[test]
    fn what_was_not_sampled_is_said() {
        let of = |arm, one| Profile { arm, kind: Kind::Cpu, stretches: vec![one] };
        let a = of(Arm::A, stretch("run 90\n", 100, Some(100), 1_000));
        let b = of(Arm::B, stretch("run 48\n", 50, Some(50), 1_000));
        let svg = picture(&Difference::of(a, b), "lossy");
        let said = "Change: −50.0 µs (−50.0 %) per operation; −8.00 µs of it was not sampled and is in no place below";
        assert!(svg.contains(said), "{svg}");
    }

    #[test]
    fn an_empty_profile_is_a_picture_too() {
        let nothing = |arm| profile(arm, Kind::Cpu, "", 0, 0);
        let svg = picture(&Difference::of(nothing(Arm::A), nothing(Arm::B)), "idle");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
