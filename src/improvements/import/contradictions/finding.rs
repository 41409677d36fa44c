//! A contradiction, its kinds, and the order in which the rules are asked.

use std::fmt;

use serde::Serialize;

use super::{arithmetic, counts, marks, plan, promises, references};
use crate::improvements::import::Place;
use crate::improvements::import::document::Tracking;

/// A place where a document disagrees with itself, or promises what nothing stands behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Of which kind.
    pub kind: ContradictionKind,
    /// What the document says there.
    pub said: String,
    /// What it says elsewhere, or what its own figures come to.
    pub counted: String,
    /// What to do about it.
    pub remedy: String,
}

/// The kinds of contradictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContradictionKind {
    /// A stated count is not what can be counted.
    CountedOtherwise,
    /// A stated figure is not what the figures beside it come to.
    ComputedOtherwise,
    /// A numbered series has a gap.
    MissingNumber,
    /// Ticked, while the work is said to go on.
    TickedUnfinished,
    /// Done in one place, open in another.
    DoneAndOpen,
    /// Complete, and yet something remains.
    CompleteWithRest,
    /// A figure is claimed whose measurement is still to come.
    MeasuredLater,
    /// Nothing measured stands behind a claim.
    ClaimWithoutEvidence,
    /// A bound stands where a measurement is due.
    BoundForValue,
    /// Work on performance is complete without any figure.
    CompleteWithoutFigure,
    /// The same thing with two figures.
    TwoFigures,
    /// The promises together do not reach the target.
    PromiseShortOfTarget,
    /// A claim for the whole that a part does not reach.
    PartBelowWhole,
    /// Planned for one week here, for another there.
    TwoDates,
    /// A date that is none.
    NotADate,
    /// An id that no phase lists.
    IdInNoPhase,
    /// An id that two phases list.
    IdInTwoPhases,
    /// An id that stands for nothing.
    UnknownId,
    /// An id that stands for two things.
    DuplicateId,
    /// An agent that the roster does not have.
    AgentWithoutRow,
    /// The same work with other agents.
    AgentsOtherwise,
    /// A rest that is empty.
    EmptyRest,
    /// The most urgent planned after what can wait.
    PriorityAgainstPlan,
    /// Code names a module whose file is not among those listed.
    ModuleWithoutFile,
}

/// What a rule found, at an offset of the text.
pub(super) struct Finding {
    pub(super) at: usize,
    pub(super) kind: ContradictionKind,
    pub(super) said: String,
    pub(super) counted: String,
    pub(super) remedy: &'static str,
}

impl Finding {
    pub(super) fn new(
        kind: ContradictionKind,
        at: usize,
        said: impl Into<String>,
        counted: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { at, kind, said: said.into(), counted: counted.into(), remedy }
    }
}

impl Finding {
    /// Whether it asks for a measurement; one place needs to be asked only once.
    fn is_about_proof(&self) -> bool {
        matches!(self.kind, ContradictionKind::BoundForValue | ContradictionKind::ClaimWithoutEvidence)
    }
}

/// Every contradiction, in the order of the document.
pub(in super::super) fn find(tracking: &Tracking<'_>) -> Vec<Contradiction> {
    let rules: [fn(&Tracking<'_>) -> Vec<Finding>; 6] =
        [counts::check, arithmetic::check, marks::check, references::check, plan::check, promises::check];
    let mut found: Vec<Finding> = rules.iter().flat_map(|rule| rule(tracking)).collect();
    // In the order of the rules where several speak of one place: the first one knows most of it.
    found.sort_by_key(|finding| (finding.at, finding.kind));
    found.dedup_by(|a, b| (a.at, a.kind) == (b.at, b.kind) && (a.counted == b.counted || a.is_about_proof()));
    let told = |finding: Finding| Contradiction {
        place: tracking.repaired.place(finding.at),
        kind: finding.kind,
        said: finding.said,
        counted: finding.counted,
        remedy: finding.remedy.to_owned(),
    };
    found.into_iter().map(told).collect()
}

impl fmt::Display for ContradictionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CountedOtherwise => "counted otherwise",
            Self::ComputedOtherwise => "computed otherwise",
            Self::MissingNumber => "missing number",
            Self::TickedUnfinished => "ticked, unfinished",
            Self::DoneAndOpen => "done and open",
            Self::CompleteWithRest => "complete, with a rest",
            Self::MeasuredLater => "measured later",
            Self::ClaimWithoutEvidence => "claim without evidence",
            Self::BoundForValue => "bound for a value",
            Self::CompleteWithoutFigure => "complete without a figure",
            Self::TwoFigures => "two figures",
            Self::PromiseShortOfTarget => "promise short of target",
            Self::PartBelowWhole => "part below the whole",
            Self::TwoDates => "two dates",
            Self::NotADate => "not a date",
            Self::IdInNoPhase => "id in no phase",
            Self::IdInTwoPhases => "id in two phases",
            Self::UnknownId => "unknown id",
            Self::DuplicateId => "duplicate id",
            Self::AgentWithoutRow => "agent without a row",
            Self::AgentsOtherwise => "other agents",
            Self::EmptyRest => "empty rest",
            Self::PriorityAgainstPlan => "priority against plan",
            Self::ModuleWithoutFile => "module without a file",
        })
    }
}
