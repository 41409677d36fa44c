//! Profiles: rows say what a file covers; stacks and pictures lie on the [`Shelf`](crate::profiles::Shelf).

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, SqliteConnection};

use super::error::Fault;
use super::json::{as_word, word};
use super::store::{now_ms, time};
use crate::lab::experiment::{ExperimentId, Side};
use crate::profiles::Capture;

/// A captured profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFact {
    /// When it was recorded.
    pub at: Timestamp,
    /// Which arm.
    pub side: Side,
    /// `cpu` or `wait`.
    pub kind: String,
    /// The folded stacks, relative to the project's `profiles/`.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Samples taken, or waits seen.
    pub samples: u64,
    /// CPU time covered.
    pub cpu: Duration,
    /// Operations done meanwhile.
    pub ops: u64,
}

/// Records a profile whose file lies on the shelf.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    side: Side,
    file: &Path,
    captured: &Capture<'_>,
) -> Result<(), Fault> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO profile (experiment, at_ms, side, kind, file, sha256, samples, cpu_ns, ops)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(as_word(&side)?)
    .bind(captured.kind.to_string())
    .bind(file.to_string_lossy().into_owned())
    .bind(format!("{:x}", Sha256::digest(captured.folded)))
    .bind(number(captured.samples))
    .bind(i64::try_from(captured.cpu.as_nanos()).unwrap_or(i64::MAX))
    .bind(number(captured.ops))
    .execute(connection)
    .await?;
    Ok(())
}

/// The profiles of an experiment, in order.
pub(super) async fn of(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Vec<ProfileFact>, Fault> {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        at_ms: i64,
        side: String,
        kind: String,
        file: String,
        sha256: String,
        samples: i64,
        cpu_ns: i64,
        ops: i64,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, side, kind, file, sha256, samples, cpu_ns, ops FROM profile WHERE experiment = ? ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ProfileFact {
                at: time(row.at_ms),
                side: word("profile", row.id, "side", &row.side)?,
                kind: row.kind,
                file: row.file.into(),
                sha256: row.sha256,
                samples: row.samples.max(0).cast_unsigned(),
                cpu: Duration::from_nanos(row.cpu_ns.max(0).cast_unsigned()),
                ops: row.ops.max(0).cast_unsigned(),
            })
        })
        .collect()
}
