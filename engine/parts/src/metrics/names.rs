//! The closed lists of counters and wait events, with the names under which reports print them.

/// Declares an enum of names: the variants, `ALL`, `COUNT` and `name()` cannot drift apart.
macro_rules! named {
    ($(#[$doc:meta])* $kind:ident { $($(#[$item_doc:meta])* $item:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum $kind {
            $($(#[$item_doc])* $item,)+
        }

        impl $kind {
            /// Every one, in report order.
            pub const ALL: &[$kind] = &[$($kind::$item,)+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The name in reports and in the driver protocol.
            pub const fn name(self) -> &'static str {
                match self {
                    $($kind::$item => $name,)+
                }
            }
        }
    };
}

named! {
    /// An event that is counted.
    Counter {
        /// Commits that wrote something and asked the log for durability.
        WalCommits = "wal.commits",
        /// fdatasync calls made for commits.
        WalSyncs = "wal.syncs",
        /// fdatasync calls made for something else: a page, a checkpoint, the end of a segment.
        WalSyncsOther = "wal.syncs_other",
        /// Bytes appended, framing included.
        WalBytes = "wal.bytes",
        /// Records appended.
        WalRecords = "wal.records",
        /// Batches written to the log file.
        WalBatches = "wal.batches",
        /// Batches written by the background flusher; the others were written by a waiting session.
        WalFlusherBatches = "wal.flusher_batches",
        /// Times an append had to wait because the log buffer was full.
        WalRingFull = "wal.ring_full",
        /// Segments taken into use.
        WalSegments = "wal.segments",
        /// Of these, the ones that re-used an old segment file.
        WalSegmentsRecycled = "wal.segments_recycled",
        /// Times an append had to wait for a new segment file.
        WalSegmentWaits = "wal.segment_waits",
        /// Inner pages that were in memory when asked for.
        BufferInnerHits = "buffer.inner_hits",
        /// Inner pages that had to be read.
        BufferInnerMisses = "buffer.inner_misses",
        /// Leaves that were in memory when asked for, for a row.
        BufferLeafHits = "buffer.leaf_hits",
        /// Leaves that had to be read, for a row.
        BufferLeafMisses = "buffer.leaf_misses",
        /// Leaves that were in memory when a transaction came back to a row of its own.
        BufferReturnHits = "buffer.return_hits",
        /// Leaves that were in memory when a scan came by.
        BufferScanHits = "buffer.scan_hits",
        /// Leaves that had to be read for a scan.
        BufferScanMisses = "buffer.scan_misses",
        /// Pages that gave up their frame to another.
        BufferEvictions = "buffer.evictions",
        /// Pages written out, for a frame or for a checkpoint.
        BufferWrites = "buffer.writes",
        /// Pages written by a session that needed a frame.
        FlushForegroundWrites = "flush.foreground_writes",
        /// Pages written by a thread that has nothing else to do, before anybody needs their frames or their log.
        FlushBackgroundWrites = "flush.background_writes",
        /// Batches of pages that shared one sync of the double-write area.
        FlushBatches = "flush.batches",
        /// Times a session found no free frame in reserve.
        FlushReserveMisses = "flush.reserve_misses",
        /// Checkpoints made.
        Checkpoints = "checkpoint.count",
        /// Pages that came back while they were remembered, and so trained the replacer.
        ReplacerGhostHits = "replacer.ghost_hits",
        /// Pages that the replacer moved to those seen again.
        ReplacerPromotions = "replacer.promotions",
        /// Times the page table's lock was taken.
        PageTableLocks = "page_table.locks",
        /// Words of the page table that were exchanged, without a lock.
        PageTableExchanges = "page_table.exchanges",
        /// Small objects that came from the heap, and slabs for others.
        PoolHeapAllocations = "pool.heap_allocations",
        /// Small objects that came from a slab.
        PoolSlabObjects = "pool.slab_objects",
        /// Empty magazines that a thread brought to the depot for a full one.
        PoolRefills = "pool.refills",
        /// Bytes that were made unreachable and left to the reclamation.
        ReclaimRetiredBytes = "reclaim.retired_bytes",
        /// Of these, the ones that it has freed.
        ReclaimFreedBytes = "reclaim.freed_bytes",
        /// The most that was ever retired and not freed.
        ReclaimPeakBytes = "reclaim.peak_bytes",
        /// Times the epoch moved on because bytes were retired.
        ReclaimEpochs = "reclaim.epochs",
        /// Times it did not because of a reader.
        ReclaimHeldUp = "reclaim.held_up",
        /// Times a transaction's bookkeeping asked the heap for memory.
        TxnAllocations = "txn.allocations",
        /// Tree pages split.
        TreeSplits = "tree.splits",
        /// Of these, the ones beside a run of insertions.
        TreeRunSplits = "tree.run_splits",
        /// Insertions that found their leaf without a descent.
        TreeFastPaths = "tree.fast_paths",
        /// Empty leaves given back.
        TreeUnlinks = "tree.unlinks",
        /// Descents begun again because a page changed underway.
        TreeRestarts = "tree.restarts",
        /// Pages written by loads into empty tables.
        TreeLoadedPages = "tree.loaded_pages",
        /// Before-images kept, for older snapshots and for undo.
        MvccVersions = "mvcc.versions",
        /// Their bytes, bookkeeping included.
        MvccBytes = "mvcc.bytes",
        /// Rows visited again by a commit, to be stamped with its timestamp.
        MvccRowsStamped = "mvcc.rows_stamped",
        /// Versions dropped although an older snapshot was open, because none lay between them and the next.
        MvccTrimmed = "mvcc.trimmed",
        /// Reads of a row in an older version than the newest.
        MvccOlderReads = "mvcc.older_reads",
        /// Versions looked at by these.
        MvccSteps = "mvcc.steps",
        /// Locks given back that had never stood anywhere but in a word of their own.
        LocksFast = "locks.fast",
        /// Locks given back that stood in a queue object, under a mutex.
        LocksQueued = "locks.queued",
        /// Searches for a cycle of waiting transactions.
        DeadlockChecks = "deadlock.checks",
        /// Nanoseconds spent on finding deadlocks: what the beginning of each wait and each search took.
        DeadlockCheckNs = "deadlock.check_ns",
        /// Nanoseconds that those who found a cycle had waited by then, summed.
        DeadlockBreakNs = "deadlock.break_ns",
        /// Transactions that were rolled back to break a cycle of waiting ones.
        TxnDeadlocks = "txn.deadlocks",
        /// Locks that were not granted at once.
        TxnLockWaits = "txn.lock_waits",
        /// Writes refused because the row had changed since the transaction's snapshot.
        TxnSerializationFailures = "txn.serialization_failures",
        /// Calls through a table of functions, of those that are made when a transaction ends.
        ComposeDispatches = "compose.dispatches",
    }
}

named! {
    /// A reason to stand still.
    Wait {
        /// Inside fdatasync.
        Fsync = "fsync",
        /// For somebody else's log write or sync.
        LogWait = "log_wait",
        /// For a page latch.
        Latch = "latch",
        /// For a row or table lock.
        Lock = "lock",
        /// For a page to be read.
        PageRead = "page_read",
        /// For a page to be written.
        PageWrite = "page_write",
    }
}
