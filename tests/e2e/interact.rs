//! `workbench interact`: every combination, and who goes well with whom.

use super::screen_bench::{Screens, effect};

const PLANTED: &str =
    "effect: 0.3, effect.a: 0.1, effect.b: 0.1, effect.t003+a: -0.2, effect.a+b: 0.15, noise: 0.005, batch: 8";

#[test]
fn synergy_and_conflict_are_found() {
    let screens = Screens::with(PLANTED);
    let result = screens.json(&["interact", "T003", "T011", "T012", "--blocks", "4", "--seed", "3"]);
    for (name, planted) in [("T003 × T011", -0.2), ("T011 × T012", 0.15), ("T003 × T012", 0.0)] {
        let [estimate, low, high] = effect(&result, name);
        assert!((estimate - planted).abs() < 0.03, "{name}: {estimate}");
        assert!(low <= planted && planted <= high, "{name}: [{low}, {high}]");
    }
    // At the average of the others: 0.3 − 0.2/2.
    assert!((effect(&result, "T003")[0] - 0.2).abs() < 0.02, "{result}");
    assert_eq!(result["data"]["purpose"], "interaction");
    assert_eq!(result["data"]["effects"].as_array().unwrap().len(), 7);
}

#[test]
fn the_matrix_is_printed() {
    let screens = Screens::with(PLANTED);
    let ran = screens.run(&["interact", "T003", "T011", "T012", "--blocks", "4", "--seed", "3"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout);
    // The document has it too; nothing goes together with itself.
    let document = screens.run(&["report", "--output", "-"]).stdout;
    let (_, matrix) = document.split_once("both together bring:").expect(&document);
    let rows: Vec<Vec<&str>> =
        matrix.lines().skip(4).take(3).map(|row| row.split('|').map(str::trim).collect()).collect();
    for (at, row) in rows.iter().enumerate() {
        for (to, other) in rows.iter().enumerate() {
            assert_eq!(row[2 + to] == "·", at == to, "{row:?}");
            assert_eq!(row[2 + to], other[2 + at], "{row:?} {other:?}");
        }
    }
}

#[test]
fn six_are_too_many_and_one_too_few() {
    let screens = Screens::with(PLANTED);
    for ids in [&["T003"][..], &["T003", "T011", "T012", "T013", "T014", "T015"]] {
        let ran = screens.run(&[&["interact"], ids].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
    }
}
