//! What the Profile shows.

use jiff::Timestamp;

use crate::lab::experiment::{ExperimentId, Question};
use crate::profiles::{Attribution, Books, Difference, FunctionCost, Kind, WaitCost};
use crate::tui::flame::Flame;
use crate::tui::msg::ProfileKey;

/// An experiment with profiles of both arms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiled {
    /// Which.
    pub experiment: ExperimentId,
    /// What it asked.
    pub question: Question,
    /// When it began.
    pub at: Timestamp,
    /// What was counted, and how many captures there are of it.
    pub kinds: Vec<(Kind, u32)>,
}

/// Two profiles, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFacts {
    /// Whose.
    pub key: ProfileKey,
    /// What each arm's covers.
    pub coverage: [String; 2],
    /// Both call trees.
    pub flame: Flame,
    /// Every function, or every cause of waiting.
    pub lines: Vec<CostLine>,
    /// What they add up to, and what there was.
    pub books: Books,
}

/// What a function costs.
#[derive(Debug, Clone, PartialEq)]
pub struct CostLine {
    /// Its cost in both arms.
    pub cost: FunctionCost,
    /// How often it was waited there, for each operation, where that is known.
    pub times: Option<[f64; 2]>,
}

impl ProfileFacts {
    /// All that the screen shows of a difference; of waiting, with how often.
    pub fn of(key: ProfileKey, difference: &Difference, waits: &[WaitCost]) -> Self {
        let Attribution { functions, books } = Attribution::of(difference);
        let line = |cost: FunctionCost| {
            let cause = waits.iter().find(|wait| wait.cause == cost.name);
            let times = cause.and_then(|cause| Some([cause.times_a?, cause.times_b?]));
            CostLine { cost, times }
        };
        // What stands above a cause waits only through it.
        let is_told = |cost: &FunctionCost| difference.kind() != Kind::Wait || cost.own_a > 0.0 || cost.own_b > 0.0;
        Self {
            key,
            coverage: [difference.a.coverage(), difference.b.coverage()],
            flame: Flame::of(difference),
            lines: functions.into_iter().filter(is_told).map(line).collect(),
            books,
        }
    }
}
