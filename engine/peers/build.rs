//! Lets an installed RocksDB be linked that is older than its binding (`ROCKSDB_LIB_DIR`): the binding links a function that
//! Debian 12's 7.8 does not have yet, to release something that nothing here makes. Where it is missing, it is nothing.

use std::path::Path;

const MISSING: &str = "rocksdb_write_buffer_manager_destroy";

fn main() {
    println!("cargo:rerun-if-env-changed=ROCKSDB_LIB_DIR");
    println!("cargo:rerun-if-changed=build.rs");
    let Some(dir) = std::env::var_os("ROCKSDB_LIB_DIR") else { return };
    if std::env::var_os("CARGO_FEATURE_ROCKSDB").is_none() {
        return;
    }
    let library = std::fs::read(Path::new(&dir).join("librocksdb.so")).unwrap_or_default();
    if !library.windows(MISSING.len()).any(|name| name == MISSING.as_bytes()) {
        println!("cargo:rustc-link-arg=-Wl,--defsym={MISSING}=0");
    }
}
