//! `peers`: the engine beside other stores.

use std::process::ExitCode;

fn main() -> ExitCode {
    engine_peers::cli::main()
}
