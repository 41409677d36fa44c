//! The Review: which submission is selected, where one is in its diff, and what a person wants to say of it.

use super::ListState;
use crate::agents::Stage;
use crate::tui::facts::{PatchKey, Work};

/// State of the Review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewState {
    /// Selection and window on [`ReviewState::order`].
    pub list: ListState,
    /// Indices of the work that was handed in, in the order of [`rank`].
    pub order: Vec<usize>,
    /// What the detail shows.
    pub pane: ReviewPane,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
    /// Selection and window on the lines of the diff.
    pub diff: ListState,
    /// The patch that was asked for last.
    pub asked: Option<PatchKey>,
    /// The train that was asked for last.
    pub train_asked: Option<Vec<String>>,
    /// Comments that were not sent back yet.
    pub comments: Vec<Comment>,
}

/// What the detail shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReviewPane {
    /// Gates, files, comments.
    #[default]
    Gates,
    /// The lines.
    Diff,
}

/// A comment on a line, kept here until the submission is sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// On which patch.
    pub patch: PatchKey,
    /// The line's place in it.
    pub line: usize,
    /// `src/wal.rs:12`.
    pub place: String,
    /// What is said.
    pub text: String,
}

impl ReviewState {
    /// Orders anew, keeps the selection on the same submission, and drops comments on what is not there any more.
    pub fn arrange(&mut self, before: &[Work], work: &[Work]) {
        let chosen = self.order.get(self.list.selected).and_then(|place| before.get(*place));
        let chosen = chosen.map(|work| work.life.assignment.id);
        let mut order: Vec<usize> = (0..work.len()).filter(|place| work[*place].is_handed_in()).collect();
        order.sort_by_key(|place| {
            let work = &work[*place];
            let since = work.life.submission().map(|stop| stop.reviews.last().map_or(stop.at, |review| review.at));
            (rank(work.stage), since)
        });
        self.order = order;
        let place = self.order.iter().position(|place| Some(work[*place].life.assignment.id) == chosen);
        self.list.selected = place.unwrap_or(0);
        let open = |comment: &Comment| {
            let commits = work.iter().filter(|work| work.stage != Stage::SentBack && work.is_handed_in());
            let mut commits = commits.filter_map(|work| work.life.submission());
            commits.any(|submission| submission.commit == comment.patch.commit)
        };
        self.comments.retain(open);
    }

    /// The comments on a patch, in the order of its lines.
    pub fn comments_on(&self, patch: &PatchKey) -> Vec<&Comment> {
        let mut comments: Vec<&Comment> = self.comments.iter().filter(|comment| comment.patch == *patch).collect();
        comments.sort_by_key(|comment| comment.line);
        comments
    }
}

/// What waits for a person first, then the train, then what goes on by itself or was answered.
fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Review => 0,
        Stage::Approved => 1,
        Stage::Refused => 2,
        Stage::Gates => 3,
        Stage::SentBack => 4,
        Stage::Assigned | Stage::Working | Stage::Lost | Stage::Ended | Stage::Merged | Stage::Withdrawn => 5,
    }
}
