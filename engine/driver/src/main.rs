//! `workload`: the engine's workloads, for the workbench (no arguments) and for people (`workload run tpcc`).

use std::process::ExitCode;

use engine_driver::SUBJECT;
use engine_workload::cli;

/// So that a profile can tell who asks for memory. Nobody else is told: it costs one load for each allocation.
#[global_allocator]
static ALLOCATOR: probe::driver::Allocations = probe::driver::Allocations::of(std::alloc::System);

fn main() -> ExitCode {
    cli::main(&SUBJECT)
}
