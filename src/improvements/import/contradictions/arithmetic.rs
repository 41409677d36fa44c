//! Stated figures against what the figures beside them come to.

use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{ComputedOtherwise, PartBelowWhole};
use super::finding::Finding;
use crate::improvements::import::document::{Tracking, bare};
use crate::improvements::import::figures::{Range, factor, seconds};
use crate::improvements::import::markdown::Said;
use crate::improvements::import::outline::{Kind, Line, pattern};

/// Stated factors are rounded: this much is no contradiction.
const ROUNDING: f64 = 0.10;

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = arrows(tracking);
    found.extend(before_and_after(tracking));
    found.extend(shares(tracking));
    found.extend(tables(tracking));
    found
}

/// `~200-400x improvement (2-3ms → 0.01ms)`.
fn arrows(tracking: &Tracking<'_>) -> Vec<Finding> {
    static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(.*?)\(?([^()→]*)(?:→|->)([^()→]*)"));
    let told = |line: &Line| {
        let found = ARROW.captures(&line.text.text)?;
        let (stated, before, after) = (factor(&found[1])?, seconds(&found[2])?, seconds(&found[3])?);
        otherwise(&line.value, stated, before, after)
    };
    words(tracking).filter_map(told).collect()
}

/// Lines `Before`, `After` and `Improvement` of one section.
fn before_and_after(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let told = |section: usize| {
        let keyed = |keys: &[&str]| outline.lines_of(section).map(|(_, line)| line).find(|line| line.has_key(keys));
        let before = seconds(&keyed(&["Before"])?.value.text)?;
        let after = seconds(&keyed(&["After"])?.value.text)?;
        let stated = keyed(&["Improvement", "Speedup"])?;
        otherwise(&stated.value, factor(&stated.value.text)?, before, after)
    };
    (0..outline.sections.len()).filter_map(told).collect()
}

fn otherwise(said: &Said, stated: Range, before: Range, after: Range) -> Option<Finding> {
    let computed = Range { low: before.low / after.high, high: before.high / after.low };
    let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING * b;
    let agrees = near(stated.low, computed.low) && near(stated.high, computed.high);
    let remedy = "state what the times come to, or the times that were measured";
    (!agrees && computed.high.is_finite()).then(|| {
        Finding::new(
            ComputedOtherwise,
            said.at,
            &said.text,
            format!("the times beside it come to {}", shown(computed)),
            remedy,
        )
    })
}

fn shown(Range { low, high }: Range) -> String {
    if (high - low).abs() < f64::EPSILON * high { format!("{low:.0}x") } else { format!("{low:.0}-{high:.0}x") }
}

/// `60/70 (85%+)`: a share of two numbers, as exact as it is stated; a plus asks for at least that.
fn shares(tracking: &Tracking<'_>) -> Vec<Finding> {
    static SHARE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d+)\s*/\s*(\d+)\s*\((\d+)(?:\.(\d+))?\s?%(\+)?\)"));
    let told = |line: &Line| {
        let found = SHARE.captures(&line.text.text)?;
        let of = |at: usize| found.get(at).and_then(|digits| digits.as_str().parse::<f64>().ok());
        let (part, whole) = (of(1)?, of(2).filter(|whole| *whole > 0.0)?);
        let digits = found.get(4).map_or("", |digits| digits.as_str());
        let stated: f64 = format!("{}.{digits}0", &found[3]).parse().ok()?;
        let (share, half) = (100.0 * part / whole, 0.5 / 10_f64.powi(i32::try_from(digits.len()).ok()?));
        let agrees = if found.get(5).is_some() { share >= stated } else { (share - stated).abs() <= half * 1.001 };
        let remedy = "state the share that the two numbers make";
        (!agrees).then(|| {
            Finding::new(
                ComputedOtherwise,
                line.value.at,
                &line.text.text,
                format!("{part}/{whole} is {share:.1} %"),
                remedy,
            )
        })
    };
    words(tracking).filter_map(told).collect()
}

/// Tables with a column of factors: each against the times in its row; and claims for the whole against the least.
fn tables(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in &tracking.outline.tables {
        let named = |heading: &Said| {
            ["speedup", "improvement", "factor"].contains(&bare(&heading.text).to_lowercase().as_str())
        };
        let Some(column) = table.headings.iter().position(named) else { continue };
        let mut least: Option<(f64, &Said)> = None;
        for row in &table.rows {
            let Some((said, stated)) = row.cells.get(column).and_then(|said| Some((said, factor(&said.text)?))) else {
                continue;
            };
            let times: Vec<Range> = row
                .cells
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != column)
                .filter_map(|(_, cell)| seconds(&cell.text))
                .collect();
            if let [before, after] = times.as_slice() {
                found.extend(otherwise(said, stated, *before, *after));
            }
            if let Some(name) = row.cells.first().filter(|_| least.is_none_or(|(low, _)| stated.low < low)) {
                least = Some((stated.low, name));
            }
        }
        let Some((low, name)) = least else { continue };
        let of_the_whole = |line: &&Line| line.kind == Kind::Text && line.parent.is_none() && line.lead.is_none();
        for line in words(tracking).filter(of_the_whole) {
            if factor(&line.text.text).is_some_and(|claimed| claimed.low > low)
                && line.text.text.to_lowercase().contains("throughput")
            {
                let counted = format!("{} reaches {low}x", bare(&name.text));
                let remedy = "claim for the whole what each part reaches, or name the part";
                found.push(Finding::new(PartBelowWhole, line.text.at, &line.text.text, counted, remedy));
            }
        }
    }
    found
}

fn words<'a>(tracking: &'a Tracking<'_>) -> impl Iterator<Item = &'a Line> {
    tracking.outline.lines.iter().filter(|line| matches!(line.kind, Kind::Text | Kind::Item(_)))
}
