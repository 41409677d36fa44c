//! Figures that patterns find in text.

use probe::protocol::Failure;
use regex::Regex;

use super::{Figures, scale, short};
use crate::config::Figure;

/// Each figure, found exactly once.
pub(in crate::lab::adapter) fn read(text: &str, figures: &[Figure]) -> Result<Figures, Failure> {
    figures.iter().map(|figure| Ok((figure.name.clone(), one(text, figure)?))).collect()
}

fn one(text: &str, figure: &Figure) -> Result<f64, Failure> {
    let Figure { name, pattern, unit, .. } = figure;
    let compiled = Regex::new(pattern).map_err(|error| Failure::new(error.to_string(), "mend the pattern"))?;
    let mut found = compiled.captures_iter(text).filter_map(|groups| groups.get(1));
    let Some(group) = found.next() else {
        let first = text.lines().find(|line| !line.trim().is_empty()).map_or_else(|| "nothing".to_owned(), short);
        let message =
            format!("`{pattern}` finds no `{name}` in its {} lines (it begins: {first})", text.lines().count());
        return Err(Failure::new(message, "compare the pattern with what the program prints"));
    };
    let line_of = |at: usize| text[..at].lines().count().max(1);
    if let Some(second) = found.next() {
        let places = format!("lines {} and {}", line_of(group.end()), line_of(second.end()));
        let message = format!("`{pattern}` finds more than one `{name}`: {places}");
        return Err(Failure::new(message, "make the pattern say which of them is meant"));
    }
    let number = group.as_str().replace(['_', ','], "");
    let value: f64 = number.trim().parse().map_err(|_| {
        let message = format!("`{name}` is `{}` in line {}: not a number", short(group.as_str()), line_of(group.end()));
        Failure::new(message, "its first group must hold the number and nothing else")
    })?;
    Ok(value * scale(*unit).0)
}
