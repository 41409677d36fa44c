//! Freezing what is live, so that it can be read: news wait, in their order, until a person follows again.

use super::model::Model;
use super::msg::Msg;
use super::update::take;

/// News that wait at most. Hours of a measurement; whoever freezes for longer follows again, and is told so.
pub const HELD_MAX: usize = 50_000;

/// News that wait.
#[derive(Debug, Default)]
pub struct Frozen {
    held: Vec<Msg>,
}

impl Frozen {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// Freezes, or follows again.
pub(super) fn toggle(model: &mut Model) {
    match model.frozen.take() {
        Some(frozen) => {
            for msg in frozen.held {
                // News ask for nothing but to be looked at.
                take(model, msg);
            }
            model.say("following again");
        }
        None => model.frozen = Some(Frozen::default()),
    }
}

/// Keeps news back while things are frozen; the rest passes.
pub(super) fn pass(model: &mut Model, msg: Msg) -> Option<Msg> {
    if !is_news(&msg) {
        return Some(msg);
    }
    let Some(frozen) = &mut model.frozen else { return Some(msg) };
    frozen.held.push(msg);
    if frozen.held.len() >= HELD_MAX {
        toggle(model);
        model.complain(format!("{HELD_MAX} news came while this was frozen: following again"));
    }
    None
}

/// Whether it comes by itself, and not because of what a person did.
fn is_news(msg: &Msg) -> bool {
    match msg {
        Msg::Register(_)
        | Msg::Store(_)
        | Msg::Running(_)
        | Msg::Events(..)
        | Msg::Log(_)
        | Msg::Machine(_)
        | Msg::Project(_)
        | Msg::Work(_)
        | Msg::Agents(_)
        | Msg::LabMoved => true,
        Msg::Key(_)
        | Msg::Mouse(_)
        | Msg::Paste(_)
        | Msg::Resize(_)
        | Msg::TerminalGone
        | Msg::Tick(_)
        | Msg::Opened(_)
        | Msg::Workloads(..)
        | Msg::Profile(..)
        | Msg::Pictures(_)
        | Msg::Plan(_)
        | Msg::Screens(_)
        | Msg::Screen(..)
        | Msg::Noise(_)
        | Msg::Trend(..)
        | Msg::Patch(..)
        | Msg::Train(_)
        | Msg::Output(..)
        | Msg::Started(..)
        | Msg::Ended(..)
        | Msg::Done(_) => false,
    }
}
