//! The terminal interface, in the Elm shape.
//!
//! ```text
//!           keys, mouse, resize                     ┌─► view(&Model, &mut Frame)
//! terminal ────────────────────► Msg ─► update ─► Model
//! store, files, processes ─────► Msg       └─► Effect ─► done on tokio ─► Msg
//! ```
//!
//! Read [`model`] (all the state), [`msg`] (all that can happen), [`update`] (what it changes) and [`view`]
//! (how it looks): these do no I/O and know no clock, so every screen is a function of values and is tested as one.
//! [`actions`] is the one table of what a person can do. [`run`](mod@run) holds the loop, [`effect`] and [`term`] touch
//! the world.

pub mod actions;
pub mod commands;
pub mod effect;
pub mod experiment;
pub mod facts;
pub mod filter;
pub mod flame;
pub mod frame_times;
pub mod freeze;
pub mod inbox;
pub mod input;
pub mod keys;
pub mod layout;
pub mod memory;
pub mod model;
pub mod msg;
pub mod run;
pub mod series;
pub mod standing;
pub mod state;
pub mod term;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;

mod act;
mod assigned;
mod ears;
mod mouse;
mod past;
mod planned;
mod profiled;
mod screened;
mod tail;
mod watch;
mod yank;

#[cfg(test)]
mod tests;

pub use run::{Options, run};
