//! The driver protocol, version 1: JSON lines, one answer to every command.
//!
//! ```text
//!  workbench                                             driver
//!  {"cmd":"hello"}                                    →
//!                                                     ←  {"event":"hello","protocol":1,"driver":…,"workloads":[…]}
//!  {"cmd":"load","workload":"tpcc","seed":7,…}        →
//!                                                     ←  {"event":"progress","done":1,"total":4,…}     (0 or more)
//!                                                     ←  {"event":"loaded",…}
//!  {"cmd":"slice","ops":20000}                        →
//!                                                     ←  {"event":"slice","ops":20000,"elapsed_ns":…,"cpu_ns":…,…}
//!  {"cmd":"profile","state":"on","kinds":["cpu"]}     →
//!                                                     ←  {"event":"profile","state":"on"}
//!        … slices …
//!  {"cmd":"profile","state":"off"}                    →
//!                                                     ←  {"event":"profile","state":"off","profiles":[…]}
//!  {"cmd":"check"}                                    →
//!                                                     ←  {"event":"check","ok":true,"findings":[],"state_hash":…}
//!  {"cmd":"finish"}                                   →
//!                                                     ←  {"event":"finished",…}                  (and it exits)
//! ```
//!
//! Every command is answered by exactly one closing event: its own, or `error`, after which the driver is still there
//! unless `fatal` says otherwise. `progress` may come before any answer. Commands refuse fields they do not know,
//! because a misspelt parameter would silently measure something else; readers of events ignore unknown fields, so a
//! newer driver can say more to an older workbench.

mod command;
mod event;
mod spec;

pub use command::{Budget, BudgetError, Command, Load, Params, ProfileKind, ProfileRequest, Slice, Switch};
pub use event::{
    Check, Event, Failure, Finding, Finished, FoldedProfile, FoldedUnit, Hello, Loaded, Profile, Progress, SliceDone,
};
pub use spec::{Better, MetricSpec, ParamKind, ParamSpec, Unit, WorkloadSpec};

/// The version this crate speaks, as announced in [`Hello::protocol`].
pub const VERSION: u32 = 1;
