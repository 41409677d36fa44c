//! The database before its first transaction.
//!
//! RocksDB loads fastest from files of sorted rows, written beside the database and then moved into it. Its databases with
//! transactions do so too, but the binding lets only the plain one: so the tables are filled while the database is open as
//! such, and it is opened anew for the first transaction.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use ::rocksdb::{DB, IngestExternalFileOptions, Options, SstFileWriter};
use engine_workload::store::{Rows, StoreError, in_groups, on_threads};

use super::settings::families;
use crate::one_writer::fatal;

/// Bytes of a file: as many as RocksDB's own would have, for the sake of later compactions.
const FILE_BYTES: u64 = 64 << 20;

/// The plain database.
pub(super) struct Loading(DB);

/// Files of sorted rows.
struct Files<'o> {
    options: &'o Options,
    /// What their names begin with.
    stem: PathBuf,
    paths: Vec<PathBuf>,
    open: Option<SstFileWriter<'o>>,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Loading {
    pub(super) fn open(options: &Options, dir: &Path, tables: &[&str]) -> Result<Self, StoreError> {
        DB::open_cf_descriptors(options, dir, families(tables, options)).map(Loading).map_err(fatal)
    }

    /// Fills the empty table `name`, each source on a thread of its own; its files are written in `beside`.
    pub(super) fn fill<R: Rows>(
        &self,
        options: &Options,
        beside: &Path,
        name: &str,
        sources: Vec<R>,
        filled: &AtomicU64,
    ) -> Result<(), StoreError> {
        let write = |(part, rows): (usize, R)| {
            let stem = beside.join(format!("{name}-{part}"));
            let mut files = Files { options, stem, paths: Vec::new(), open: None, first: Vec::new(), last: Vec::new() };
            in_groups(rows, filled, || Ok(()), |(), key, row| files.push(key, row), |()| Ok(()))?;
            files.finish()?;
            Ok(files)
        };
        let mut written = on_threads(sources.into_iter().enumerate().collect(), write)?;
        written.retain(|files| !files.paths.is_empty());
        if written.windows(2).any(|two| two[0].last >= two[1].first) {
            return Err(fatal("the sources of a load do not follow one another"));
        }
        let paths: Vec<PathBuf> = written.into_iter().flat_map(|files| files.paths).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let family = self.0.cf_handle(name).ok_or_else(|| fatal("a column family is missing"))?;
        let mut moved = IngestExternalFileOptions::default();
        moved.set_move_files(true);
        self.0.ingest_external_file_cf_opts(family, &moved, paths).map_err(fatal)
    }
}

impl Files<'_> {
    /// RocksDB refuses a key that is not above the last one of its file; between two files it is looked at here.
    fn push(&mut self, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        if self.open.as_ref().is_some_and(|file| file.file_size() >= FILE_BYTES) {
            self.finish()?;
        }
        let file = match &mut self.open {
            Some(file) => file,
            none => {
                if self.paths.is_empty() {
                    self.first = key.to_vec();
                } else if key <= self.last.as_slice() {
                    return Err(fatal("rows of a load do not ascend"));
                }
                let path = self.stem.with_extension(format!("{}.sst", self.paths.len()));
                let file = SstFileWriter::create(self.options);
                file.open(&path).map_err(fatal)?;
                self.paths.push(path);
                none.insert(file)
            }
        };
        file.put(key, row).map_err(fatal)?;
        self.last.clear();
        self.last.extend_from_slice(key);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.open.take().map_or(Ok(()), |mut file| file.finish().map_err(fatal))
    }
}
