//! What keys do to the Profile.

use super::{choice, go};
use crate::tui::facts::{ProfileFacts, Profiled};
use crate::tui::flame::{SpotId, What};
use crate::tui::layout;
use crate::tui::model::{Dialog, Model, Overlay, Screen, Then};
use crate::tui::msg::{Effect, ProfileKey};
use crate::tui::state::ProfileState;

/// A way in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum Way {
    /// To what is called from here.
    Deeper,
    /// To what this is called from.
    Back,
    /// Along the row.
    Along(isize),
    /// To the place that fills the width.
    Top,
    /// To the end of the dearest way down.
    Bottom,
}

/// Reads the profile that the screen should show, once.
pub(in crate::tui) fn read_shown(model: &mut Model) -> Option<Effect> {
    if model.screen != Screen::Profile {
        return None;
    }
    let key = model.wanted_profile()?;
    if model.profile.asked.as_ref() == Some(&key) {
        return None;
    }
    model.profile.asked = Some(key.clone());
    model.facts.profile = None;
    Some(Effect::ReadProfile(key))
}

/// Takes a profile in, if it is the one that was asked for last.
pub(in crate::tui) fn came(model: &mut Model, key: &ProfileKey, read: Result<Box<ProfileFacts>, String>) {
    if model.profile.asked.as_ref() != Some(key) {
        return;
    }
    if let Ok(facts) = &read {
        model.profile.begin(facts);
    }
    model.facts.profile = Some(read);
    model.dirty = true;
}

/// Shows the profile of an experiment.
pub(super) fn show(model: &mut Model, profiled: Profiled) {
    model.profile.chosen = Some(profiled.experiment);
    go(model, Screen::Profile);
}

/// Shows an older profile, or a newer one.
pub(super) fn step(model: &mut Model, steps: isize) {
    let Some(key) = model.wanted_profile() else { return };
    let all = &model.facts.profiled;
    let here = all.iter().position(|profiled| profiled.experiment == key.experiment).unwrap_or(0);
    let there = here.saturating_add_signed(steps).min(all.len().saturating_sub(1));
    if here == there {
        return model.say(if steps > 0 { "this is the oldest profile" } else { "this is the newest profile" });
    }
    model.profile.chosen = all.get(there).map(|profiled| profiled.experiment);
}

/// Shows what else was counted.
pub(super) fn next_kind(model: &mut Model) {
    let Some(key) = model.wanted_profile() else { return };
    let kinds: Vec<_> = model.profile_kinds(key.experiment).collect();
    let here = kinds.iter().position(|kind| *kind == key.kind).unwrap_or(0);
    match kinds.get((here + 1) % kinds.len().max(1)) {
        Some(kind) if *kind != key.kind => model.profile.kind = *kind,
        Some(_) | None => model.say(format!("nothing but {} was profiled here", key.kind.label())),
    }
}

/// Moves the selected place.
pub(super) fn walk(model: &mut Model, way: Way) {
    let Some((state, facts, width)) = parts(model) else { return };
    let flame = &facts.flame;
    let window = state.window(facts, width);
    let Some(spot) = flame.spot(state.cursor) else { return };
    let arms = state.arms.slots();
    let child = |of: SpotId, depth: u16| {
        let row = flame.row(arms, window, depth + 1);
        row.into_iter().find(|id| flame.spot(*id).is_some_and(|child| child.parent == of))
    };
    let there = match way {
        Way::Deeper => child(state.cursor, spot.depth),
        Way::Back => (state.cursor != 0).then_some(spot.parent),
        Way::Along(steps) => {
            let row = flame.row(arms, window, spot.depth);
            let here = row.iter().position(|id| *id == state.cursor).unwrap_or(0);
            row.get(here.saturating_add_signed(steps).min(row.len().saturating_sub(1))).copied()
        }
        Way::Top => Some(state.zoom),
        Way::Bottom => {
            let (mut at, mut depth) = (state.cursor, spot.depth);
            while let Some(next) = child(at, depth) {
                (at, depth) = (next, depth + 1);
            }
            Some(at)
        }
    };
    if let Some(there) = there {
        select(state, facts, there);
    }
}

/// Half the width of the terminal for the selected place, or the graph for the selected function.
pub(super) fn open(model: &mut Model) {
    let Some((state, facts, _)) = parts(model) else { return };
    if state.in_table {
        let line = state.order.get(state.list.selected).and_then(|line| facts.lines.get(*line));
        let place = line.and_then(|line| facts.flame.dearest(&line.cost.name));
        if let (Some(line), Some(place)) = (line, place) {
            state.search(exactly(&line.cost.name), facts);
            (state.zoom, state.in_table) = (0, false);
            select(state, facts, place);
        }
    } else {
        state.zoom = state.cursor;
    }
}

/// Moves the selected place to what calls it, or the other way: so the wheel goes through the rows.
pub(in crate::tui) fn scroll(model: &mut Model, rows: isize) {
    walk(model, if (rows > 0) != model.profile.upright { Way::Deeper } else { Way::Back });
}

