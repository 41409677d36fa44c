//! What the workloads are told of the engine.

use std::error::Error;
use std::sync::Arc;

use engine::api::{Durability as EngineDurability, Options};
use engine::io::RealVfs;
use engine::select;
use engine_workload::store::AnyStore;
use engine_workload::subject::{Durability, Opening, Subject};
use probe::protocol::Failure;

use crate::pools::pools;
use crate::store::EngineStore;

/// The engine, as this driver was built.
pub static SUBJECT: Subject =
    Subject { driver: "engine-driver", source: option_env!("WB_SRC"), improvements: select::ACTIVE, open, pools };

fn open(opening: &Opening<'_>) -> Result<AnyStore, Failure> {
    let durability = match opening.durability {
        Durability::Full => EngineDurability::Full,
        Durability::GroupAsync => EngineDurability::GroupAsync,
        Durability::Off => EngineDurability::Off,
    };
    let usual = Options::default();
    let options = Options {
        durability,
        pool_bytes: opening.pool_bytes,
        checkpoint_wal_bytes: opening.checkpoint_bytes,
        wal_segment_bytes: opening.segment_bytes.unwrap_or(usual.wal_segment_bytes),
        wal_buffer_bytes: opening.segment_bytes.map_or(usual.wal_buffer_bytes, |bytes| bytes as usize / 4),
        ..usual
    };
    let unusable = |error: &dyn Error| Failure::new(error.to_string(), "choose another directory with dir");
    let vfs = Arc::new(RealVfs::open(opening.dir).map_err(|error| unusable(&error))?);
    let store: EngineStore = EngineStore::open(vfs, options, opening.tables).map_err(|error| unusable(&error))?;
    Ok(AnyStore::of(store))
}
