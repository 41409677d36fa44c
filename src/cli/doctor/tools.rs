//! The programs that building an arm needs.

use std::process::Command;

use super::Finding;

/// The oldest toolchain that builds this workspace: `1.95`.
const RUST_MIN: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn findings() -> Vec<Finding> {
    vec![rust("cargo"), rust("rustc"), c_compiler(), git(), callgrind()]
}

fn rust(program: &'static str) -> Finding {
    let remedy = format!("install Rust {RUST_MIN} or later: https://rustup.rs");
    match first_line(program, &["--version"]) {
        Ok(line) if version(&line) >= version(RUST_MIN) => Finding::good(program, line),
        Ok(line) => Finding::missing(program, format!("{line} is too old"), remedy),
        Err(error) => Finding::missing(program, error, remedy),
    }
}

fn c_compiler() -> Finding {
    // What the `cc` crate tries: the bundled SQLite is C.
    let named = std::env::var("CC").ok().filter(|named| !named.trim().is_empty());
    let program = named.unwrap_or_else(|| "cc".to_owned());
    match first_line(&program, &["--version"]) {
        Ok(line) => Finding::good("C compiler", line),
        Err(error) => {
            Finding::missing("C compiler", error, "install one (Debian: apt install gcc libc6-dev), or name it in CC")
        }
    }
}

fn git() -> Finding {
    match first_line("git", &["--version"]) {
        Ok(line) => Finding::good("git", line),
        Err(error) => Finding::missing("git", error, "install git: evidence is tied to a tree"),
    }
}

/// Not only there: it must run a program.
fn callgrind() -> Finding {
    const CHECK: &str = "callgrind";
    const TOOL: &[&str] = &["-q", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let version = first_line("valgrind", &["--version"]);
    match version.and_then(|version| first_line("valgrind", &[TOOL, &["true"]].concat()).map(|_| version)) {
        Ok(version) => Finding::good(CHECK, version),
        Err(error) => Finding::doubtful(
            CHECK,
            error,
            "install it (Debian: apt install valgrind) for `workbench profile --count-instructions`; nothing else needs it",
        ),
    }
}

/// The first line a program prints, or why there is none.
pub(super) fn first_line(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("`{program}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{program} {}` failed: {}", args.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

/// The first version in a text, as numbers: `[1, 95, 0]` of `rustc 1.95.0 (…)`.
fn version(text: &str) -> Vec<u32> {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
    word.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("rustc 1.100.0 (abc 2027-01-01)") > version("1.95"));
        assert!(version("rustc 1.95.0-nightly") >= version("1.95"));
        assert!(version("cargo 1.9.0") < version("1.95"));
        assert!(version("no version") < version("1.95"));
    }
}