/// Gives the width to what the place that has it was called from.
pub(super) fn zoom_out(model: &mut Model) {
    let Some((state, facts, _)) = parts(model) else { return };
    state.zoom = facts.flame.spot(state.zoom).map_or(0, |spot| spot.parent);
}

/// Closes what is open: first the search, then the zoom.
pub(super) fn leave(model: &mut Model) {
    let Some((state, facts, _)) = parts(model) else { return };
    if !state.query.is_empty() {
        state.search(String::new(), facts);
    } else if state.zoom != 0 {
        state.zoom = 0;
    } else {
        state.in_table = false;
    }
}

/// Searches for the function of the selected place.
pub(super) fn search_selected(model: &mut Model) {
    let Some((state, facts, _)) = parts(model) else { return };
    state.search(exactly(facts.flame.name(state.cursor)), facts);
}

/// Takes over a search while it is typed.
pub(super) fn search(model: &mut Model, query: String) {
    match parts(model) {
        Some((state, facts, _)) => state.search(query, facts),
        None => model.profile.query = query,
    }
}

/// Goes to the next place that was found and is wide enough to be seen; in reading order, going round.
pub(super) fn next_found(model: &mut Model, steps: isize) {
    let Some((state, facts, width)) = parts(model) else { return };
    let (flame, window) = (&facts.flame, state.window(facts, width));
    let frames = state.arms.slots().iter().flat_map(|arm| flame.frames(*arm, window, 0..u16::MAX));
    let spots = frames.filter_map(|frame| match frame.what {
        What::Spot(id) if flame.is_found(id, &state.found) => Some(id),
        What::Spot(_) | What::Smaller(_) => None,
    });
    // Numbers grow level by level, and in a level from left to right.
    let mut seen: Vec<SpotId> = spots.collect();
    seen.sort_unstable();
    seen.dedup();
    let after = seen.iter().position(|id| *id > state.cursor).unwrap_or(0);
    let before = seen.iter().rposition(|id| *id < state.cursor).unwrap_or(seen.len().saturating_sub(1));
    match seen.get(if steps > 0 { after } else { before }) {
        Some(there) => select(state, facts, *there),
        None => {
            let places = state.found.places;
            model.say(format!("none of the {places} places found is wide enough here: zoom in, or back out"));
        }
    }
}

/// Selects the place under a cell; once more, and it gets the width.
pub(in crate::tui) fn click(model: &mut Model, x: u16, y: u16) {
    let areas = layout::profile(model);
    let at = ratatui::layout::Position { x, y };
    let Some((state, facts, width)) = parts(model) else { return };
    let Some(place) = areas.trees.iter().position(|tree| tree.contains(at)) else { return };
    let (tree, arms) = (areas.trees[place], state.arms.slots());
    let Some(arm) = arms.get(place.min(arms.len() - 1)) else { return };
    let row = if state.upright { tree.bottom() - 1 - y } else { y - tree.y };
    let depth = state.top + row;
    let frames = facts.flame.frames(*arm, state.window(facts, width), depth..depth + 1);
    let under = frames.iter().find(|frame| (frame.x..frame.x + frame.width).contains(&(x - tree.x)));
    if let Some(What::Spot(id)) = under.map(|frame| frame.what) {
        state.in_table = false;
        if state.cursor == id {
            state.zoom = id;
        } else {
            select(state, facts, id);
        }
    }
}

/// The pictures' paths, to be copied.
pub(in crate::tui) fn show_pictures(model: &mut Model, files: Vec<std::path::PathBuf>) {
    let names = [('d', "difference"), ('a', "A"), ('b', "B")];
    let path = |file: &std::path::PathBuf| file.display().to_string();
    let body = files.iter().zip(names).map(|(file, (_, name))| format!("{name:<12}{}", path(file)));
    let body = std::iter::once("The SVGs zoom and search in any browser. Copy the path of:".to_owned())
        .chain([String::new()])
        .chain(body)
        .collect();
    let copies = files.iter().zip(names).map(|(file, (key, name))| choice(key, name, Then::Copy(path(file))));
    let choices = copies.chain([choice('c', "close", Then::Nothing)]).collect();
    model.overlay = Some(Overlay::Dialog(Dialog { title: "Pictures".to_owned(), body, choices, selected: 0 }));
    model.dirty = true;
}

/// A whole name and nothing else, as an expression.
fn exactly(name: &str) -> String {
    format!("^{}$", regex::escape(name))
}

/// Selects a place; what lies beside the part that has the width takes it back.
fn select(state: &mut ProfileState, facts: &ProfileFacts, there: SpotId) {
    state.cursor = there;
    let mut above = there;
    while above > state.zoom {
        above = facts.flame.spot(above).map_or(0, |spot| spot.parent);
    }
    if above != state.zoom {
        state.zoom = there;
    }
}

/// The state, what it is about, and the cells of a row.
fn parts(model: &mut Model) -> Option<(&mut ProfileState, &ProfileFacts, u16)> {
    let width = layout::profile(model).trees[0].width;
    let Model { profile, facts, .. } = model;
    match &facts.profile {
        Some(Ok(read)) => Some((profile, read, width)),
        Some(Err(_)) | None => None,
    }
}
