//! The tracking document as data: everything that is derived, derived once. Text and JSON are made from it.
//!
//! Start at [`Document`]; each further file is a part of it, and faces the file of the same name in `markdown`.

mod improvement;
mod metric;
mod phase;
mod risk;
mod screen;
mod whole;
mod work;

pub use improvement::{Counts, ImprovementLine, LeftOutFigure, MeasuredFigure};
pub use metric::{MetricGroupLine, MetricLine};
pub use phase::{CriterionLine, MemberLine, PhaseLine};
pub use risk::{RiskLine, RiskState};
pub use screen::{Agreement, BesideLine, PairedFigure, Picture, ScreenLine};
pub use whole::{AgentLine, Document, Head, NotedLine, ParityLine, Snapshot};
pub use work::WorkLine;
