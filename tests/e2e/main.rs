//! The workbench from outside: the binary on small projects, its output, its exit codes.
//!
//! One binary for all, one module per subject. [`bench`] makes the projects.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod a_a;
mod ablate;
mod acp;
mod adapter;
mod apply;
mod apply_bench;
mod apply_faults;
mod apply_kill;
mod apply_silence;
mod assign;
mod assign_bench;
mod bench;
mod broken;
mod building;
mod calibrate;
mod capture;
mod cast;
mod chatter;
mod commands;
mod compare;
mod crowd_bench;
mod doctor;
mod evidence;
mod facts;
mod gates;
mod import;
mod init;
mod instructions;
mod interact;
mod layouts;
mod mcp;
mod mcp_client;
mod mcp_python;
mod misbehaviour;
mod phase;
mod phase_bench;
mod phase_engine;
mod phase_kills;
mod plan;
mod pty;
mod read;
mod report;
mod schemas;
mod screen;
mod screen_bench;
mod sets_bench;
mod store;
mod store_commands;
mod store_kill;
mod total;
mod tui;
mod tui_bars;
mod tui_walk;
mod yielding;
