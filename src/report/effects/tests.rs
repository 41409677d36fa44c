//! The pictures of two small made-up studies.

use super::*;
use crate::improvements::Direction;
use crate::lab::screen::{Design, Effects};
use crate::units::LogRatio;

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("T{number:03}")).collect()
}

/// What a machine with a little noise, which repeats, would show of `truth`.
fn fitted(design: &Design, replicates: usize, truth: impl Fn(&[usize]) -> f64) -> Effects {
    let response = |row: usize| {
        let on: Vec<usize> = design.on(row).collect();
        let noise = |i: usize| 0.02 * (((row * 17 + i * 13) * 29 % 37) as f64 / 18.0 - 1.0);
        (0..replicates).map(|i| LogRatio(truth(&on) + noise(i))).collect()
    };
    Effects::fit(design, &(0..design.len()).map(response).collect::<Vec<_>>())
}

fn screened() -> Effects {
    let acts = [(1, 0.25), (4, -0.09), (8, 0.5), (9, 0.013)];
    let alone = |on: &[usize]| acts.iter().filter(|(at, _)| on.contains(at)).map(|(_, effect)| effect).sum();
    fitted(&Design::screening(10), 2, alone)
}

fn full() -> Effects {
    fitted(&Design::full(3), 3, |on| {
        let both = |a, b, effect| if on.contains(&a) && on.contains(&b) { effect } else { 0.0 };
        0.2 * on.len() as f64 + both(0, 1, 0.15) + both(1, 2, -0.4) + both(0, 2, 0.024)
    })
}

fn shown<'a>(effects: &'a Effects, names: &'a [String]) -> Shown<'a> {
    Shown { effects, names, better: Direction::Higher }
}

#[test]
fn a_screen_in_a_terminal() {
    let (effects, names) = (screened(), names(10));
    let shown = shown(&effects, &names);
    let both = |glyphs| bars(&shown, glyphs, 78) + "\n" + &half_normal(&shown, glyphs, 78, 18);
    insta::assert_snapshot!("screen_unicode", both(Glyphs::Unicode));
    let ascii = both(Glyphs::Ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!("screen_ascii", ascii);
}

#[test]
fn a_full_design_in_a_terminal() {
    let (effects, names) = (full(), names(3));
    insta::assert_snapshot!("full_unicode", matrix(&shown(&effects, &names), Glyphs::Unicode));
    let less = Shown { better: Direction::Lower, ..shown(&effects, &names) };
    let ascii = matrix(&less, Glyphs::Ascii);
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!("full_ascii_less_is_better", ascii);
}

#[test]
fn every_line_fits_where_there_is_room_and_nothing_fails_where_there_is_none() {
    let (effects, names) = (screened(), names(10));
    let shown = shown(&effects, &names);
    for columns in [60, 80, 120] {
        let text = bars(&shown, Glyphs::Unicode, columns) + &half_normal(&shown, Glyphs::Unicode, columns.max(100), 20);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.max(100), "{widest} of {columns}\n{text}");
    }
    for columns in 0..12 {
        assert!(!bars(&shown, Glyphs::Ascii, columns).is_empty());
        assert!(!half_normal(&shown, Glyphs::Ascii, columns, columns).is_empty());
    }
}

#[test]
fn what_is_not_known_is_not_drawn() {
    let names = names(3);
    // One build measured: no effect, no noise.
    let nothing = Effects::fit(&Design::screening(3), &[vec![LogRatio(0.1)], vec![], vec![], vec![]]);
    let nothing = shown(&nothing, &names);
    assert_eq!(bars(&nothing, Glyphs::Unicode, 80) + &half_normal(&nothing, Glyphs::Unicode, 80, 20), "");
    assert_eq!(matrix(&nothing, Glyphs::Unicode), "");
    for picture in [svg::bars(&nothing, "-"), svg::half_normal(&nothing, "-"), svg::matrix(&nothing, "-")] {
        assert!(picture.ends_with("</svg>\n") && !picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}

#[test]
fn the_pictures_as_svg() {
    let (effects, names) = (screened(), names(10));
    let screen = shown(&effects, &names);
    insta::assert_snapshot!("bars_svg", svg::bars(&screen, "Screen 1: tps of tpcc"));
    insta::assert_snapshot!("half_normal_svg", svg::half_normal(&screen, "Screen 1: contrasts"));
    let (effects, names) = (full(), self::names(3));
    let picture = svg::matrix(&shown(&effects, &names), "Together: tps of tpcc");
    assert_eq!(picture, svg::matrix(&shown(&effects, &names), "Together: tps of tpcc"));
    insta::assert_snapshot!("matrix_svg", picture);
}
