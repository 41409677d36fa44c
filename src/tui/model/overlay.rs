//! What lies over the screen: help, palette, questions, the inbox.

use crate::agents::facts::Worker;
use crate::improvements::{ImprovementId, Status};
use crate::tui::input::Input;

/// What lies over the screen and hears the keys first.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The help of this place.
    Help(HelpState),
    /// Commands by name.
    Palette(PaletteState),
    /// A question.
    Dialog(Dialog),
    /// What waits for a person, and which entry is chosen.
    Inbox(usize),
    /// A question whose answer is typed.
    Prompt(Prompt),
}

/// The help.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HelpState {
    /// What is searched for.
    pub query: Input,
    /// Lines scrolled away.
    pub offset: usize,
}

/// The palette.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaletteState {
    /// What is typed.
    pub input: Input,
    /// The chosen one of those that match.
    pub selected: usize,
}

/// A question with its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// What it is about.
    pub title: String,
    /// What a person needs to know to answer.
    pub body: Vec<String>,
    /// The answers.
    pub choices: Vec<Choice>,
    /// The chosen one; at first the one that changes nothing.
    pub selected: usize,
}

/// A question whose answer is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The question.
    pub title: String,
    /// What the answer is for.
    pub about: About,
    /// What is typed.
    pub input: Input,
}

/// What a typed answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The reason of a status.
    Status(ImprovementId, Status),
    /// What there is to note about an improvement.
    Note(ImprovementId),
    /// Why a submission is sent back.
    SendBack(ImprovementId),
    /// A comment on the selected line of a diff.
    Line,
    /// Why an improvement is taken back from its agent.
    Recall(ImprovementId),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its key.
    pub key: char,
    /// Its words.
    pub label: String,
    /// What it does.
    pub then: Then,
}

/// What an answer does.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// Starts an apply in the background.
    Apply(ImprovementId),
    /// Stops the apply of that process.
    Stop(u32),
    /// Quits.
    Quit,
    /// Stops the apply of that process and quits.
    StopAndQuit(u32),
    /// Copies a text.
    Copy(String),
    /// Asks why a status is set.
    AskReason(ImprovementId, Status),
    /// Takes the last change of a status back.
    Undo,
    /// Runs a command of the workbench, which is short.
    Run(Vec<String>),
    /// Stops the attempt that this supervisor watches over.
    StopAttempt(Worker),
    /// Asks why an improvement is taken back.
    AskRecall(ImprovementId),
}
