//! The relay's course: every set of improvements takes over from every set, itself among them.

/// An order of `sets` sets, the last to be followed by the first, in which each follows each just once.
///
/// A de Bruijn sequence of order two, by the theorem of Fredricksen, Kessler and Maiorana: the Lyndon words of lengths one and
/// two in their order.
pub fn tour(sets: usize) -> Vec<usize> {
    (0..sets).flat_map(|a| std::iter::once(a).chain((a + 1..sets).flat_map(move |b| [a, b]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_follows_each_once() {
        for sets in 1..12 {
            let tour = tour(sets);
            assert_eq!(tour.len(), sets * sets);
            let steps: BTreeSet<_> = tour.iter().zip(tour.iter().cycle().skip(1)).collect();
            assert_eq!(steps.len(), sets * sets, "{tour:?}");
        }
    }
}
