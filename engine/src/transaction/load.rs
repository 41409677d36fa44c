//! Filling an empty table with sorted rows, much faster than transactions could: all or nothing, and nothing logged.
//!
//! How the pages come about and why a crash does no harm is told in [`crate::index::load`]. What is added here is the rest
//! of the database:
//!
//! * **Writers** stay out: a load has the table's exclusive lock from its begin to its end.
//! * **Readers** see the table empty until [`Load::finish`], then full. They see it full whatever their snapshot: the rows
//!   bear no timestamp that an older one could be compared with, which would cost a second visit of every page. (PostgreSQL's
//!   `COPY ... FREEZE` makes the same bargain.)
//! * **Durable** is a load when `finish` returns; there is no ticket to wait for.
//! * **The pool** has the pages afterwards, as far as there is room, for who works with them next; unless the load goes
//!   [`past it`](Load::past_the_pool). (PostgreSQL's `COPY` goes through a small ring of buffers, and the kernel remembers.)

use super::engine::Engine;
use super::error::Error;
use super::txn::{TableId, Txn, check_size};
use super::wal::CommitLog;
use crate::index::TupleHeader;
use crate::index::load::{Adopted, FewRows, Filled, Loading, Stretch};
use crate::select;

/// A load under way. Dropped unfinished, it leaves the table empty.
///
/// ```no_run
/// # fn example(db: &engine::api::Database, table: engine::api::TableId) -> Result<(), engine::api::Error> {
/// let load = db.load(table)?;
/// // The parts cover all keys; each may be filled by a thread of its own.
/// let (mut low, mut high) = (load.part(b"", Some(b"m"))?, load.part(b"m", None)?);
/// low.push(b"alice", b"100")?;
/// high.push(b"zoe", b"200")?;
/// let rows = load.finish(vec![low.finish(), high.finish()])?;
/// # assert_eq!(rows, 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Load<'db, L: CommitLog = select::CommitLog> {
    /// It holds the lock, and writes only where a load is not worth it.
    txn: Txn<'db, L>,
    db: &'db Engine<L>,
    table: TableId,
    loading: Loading<'db>,
}

/// The rows of a load from one key up to another.
#[derive(Debug)]
pub struct LoadPart<'db> {
    stretch: Stretch<'db>,
    lower: Vec<u8>,
    upper: Option<Vec<u8>>,
    rows: u64,
}

/// A part with all its rows.
#[derive(Debug)]
pub struct LoadedPart<'db> {
    filled: Filled<'db>,
    rows: u64,
}

impl<'db, L: CommitLog> Load<'db, L> {
    pub(crate) fn begin(db: &'db Engine<L>, table: TableId) -> Result<Self, Error> {
        let tree = db.tree(table)?;
        let mut txn = Txn::begin(db)?;
        txn.lock_whole(table)?;
        Ok(Self { txn, db, table, loading: tree.loading(db.log().tail()) })
    }

    /// Nobody will need these rows soon: no memory is spent on them, nor the time to fill it. Concerns the parts made after.
    #[must_use = "it is the load"]
    pub fn past_the_pool(self) -> Self {
        Self { loading: self.loading.past_the_pool(), ..self }
    }

    /// The part with the keys `[lower, upper)`. The parts of a load cover all keys: the first begins with the empty key, the last
    /// has no upper end.
    ///
    /// # Errors
    /// [`Error::LoadRefused`] if the ends are no such thing, [`Error::RowTooLarge`] if one is longer than a key may be.
    pub fn part(&self, lower: &[u8], upper: Option<&[u8]>) -> Result<LoadPart<'db>, Error> {
        check_size(lower, &[])?;
        check_size(upper.unwrap_or_default(), &[])?;
        if upper.is_some_and(|upper| upper <= lower) {
            return Err(Error::LoadRefused("a part ends before it begins"));
        }
        let stretch = self.loading.stretch(lower, upper);
        Ok(LoadPart { stretch, lower: lower.to_vec(), upper: upper.map(<[u8]>::to_vec), rows: 0 })
    }

    /// Makes the rows of all parts the table's, durably. Returns how many there are.
    ///
    /// # Errors
    /// The table is empty as before; after [`Error::Poisoned`] the next opening tells. [`Error::LoadRefused`] if it was not empty,
    /// or if the parts leave keys out, overlap, or are another table's.
    pub fn finish(self, mut parts: Vec<LoadedPart<'_>>) -> Result<u64, Error> {
        let tree = self.db.tree(self.table)?;
        parts.sort_by(|one, other| one.filled.lower().cmp(other.filled.lower()));
        let meet = parts.windows(2).all(|pair| pair[0].filled.upper() == Some(pair[1].filled.lower()));
        let first = parts.first().is_some_and(|first| first.filled.lower().is_empty());
        let last = parts.last().is_some_and(|last| last.filled.upper().is_none());
        if !(meet && first && last && parts.iter().all(|part| part.filled.is_of(tree))) {
            return Err(Error::LoadRefused("its parts are not those of this table, one behind the other"));
        }
        let rows = parts.iter().map(|part| part.rows).sum();
        let filled = parts.into_iter().map(|part| part.filled).collect();
        match tree.adopt(filled).map_err(Error::from).inspect_err(|error| self.give_up(error))? {
            Adopted::Whole => {}
            Adopted::NotEmpty => return Err(Error::LoadRefused("the table is not empty")),
            Adopted::Few(rows) => self.insert_few(&rows)?,
        }
        Ok(rows)
    }

    /// What fits one page is not worth a load.
    fn insert_few(mut self, rows: &FewRows) -> Result<(), Error> {
        let mut key = Vec::new();
        for at in 0..rows.len() {
            rows.copy_key(at, &mut key);
            self.txn.insert(self.table, &key, rows.row(at))?;
        }
        let ticket = self.txn.commit()?;
        Ok(self.db.log().wait(ticket.until)?)
    }

    /// A failed disk must promise nothing more.
    fn give_up(&self, error: &Error) {
        if matches!(error, Error::Poisoned(_)) {
            self.db.fail(error);
        }
    }
}

impl<'db> LoadPart<'db> {
    /// Adds a row. Keys ascend.
    ///
    /// # Errors
    /// [`Error::LoadRefused`] if the key is not above the last one or not in the part, [`Error::RowTooLarge`]: after these the
    /// load goes on without the row. After any other the load has failed.
    pub fn push(&mut self, key: &[u8], row: &[u8]) -> Result<(), Error> {
        check_size(key, row)?;
        if self.stretch.last_key().is_some_and(|last| key <= last) {
            return Err(Error::LoadRefused("a key is not above the one before"));
        }
        if key < &self.lower[..] || self.upper.as_deref().is_some_and(|upper| upper <= key) {
            return Err(Error::LoadRefused("a key does not belong to its part"));
        }
        // Stamp and reference zero: there before everything.
        self.stretch.push(key, TupleHeader::default(), row)?;
        self.rows += 1;
        Ok(())
    }

    /// There are no more rows in this part.
    #[must_use = "a load is finished with all its parts"]
    pub fn finish(self) -> LoadedPart<'db> {
        LoadedPart { filled: self.stretch.finish(), rows: self.rows }
    }
}
