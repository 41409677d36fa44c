//! Opening a database: making a new one, or bringing an old one to the state it had promised.
//!
//! ```text
//! superblock ─▶ analysis from ……… redo from ……… checkpoint record ……… end of the valid log │ new incarnation
//!               └────────── analysis: who was open, what they did ──────────────────────▶│
//!                                 └── redo: every change a page does not have yet ───────▶│
//!                                                                undo of the losers ─────▶│ compensation records … checkpoint
//! ```
//! 1. **Analysis** reads the log to its end and keeps the changes of transactions whose end it has not seen. It bounds
//!    memory by what was open at one time, and makes a `prev_lsn` chain needless.
//! 2. The log takes up where it ended, as a new incarnation; the pool opens and heals torn pages.
//! 3. **Redo** repeats history, losers' and compensations included, page by page as the page LSN says.
//! 4. Free pages are derived by walking the trees, whole again now.
//! 5. **Undo** takes the losers back through the trees, logging compensations. A crash here repeats what was
//!    compensated as history, and goes on with the rest.
//! 6. A checkpoint, so that the next recovery starts here.
//!
//! Mohan et al., "ARIES", TODS 1992, with logical undo. Version chains need no recovery: no snapshot survives a crash.

mod analysis;
mod error;
mod open;
mod redo;

pub use error::OpenError;
pub use open::{EngineOptions, open};
