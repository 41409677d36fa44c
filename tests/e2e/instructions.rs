//! Instructions by Callgrind: both arms of a recorded experiment, or a clear word where valgrind is not there.

use std::process::Command;

use serde_json::Value;

use super::apply_bench::Lab;

#[test]
fn instructions_are_counted_where_valgrind_is_and_recorded() {
    let lab = Lab::new(0.4);
    assert_eq!(lab.apply(&["--no-profile", "--seed", "1"]).code, 0);
    let none = lab.run(&["profile", "T003", "--kind", "instructions"]);
    assert_eq!(none.code, 3, "{}", none.shown());
    assert!(none.stderr.contains("--count-instructions"), "{}", none.stderr);

    let ran = lab.run(&["profile", "T003", "--count-instructions", "--ops", "100", "--json"]);
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert_eq!(ran.code, 1, "{}", ran.shown());
        assert!(ran.stderr.contains("lab::no_valgrind"), "{}", ran.stderr);
        return;
    }
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&json["data"]["kind"], &json["data"]["a"]["ops"]), (&"instructions".into(), &100.into()));
    assert_eq!(lab.experiment(1).profiles.len(), 2, "one of each arm");
    assert_eq!(lab.leftovers(), 0);

    // A binary that has gone away is named.
    lab.bench.remove("driver");
    let ran = lab.run(&["profile", "T003", "--count-instructions"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stderr.contains("lab::arm_gone"), "{}", ran.stderr);
}

#[test]
fn without_valgrind_the_remedy_is_told() {
    let lab = Lab::new(0.4);
    let output = lab.command(&["profile", "T003", "--count-instructions"]).env("PATH", "/nowhere").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("lab::no_valgrind") && told.contains("apt install valgrind"), "{told}");
}
