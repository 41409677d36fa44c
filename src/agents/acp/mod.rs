//! An agent that speaks the Agent Client Protocol, version 1: the part of it that a supervised attempt needs.
//!
//! ```text
//!  supervisor ─▶ workbench acp ── stdin ──▶ agent      initialize · session/new (the worktree, our MCP server) · session/prompt (the brief)
//!      ▲ stdout, stderr  │    ◀── stdout ──           session/update · session/request_permission · how the turn stopped
//!      └─────────────────┘
//! ```
//!
//! What stands between is a process, as an adapter is for a bench: limits, output, giving way and the sweep afterwards are the supervisor's for every kind of
//! runner. [`session`] talks, [`permission`] answers. The few messages are written out here: the protocol's first version is stable, the crate that
//! implements it has had five major versions in as many months.

pub mod permission;
pub mod session;

pub use permission::Rule;
pub use session::{Session, SessionError, Stop};
