//! The result on stdout: the effects, what they rest on, and what to confirm.

use serde::Serialize;

use crate::cli::output::terminal_columns;
use crate::cli::{Context, Failure, Format, Row};
use crate::lab::screen::design::Kind;
use crate::lab::screen::effects::Effects;
use crate::lab::screen::run::Conclusion;
use crate::report::effects::{Glyphs, Shown, bars, half_normal, matrix};
use crate::report::screen::{EffectLine, Findings, Measured};

/// Pictures are no wider, also where stdout is no terminal.
const COLUMNS_MAX: usize = 100;

/// Rows of the half-normal plot.
const ROWS: usize = 14;

#[derive(Serialize)]
struct Meta {
    schema: u32,
    tree_digest: String,
    seed: u64,
    rule_version: u32,
}

impl Row for EffectLine {
    const COLUMNS: &'static [&'static str] = &EffectLine::COLUMNS;

    fn cells(&self) -> Vec<String> {
        Self::cells(self)
    }
}

/// Prints what was found, or all of it as JSON.
pub(super) fn print(context: &Context, done: &Conclusion) -> Result<(), Failure> {
    let Conclusion { screen, plan, layout, losses, conflicts, pairs, effects } = done;
    let found = Findings::of(Measured { screen: *screen, plan, layout, losses, conflicts, pairs, effects });
    if context.format == Format::Json {
        let meta = Meta {
            schema: 1,
            tree_digest: plan.tree_digest.clone(),
            seed: plan.seed,
            rule_version: plan.policy.rule_version,
        };
        return context.json(&found, &meta);
    }
    if context.format == Format::Table {
        context.print(&format!("screen {}: {}\n\n", found.screen.0, found.told))?;
    }
    context.table(&found.effects, &())?;
    if context.format == Format::Table {
        context.print(&pictures(&found, effects, &plan.names()))?;
        context.print(&around(&found))?;
    }
    Ok(())
}

/// The effects as a picture, and how they stand out from the noise or go together.
fn pictures(found: &Findings, effects: &Effects, names: &[String]) -> String {
    let shown = Shown { effects, names, better: found.better };
    let columns = terminal_columns().map_or(COLUMNS_MAX, |columns| columns.min(COLUMNS_MAX));
    let second = match found.design {
        Kind::Full => matrix(&shown, Glyphs::Unicode),
        Kind::Hadamard | Kind::Folded | Kind::Exchanged => half_normal(&shown, Glyphs::Unicode, columns, ROWS),
    };
    format!("\n{}\n{second}", bars(&shown, Glyphs::Unicode, columns))
}

/// What stands below the pictures.
fn around(found: &Findings) -> String {
    let mut text = String::from("\n");
    for (name, words) in found.grounds() {
        text += &format!(" {name}: {words}\n");
    }
    for conflict in &found.conflicts {
        text += &format!(" found: {conflict}\n");
    }
    for lost in &found.lost {
        text += &format!(" lost: {}: {}\n", lost.features.join(" + "), lost.told);
    }
    if !found.unknown.is_empty() {
        text += &format!(" cannot be told from others: {}\n", found.unknown.join(", "));
    }
    if !found.next.is_empty() {
        text += "\nA screen proposes; pairs decide:\n";
        found.next.iter().for_each(|command| text += &format!("  {command}\n"));
    }
    text
}
