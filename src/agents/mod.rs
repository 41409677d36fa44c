//! Who does the work, and how what they do is let in.
//!
//! ```text
//!  roster ─┐                 one worktree, one branch
//!  queue ──┴─▶ assignment ─▶ brief ─▶ attempt, under a supervisor ─▶ submission ─▶ gates ─▶ review ─▶ merged
//!                  ▲                     │ ended without one            │ refused    │ sent back
//!                  └─────────────────────┴──────────────────────────────┴────────────┘ next attempt, with the reason in its brief
//! ```
//!
//! Whatever happens is a fact ([`facts`]); where an assignment stands is derived from them ([`stage`]), so that nobody who is killed leaves a
//! status that lies. An agent's own words are claimed, and never a terminal state; what ends an attempt, and what a gate found, is found out.
//!
//! In reading order: [`roster`]; [`facts`] and [`stage`]; [`queue`], with [`territory`]: who may work on what, and why one has to wait;
//! [`worktree`]: where; [`brief`] and [`runner`]: what an agent is told and how it is started; [`offer`] and [`acp`]: how its program reaches our
//! MCP server, and how one is talked to that speaks a protocol; [`supervisor`]: who watches over it;
//! [`protection`]: the gates that need no build (the others are the lab's, and asked by the commands, since the two do not know one
//! another); [`train`]: how approved work lands; [`recovery`]: what is done after a crash;
//! [`todo`]: what agents have left in the sources.

pub mod acp;
pub mod brief;
pub mod facts;
mod git;
pub mod offer;
pub mod protection;
pub mod queue;
pub mod recovery;
pub mod roster;
pub mod runner;
pub mod stage;
pub mod supervisor;
pub mod territory;
pub mod todo;
pub mod train;
pub mod worktree;

pub use git::GitError;
pub use roster::{Agent, Limits, Roster, Runner, RunnerKind};
pub use stage::Stage;
pub use worktree::{Unready, Worktree};
