//! Sets of improvements that show every pair of them in every combination.
//!
//! Give each improvement one of the 35 ways to choose 4 of 7 rows, a different one each, and let it be on in those rows. Any
//! two share a row (4 + 4 > 7) and each has a row without the other (they differ), and in the empty set neither is on: so
//! eight sets show all pairs off-off, off-on, on-off and on-on, however many of the 35 ways are taken.

/// Rows of the design beside the empty set.
pub const ROWS: u32 = 7;

/// Row `row`, from 0: which of `improvements` are on. There may be at most 35.
pub fn row<'a>(improvements: &[&'a str], row: u32) -> Vec<&'a str> {
    debug_assert!(improvements.len() <= ways().count(), "two improvements would go together in every row");
    improvements.iter().zip(ways()).filter(|(_, way)| way >> row & 1 == 1).map(|(name, _)| *name).collect()
}

/// The ways to choose 4 of 7 rows, as bits.
fn ways() -> impl Iterator<Item = u32> {
    (0..1_u32 << ROWS).filter(|bits| bits.count_ones() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn eight_sets_show_every_pair_in_every_combination() {
        let names: Vec<String> = (0..35).map(|number| format!("x{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for count in [1, 2, 6, 33, 35] {
            let names = &names[..count];
            let sets: Vec<BTreeSet<&str>> =
                (0..ROWS).map(|number| row(names, number).into_iter().collect()).chain([BTreeSet::new()]).collect();
            for (at, a) in names.iter().enumerate() {
                for b in &names[at + 1..] {
                    let shown: BTreeSet<_> = sets.iter().map(|set| (set.contains(a), set.contains(b))).collect();
                    assert_eq!(shown.len(), 4, "{a} and {b}: {shown:?}");
                }
            }
        }
    }
}
