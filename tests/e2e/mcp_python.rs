//! The same as in [`super::mcp`], by a client that other people have written: the official Python SDK.
//!
//! `WORKBENCH_PYTHON` names a Python that has the package `mcp`; `python3` is asked otherwise. Where neither has it, this says so, and tests nothing:
//! the workbench needs no Python.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::bench::WORKBENCH;
use super::mcp::held;

fn python() -> String {
    std::env::var("WORKBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn has_the_package() -> bool {
    let wanted = "import mcp, importlib.metadata as m; assert m.version('mcp').startswith('2.')";
    Command::new(python()).args(["-c", wanted]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn an_independent_client_gets_to_the_gates() {
    if !has_the_package() {
        // Past the harness, which keeps what passing tests say to itself.
        let why =
            "SKIPPED mcp_python: no Python with the package `mcp` here; tests/mcp/client.py says how to get one\n";
        std::io::stderr().write_all(why.as_bytes()).unwrap();
        return;
    }
    let yard = held();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp/client.py");
    let mut command = Command::new(python());
    command.arg(script).arg(WORKBENCH).arg(yard.lab.bench.root()).arg("T003");
    command.env("TMPDIR", yard.lab.bench.path("tmp")).env("WORKBENCH_LEASE", yard.lab.bench.path("machine"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout), "show ok\napply ok\nverdict ok\nsubmit ok\n");
    assert_eq!(yard.lab.processes(), Vec::<i32>::new());
}
