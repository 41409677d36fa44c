//! The result on stdout: the effects, what they rest on, and what to confirm.

use serde::Serialize;

use crate::cli::{Context, Failure, Format, Row};
use crate::lab::screen::design::Kind;
use crate::lab::screen::run::Conclusion;
use crate::report::screen::{EffectLine, Findings, Measured};

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
        context.print(&around(&found))?;
    }
    Ok(())
}

/// What stands below the table.
fn around(found: &Findings) -> String {
    let mut text = String::new();
    if found.design == Kind::Full {
        text += &matrix(found);
    }
    text.push('\n');
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

/// Who goes well with whom: the change that two bring beyond what each brings.
fn matrix(found: &Findings) -> String {
    let mut ids: Vec<_> = found.main_effects().map(|line| line.improvements[0].clone()).collect();
    ids.sort();
    let width = 11;
    let head: String = ids.iter().map(|id| format!("{:>width$}", id.0)).collect();
    let mut text = format!("\n {:8}{head}\n", "together");
    for one in &ids {
        let cell = |other| match found.together(one, other) {
            _ if one == other => format!("{:>width$}", "·"),
            Some(line) => {
                let mark = match line.says() {
                    "synergy" => " +",
                    "conflict" => " −",
                    "synergy?" | "conflict?" => " ?",
                    _ => "  ",
                };
                format!("{:>width$}", format!("{}{mark}", line.change.estimate))
            }
            None => format!("{:>width$}", "–"),
        };
        let row: String = ids.iter().map(cell).collect();
        text += &format!(" {:8}{row}\n", one.0);
    }
    text += " + synergy, − conflict, ? may be\n";
    text
}
