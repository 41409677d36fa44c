//! What lies between two commits, line by line, for people who read it.

use git2::{Delta, DiffOptions};

use super::graph::{Graph, GraphError, failed};

/// Lines that are kept of a patch; whoever wants more looks with git.
const LINES_MAX: usize = 20_000;

/// Characters that are kept of a line.
const LINE_CHARS_MAX: usize = 400;

/// Every file that differs, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// The files, in the order of their lines.
    pub files: Vec<FilePatch>,
    /// All lines, one file after the other.
    pub lines: Vec<PatchLine>,
    /// Lines that were left out beyond the bound.
    pub left_out: usize,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// From the repository's top.
    pub path: String,
    /// What became of it.
    pub fate: Fate,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
    /// The place of its first line.
    pub first: usize,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It came.
    Added,
    /// It is another one.
    Changed,
    /// It went.
    Deleted,
}

/// A line of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchLine {
    /// What it is.
    pub kind: LineKind,
    /// Its number before and after, where it has one there.
    pub numbers: [Option<u32>; 2],
    /// Without its end, tabs as blanks, and without what a terminal would obey.
    pub text: String,
}

/// What a line of a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Begins a file.
    File,
    /// Begins a stretch, with its place.
    Hunk,
    /// The same in both.
    Same,
    /// Came.
    Added,
    /// Went.
    Removed,
    /// Says something about the lines, such as that they are no text.
    Note,
}

impl Graph {
    /// The lines between two commits.
    pub fn patch(&self, base: &str, commit: &str) -> Result<Patch, GraphError> {
        let failed = || failed("compare commits", self.folder());
        let (base, commit) = (self.tree(base)?, self.tree(commit)?);
        let mut options = DiffOptions::new();
        options.ignore_submodules(false).include_typechange(true).context_lines(3);
        let diff = self.repository().diff_tree_to_tree(Some(&base), Some(&commit), Some(&mut options));
        let diff = diff.map_err(failed())?;
        let mut patch = Patch::default();
        for (place, delta) in diff.deltas().enumerate() {
            let fate = match delta.status() {
                Delta::Added => Fate::Added,
                Delta::Deleted => Fate::Deleted,
                _ => Fate::Changed,
            };
            let file = if fate == Fate::Deleted { delta.old_file() } else { delta.new_file() };
            let path = String::from_utf8_lossy(file.path_bytes().unwrap_or_default()).into_owned();
            let of_file = git2::Patch::from_diff(&diff, place).map_err(failed())?;
            patch.begin(path, fate);
            match of_file {
                Some(of_file) if of_file.num_hunks() > 0 => patch.take(&of_file).map_err(failed())?,
                Some(_) | None => patch.put(LineKind::Note, [None; 2], "no text, or only its kind is another"),
            }
        }
        Ok(patch)
    }
}

impl Patch {
    /// The file that a line belongs to, by its place.
    pub fn file_of(&self, line: usize) -> Option<usize> {
        self.files.iter().rposition(|file| file.first <= line)
    }

    /// Lines added and lines removed.
    pub fn size(&self) -> (usize, usize) {
        self.files.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed))
    }

    fn begin(&mut self, path: String, fate: Fate) {
        let first = self.lines.len();
        self.put(LineKind::File, [None; 2], &path);
        self.files.push(FilePatch { path, fate, added: 0, removed: 0, first });
    }

    fn take(&mut self, of_file: &git2::Patch<'_>) -> Result<(), git2::Error> {
        for hunk in 0..of_file.num_hunks() {
            let (place, lines) = of_file.hunk(hunk)?;
            self.put(LineKind::Hunk, [None; 2], &String::from_utf8_lossy(place.header()));
            for line in 0..lines {
                let line = of_file.line_in_hunk(hunk, line)?;
                let kind = match line.origin() {
                    '+' => LineKind::Added,
                    '-' => LineKind::Removed,
                    ' ' => LineKind::Same,
                    _ => LineKind::Note,
                };
                if let Some(file) = self.files.last_mut() {
                    file.added += usize::from(kind == LineKind::Added);
                    file.removed += usize::from(kind == LineKind::Removed);
                }
                self.put(kind, [line.old_lineno(), line.new_lineno()], &String::from_utf8_lossy(line.content()));
            }
        }
        Ok(())
    }

    fn put(&mut self, kind: LineKind, numbers: [Option<u32>; 2], text: &str) {
        if self.lines.len() >= LINES_MAX {
            self.left_out += 1;
            return;
        }
        let readable = text.trim_end().replace('\t', "    ");
        let text = readable.chars().filter(|symbol| !symbol.is_control()).take(LINE_CHARS_MAX).collect();
        self.lines.push(PatchLine { kind, numbers, text });
    }
}
