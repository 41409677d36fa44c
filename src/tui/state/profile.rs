//! The Profile: which one is shown, which part of its trees fills the width, and what the table is sorted by.

use regex::RegexBuilder;

use super::ListState;
use crate::lab::experiment::ExperimentId;
use crate::profiles::Kind;
use crate::tui::facts::{CostLine, ProfileFacts};
use crate::tui::flame::{Found, SpotId, Window};
use crate::tui::input::Input;
use crate::tui::msg::ProfileKey;

/// State of the Profile.
#[derive(Debug)]
pub struct ProfileState {
    /// The experiment a person chose; the newest otherwise.
    pub chosen: Option<ExperimentId>,
    /// What a person wants to see counted; another kind where that was not.
    pub kind: Kind,
    /// The profile that was asked for last.
    pub asked: Option<ProfileKey>,
    /// The trees that are shown.
    pub arms: Arms,
    /// The root is at the bottom, as in a fire.
    pub upright: bool,
    /// The table hears the keys, not the graph.
    pub in_table: bool,
    /// The place that fills the width.
    pub zoom: SpotId,
    /// The selected place.
    pub cursor: SpotId,
    /// Rows scrolled away, counted from the root.
    pub top: u16,
    /// Selection and window on [`ProfileState::order`].
    pub list: ListState,
    /// Indices of the lines, sorted.
    pub order: Vec<usize>,
    /// What they are sorted by.
    pub sort: CostColumn,
    /// From low to high.
    pub ascending: bool,
    /// What is searched for.
    pub query: String,
    /// The search being typed.
    pub editing: Option<Input>,
    /// What it found.
    pub found: Found,
}

/// The trees that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arms {
    /// A alone.
    A,
    /// B alone.
    B,
    /// Both, one above the other on one scale, coloured by what became of each place.
    Both,
}

/// What orders the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostColumn {
    /// By the size of the change of their own cost.
    Change,
    /// By their own cost.
    Own,
    /// By their cost with what they called.
    Total,
    /// By name.
    Name,
}

impl Default for ProfileState {
    fn default() -> Self {
        Self {
            chosen: None,
            kind: Kind::Cpu,
            asked: None,
            arms: Arms::Both,
            upright: false,
            in_table: false,
            zoom: 0,
            cursor: 0,
            top: 0,
            list: ListState::default(),
            order: Vec::new(),
            sort: CostColumn::Change,
            ascending: false,
            query: String::new(),
            editing: None,
            found: Found::default(),
        }
    }
}

impl ProfileState {
    /// Begins anew on a profile that was just read, where its trees fork. The search stays: the next profile is looked at for the same.
    pub fn begin(&mut self, facts: &ProfileFacts) {
        let fork = facts.flame.fork();
        let depth = facts.flame.spot(fork).map_or(0, |spot| spot.depth);
        (self.zoom, self.cursor, self.top) = (0, fork, depth.saturating_sub(1));
        self.list = ListState::default();
        self.arrange(&facts.lines);
        self.search(self.query.clone(), facts);
    }

    /// Sorts the lines anew.
    pub fn arrange(&mut self, lines: &[CostLine]) {
        let (sort, arms) = (self.sort, self.arms);
        self.order = (0..lines.len()).collect();
        self.order.sort_by(|one, other| {
            let order = sort.compare(&lines[*one], &lines[*other], arms);
            if self.ascending { order.reverse() } else { order }
        });
    }

    /// Searches for a regular expression in any case; what is none is searched for as it stands.
    pub fn search(&mut self, query: String, facts: &ProfileFacts) {
        self.found = if query.is_empty() {
            Found::default()
        } else {
            let expression = |text: &str| RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build();
            match expression(&query).or_else(|_| expression(&regex::escape(&query))) {
                Ok(expression) => facts.flame.find(|name| expression.is_match(name)),
                Err(_) => Found::default(),
            }
        };
        self.query = query;
    }

    /// The window on the trees for a width.
    pub fn window(&self, facts: &ProfileFacts, width: u16) -> Window {
        let cost = facts.flame.spot(self.zoom).map_or([0.0; 2], |spot| spot.cost);
        Window { zoom: self.zoom, full: self.arms.of(cost), width }
    }

    /// Keeps the selected place in the rows of a tree.
    pub fn settle(&mut self, facts: &ProfileFacts, rows: u16) {
        let depth = facts.flame.spot(self.cursor).map_or(0, |spot| spot.depth);
        let last = rows.max(1) - 1;
        self.top = self.top.min(depth).max(depth.saturating_sub(last));
    }
}

impl Arms {
    /// The next ones, going round.
    pub fn next(self) -> Self {
        match self {
            Self::Both => Self::A,
            Self::A => Self::B,
            Self::B => Self::Both,
        }
    }

    /// The places of the arms that are shown, in pairs of values.
    pub fn slots(self) -> &'static [usize] {
        match self {
            Self::A => &[0],
            Self::B => &[1],
            Self::Both => &[0, 1],
        }
    }

    /// The cost in the arms that are shown: of both the greater.
    pub fn of(self, cost: [f64; 2]) -> f64 {
        self.slots().iter().map(|slot| cost[*slot]).fold(0.0, f64::max)
    }
}

impl CostColumn {
    /// The next one, going round.
    pub fn next(self) -> Self {
        match self {
            Self::Change => Self::Own,
            Self::Own => Self::Total,
            Self::Total => Self::Name,
            Self::Name => Self::Change,
        }
    }

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Own => "own cost",
            Self::Total => "cost with callees",
            Self::Name => "name",
        }
    }

    fn compare(self, one: &CostLine, other: &CostLine, arms: Arms) -> std::cmp::Ordering {
        let (one, other) = (&one.cost, &other.cost);
        match self {
            Self::Change => other.delta.abs().total_cmp(&one.delta.abs()),
            Self::Own => arms.of([other.own_a, other.own_b]).total_cmp(&arms.of([one.own_a, one.own_b])),
            Self::Total => arms.of([other.total_a, other.total_b]).total_cmp(&arms.of([one.total_a, one.total_b])),
            Self::Name => one.name.cmp(&other.name),
        }
    }
}
