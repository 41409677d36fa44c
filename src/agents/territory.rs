//! Which files somebody may change: globs, relative to the repository's top.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Some files, by globs. `*` stays within a folder, `**` does not.
#[derive(Debug, Clone)]
pub struct Territory {
    globs: Vec<String>,
    set: GlobSet,
}

impl Territory {
    /// All that one of `globs` matches. A glob that names a folder holds what is in it.
    pub fn new(globs: &[String]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(one(glob)?);
            set.add(one(&format!("{}/**", glob.trim_end_matches('/')))?);
        }
        Ok(Self { globs: globs.to_vec(), set: set.build()? })
    }

    /// Whether `path` is in it.
    pub fn holds(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// A glob of each through which the two may meet. What stands before the first wildcard decides: two globs below one
    /// another's folder are taken to meet, also where no file shows it yet.
    pub fn overlap<'a>(&'a self, other: &'a Self) -> Option<(&'a str, &'a str)> {
        let meets = |one: &str, other: &str| {
            let (one, other) = (literal(one), literal(other));
            one.starts_with(other) || other.starts_with(one)
        };
        let pairs =
            self.globs.iter().flat_map(|one| other.globs.iter().map(move |other| (one.as_str(), other.as_str())));
        pairs.into_iter().find(|(one, other)| meets(one, other))
    }
}

fn one(glob: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(glob).literal_separator(true).build()
}

/// What stands before the first wildcard.
fn literal(glob: &str) -> &str {
    &glob[..glob.find(['*', '?', '[', '{']).unwrap_or(glob.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn territory(globs: &[&str]) -> Territory {
        Territory::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_glob_holds_what_it_matches_and_a_folder_what_is_in_it() {
        let ours = territory(&["engine/src/transaction/**", "engine/src/io", "docs/*.md"]);
        for path in ["engine/src/transaction/wal/mod.rs", "engine/src/io/disk.rs", "docs/wal.md"] {
            assert!(ours.holds(path), "{path}");
        }
        for path in ["engine/src/transactions.rs", "engine/src/iota.rs", "docs/deep/wal.md", "workbench.yaml", ""] {
            assert!(!ours.holds(path), "{path}");
        }
    }

    #[test]
    fn territories_meet_where_one_lies_in_the_other() {
        let (a, b) = (territory(&["engine/src/transaction/**"]), territory(&["engine/src/buffer/**"]));
        assert_eq!(a.overlap(&b), None);
        let c = territory(&["docs/**", "engine/src/transaction/wal/*.rs"]);
        assert_eq!(a.overlap(&c), Some(("engine/src/transaction/**", "engine/src/transaction/wal/*.rs")));
        assert_eq!(c.overlap(&a).map(|(one, _)| one), Some("engine/src/transaction/wal/*.rs"));
        assert_eq!(territory(&[]).overlap(&a), None);
        assert!(territory(&["**"]).overlap(&b).is_some());
    }
}
