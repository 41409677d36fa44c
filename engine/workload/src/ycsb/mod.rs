//! YCSB: the core workloads A to F (Cooper et al., SoCC 2010), on one table of rows that are found by an integer.
//!
//! ```text
//!   mix   read   update   insert   scan   read-modify-write     keys
//!   a      50      50                                           zipf or uniform
//!   b      95       5                                           zipf or uniform
//!   c     100                                                   zipf or uniform
//!   d      95                5                                  the newest most often
//!   e                        5      95                          zipf or uniform
//!   f      50                               50                  zipf or uniform
//! ```
//!
//! Beside its mix a run may sweep the table: every n-th transaction of a session carries an endless scan on by some rows, as a
//! report beside the daily business would. That is what washes a cache out.
//!
//! [`mix`] says what is drawn, [`workload`] what is done.

pub mod mix;
pub mod workload;

mod entry;

pub use entry::ENTRY;
pub use mix::{Mix, Op};
pub use workload::{Options, Ycsb};
