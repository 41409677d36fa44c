//! `workload`: the engine's workloads, for the workbench (no arguments) and for people (`workload run tpcc`).

use std::process::ExitCode;

use engine_workload::cli;

fn main() -> ExitCode {
    cli::main()
}
