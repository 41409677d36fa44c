//! What agents have left to do, by their own comments: `// TODO(Agent3): pin the root`.

use std::path::Path;

use serde::Serialize;

use super::git::{GitError, git};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Todo {
    /// Whose it is.
    #[serde(skip)]
    pub agent: u32,
    /// The file, from the folder that was looked through.
    pub file: String,
    /// The line.
    pub line: u32,
    /// What is to be done.
    pub text: String,
}

/// Every such comment in the files below `folder` that git knows.
pub fn todos(folder: &Path) -> Result<Vec<Todo>, GitError> {
    match git(folder, &["grep", "-nIE", r"TODO\(Agent[0-9]+\):", "--", "."]) {
        Ok(found) => Ok(found.lines().filter_map(todo).collect()),
        // That is how it says that nothing was found.
        Err(GitError::Command { said, .. }) if said.is_empty() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// `engine/src/io.rs:12:    // TODO(Agent3): pin the root`. What stands in quotes is about such comments, and none.
fn todo(found: &str) -> Option<Todo> {
    let mut parts = found.splitn(3, ':');
    let (file, line, text) = (parts.next()?, parts.next()?, parts.next()?);
    let (before, text) = text.split_once("TODO(Agent")?;
    if ['"', '`'].into_iter().any(|quote| before.matches(quote).count() % 2 == 1) {
        return None;
    }
    let (number, text) = text.split_once("):")?;
    let text = text.trim().chars().filter(|c| !c.is_control()).collect();
    Some(Todo { agent: number.parse().ok()?, file: file.to_owned(), line: line.parse().ok()?, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn a() {}
let a = \"a\"; // TODO(Agent12): pin: the root
// TODO: whose?
/// Leave `// TODO(Agent3): …`.
let b = \"// TODO(Agent3): none\";
";

    #[test]
    fn comments_are_found_by_agent_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q"]).unwrap();
        assert_eq!(todos(folder.path()).unwrap(), []);
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/a.rs"), SOURCE).unwrap();
        git(folder.path(), &["add", "."]).unwrap();
        let found = Todo { agent: 12, file: "src/a.rs".to_owned(), line: 2, text: "pin: the root".to_owned() };
        assert_eq!(todos(folder.path()).unwrap(), [found]);
        assert!(todos(Path::new("/")).is_err(), "no repository");
    }
}
