//! Programs that do not speak the driver protocol, measured all the same.
//!
//! ```text
//!   lab ── JSON lines ──▶ workbench adapter ── one process for each run ──▶ the bench, or any command
//!            (stdio)        the same group, stopped and ended with it          stdout, a file, the clock
//! ```
//!
//! An adapter is a driver like any other, so everything around it (lock-step, parking, limits, what a kill leaves) is the
//! lab's own. An operation is one run of the program, so slices of equal work are equally many runs.
//!
//! - [`Task`]: what the lab tells the adapter's process. [`main`]: that process.
//! - `place`: a command line with its places filled. `run`: one run. `read`: one file for each kind of output.
//!
//! What an adapter cannot do is said, not faked: it samples no CPU profile, counts nothing, and checks no answers unless
//! `adapter.check` names a command that does.

mod driver;
mod list;
mod place;
mod read;
mod run;
mod task;

pub use driver::main;
pub use list::benches;
pub use read::metrics;
pub use task::Task;
