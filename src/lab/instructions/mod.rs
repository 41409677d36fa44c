//! Instructions of both arms, counted by Callgrind on a fixed replay: the second channel, beside the clock.
//!
//! * [`replay`](Replay): how both arms are run. * [`callgrind`](Instructions): what it writes.

mod callgrind;
mod replay;

pub use callgrind::{CallgrindError, Instructions};
pub use replay::{Replay, is_there};
