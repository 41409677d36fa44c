//! The machine that all share: who may measure on it, and who gives way meanwhile.
//!
//! ```text
//!  whoever measures ──▶ lease                 one lock, with its owner's name in it; the kernel takes it back
//!       │ its builds done │
//!       └───────────────▶ quiet               locked until the lease ends
//!                         ▲   │ held?
//!                 waits   │   ▼
//!                 until   │  supervisors      each watches it, stops all that it has started while it is held,
//!                 all are │   │             and lets it go on afterwards
//!                 free    │   ▼
//!                       giving-way/<pid>      one file for each supervisor, locked while what it started may run
//! ```
//!
//! Nobody signals anybody else's processes. A supervisor stops and continues what it started itself, so that the holder needs
//! no rights over it, and that a holder ended by `kill -9` leaves nobody stopped: the lock is free, and the supervisor sees
//! it. Rejected: the holder sends the signals (it may not, between users; and who would send SIGCONT when it is killed?); a guard
//! process that sends them (it can be killed too, and then somebody is stopped for ever); the freezer of a control
//! group (needs rights that an unprivileged person does not have).
//!
//! Quiet begins when the holder has built what it measures: what is stopped keeps its locks, and a build may wait for them.
//!
//! In reading order: [`processes`] (the process table), [`lock`], [`place`] (where all this is), [`owner`], [`lease`],
//! [`giving_way`], [`tree`], which stops and continues, and [`share`], what agents leave to others while nobody measures.

pub mod giving_way;
pub mod lease;
pub mod lock;
pub mod owner;
pub mod place;
pub mod processes;
pub mod share;
pub mod tree;

pub use giving_way::GivingWay;
pub use lease::{Asked, Lease, LeaseError, Patience};
pub use owner::Owner;
pub use place::Place;
