//! The tree that divan prints, with a table beside it:
//!
//! ```text
//! sums            fastest       │ slowest       │ median        │ mean          │ samples │ iters
//! ├─ long                       │               │               │               │         │
//! │  ╰─ 1000      1.136 µs      │ 1.326 µs      │ 1.276 µs      │ 1.254 µs      │ 100     │ 200
//! ╰─ short        119.9 ns      │ 823.1 ns      │ 123 ns        │ 130.2 ns      │ 100     │ 3200
//! ```
//!
//! A bench's id is its path: `sums::long::1000`, which is also what divan's filters match. The table has four digits.

use probe::protocol::Failure;

use super::{Benches, Figures, short};

/// A level of the tree is this many characters: `├─ `.
const LEVEL_CHARS: usize = 3;

/// One line of the tree: the id of what it names, and what stands in the table beside it.
struct Row {
    path: Vec<String>,
    cells: Vec<String>,
}

/// All benches of a table.
pub(in crate::lab::adapter) fn read(text: &str) -> Result<Benches, Failure> {
    let Some(column) = text.lines().find_map(first_column) else {
        let begins = text.lines().find(|line| !line.trim().is_empty()).map_or_else(|| "nothing".to_owned(), short);
        return Err(Failure::new(
            format!("it printed no table of divan (it begins: {begins})"),
            "is it a divan bench, and does the command run it with `--bench`?",
        ));
    };
    let rows = rows(text, column);
    rows.into_iter().filter(|row| row.cells.first().is_some_and(|cell| !cell.is_empty())).map(bench).collect()
}

/// The ids in a tree without a table: `--list`.
pub(in crate::lab::adapter) fn listed(text: &str) -> Vec<String> {
    let paths: Vec<Vec<String>> = rows(text, usize::MAX).into_iter().map(|row| row.path).collect();
    let is_leaf = |path: &&Vec<String>| !paths.iter().any(|other| other.len() > path.len() && other.starts_with(path));
    paths.iter().filter(is_leaf).map(|path| path.join("::")).collect()
}

fn bench(row: Row) -> Result<(String, Figures), Failure> {
    let id = row.path.join("::");
    let column = |index: usize, name: &str| {
        let cell = row.cells.get(index).map(String::as_str).unwrap_or_default();
        let garbled =
            || Failure::new(format!("{name} of `{id}` is `{}`: not a time", short(cell)), "is this divan 0.1?");
        nanoseconds(cell).ok_or_else(garbled)
    };
    let figures =
        [("fastest_ns", column(0, "fastest")?), ("time_ns", column(2, "median")?), ("mean_ns", column(3, "mean")?)];
    Ok((id.clone(), figures.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()))
}

/// The header's line begins the table with `fastest`.
fn first_column(line: &str) -> Option<usize> {
    let before = line.split_once("fastest").filter(|(_, rest)| rest.contains("│ slowest")).map(|(before, _)| before)?;
    Some(before.chars().count())
}

/// The tree's lines; those without a name of their own (a bench's throughput) are left out.
fn rows(text: &str, column: usize) -> Vec<Row> {
    let (mut path, mut rows) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let tree: Vec<char> = line.chars().take(column).collect();
        let Some(start) = tree.iter().position(|c| !matches!(c, ' ' | '│' | '├' | '╰' | '─')) else { continue };
        let name: String = tree[start..].iter().collect();
        path.truncate(start / LEVEL_CHARS);
        path.push(name.trim().to_owned());
        let table: String = line.chars().skip(column).collect();
        // A root's line is the header.
        let cells =
            if path.len() > 1 { table.split('│').map(|cell| cell.trim().to_owned()).collect() } else { Vec::new() };
        rows.push(Row { path: path.clone(), cells });
    }
    rows
}

/// `1.136 µs`.
fn nanoseconds(cell: &str) -> Option<f64> {
    let (number, unit) = cell.split_once(' ')?;
    let scale = match unit {
        "ps" => 1e-3,
        "ns" => 1.0,
        "µs" | "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}
