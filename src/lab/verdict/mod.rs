//! The rule of decision: a pure function from a plan and its pairs to a ruling, or to the pair it needs next.
//!
//! The lab calls [`judge`] after every pair; `workbench verdict ID --replay` calls [`replay`] over the stored ones, years
//! later, and must get the same word. So nothing here looks at a clock, a file or a coin.
//!
//! ```text
//!               a wrong answer, an unusable figure ──────────────────────────────▶ BROKEN
//!               too many dropped pairs ──────────────────────────────────────────▶ the machine is too busy: no ruling
//!   main        U < m ───────────────────────────────────────────────────────────▶ REJECTED
//!               limit, and neither L > 0 with estimate ≥ m ──────────────────────▶ INCONCLUSIVE
//!     │ L > m, or at the limit L > 0 and estimate ≥ m
//!   mechanism   a counter outside its bounds, in either arm ─────────────────────▶ BROKEN
//!   guards      U < −g ──────────────────────────────────────────────────────────▶ REJECTED (a regression)
//!               L > −g: non-inferior · enough pairs and estimate ≥ −g: not shown worse
//!   control     [L, U] outside ±c; at the limit, estimate outside ±c and 0 outside [L, U] ▶ REJECTED (measures something else)
//!               [L, U] within ±c: still · enough pairs and estimate within ±c: not shown moving
//!     │ a guard or the control still doubtful at the limit ──────────────────────▶ INCONCLUSIVE
//!   confirmation  fresh pairs; the published figure ── contradicts the gain ─────▶ INCONCLUSIVE
//!     │
//!     ▼
//!   PROVEN or ACCEPTED
//! ```
//!
//! That is the rule for an improvement; `two_sided` has the one for arms of which nothing is claimed.
//!
//! Guards and controls that are merely *not shown* to do harm are named as such in the ruling: to prove a loss of less
//! than 3 % at a noise of 3 % takes about twenty pairs per guard. Rejected: demanding the proof of every guard (an
//! experiment of an hour for each improvement), and passing guards by number of pairs alone (a loss in plain sight of
//! the estimate would pass; here it keeps the guard running up to the pair limit).

mod again;
mod answer;
mod mechanism;
mod rule;
mod standing;
mod two_sided;
mod words;

#[cfg(test)]
mod tests;

pub use again::{Again, Difference};
pub use answer::WrongAnswer;
pub use mechanism::{Figure, figure};
pub use rule::{Outlook, RULE_VERSION, broken, is_too_busy, judge, outcome, replay};
pub use standing::{metric_mean, standing};
