//! The engine as the workloads' database under test: all that is compiled anew with each set of improvements.

mod pools;
mod store;
mod subject;

pub use store::{EngineStore, EngineTicket, EngineTxn};
pub use subject::SUBJECT;
