//! State of each screen, beside the view of the same name.

mod agents;
mod lab;
mod list;
mod log;
mod output;
mod plan;
mod profile;
mod register;
mod review;

pub use agents::AgentsState;
pub use lab::{LabAsked, LabState, LabView};
pub use list::ListState;
pub use log::LogState;
pub use output::OutputState;
pub use plan::{Part, PlanState};
pub use profile::{Arms, CostColumn, ProfileState};
pub use register::{RegisterState, SortColumn};
pub use review::{Comment, ReviewPane, ReviewState};
