//! What would become of commits that are to be merged one after the other: tried in memory, so that looking changes nothing.

use git2::Tree;

use super::graph::{Graph, GraphError, conflicting, failed};

/// Where a merge writes its trees while it is tried: before the repository's own store, which is then not written to.
const MEMORY_FIRST: i32 = 1_000;

/// What would become of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foresight {
    /// It would land with the files that it has.
    AsItIs,
    /// It would land beside what came before it: together they are files that nobody has tested yet.
    Anew,
    /// All of it is there already.
    Nothing,
    /// It conflicts in these files, and would be left behind.
    Conflicts(Vec<String>),
}

impl Graph {
    /// What would become of `commits`, merged one after the other onto `tip`. Who conflicts is left behind by the next.
    pub fn foresee(&self, tip: &str, commits: &[String]) -> Result<Vec<Foresight>, GraphError> {
        let failed = || failed("try merges", self.folder());
        // A repository of its own, since where it writes is changed.
        let tried = Self::of(self.folder())?;
        let store = tried.repository().odb().map_err(failed())?;
        let _memory = store.add_new_mempack_backend(MEMORY_FIRST).map_err(failed())?;
        let mut files = tried.tree(tip)?;
        let mut seen = Vec::new();
        for commit in commits {
            let (foresight, after) = tried.onto(tip, files, commit)?;
            files = after;
            seen.push(foresight);
        }
        Ok(seen)
    }

    /// Merges `commit` onto `files`, which are those of `tip` with what landed since.
    fn onto<'r>(&'r self, tip: &str, files: Tree<'r>, commit: &str) -> Result<(Foresight, Tree<'r>), GraphError> {
        let failed = || failed("try a merge", self.folder());
        let repository = self.repository();
        let base = repository.merge_base(self.id(tip)?, self.id(commit)?).map_err(failed())?;
        let base = repository.find_commit(base).and_then(|base| base.tree()).map_err(failed())?;
        let theirs = self.tree(commit)?;
        let mut index = repository.merge_trees(&base, &files, &theirs, None).map_err(failed())?;
        if index.has_conflicts() {
            return Ok((Foresight::Conflicts(conflicting(&index).map_err(failed())?), files));
        }
        let merged = index.write_tree_to(repository).map_err(failed())?;
        let foresight = match merged {
            merged if merged == files.id() => Foresight::Nothing,
            merged if merged == theirs.id() => Foresight::AsItIs,
            _ => Foresight::Anew,
        };
        Ok((foresight, repository.find_tree(merged).map_err(failed())?))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::repository::{Fate, LineKind};

    fn git(folder: &Path, args: &[&str]) -> String {
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A commit of `files` on a branch that leaves `trunk`.
    fn branch(folder: &Path, name: &str, files: &[(&str, &str)]) -> String {
        git(folder, &["switch", "-q", "-c", name, "trunk"]);
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        git(folder, &["add", "."]);
        git(folder, &["commit", "-q", "-m", name]);
        git(folder, &["rev-parse", "HEAD"])
    }

    fn repository() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "-b", "trunk"]);
        std::fs::write(folder.path().join("wal"), "one\ntwo\nthree\n").unwrap();
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-q", "-m", "base"]);
        let base = git(folder.path(), &["rev-parse", "HEAD"]);
        (folder, base)
    }

    #[test]
    fn a_train_is_tried_in_its_order_and_nothing_is_written() {
        let (folder, base) = repository();
        let first = branch(folder.path(), "first", &[("wal", "one\nTWO\nthree\n")]);
        let beside = branch(folder.path(), "beside", &[("lock", "new\n")]);
        let against = branch(folder.path(), "against", &[("wal", "one\n2\nthree\n")]);
        let again = branch(folder.path(), "again", &[("wal", "one\nTWO\nthree\n")]);
        let count = || git(folder.path(), &["count-objects"]);
        let before = count();
        let graph = Graph::of(folder.path()).unwrap();
        let train = [first.clone(), against.clone(), beside, again];
        let conflict = Foresight::Conflicts(vec!["wal".to_owned()]);
        assert_eq!(
            graph.foresee(&base, &train).unwrap(),
            [Foresight::AsItIs, conflict.clone(), Foresight::Anew, Foresight::Nothing]
        );
        assert_eq!(graph.foresee(&base, &[against, first]).unwrap(), [Foresight::AsItIs, conflict]);
        assert_eq!(count(), before, "looking wrote something");
    }

    #[test]
    fn a_patch_names_files_and_lines() {
        let (folder, base) = repository();
        let commit = branch(folder.path(), "b", &[("wal", "one\nTWO\tx\x1b[2J\nthree\n"), ("lock", "new\n")]);
        let patch = Graph::of(folder.path()).unwrap().patch(&base, &commit).unwrap();
        let files: Vec<_> =
            patch.files.iter().map(|file| (file.path.as_str(), file.fate, file.added, file.removed)).collect();
        assert_eq!(files, [("lock", Fate::Added, 1, 0), ("wal", Fate::Changed, 1, 1)]);
        assert_eq!((patch.size(), patch.left_out), ((2, 1), 0));
        let added =
            patch.lines.iter().find(|line| line.kind == LineKind::Added && line.text.starts_with("TWO")).unwrap();
        assert_eq!((added.text.as_str(), added.numbers), ("TWO    x[2J", [None, Some(2)]));
        let place = patch.lines.iter().position(|line| line == added).unwrap();
        assert_eq!(patch.file_of(place), Some(1));
    }
}
