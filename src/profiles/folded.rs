//! Folded stacks: one line for each distinct stack, `root;…;leaf count`. The common currency of profilers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Stacks and how often each was seen, sorted and merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    stacks: BTreeMap<Vec<String>, u64>,
}

/// A line that is no folded stack.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} is not `frame;frame count`: {what}")]
pub struct FoldedError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Folded {
    /// The stacks, root first, with their counts; sorted.
    pub fn stacks(&self) -> impl Iterator<Item = (&[String], u64)> {
        self.stacks.iter().map(|(stack, count)| (stack.as_slice(), *count))
    }

    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.stacks.values().sum()
    }

    /// Adds to a stack's count.
    pub fn add(&mut self, stack: Vec<String>, count: u64) {
        *self.stacks.entry(stack).or_default() += count;
    }

    /// The same stacks with every frame renamed; stacks that become alike are merged.
    #[must_use]
    pub fn renamed(&self, name: impl Fn(&str) -> String) -> Self {
        let mut renamed = Self::default();
        for (stack, count) in self.stacks() {
            renamed.add(stack.iter().map(|frame| name(frame)).collect(), count);
        }
        renamed
    }
}

impl FromStr for Folded {
    type Err = FoldedError;

    /// Reads folded lines. Empty lines are skipped; a frame may hold blanks, since the count is behind the last one.
    fn from_str(text: &str) -> Result<Self, FoldedError> {
        let mut folded = Self::default();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim_end();
            if content.is_empty() {
                continue;
            }
            let fault = |what| FoldedError { line, what };
            let (stack, count) = content.rsplit_once(' ').ok_or(fault("there is no count"))?;
            let count = count.parse().map_err(|_| fault("the count is not a whole number"))?;
            let stack: Vec<String> = stack.split(';').map(str::to_owned).collect();
            if stack.iter().any(|frame| frame.trim().is_empty()) {
                return Err(fault("a frame has no name"));
            }
            folded.add(stack, count);
        }
        Ok(folded)
    }
}

impl fmt::Display for Folded {
    /// One line for each stack, sorted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (stack, count) in &self.stacks {
            writeln!(f, "{} {count}", stack.join(";"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn like_stacks_are_merged_and_sorted() {
        let folded: Folded = "main;b 2\n\nmain;a b::<c> 3\nmain;b 5\n".parse().unwrap();
        assert_eq!(folded.to_string(), "main;a b::<c> 3\nmain;b 7\n");
        assert_eq!(folded.total(), 10);
    }

    #[test]
    fn a_bad_line_is_named() {
        let fault = |text: &str| text.parse::<Folded>().unwrap_err().to_string();
        assert_eq!(fault("a 1\nmain"), "line 2 is not `frame;frame count`: there is no count");
        assert_eq!(fault("main x"), "line 1 is not `frame;frame count`: the count is not a whole number");
        assert_eq!(fault("main;;leaf 3"), "line 1 is not `frame;frame count`: a frame has no name");
        assert_eq!(fault("main -3"), "line 1 is not `frame;frame count`: the count is not a whole number");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(stacks in prop::collection::vec((prop::collection::vec("[a-z:<>{} ]{0,6}[a-z]", 1..6), 0..9_u64), 0..20)) {
            let mut folded = Folded::default();
            for (stack, count) in stacks {
                folded.add(stack, count);
            }
            prop_assert_eq!(folded.to_string().parse::<Folded>().unwrap(), folded);
        }
    }
}
