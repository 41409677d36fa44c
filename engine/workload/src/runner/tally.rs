//! Counting how often a named check held.

use probe::protocol::Finding;

/// Comparisons made and failed by one check. A check that compared nothing has not held.
#[derive(Debug, Default)]
pub struct Tally {
    compared: u64,
    broken: u64,
    first: String,
}

impl Tally {
    /// Notes one comparison; `detail` is kept of the first that failed.
    pub fn note(&mut self, held: bool, detail: impl FnOnce() -> String) {
        self.compared += 1;
        if !held {
            self.broken += 1;
            if self.broken == 1 {
                self.first = detail();
            }
        }
    }

    /// The outcome, in words.
    pub fn finding(self, check: &str, text: &str) -> Finding {
        let ok = self.compared > 0 && self.broken == 0;
        let detail = match self {
            Tally { compared: 0, .. } => format!("{text}: there was nothing to compare"),
            Tally { broken: 0, compared, .. } => format!("{text}: {compared} compared"),
            Tally { broken, compared, first } => format!("{text}: broken in {broken} of {compared}, first {first}"),
        };
        Finding { check: check.to_owned(), ok, detail }
    }
}
