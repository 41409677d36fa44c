//! What transactions saw and did, and whether a database under snapshot isolation may have answered so.
//!
//! The method is Elle's (Kingsbury and Alvaro, VLDB 2020) for lists: every write appends a number that nobody else writes, so a
//! list that was read tells in which order its appends took effect and who saw whom.
//!
//! ```text
//!   T1: append(x, 1)          x = [1, 2]:  T1 ─ww─▶ T2     the order of the versions
//!   T2: append(x, 2)          T3 saw 1:    T1 ─wr─▶ T3     it depends on what it read
//!   T3: read(x) = [1]         and not 2:   T3 ─rw─▶ T2     it comes before what it did not see
//!   T2 answered before T4 began:           T2 ─rt─▶ T4     nobody may notice that a copy is old
//! ```
//! Snapshot isolation forbids exactly the cycles of these edges in which no two `rw` follow one another (Cerone and Gotsman,
//! PODC 2016): lost updates, read skew, long forks, circular information flow. With two in a row it is write skew, which it allows.

mod check;
mod graph;
mod record;
mod versions;

pub use check::{Anomaly, check};
pub use record::{Ending, Event, History, Recorder, Running};
