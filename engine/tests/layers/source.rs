//! Just enough of Rust's grammar to find paths: comments and strings blanked, use-trees unfolded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// One source file.
pub(crate) struct Source {
    /// Relative to the directory it was found in.
    pub(crate) path: String,
    /// The module it is, from the crate's root.
    pub(crate) module: Vec<String>,
    /// Its text, comments and string contents replaced by blanks.
    pub(crate) text: String,
}

/// Every `.rs` file below `dir`.
pub(crate) fn sources(dir: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let relative = path.strip_prefix(dir).unwrap().to_str().unwrap();
                found.push(Source::parse(relative, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    pub(crate) fn parse(path: &str, text: &str) -> Source {
        let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = stem.split('/').map(str::to_owned).collect();
        Source { path: path.to_owned(), module, text: blank_comments_and_strings(text) }
    }

    /// Every path from the crate's root that the file names, with its line.
    pub(crate) fn paths(&self) -> Vec<(usize, Vec<String>)> {
        let mut paths = Vec::new();
        for (at, _) in self.text.match_indices("crate::").filter(|(at, _)| self.is_word_start(*at)) {
            self.unfold(at + "crate::".len(), Vec::new(), &mut paths);
        }
        for (at, _) in self.text.match_indices("super::") {
            if self.is_word_start(at) && !self.text[..at].ends_with("super::") {
                self.unfold_super(at, &mut paths);
            }
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// What each `type Name = …;` stands for: every path from the crate's root that its right side names, by itself or
    /// through an alias declared before it.
    pub(crate) fn aliases(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut aliases: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for (at, _) in self.text.match_indices("type ").filter(|(at, _)| self.is_word_start(*at)) {
            let name = word(&self.text[at + "type ".len()..]).to_owned();
            let len = self.text[at..].find(';').unwrap_or(self.text.len() - at);
            let right = at + self.text[at..at + len].find('=').unwrap_or(len)..at + len;
            let mut named = Vec::new();
            for (crate_at, _) in self.text[right.clone()].match_indices("crate::") {
                self.unfold(right.start + crate_at + "crate::".len(), Vec::new(), &mut named);
            }
            let mut paths: Vec<_> = named.into_iter().map(|(_, path)| path).collect();
            let words = self.text[right].split(|c: char| !c.is_alphanumeric() && c != '_');
            paths.extend(words.filter_map(|word| aliases.get(word)).flatten().cloned().collect::<Vec<_>>());
            aliases.entry(name).or_default().extend(paths);
        }
        aliases
    }

    /// Lines in which a feature is read.
    pub(crate) fn feature_lines(&self) -> impl Iterator<Item = usize> {
        let reads = |line: &str| {
            let dense: String = line.split_whitespace().collect();
            dense.contains("cfg") && dense.contains("feature=")
        };
        self.text.lines().enumerate().filter(move |(_, line)| reads(line)).map(|(i, _)| i + 1)
    }

    /// Unfolds the use-tree (or plain path) that begins at `at`.
    fn unfold(&self, at: usize, mut prefix: Vec<String>, paths: &mut Vec<(usize, Vec<String>)>) {
        let rest = &self.text[at..];
        let skipped = rest.len() - rest.trim_start().len();
        let (at, rest) = (at + skipped, rest.trim_start());
        if rest.starts_with('{') {
            for child in children(rest) {
                self.unfold(at + child, prefix.clone(), paths);
            }
            return;
        }
        let segment = word(rest);
        if segment.is_empty() {
            paths.push((self.line(at), prefix));
            return;
        }
        prefix.push(segment.to_owned());
        match rest[segment.len()..].strip_prefix("::") {
            Some(_) => self.unfold(at + segment.len() + 2, prefix, paths),
            None => paths.push((self.line(at), prefix)),
        }
    }

    fn unfold_super(&self, at: usize, paths: &mut Vec<(usize, Vec<String>)>) {
        let supers = self.text.as_bytes()[at..].chunks(7).take_while(|chunk| chunk == b"super::").count();
        let inline = self.inline_modules_around(at);
        if supers <= inline {
            return;
        }
        let kept = self.module.len().saturating_sub(supers - inline);
        self.unfold(at + 7 * supers, self.module[..kept].to_vec(), paths);
    }

    /// How many `mod name { … }` enclose a place. rustfmt closes them at the column where they began.
    fn inline_modules_around(&self, at: usize) -> usize {
        let mut open: Vec<usize> = Vec::new();
        for line in self.text[..at].lines() {
            let indent = line.len() - line.trim_start().len();
            let code = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            if code.starts_with("mod ") && code.trim_end().ends_with('{') {
                open.push(indent);
            } else if line.trim_end() == format!("{}}}", " ".repeat(indent)) && open.last() == Some(&indent) {
                open.pop();
            }
        }
        open.len()
    }

    fn is_word_start(&self, at: usize) -> bool {
        !self.text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// Where the members of the brace group at the start of `text` begin.
fn children(text: &str) -> Vec<usize> {
    let mut starts = vec![1];
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => starts.push(i + 1),
            _ => {}
        }
    }
    starts
}

fn blank_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('"') {
            string_len(rest)
        } else if let Some(hashes) = raw_string_hashes(rest, out.chars().last()) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if let Some(escape) = rest.strip_prefix("'\\") {
            escape.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(end, _)| end + 3)
        } else if rest.starts_with('\'') && rest[1..].chars().nth(1) == Some('\'') {
            rest[1..].chars().next().map_or(1, |c| c.len_utf8() + 2)
        } else {
            let c = rest.chars().next().unwrap();
            out.push(c);
            at += c.len_utf8();
            continue;
        };
        out.extend(rest[..len].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        at += len;
    }
    out
}

fn string_len(rest: &str) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string_hashes(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|b| *b == b'#').count();
    rest[1 + hashes..].starts_with('"').then_some(hashes)
}
