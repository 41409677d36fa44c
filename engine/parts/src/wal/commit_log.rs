//! The seam of T003: what the engine asks of its log.

use super::{Resume, WalError, WalOptions};
use crate::io::{DurableHorizon, IoError, Lsn, Span};
use crate::metrics::Metrics;
use crate::sync::Arc;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// After its log is synced. The only mode whose figures may be published.
    #[default]
    Full,
    /// At once; the log is synced at most 10 ms later, so a crash loses at most that.
    GroupAsync,
    /// At once, and no commit, page or checkpoint ever waits for a sync. For measuring everything but the disk.
    Off,
}

/// How a commit's durability is to be awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a commit may be acknowledged only when its wait is over"]
pub enum CommitWait {
    /// It is on disk.
    Durable,
    /// It will be once [`CommitLog::durable`] reaches this position.
    Until(Lsn),
    /// The durability mode does not wait: it may be acknowledged, and a crash may lose it.
    Unsynced,
}

/// An append-only log of opaque records. A record's first payload byte is its kind; the log does not look.
///
/// Positions are handed out in order: if record A was appended before B, then B is durable only if A is.
///
/// Dropping a log writes nothing more, as a crash would; [`close`](Self::close) first.
pub trait CommitLog: DurableHorizon + 'static {
    /// Begins a new incarnation of the log where `resume` says.
    ///
    /// # Errors
    /// The first segment could not be made.
    fn open(resume: Resume, options: &WalOptions, metrics: Arc<Metrics>) -> Result<Self, WalError>
    where
        Self: Sized;

    /// The log as the buffer pool sees it, which outlives the log if need be.
    fn horizon(&self) -> Arc<dyn DurableHorizon>;

    /// Appends one record; it is in memory, not yet on disk. Blocks while the buffer is full.
    ///
    /// # Errors
    /// `Poisoned`, `RecordTooLarge`, or `NoSpace`; in each case nothing was appended.
    fn append(&self, payload: &[u8]) -> Result<Span, WalError>;

    /// Asks for durability of a transaction whose commit record ends at `end`.
    ///
    /// # Errors
    /// `Poisoned`: whether the transaction survived is unknown until recovery.
    fn commit(&self, end: Lsn) -> Result<CommitWait, WalError>;

    /// End of the last appended record.
    fn tail(&self) -> Lsn;

    /// Blocks until everything below `lsn` is durable (or the mode does not wait).
    ///
    /// # Errors
    /// `Poisoned`.
    fn wait(&self, lsn: Lsn) -> Result<(), WalError>;

    /// Starts making what is committed by now durable in the background. For a caller that has other sessions to
    /// run; one that has not calls [`wait`](Self::wait), which does the work itself.
    ///
    /// Best called not after each commit but when, say, half of the caller's sessions are waiting, and not again for
    /// the same ones: the batch is larger, and the background thread less often takes a processor from the workers.
    fn nudge(&self);

    /// Makes everything below `lsn` durable whatever the mode, except `Off`, which never syncs.
    ///
    /// # Errors
    /// `Poisoned`.
    fn sync_to(&self, lsn: Lsn) -> Result<(), WalError>;

    /// Allows segments that lie wholly below `lsn` to be re-used. The caller has made a checkpoint there durable.
    ///
    /// # Errors
    /// The files could not be renamed; the log itself stays usable.
    fn recycle_below(&self, lsn: Lsn) -> Result<(), WalError>;

    /// Declares the log failed, e.g. because a page could not be written. Every later call fails with `Poisoned`.
    fn poison(&self, cause: IoError);

    /// Writes everything appended, and syncs it except in mode `Off`.
    ///
    /// # Errors
    /// `Poisoned`.
    fn close(&self) -> Result<(), WalError>;

    /// Whether locks may be released once the commit record is appended. If so, whoever saw such a
    /// transaction's rows must not answer before that transaction's log is durable.
    fn releases_locks_early(&self) -> bool;

    /// The durability mode it was opened in.
    fn durability(&self) -> Durability;
}
