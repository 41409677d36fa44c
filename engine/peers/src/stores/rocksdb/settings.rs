//! What RocksDB is set to: its tuning guide's advice for rows that are found where they are looked for, and fit into the
//! cache. The README says where each comes from.

use ::rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DataBlockIndexType, Options};

use crate::stores::Config;

/// Bytes of a memory table before it is written out.
const MEMTABLE_BYTES: usize = 64 << 20;

/// Memory tables of a column family: writers need not wait while one is written out.
const MEMTABLES: i32 = 4;

/// Part of a memory table that is a Bloom filter of its keys.
const MEMTABLE_BLOOM: f64 = 0.02;

/// Bits per key of the other Bloom filters.
const BLOOM_BITS: f64 = 10.0;

/// How full the hash index of a data block is.
const HASH_RATIO: f64 = 0.75;

/// Bytes of log beyond which the memory tables that hold it back are written out: as much log as the engine keeps.
const LOG_BYTES_MAX: u64 = 1 << 30;

/// Old log files that are written over, so that a sync has no new blocks to record.
const LOGS_RECYCLED: usize = 4;

/// Bytes of a table's file after which writing them back begins.
const BYTES_PER_SYNC: u64 = 1 << 20;

/// Optimistic commits look for conflicts in memory: so much of the past must still be there.
const HISTORY_BYTES: i64 = 256 << 20;

/// The options of the database and of each column family.
pub(super) fn options(config: &Config<'_>) -> Options {
    let cache = Cache::new_lru_cache(config.cache_bytes as usize);
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&cache);
    blocks.set_bloom_filter(BLOOM_BITS, false);
    blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    blocks.set_data_block_hash_ratio(HASH_RATIO);

    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::None);
    options.set_optimize_filters_for_hits(true);
    options.set_write_buffer_size(MEMTABLE_BYTES);
    options.set_max_write_buffer_number(MEMTABLES);
    options.set_memtable_prefix_bloom_ratio(MEMTABLE_BLOOM);
    options.set_memtable_whole_key_filtering(true);
    options.set_max_write_buffer_size_to_maintain(HISTORY_BYTES);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(BYTES_PER_SYNC);
    options.set_max_total_wal_size(LOG_BYTES_MAX);
    options.set_recycle_log_file_num(LOGS_RECYCLED);
    // While one group of writers fills the memory tables, the next one syncs.
    options.set_enable_pipelined_write(true);
    // What need not be durable need not be handed to the operating system commit by commit either.
    options.set_manual_wal_flush(!config.durable);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// A column family per table.
pub(super) fn families(tables: &[&str], options: &Options) -> Vec<ColumnFamilyDescriptor> {
    tables.iter().map(|name| ColumnFamilyDescriptor::new(*name, options.clone())).collect()
}
