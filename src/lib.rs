//! The workbench: a register of optimizations in which a claim needs a receipt.
//!
//! In reading order, each layer knowing only those above it:
//!
//! 1. [`units`], [`project`], [`repository`], [`machine`] and [`yaml`]: quantities as types; where things are on disk and in
//!    git; who may measure on the machine, and who gives way; files that people write, read with every mistake in its place.
//! 2. [`improvements`] and [`config`]: the register: what is claimed, by whom, and how it is to be measured; what is
//!    optimized, and by which rules.
//! 3. [`lab`], [`profiles`], [`agents`]: build and measure two arms; see where time goes; who does the work.
//!    They never name one another. [`catalog`] reads configuration, roster and register together.
//! 4. [`tracking`] and [`report`]: the facts in SQLite; the facts as text.
//! 5. [`cli`] and [`tui`]: one file per subcommand; one module per screen.
//!
//! `workbench apply T003` starts in `cli/apply.rs`.

pub mod agents;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod improvements;
pub mod lab;
pub mod machine;
pub mod profiles;
pub mod project;
pub mod report;
pub mod repository;
pub mod tracking;
pub mod tui;
pub mod units;
pub mod yaml;
