//! Databases to look at, and their files as plain bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::api::{Database, OpenError, Options, TableId};
use engine::io::{AlignedBuf, SimFs, Vfs};
use engine::transaction::wal::CommitLog;

/// Single-threaded, so that every run writes the same; the double-write area has eight slots (a quarter of 32 frames).
pub(crate) fn options() -> Options {
    Options {
        background: false,
        pool_bytes: 32 * 8192,
        wal_segment_bytes: 64 << 10,
        wal_buffer_bytes: 64 << 10,
        ..Options::default()
    }
}

pub(crate) fn open<L: CommitLog>(fs: &SimFs) -> Result<Database<L>, OpenError> {
    Database::open_with(Arc::new(fs.clone()), options())
}

/// A transaction of inserts, acknowledged.
pub(crate) fn insert<L: CommitLog>(db: &Database<L>, table: TableId, rows: &[(&[u8], &[u8])]) {
    let mut txn = db.begin().expect("a seat");
    for (key, row) in rows {
        txn.insert(table, key, row).expect("a new key");
    }
    let ticket = txn.commit().expect("a working disk");
    db.wait(&ticket).expect("a working disk");
}

/// Every file of a directory, as a program that knows nothing of the engine would read it.
pub(crate) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    pub(crate) fn of(fs: &SimFs) -> Self {
        let names = fs.list().expect("a directory");
        Self(names.into_iter().map(|name| (name.clone(), content(fs, &name))).collect())
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        self.0.get(name).unwrap_or_else(|| panic!("no file `{name}` among {:?}", self.names()))
    }

    /// Page `id` of the data file: 8192 bytes at `id × 8192`.
    pub(crate) fn page(&self, id: u64) -> &[u8] {
        &self.file("data")[id as usize * 8192..][..8192]
    }

    /// Files named `wal-` and ten digits, in order.
    pub(crate) fn segments(&self) -> Vec<(&str, &[u8])> {
        let digits =
            |name: &str| name.strip_prefix("wal-").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        self.0.iter().filter(|(name, _)| digits(name)).map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
    }
}

fn content(fs: &SimFs, name: &str) -> Vec<u8> {
    let file = fs.open(name).expect("a file");
    let len = file.len().expect("a length") as usize;
    if len == 0 {
        return Vec::new();
    }
    let mut bytes = AlignedBuf::zeroed(len);
    file.read_exact_at(&mut bytes, 0).expect("readable");
    bytes.to_vec()
}
