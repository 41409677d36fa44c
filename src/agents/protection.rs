//! The gates that need no build: what a submission changes, looked at as git knows it. Milliseconds, and nothing of it is run.

use super::facts::{Assignment, Gate, Passed};
use super::git::GitError;
use super::territory::Territory;
use crate::repository::{Changes, Graph, Kind};
use crate::units::counted;

/// What a submission is held against.
#[derive(Debug)]
pub struct Rules<'a> {
    /// Files that the agent may change.
    pub modules: &'a [String],
    /// Files that nobody may.
    pub protected: &'a [String],
    /// Lines that may be changed at once.
    pub diff_lines: u32,
}

/// A gate's answer, with its reason.
pub type Answer = (Gate, Passed, String);

/// Asks the gates about `commit`, until one refuses.
pub fn look(graph: &Graph, assignment: &Assignment, commit: &str, rules: &Rules<'_>) -> Result<Vec<Answer>, GitError> {
    let base = &assignment.base;
    if !graph.descends(commit, base)? {
        let reason = format!(
            "{commit:.12} does not come after {base:.12}, from which the branch was made: history was rewritten"
        );
        return Ok(vec![(Gate::History, Passed::No, reason)]);
    }
    let changes = graph.between(base, commit)?;
    if changes.files.is_empty() {
        return Ok(vec![(Gate::History, Passed::No, format!("nothing differs from {base:.12}"))]);
    }
    let (files, lines) = (counted(changes.files.len(), "file"), counted(changes.lines, "line"));
    let mut answers = vec![(Gate::History, Passed::Yes, format!("{files}, {lines} from {base:.12}"))];
    for (gate, ask) in [
        (Gate::Harness, harness as fn(&Changes, &Rules<'_>) -> Result<String, String>),
        (Gate::Modules, modules),
        (Gate::Size, size),
    ] {
        match ask(&changes, rules) {
            Ok(reason) => answers.push((gate, Passed::Yes, reason)),
            Err(reason) => {
                answers.push((gate, Passed::No, reason));
                break;
            }
        }
    }
    Ok(answers)
}

/// Git compares by hash: a file that is not among the changes has the hash that it had.
fn harness(changes: &Changes, rules: &Rules<'_>) -> Result<String, String> {
    let protected = Territory::new(rules.protected).map_err(|error| format!("`agents.protected`: {error}"))?;
    let touched = named(changes, |path, _| protected.holds(path));
    if touched.is_empty() {
        Ok("protected files are as they were".to_owned())
    } else {
        Err(format!("protected: {touched}"))
    }
}

/// A link or another repository inside one's own modules may hold what lies outside of them.
fn modules(changes: &Changes, rules: &Rules<'_>) -> Result<String, String> {
    let own = Territory::new(rules.modules).map_err(|error| format!("the agent's modules: {error}"))?;
    let outside = named(changes, |path, _| !own.holds(path));
    if !outside.is_empty() {
        return Err(format!("not the agent's: {outside}"));
    }
    let elsewhere = named(changes, |_, now| matches!(now, Kind::Link | Kind::Submodule));
    if !elsewhere.is_empty() {
        return Err(format!("leads out of the agent's modules: {elsewhere}"));
    }
    Ok("only the agent's modules are changed".to_owned())
}

fn size(changes: &Changes, rules: &Rules<'_>) -> Result<String, String> {
    let (lines, limit) = (changes.lines, rules.diff_lines);
    let small = usize::try_from(limit).is_ok_and(|limit| lines <= limit);
    if small {
        Ok(format!("{lines} lines of {limit}"))
    } else {
        Err(format!("{lines} lines are changed, and {limit} may be"))
    }
}

/// The first few files of which `holds` is true.
fn named(changes: &Changes, holds: impl Fn(&str, Kind) -> bool) -> String {
    const SHOWN: usize = 5;
    let found: Vec<&str> =
        changes.files.iter().filter(|file| holds(&file.path, file.now)).map(|file| file.path.as_str()).collect();
    match found.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", found[..SHOWN].join(", ")),
        Some(0) | None => found.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Changed;

    fn changes(files: &[(&str, Kind)]) -> Changes {
        let files = files.iter().map(|(path, now)| Changed { path: (*path).to_owned(), now: *now });
        Changes { files: files.collect(), lines: 7 }
    }

    #[test]
    fn each_gate_says_what_it_found() {
        let own = ["engine/src/io/**".to_owned()];
        let protected = ["probe".to_owned(), "**/Cargo.toml".to_owned()];
        let rules = Rules { modules: &own, protected: &protected, diff_lines: 7 };
        let fine = changes(&[("engine/src/io/disk.rs", Kind::File), ("engine/src/io/old.rs", Kind::Gone)]);
        assert!(harness(&fine, &rules).is_ok() && modules(&fine, &rules).is_ok() && size(&fine, &rules).is_ok());
        assert!(size(&fine, &Rules { diff_lines: 6, ..rules }).is_err());
        let rules = Rules { modules: &own, protected: &protected, diff_lines: 7 };
        let cheat = changes(&[("probe/src/driver/usage.rs", Kind::File), ("engine/Cargo.toml", Kind::File)]);
        assert_eq!(harness(&cheat, &rules).unwrap_err(), "protected: probe/src/driver/usage.rs, engine/Cargo.toml");
        let many: Vec<(String, Kind)> = (0..7).map(|n| (format!("src/{n}.rs"), Kind::File)).collect();
        let many: Vec<(&str, Kind)> = many.iter().map(|(path, now)| (path.as_str(), *now)).collect();
        let refused = modules(&changes(&many), &rules).unwrap_err();
        assert_eq!(refused, "not the agent's: src/0.rs, src/1.rs, src/2.rs, src/3.rs, src/4.rs and 2 more");
        let link = changes(&[("engine/src/io/link", Kind::Link)]);
        assert_eq!(modules(&link, &rules).unwrap_err(), "leads out of the agent's modules: engine/src/io/link");
        let gone = changes(&[("probe/src/lib.rs", Kind::Gone)]);
        assert!(harness(&gone, &rules).is_err(), "a deleted check is a change too");
    }
}
