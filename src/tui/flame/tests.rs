use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::profiles::{Arm, Capture, Kind, Profile, Stretch};

fn profile(arm: Arm, folded: &str, ops: u64) -> Profile {
    let (kind, cpu, period) = (Kind::Cpu, Duration::from_secs(1), Some(Duration::from_micros(1)));
    let capture = Capture { arm, kind, folded, samples: 1, cpu, measured: None, period, weight: None, ops };
    Profile { arm, kind, stretches: vec![Stretch::of(&capture).unwrap()] }
}

fn flame(a: &str, b: &str) -> Flame {
    Flame::of(&Difference::of(profile(Arm::A, a, 1_000), profile(Arm::B, b, 1_000)))
}

/// A row as text: a letter for each cell, `+` for smaller ones, a blank for own cost.
fn rows(flame: &Flame, arm: usize, zoom: SpotId, full: f64, width: u16) -> Vec<String> {
    let window = Window { zoom, full, width };
    let mut rows = vec![vec![' '; usize::from(width)]; usize::from(flame.depth(&[arm], window)) + 1];
    for frame in flame.frames(arm, window, 0..u16::MAX) {
        let symbol = match frame.what {
            What::Spot(id) => flame.name(id).chars().next().unwrap(),
            What::Smaller(_) => '+',
        };
        for x in frame.x..frame.x + frame.width {
            let cell = &mut rows[usize::from(frame.depth)][usize::from(x)];
            assert_eq!(*cell, ' ', "two frames in one cell");
            *cell = symbol;
        }
    }
    rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

fn id(flame: &Flame, name: &str) -> SpotId {
    flame.dearest(name).unwrap()
}

#[test]
fn a_trunk_ends_where_the_trees_fork() {
    let forks_at = |a: &str, b: &str| {
        let flame = flame(a, b);
        flame.name(flame.fork()).to_owned()
    };
    assert_eq!(forks_at("r;s;c 60\nr;s;w 40\nr;x 2\n", "r;s;c 10\n"), "s", "2 of 102 beside it is nothing");
    assert_eq!(forks_at("r;s;c 100\n", "r;s;c 10\nr;t 10\n"), "r", "what B does beside it counts as well");
    assert_eq!(forks_at("r;s 1\n", "r;s 1\n"), "s", "a trunk alone: its end");
    assert_eq!(forks_at("r 1\nq 1\n", "q 1\n"), WHOLE);
}

#[test]
fn pictures_by_hand() {
    let a = "r;c;s 6\nr;c;t 2\nr;w 10\nr 2\n";
    let b = "r;c;s 2\nr;c;n 1\nr;w 6\nr 1\n";
    let flame = flame(a, b);
    let whole = flame.spot(0).unwrap().cost;
    assert!((whole[0] - 20.0).abs() < 1e-9 && (whole[1] - 10.0).abs() < 1e-9);
    assert_eq!(
        rows(&flame, 0, 0, whole[0], 20),
        ["aaaaaaaaaaaaaaaaaaaa", "rrrrrrrrrrrrrrrrrrrr", "wwwwwwwwwwcccccccc", "          sssssstt"]
    );
    // B on A's scale: what was saved is empty.
    assert_eq!(rows(&flame, 1, 0, whole[0], 20), ["aaaaaaaaaa", "rrrrrrrrrr", "wwwwwwccc", "      ssn"]);
    let commit = id(&flame, "c");
    assert_eq!(
        rows(&flame, 0, commit, 8.0, 16),
        ["aaaaaaaaaaaaaaaa", "rrrrrrrrrrrrrrrr", "cccccccccccccccc", "sssssssssssstttt"]
    );
    let names = |ids: Vec<SpotId>| ids.into_iter().map(|id| flame.name(id).to_owned()).collect::<Vec<_>>();
    let window = Window { zoom: 0, full: 20.0, width: 20 };
    assert_eq!(names(flame.row(&[0, 1], window, 3)), ["s", "t", "n"]);
    assert_eq!(names(flame.row(&[1], window, 3)), ["s", "n"]);
}

#[test]
fn what_is_too_narrow_stands_together() {
    let small: String = (0..50).map(|n| format!("r;f{n:02} 1\n")).collect();
    let flame = flame(&format!("r;w 50\n{small}"), "");
    assert_eq!(rows(&flame, 0, 0, 100.0, 20), ["aaaaaaaaaaaaaaaaaaaa", "rrrrrrrrrrrrrrrrrrrr", "wwwwwwwwww++++++++++"]);
    let window = Window { zoom: 0, full: 100.0, width: 20 };
    assert!(flame.frames(0, window, 2..3).iter().any(|frame| frame.what == What::Smaller(50)));
}

#[test]
fn a_search_counts_nothing_twice() {
    let flame = flame("r;f;g;f 3\nr;h 1\nr;g 6\n", "r;g 5\n");
    let found = flame.find(|name| name == "f");
    assert_eq!((found.places, found.cost.map(f64::round)), (2, [3.0, 0.0]));
    let found = flame.find(|name| name == "f" || name == "g");
    assert_eq!((found.places, found.cost.map(f64::round)), (4, [9.0, 5.0]));
    assert!(flame.is_found(id(&flame, "g"), &found) && !flame.is_found(0, &found));
    assert!(flame.find(|name| name == WHOLE).is_empty());
}

#[test]
fn nothing_counted_is_a_picture_too() {
    let flame = flame("", "");
    for full in [0.0, 1.0, f64::NAN] {
        assert!(flame.frames(0, Window { zoom: 0, full, width: 20 }, 0..9).is_empty());
    }
    assert!(Flame::default().frames(1, Window { zoom: 7, full: 1.0, width: 20 }, 0..9).is_empty());
}

proptest! {
    #[test]
    fn frames_lie_inside_what_called_them(
        stacks in prop::collection::vec((prop::collection::vec("[a-d]", 1..7), 1..60_u64), 0..60),
        width in 0..130_u16,
        zoom in 0..40_u32,
    ) {
        let folded: String = stacks.iter().map(|(stack, count)| format!("{} {count}\n", stack.join(";"))).collect();
        let half: String = stacks.iter().step_by(2).map(|(stack, count)| format!("{} {count}\n", stack.join(";"))).collect();
        let flame = flame(&folded, &half);
        let zoom = zoom.min(flame.len() as u32 - 1);
        let window = Window { zoom, full: flame.spot(zoom).unwrap().dearer(), width };
        for arm in [0, 1] {
            let frames = flame.frames(arm, window, 0..u16::MAX);
            for frame in &frames {
                prop_assert!(frame.width > 0 && frame.x + frame.width <= width);
                let What::Spot(id) = frame.what else { continue };
                let parent = flame.spot(id).unwrap().parent;
                let above = frames.iter().find(|above| above.what == What::Spot(parent));
                let above = above.expect("who called it is in the picture");
                prop_assert!(above.x <= frame.x && frame.x + frame.width <= above.x + above.width);
            }
            for pair in frames.windows(2).filter(|pair| pair[0].depth == pair[1].depth) {
                prop_assert!(pair[0].x + pair[0].width <= pair[1].x);
            }
        }
    }
}
