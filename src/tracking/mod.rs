//! The tracking store: the only place that knows SQL.
//!
//! It keeps facts, never conclusions. Experiments, pairs, verdicts and what people said about an improvement are rows
//! that triggers protect from change; each row adds one line to `change_log`, which the terminal interface follows by
//! its sequence number. The public status of an improvement is derived from the facts by [`derive`].
//!
//! ```text
//!  lab ──Journal──▶ Store ──▶ tracking/workbench.db ──▶ Reader ──▶ cli, tui, report
//!  cli ─set status─▶  │ one row = one fact                │ derive(Known) = status
//!                     └─▶ profiles/<ID>/<experiment>/     └ change_log(seq)
//! ```
//!
//! Start at [`store`]: opening, durability, locking. The schema is `tracking/migrations/`. One file per aggregate:
//! experiment, pair (with standings), calibration, screen, build, verdict, profile, improvement, note, stack, agent, assignment (read as a life),
//! live, log, origin. How facts travel from store to store: [`evidence`].

mod agent;
mod assignment;
mod build;
mod calibration;
mod columns;
mod error;
mod evidence;
mod experiment;
mod facts;
mod host;
mod improvement;
mod journal;
mod json;
mod life;
mod live;
mod log;
mod note;
mod origin;
mod pair;
mod process;
mod profile;
mod question;
mod schema;
mod screen;
mod screen_journal;
mod stack;
mod status;
pub mod store;
#[cfg(test)]
mod tests;
mod verdict;

pub use agent::{AgentFact, AgentState, Heartbeat};
pub use assignment::{AttemptLog, Begun};
pub use calibration::CalibrationFact;
pub use error::{Fault, StoreError};
pub use evidence::{Conflict, Dossier, Evidence, FORMAT_VERSION, Fact, Merged, MergedDossier};
pub use experiment::{Ending, Experiment, StageFact, Summary};
pub use facts::Facts;
pub use host::Host;
pub use improvement::{SetStatus, permitted};
pub use live::{LiveSlice, ProgressNote};
pub use log::{Change, CommandFact};
pub use note::Note;
pub use origin::Origin;
pub use pair::{PairFact, StandingFact};
pub use process::Process;
pub use profile::ProfileFact;
pub use screen::{Screen, ScreenEnding, ScreenSummary};
pub use stack::StackEntry;
pub use status::{Forced, Known, Public, derive};
pub use store::{Reader, Store};
pub use verdict::VerdictFact;
