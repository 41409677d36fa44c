//! Hadamard matrices: n columns of ±1, each orthogonal to every other.
//!
//! ```text
//!   + + + +        any two columns agree in half of the rows and differ in the other half, so that what is averaged
//!   + − + −        over one column is balanced in every other one
//!   + + − −
//!   + − − +
//! ```
//!
//! Sources: Sylvester 1867 (doubling); Paley 1933 (quadratic residues of a prime); Plackett & Burman 1946 (the
//! generator for 36).

/// The cyclic generator for 36 rows: 35 shifts, and a row of plus.
const CYCLIC_36: &[u8; 35] = b"++-++--+-+-++++-++---+-----+++---+-";

/// Beyond 2, orders are multiples of this.
const STEP: usize = 4;

/// The smallest matrix with at least `columns` columns that one of the constructions yields, normalised: its first
/// column is all plus, and so is its first row. `true` is plus.
pub(super) fn at_least(columns: usize) -> Vec<Vec<bool>> {
    let mut order = columns.max(STEP).next_multiple_of(STEP);
    loop {
        if let Some(matrix) = of_order(order) {
            return normalised(matrix);
        }
        order += STEP;
    }
}

fn of_order(n: usize) -> Option<Vec<Vec<bool>>> {
    if n == CYCLIC_36.len() + 1 {
        return Some(cyclic(CYCLIC_36));
    }
    let residues_of = |q: usize, remainder: usize| is_prime(q) && q % 4 == remainder;
    match n {
        2 => Some(vec![vec![true, true], vec![true, false]]),
        n if n > 2 && residues_of(n - 1, 3) => Some(paley_one(n - 1)),
        n if n > 4 && n.is_multiple_of(2) && residues_of(n / 2 - 1, 1) => Some(paley_two(n / 2 - 1)),
        n if n.is_multiple_of(4) => of_order(n / 2).map(|half| doubled(&half)),
        _ => None,
    }
}

/// A generator's shifts, bordered by plus.
fn cyclic(generator: &[u8]) -> Vec<Vec<bool>> {
    let shift = |by: usize| {
        let at = move |column: usize| generator[(column + generator.len() - by) % generator.len()] == b'+';
        std::iter::once(true).chain((0..generator.len()).map(at)).collect()
    };
    std::iter::once(vec![true; generator.len() + 1]).chain((0..generator.len()).map(shift)).collect()
}

/// For a prime q of the form 4k + 3: I + S, where S is the skew matrix of quadratic residues, bordered.
fn paley_one(q: usize) -> Vec<Vec<bool>> {
    let residue = residues(q);
    let entry = |row: usize, column: usize| match (row, column) {
        (0, _) => true,
        (_, 0) => false,
        (row, column) if row == column => true,
        (row, column) => residue[(row + q - column) % q],
    };
    square(q + 1, entry)
}

/// For a prime q of the form 4k + 1: each entry of the symmetric conference matrix becomes a block of four.
fn paley_two(q: usize) -> Vec<Vec<bool>> {
    let residue = residues(q);
    let entry = |row: usize, column: usize| {
        let (i, j, upper, left) = (row / 2, column / 2, row.is_multiple_of(2), column.is_multiple_of(2));
        if i == j {
            // 0 becomes [+ −; − −].
            return upper && left;
        }
        let plus = i == 0 || j == 0 || residue[(i + q - j) % q];
        // ±1 becomes ±[+ +; + −].
        plus ^ (!upper && !left)
    };
    square(2 * (q + 1), entry)
}

/// [H H; H −H].
fn doubled(half: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let n = half.len();
    square(2 * n, |row, column| half[row % n][column % n] ^ (row >= n && column >= n))
}

fn square(n: usize, entry: impl Fn(usize, usize) -> bool) -> Vec<Vec<bool>> {
    (0..n).map(|row| (0..n).map(|column| entry(row, column)).collect()).collect()
}

/// First column and first row all plus: changing a row's or a column's sign keeps it orthogonal to the others.
fn normalised(mut matrix: Vec<Vec<bool>>) -> Vec<Vec<bool>> {
    for row in &mut matrix {
        let sign = row[0];
        row.iter_mut().for_each(|entry| *entry = *entry == sign);
    }
    let first = matrix[0].clone();
    for row in &mut matrix {
        row.iter_mut().zip(&first).for_each(|(entry, sign)| *entry = *entry == *sign);
    }
    matrix
}

/// Which numbers are squares modulo the prime `q`; zero is not counted.
fn residues(q: usize) -> Vec<bool> {
    let mut residue = vec![false; q];
    (1..q).for_each(|x| residue[x * x % q] = true);
    residue
}

fn is_prime(n: usize) -> bool {
    n > 1 && (2..).take_while(|divisor| divisor * divisor <= n).all(|divisor| !n.is_multiple_of(divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_matrix_up_to_260_is_orthogonal_and_normalised() {
        for columns in (1..=260).step_by(2) {
            let matrix = at_least(columns);
            let n = matrix.len();
            assert!(n >= columns && n < columns + 12, "{columns} columns took {n}");
            assert!(matrix[0].iter().all(|&plus| plus) && matrix.iter().all(|row| row.len() == n && row[0]));
            // Rows as bits: two of them agree in exactly half of their places.
            let bits = |row: &[bool]| {
                let pack = |chunk: &[bool]| chunk.iter().fold(0_u64, |bits, &plus| bits << 1 | u64::from(plus));
                row.chunks(64).map(pack).collect::<Vec<_>>()
            };
            let rows: Vec<Vec<u64>> = matrix.iter().map(|row| bits(row)).collect();
            for (i, a) in rows.iter().enumerate() {
                for b in &rows[..i] {
                    let differ: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
                    assert_eq!(differ as usize * 2, n, "{columns} columns, order {n}");
                }
            }
        }
    }

    #[test]
    fn the_orders_are_the_smallest_that_the_constructions_yield() {
        let orders: Vec<usize> = (1..=32).map(|n| at_least(4 * n).len()).collect();
        let missing: Vec<usize> = (1..=32).map(|n| 4 * n).filter(|n| !orders.contains(n)).collect();
        assert_eq!(missing, [52, 92, 100, 116], "what Williamson's or a prime power's construction would add");
    }
}
