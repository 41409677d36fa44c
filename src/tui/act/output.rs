//! Following the output of an attempt.

use crate::tui::facts::{OutputKey, OutputNews};
use crate::tui::input::Input;
use crate::tui::model::{Model, Screen};
use crate::tui::msg::Effect;
use crate::tui::state::OutputState;

/// Follows the output of what the selected agent has in hand, or had last.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let work = model.selected_agent().and_then(|agent| model.facts.last_work(agent.number));
    let Some(key) = work.and_then(|work| work.output()) else { return Vec::new() };
    model.agents.output = Some(OutputState::new(key));
    read_on(model)
}

/// Reads what came since, while somebody looks and nothing is frozen.
pub(in crate::tui) fn read_on(model: &mut Model) -> Vec<Effect> {
    if model.frozen.is_some() || model.screen != Screen::Agents {
        return Vec::new();
    }
    let Some(output) = model.agents.output.as_mut().filter(|output| !output.reading) else { return Vec::new() };
    output.reading = true;
    vec![Effect::ReadOutput(output.key.clone(), output.next)]
}

/// Takes in what came, if it is of the one that is followed.
pub(in crate::tui) fn came(model: &mut Model, key: &OutputKey, read: Result<OutputNews, String>) {
    let Some(output) = model.agents.output.as_mut().filter(|output| output.key == *key) else { return };
    output.reading = false;
    match read {
        Ok(news) => {
            model.dirty |= !news.lines.is_empty() || output.trouble.is_some();
            output.trouble = None;
            output.take(news);
        }
        Err(trouble) => {
            model.dirty |= output.trouble.as_ref() != Some(&trouble);
            output.trouble = Some(trouble);
        }
    }
}

pub(super) fn begin_search(model: &mut Model) {
    if let Some(output) = &mut model.agents.output {
        output.editing = Some(Input::new(&output.query));
    }
}

/// Takes over a search while it is typed.
pub(super) fn search(model: &mut Model, query: String) {
    if let Some(output) = &mut model.agents.output {
        output.query = query;
        output.next_found(-1);
    }
}

pub(super) fn next_found(model: &mut Model, steps: isize) {
    if model.agents.output.as_mut().is_some_and(|output| !output.next_found(steps)) {
        model.say("nothing is found: / searches");
    }
}

pub(super) fn wrap(model: &mut Model) {
    let Some(output) = &mut model.agents.output else { return };
    output.toggle_wrap();
    let words = if output.wrap { "long lines go on in the next row" } else { "long lines are cut" };
    model.say(words);
}

pub(super) fn times(model: &mut Model) {
    if let Some(output) = &mut model.agents.output {
        output.times = !output.times;
    }
}
