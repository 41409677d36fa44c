//! What a program embeds.
//!
//! ```no_run
//! # use std::sync::Arc;
//! use engine::api::{Database, Options};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Database::open(Arc::new(engine::io::RealVfs::open("data")?), Options::default())?;
//! let accounts = db.create_table("account")?;
//! let mut txn = db.begin()?;
//! txn.insert(accounts, b"alice", b"100")?;
//! txn.update(accounts, b"alice", |row| row.splice(.., *b"90").for_each(drop))?;
//! let ticket = txn.commit()?;
//! db.wait(&ticket)?; // now, and not before, it may be told to anybody
//! # Ok(()) }
//! ```
//!
//! * A [`Txn`] reads from a snapshot taken at its *first unlocked read*. Rows it writes are locked first and written in
//!   their newest state; if that is newer than a snapshot taken before, the write fails with
//!   [`Error::SerializationFailure`]. This is snapshot isolation: write skew is possible.
//! * [`Txn::commit`] returns a [`CommitTicket`]. The commit may be acknowledged once [`Database::wait`] returns, or
//!   [`Database::is_durable`] says so: a worker with many sessions keeps the tickets and runs others meanwhile. That goes
//!   for transactions that only read, too: what they saw might not be durable yet.
//! * [`Database::load`] fills an empty table with sorted rows, on as many threads as there are parts, at the speed of the disk.
//! * A `Database` dropped without [`close`](Database::close) is as if the process had been killed: recovery at the next
//!   open keeps everything acknowledged and nothing of unfinished transactions.

mod background;
mod database;
mod options;
mod typed;

pub use database::{Database, Verified, VerifyError};
pub use options::Options;
pub use typed::{Key, Record, Table};

pub use crate::transaction::Vacuumed;
pub use crate::transaction::error::Error;
pub use crate::transaction::load::{Load, LoadPart, LoadedPart};
pub use crate::transaction::recovery::OpenError;
pub use crate::transaction::txn::{CommitTicket, TableId, Txn};
pub use crate::transaction::wal::Durability;
