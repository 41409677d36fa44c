//! Profiles: rows say what a file covers; stacks and pictures lie on the [`Shelf`](crate::profiles::Shelf).

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::{as_word, word};
use super::store::{Reader, now_ms, time};
use crate::lab::experiment::{ExperimentId, Side};
use crate::profiles::{Arm, Capture, Difference, Kind, Owner, Profile, Shelf, ShelfError};

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

impl Reader {
    /// The profiles of an experiment, in order.
    pub async fn profiles(&self, id: ExperimentId) -> Result<Vec<ProfileFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        of(&mut connection, id).await.at(self.path())
    }
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

/// Draws the latest profiles of one kind: a flame graph of each side, and with both sides what changed.
pub(super) fn draw(shelf: &Shelf, owner: Owner<'_>, all: &[ProfileFact], kind: Kind) -> Result<(), ShelfError> {
    let latest = |side| ProfileFact::latest(all, side, kind).map(|fact| fact.read(shelf, kind)).transpose();
    let (a, b) = (latest(Side::A)?, latest(Side::B)?);
    for profile in a.iter().chain(&b) {
        shelf.draw(owner, profile)?;
    }
    match a.zip(b) {
        Some((a, b)) => shelf.draw_difference(owner, &Difference::of(a, b)),
        None => Ok(()),
    }
}

/// The arm of a side: profiles know nothing of the lab.
pub(super) fn arm(side: Side) -> Arm {
    match side {
        Side::A => Arm::A,
        Side::B => Arm::B,
    }
}

impl ProfileFact {
    /// The latest of a side and kind.
    pub fn latest(all: &[Self], side: Side, kind: Kind) -> Option<&Self> {
        all.iter().rev().find(|fact| fact.side == side && fact.kind == kind.to_string())
    }

    /// Reads its stacks from the shelf.
    pub fn read(&self, shelf: &Shelf, kind: Kind) -> Result<Profile, ShelfError> {
        let &Self { samples, cpu, ops, .. } = self;
        shelf.read(&self.file, Capture { arm: arm(self.side), kind, folded: "", samples, cpu, ops })
    }
}

/// The profiles of an experiment, in order.
pub(super) async fn of(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Vec<ProfileFact>, Fault> {
    columns! {
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
