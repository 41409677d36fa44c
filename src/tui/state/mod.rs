//! State of each screen, beside the view of the same name.

mod agents;
mod lab;
mod list;
mod log;
mod plan;
mod profile;
mod register;

pub use agents::AgentsState;
pub use lab::LabState;
pub use list::ListState;
pub use log::LogState;
pub use plan::{Part, PlanState};
pub use profile::{Arms, CostColumn, ProfileState};
pub use register::{RegisterState, SortColumn};
