//! Callgrind's files: which function executed how many instructions by itself.
//!
//! ```text
//!  events: Ir                       one number for each cost line
//!  fn=(12) engine::wal::append      the function that the following lines are in; later `fn=(12)` alone
//!  +3 41                            place, instructions; the place is a number, a difference, or `*`
//!  cfn=(7)
//!  calls=1 0                        a call: the next line is what it cost inclusively, and belongs to the callee
//!  +1 5000
//! ```
//!
//! <https://valgrind.org/docs/manual/cl-format.html>

use std::collections::BTreeMap;

use thiserror::Error;

/// A file that is not Callgrind's, or one that counts something else.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a Callgrind file of instructions: {0}")]
pub struct CallgrindError(String);

/// Instructions of each function by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions(BTreeMap<String, u64>);

impl Instructions {
    /// Reads a file of the event `Ir` alone.
    pub fn read(text: &str) -> Result<Self, CallgrindError> {
        let mut read = Reader::default();
        for (line, content) in (1..).zip(text.lines()) {
            read.line(content).map_err(|what| CallgrindError(format!("line {line}: {what}")))?;
        }
        if !read.counts_instructions {
            return Err(CallgrindError("there is no line `events: Ir`".to_owned()));
        }
        let sum: u64 = read.own.0.values().sum();
        match read.total {
            // A file cut short is one whose parts are not its sum.
            Some(total) if total == sum => Ok(read.own),
            Some(total) => Err(CallgrindError(format!("its functions sum to {sum}, and it says {total}"))),
            None => Err(CallgrindError("it has no total: it was cut short".to_owned())),
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// What a longer run of the same program executed more than `self`, function by function: start and load are in both and fall out.
    /// Where chance made the longer run do less, there is nothing.
    #[must_use]
    pub fn more_in(&self, longer: &Self) -> Self {
        let before = |name: &String| self.0.get(name).copied().unwrap_or_default();
        let more = longer.0.iter().map(|(name, count)| (name.clone(), count.saturating_sub(before(name))));
        Self(more.filter(|(_, count)| *count > 0).collect())
    }

    /// As folded stacks of one frame.
    pub fn folded(&self) -> String {
        self.0.iter().map(|(name, count)| format!("{name} {count}\n")).collect()
    }
}

#[derive(Default)]
struct Reader {
    own: Instructions,
    names: BTreeMap<String, String>,
    function: String,
    counts_instructions: bool,
    total: Option<u64>,
    call: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(events) = line.strip_prefix("events:") {
            self.counts_instructions = events.trim() == "Ir";
        } else if let Some(name) = line.strip_prefix("fn=") {
            self.function = self.name(name);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            // A name may be said here first.
            self.name(name);
        } else if line.starts_with("calls=") {
            self.call = true;
        } else if let Some(total) = line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")) {
            self.total = Some(total.trim().parse().map_err(|_| "the total is no number".to_owned())?);
        } else if line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '*'))
            && !std::mem::take(&mut self.call)
        {
            // Places first, the cost last; a line without a cost costs nothing.
            if let Some(cost) = line.split(' ').nth(1) {
                let cost: u64 = cost.parse().map_err(|_| format!("`{cost}` is no count"))?;
                *self.own.0.entry(self.function.clone()).or_default() += cost;
            }
        }
        Ok(())
    }

    /// The name behind `(12) name`, or the one that 12 stands for.
    fn name(&mut self, text: &str) -> String {
        let Some((id, name)) = text.split_once(')') else { return plain(text) };
        let name = name.trim();
        if name.is_empty() {
            return self.names.get(id).cloned().unwrap_or_else(|| plain(text));
        }
        let name = plain(name);
        self.names.insert(id.to_owned(), name.clone());
        name
    }
}

/// A name that a folded line can hold.
fn plain(name: &str) -> String {
    name.replace(';', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "# callgrind format\nversion: 1\npositions: line\nevents: Ir\nsummary: 5068\n\n\
        fl=(1) main.rs\nfn=(1) toy::main::h0123456789abcdef\n10 20\n+1 7\ncfn=(2) toy::work\ncalls=2 30\n* 5000\n\
        fn=(2)\n30 5000\n-1 40\nfn=(1)\n12 1\n\ntotals: 5068\n";

    #[test]
    fn own_costs_are_read_and_what_calls_cost_is_the_callees() {
        let read = Instructions::read(SHORT).unwrap();
        assert_eq!(read.total(), 5068);
        let nothing = Instructions::default();
        assert_eq!(nothing.more_in(&read).folded(), "toy::main::h0123456789abcdef 28\ntoy::work 5040\n");
    }

    #[test]
    fn the_difference_of_two_budgets_has_no_start_in_it() {
        let long = SHORT.replace("30 5000", "30 9000").replace("5068", "9068");
        let (short, long) = (Instructions::read(SHORT).unwrap(), Instructions::read(&long).unwrap());
        assert_eq!(short.more_in(&long).folded(), "toy::work 4000\n");
        assert_eq!(long.more_in(&short).folded(), "", "never less than nothing");
    }

    #[test]
    fn what_is_cut_short_or_counts_something_else_is_refused() {
        let fault = |text: &str| Instructions::read(text).unwrap_err().to_string();
        let (cut, _) = SHORT.split_once("30 5000").unwrap();
        assert!(fault(cut).contains("its functions sum to 27, and it says 5068"), "{}", fault(cut));
        assert!(fault(&SHORT.replace("Ir", "Dr")).contains("events: Ir"));
        assert!(fault("hello").contains("events: Ir"));
        assert!(fault(&SHORT.replace("10 20", "10 x")).contains("line 9: `x` is no count"));
    }
}
