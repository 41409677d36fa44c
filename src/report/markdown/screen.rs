//! The latest screens: their effects beside the paired verdicts, and who goes well with whom.

use super::text::Text;
use crate::improvements::ImprovementId;
use crate::lab::screen::design::Kind;
use crate::report::document::{BesideLine, PairedFigure, ScreenLine};
use crate::report::screen::Findings;

pub(super) fn section(out: &mut Text, screens: &[ScreenLine]) {
    if screens.is_empty() {
        return;
    }
    out.section(3, "Screens");
    out.line("Many improvements at once, by few builds. A screen proposes, pairs decide: where both measured the same work, their");
    out.line("intervals should overlap. Where both lie on one side but apart, improvements act on one another: a screen's effect is");
    out.line("the mean over builds that have the others half on.");
    for screen in screens {
        one_screen(out, screen);
    }
}

fn one_screen(out: &mut Text, screen: &ScreenLine) {
    let ScreenLine { at, stale, found, beside, pictures } = screen;
    let stale = if *stale { " (stale)" } else { "" };
    out.section(4, format_args!("Screen {}", found.screen.0));
    out.line(format_args!("On {}{stale}: {}\n", at.strftime("%Y-%m-%d"), found.told));
    let columns = ["Improvement", "Screen", "Says", "Pairs", "Of", "Verdict", "Agreement"];
    out.table(&columns, beside.iter().map(row));
    if found.design == Kind::Full {
        matrix(out, found);
    }
    out.gap();
    for picture in pictures {
        out.line(format_args!("![{} of screen {}]({})\n", picture.title, found.screen.0, picture.file));
    }
    for (name, words) in found.grounds() {
        out.line(format_args!("- {name}: {words}"));
    }
    for conflict in &found.conflicts {
        out.line(format_args!("- found: {conflict}"));
    }
    for lost in &found.lost {
        out.line(format_args!("- lost: {}: {}", lost.features.join(" + "), lost.told));
    }
}

fn row(line: &BesideLine) -> Vec<String> {
    let mut cells =
        vec![format!("**{}**", line.improvement), line.screen.change.to_string(), line.screen.says().to_owned()];
    match &line.paired {
        Some(PairedFigure { change, of, verdict, verdict_id }) => {
            cells.extend([change.to_string(), of.clone(), format!("[{verdict}](#verdict-{verdict_id})")]);
        }
        None => cells.extend(["–".to_owned(), "–".to_owned(), "–".to_owned()]),
    }
    cells.push(line.agreement.label().to_owned());
    cells
}

/// What two bring together beyond what each brings.
fn matrix(out: &mut Text, found: &Findings) {
    let mut ids: Vec<&ImprovementId> = found.main_effects().map(|line| &line.improvements[0]).collect();
    ids.sort();
    out.line("\nBeyond what each of two brings, both together bring:\n");
    let columns: Vec<&str> = std::iter::once("").chain(ids.iter().map(|id| id.0.as_str())).collect();
    let cell = |one: &ImprovementId, other: &ImprovementId| match found.together(one, other) {
        Some(line) => format!("{} ({})", line.change, line.says()),
        None if one == other => "·".to_owned(),
        None => "–".to_owned(),
    };
    let row = |one: &&ImprovementId| {
        std::iter::once(format!("**{one}**")).chain(ids.iter().map(|other| cell(one, other))).collect()
    };
    out.table(&columns, ids.iter().map(row));
}
