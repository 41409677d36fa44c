//! The Register: which rows are shown, in which order, and which are marked.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::ListState;
use crate::improvements::ImprovementId;
use crate::lab::experiment::ExperimentId;
use crate::tui::facts::Row;
use crate::tui::filter::Filter;
use crate::tui::input::Input;

/// State of the Register.
#[derive(Debug, Default)]
pub struct RegisterState {
    /// Selection and window on [`RegisterState::visible`].
    pub list: ListState,
    /// Indices of the rows that pass the filter, sorted.
    pub visible: Vec<usize>,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter as understood.
    pub filter: Filter,
    /// The filter being typed.
    pub editing: Option<Input>,
    /// The column that orders the rows.
    pub sort: SortColumn,
    /// From high to low.
    pub descending: bool,
    /// Marked improvements.
    pub marks: BTreeSet<ImprovementId>,
    /// The experiment whose workloads were asked for last.
    pub asked: Option<ExperimentId>,
    /// Lines of the detail scrolled away.
    pub detail_offset: usize,
}

/// What orders the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortColumn {
    /// The register's own order.
    #[default]
    Register,
    /// By id.
    Id,
    /// By title.
    Improvement,
    /// By category.
    Category,
    /// By status.
    Status,
    /// By the first owner.
    Agent,
    /// By the promised figure.
    Claim,
    /// By the published figure.
    Measured,
    /// By the verdict.
    Verdict,
}

impl RegisterState {
    /// Whether the line of the filter is shown.
    pub fn shows_filter_line(&self) -> bool {
        self.editing.is_some() || !self.filter_text.is_empty()
    }

    /// Takes a new filter.
    pub fn set_filter(&mut self, text: String, rows: &[Row]) {
        self.filter = Filter::parse(&text);
        self.filter_text = text;
        self.arrange(rows);
    }

    /// Filters and sorts anew, and keeps the selection on the improvement it was on where that is still shown.
    pub fn arrange(&mut self, rows: &[Row]) {
        let before = self.visible.get(self.list.selected).copied();
        self.visible.clear();
        self.visible.extend((0..rows.len()).filter(|index| self.filter.passes(&rows[*index])));
        self.order(rows);
        if let Some(place) = before.and_then(|row| self.visible.iter().position(|index| *index == row)) {
            self.list.selected = place;
        } else {
            self.list.selected = 0;
        }
    }

    /// Selects an improvement; `false` when the filter hides it.
    pub fn select(&mut self, id: &ImprovementId, rows: &[Row]) -> bool {
        let place = self.visible.iter().position(|index| rows.get(*index).is_some_and(|row| row.entry.id == *id));
        if let Some(place) = place {
            self.list.selected = place;
            self.detail_offset = 0;
        }
        place.is_some()
    }

    /// Sorts; equal rows stay in the register's order, and what has no value comes last either way.
    fn order(&mut self, rows: &[Row]) {
        let column = self.sort;
        if column == SortColumn::Register {
            if self.descending {
                self.visible.reverse();
            }
            return;
        }
        let descending = self.descending;
        self.visible.sort_by(|left, right| column.compare(&rows[*left], &rows[*right], descending));
    }
}

impl SortColumn {
    /// The next one, going round.
    pub fn next(self) -> Self {
        match self {
            Self::Register => Self::Id,
            Self::Id => Self::Improvement,
            Self::Improvement => Self::Category,
            Self::Category => Self::Status,
            Self::Status => Self::Agent,
            Self::Agent => Self::Claim,
            Self::Claim => Self::Measured,
            Self::Measured => Self::Verdict,
            Self::Verdict => Self::Register,
        }
    }

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register order",
            Self::Id => "ID",
            Self::Improvement => "Improvement",
            Self::Category => "Category",
            Self::Status => "Status",
            Self::Agent => "Agent",
            Self::Claim => "Claim",
            Self::Measured => "Measured",
            Self::Verdict => "Verdict",
        }
    }

    /// The order in which people want to see it first: figures from high to low.
    pub fn starts_descending(self) -> bool {
        matches!(self, Self::Claim | Self::Measured)
    }

    fn compare(self, left: &Row, right: &Row, descending: bool) -> Ordering {
        let turned = |order: Ordering| if descending { order.reverse() } else { order };
        let figures = |left: Option<f64>, right: Option<f64>| match (left, right) {
            (Some(left), Some(right)) => turned(left.total_cmp(&right)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let measured = |row: &Row| row.progress.measured.as_ref().map(|measured| measured.standing.estimate.0);
        match self {
            Self::Register => Ordering::Equal,
            Self::Id => turned(left.entry.id.cmp(&right.entry.id)),
            Self::Improvement => turned(left.entry.title.cmp(&right.entry.title)),
            Self::Category => turned(left.entry.category.cmp(&right.entry.category)),
            Self::Status => turned(left.progress.status.cmp(&right.progress.status)),
            Self::Agent => turned(left.entry.agents.first().cmp(&right.entry.agents.first())),
            Self::Claim => figures(left.entry.claim.high.map(f64::abs), right.entry.claim.high.map(f64::abs)),
            Self::Measured => figures(measured(left), measured(right)),
            Self::Verdict => {
                let rank = |row: &Row| row.verdict().map(|verdict| verdict as u8);
                match (rank(left), rank(right)) {
                    (Some(left), Some(right)) => turned(left.cmp(&right)),
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (None, None) => Ordering::Equal,
                }
            }
        }
    }
}
