//! What an agent may do that asks before it does it: whatever stays in its worktree.
//!
//! | it names …                 | answer |
//! |----------------------------|--------|
//! | places, all inside         | allowed |
//! | a place outside            | rejected |
//! | no place, and runs, reads, searches or thinks | allowed: where it is, is the worktree |
//! | no place, and changes files or leaves the machine | rejected: nobody could tell what |
//!
//! This answers an agent that asks. It locks nobody in: an agent runs as the user who assigned, and what it hands in is judged by the gates.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// Allows what stays below a folder.
#[derive(Debug, Clone)]
pub struct Rule {
    tree: PathBuf,
}

/// What an agent asks for; the rest of it is for people.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Asked {
    tool_call: Call,
    options: Vec<Choice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Call {
    title: Option<String>,
    kind: Kind,
    locations: Vec<Place>,
    content: Vec<Place>,
    raw_input: Value,
}

/// A place, or something else that has none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Read,
    Edit,
    Delete,
    Move,
    Search,
    Execute,
    Think,
    Fetch,
    SwitchMode,
    #[default]
    #[serde(other)]
    Other,
}

/// An answer that the agent offers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choice {
    option_id: String,
    kind: ChoiceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChoiceKind {
    AllowOnce,
    AllowAlways,
    RejectOnce,
    RejectAlways,
    #[serde(other)]
    Unknown,
}

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// Why, for the log.
    pub reason: String,
    /// Which of the offered answers says so; none where the agent offers no such answer.
    pub option_id: Option<String>,
}

impl Rule {
    /// Everything below `tree`.
    pub fn within(tree: &Path) -> Self {
        Self { tree: tree.canonicalize().unwrap_or_else(|_| tree.to_path_buf()) }
    }

    /// The answer to what is asked.
    pub fn decide(&self, asked: &Asked) -> Decision {
        let Asked { tool_call, options } = asked;
        let judged = self.judge(tool_call);
        let what = tool_call.title.as_deref().unwrap_or("something");
        let (allowed, reason) = match judged {
            Ok(why) => (true, format!("allowed: {what}: {why}")),
            Err(why) => (false, format!("rejected: {what}: {why}")),
        };
        // Once, never for always: the next request may name another place.
        let wanted = if allowed {
            [ChoiceKind::AllowOnce, ChoiceKind::AllowAlways]
        } else {
            [ChoiceKind::RejectOnce, ChoiceKind::RejectAlways]
        };
        let offered = wanted.into_iter().find_map(|kind| options.iter().find(|choice| choice.kind == kind));
        Decision { allowed, reason, option_id: offered.map(|choice| choice.option_id.clone()) }
    }

    fn judge(&self, call: &Call) -> Result<String, String> {
        let folder = call.raw_input.get("cwd").and_then(Value::as_str).map(PathBuf::from);
        let named = call.locations.iter().chain(&call.content).filter_map(|place| place.path.clone()).chain(folder);
        let named: Vec<PathBuf> = named.collect();
        if let Some(outside) = named.iter().find(|place| !self.holds(place)) {
            return Err(format!("{} is outside the worktree", outside.display()));
        }
        match (call.kind, named.is_empty()) {
            (_, false) => Ok("it stays in the worktree".to_owned()),
            (Kind::Read | Kind::Search | Kind::Execute | Kind::Think | Kind::Other, true) => {
                Ok("it names no place, and is in the worktree".to_owned())
            }
            (Kind::Edit | Kind::Delete | Kind::Move, true) => Err("it does not say which files it changes".to_owned()),
            (Kind::Fetch | Kind::SwitchMode, true) => Err("it would leave the worktree".to_owned()),
        }
    }

    /// Whether `place` is below the worktree, wherever links lead.
    fn holds(&self, place: &Path) -> bool {
        let place = self.tree.join(place);
        if place.components().any(|part| part == Component::ParentDir) && !place.exists() {
            return false;
        }
        // What is not there yet is where its nearest folder is.
        let there = place.ancestors().find_map(|above| above.canonicalize().ok());
        there.is_some_and(|there| there.starts_with(&self.tree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_the_worktree_is_allowed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().canonicalize().unwrap().join("tree");
        std::fs::create_dir_all(tree.join("src")).unwrap();
        std::os::unix::fs::symlink("/etc", tree.join("link")).unwrap();
        let rule = Rule::within(&tree);
        let inside = |name: &str| serde_json::json!([{ "path": tree.join(name) }]);
        let outside = serde_json::json!([{ "path": "/etc/passwd" }]);
        for (call, allowed) in [
            (serde_json::json!({ "kind": "edit", "locations": inside("src/lib.rs") }), true),
            (serde_json::json!({ "kind": "edit", "locations": inside("src/new/deep.rs") }), true),
            (serde_json::json!({ "kind": "edit", "locations": [{ "path": "src/lib.rs" }] }), true),
            (serde_json::json!({ "kind": "edit", "locations": inside("../other/lib.rs") }), false),
            (serde_json::json!({ "kind": "edit", "locations": inside("src/../../lib.rs") }), false),
            (serde_json::json!({ "kind": "edit", "locations": inside("link/passwd") }), false),
            (serde_json::json!({ "kind": "read", "locations": outside }), false),
            (serde_json::json!({ "kind": "edit", "content": [{ "type": "diff", "path": "/etc/passwd" }] }), false),
            (serde_json::json!({ "kind": "edit" }), false),
            (serde_json::json!({ "kind": "delete" }), false),
            (serde_json::json!({ "kind": "fetch", "title": "https://example.org" }), false),
            (serde_json::json!({ "kind": "execute", "rawInput": { "command": "cargo test" } }), true),
            (serde_json::json!({ "kind": "execute", "rawInput": { "command": "ls", "cwd": "/etc" } }), false),
            (serde_json::json!({ "kind": "of the future" }), true),
            (serde_json::json!({}), true),
        ] {
            let asked = serde_json::json!({ "toolCall": call, "options": [
                { "optionId": "always", "name": "Always", "kind": "allow_always" },
                { "optionId": "yes", "name": "Yes", "kind": "allow_once" },
                { "optionId": "no", "name": "No", "kind": "reject_once" } ] });
            let decision = rule.decide(&serde_json::from_value(asked).unwrap());
            assert_eq!(decision.allowed, allowed, "{call}: {}", decision.reason);
            assert_eq!(decision.option_id.as_deref(), Some(if allowed { "yes" } else { "no" }));
        }
    }

    #[test]
    fn where_no_answer_fits_none_is_chosen() {
        let asked = serde_json::json!({ "toolCall": { "kind": "fetch" }, "options": [{ "optionId": "yes", "kind": "allow_once" }] });
        assert_eq!(Rule::within(Path::new("/")).decide(&serde_json::from_value(asked).unwrap()).option_id, None);
    }
}
