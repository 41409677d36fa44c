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
use crate::profiles::{Arm, Capture, Difference, Kind, Owner, Profile, Shelf, ShelfError, Stretch, WaitCost, waits};

/// A captured profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFact {
    /// When it was recorded.
    pub at: Timestamp,
    /// Which arm.
    pub side: Side,
    /// `cpu`, `wait`, `times`, `alloc`, `allocs` or `instructions`.
    pub kind: String,
    /// The folded stacks, relative to the project's `profiles/`.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Samples taken, or waits seen.
    pub samples: u64,
    /// CPU time covered.
    pub cpu: Duration,
    /// CPU time of the slices alone, as they are measured; absent in profiles of an older workbench.
    pub measured: Option<Duration>,
    /// CPU time that a sample stands for; absent where the driver does not say.
    pub period: Option<Duration>,
    /// What one draw stands for, in the unit of the counts, where these are sums of weights.
    pub weight: Option<u64>,
    /// Operations done meanwhile.
    pub ops: u64,
}

impl Reader {
    /// The profiles of an experiment, in order.
    pub async fn profiles(&self, id: ExperimentId) -> Result<Vec<ProfileFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        of(&mut connection, id).await.at(self.path())
    }

    /// The newest `limit` experiments that have profiles of both arms, each with those kinds and how many captures they are.
    pub async fn profiled(&self, limit: u32) -> Result<Vec<(ExperimentId, Vec<(Kind, u32)>)>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows: Vec<(i64, String, u32)> = sqlx::query_as(
            "SELECT experiment, kind, count(*) FROM profile
             WHERE experiment IN (SELECT DISTINCT experiment FROM profile ORDER BY experiment DESC LIMIT ?)
             GROUP BY experiment, kind HAVING count(DISTINCT side) = 2 ORDER BY experiment DESC",
        )
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .at(self.path())?;
        let mut found: Vec<(ExperimentId, Vec<(Kind, u32)>)> = Vec::new();
        for (experiment, kind, captures) in rows {
            // A kind of a later workbench is no reason to show none of the others.
            let Some(kind) = Kind::named(&kind) else { continue };
            match found.last_mut().filter(|(id, _)| id.0 == experiment) {
                Some((_, kinds)) => kinds.push((kind, captures)),
                None => found.push((ExperimentId(experiment), vec![(kind, captures)])),
            }
        }
        found.iter_mut().for_each(|(_, kinds)| kinds.sort_unstable());
        Ok(found)
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
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO profile (experiment, at_ms, side, kind, file, sha256, samples, cpu_ns, measured_ns, period_ns, weight,
         ops) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(as_word(&side)?)
    .bind(captured.kind.to_string())
    .bind(file.to_string_lossy().into_owned())
    .bind(format!("{:x}", Sha256::digest(captured.folded)))
    .bind(number(captured.samples))
    .bind(nanos(captured.cpu))
    .bind(captured.measured.map(nanos))
    .bind(captured.period.map(nanos))
    .bind(captured.weight.map(number))
    .bind(number(captured.ops))
    .execute(connection)
    .await?;
    Ok(())
}

/// Draws the profiles of one kind: a flame graph of each side, and with both sides what changed.
pub(super) fn draw(shelf: &Shelf, owner: Owner<'_>, all: &[ProfileFact], kind: Kind) -> Result<(), ShelfError> {
    if !kind.has_pictures() {
        return Ok(());
    }
    let (a, b) = (ProfileFact::whole(all, shelf, Side::A, kind)?, ProfileFact::whole(all, shelf, Side::B, kind)?);
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
    /// Whether there is one of a side and kind.
    pub fn any(all: &[Self], side: Side, kind: Kind) -> bool {
        all.iter().any(|fact| fact.is(side, kind))
    }

    /// All of a side and kind as one profile, each a stretch of it; `None` when there is none.
    pub fn whole(all: &[Self], shelf: &Shelf, side: Side, kind: Kind) -> Result<Option<Profile>, ShelfError> {
        let stretches = all.iter().filter(|fact| fact.is(side, kind)).map(|fact| fact.read(shelf, kind));
        let stretches = stretches.collect::<Result<Vec<_>, _>>()?;
        Ok((!stretches.is_empty()).then(|| Profile { arm: arm(side), kind, stretches }))
    }

    /// What changed from A to B in one kind, where both arms have been profiled.
    pub fn compared(all: &[Self], shelf: &Shelf, kind: Kind) -> Result<Option<Difference>, ShelfError> {
        let whole = |side| Self::whole(all, shelf, side, kind);
        Ok(whole(Side::A)?.zip(whole(Side::B)?).map(|(a, b)| Difference::of(a, b)))
    }

    /// Waiting by cause; nothing where it was not profiled.
    pub fn waited(all: &[Self], shelf: &Shelf) -> Result<Vec<WaitCost>, ShelfError> {
        let often = Self::compared(all, shelf, Kind::Times)?;
        Ok(Self::compared(all, shelf, Kind::Wait)?.map(|long| waits(&long, often.as_ref())).unwrap_or_default())
    }

    fn is(&self, side: Side, kind: Kind) -> bool {
        self.side == side && self.kind == kind.to_string()
    }

    /// Reads its stacks from the shelf.
    fn read(&self, shelf: &Shelf, kind: Kind) -> Result<Stretch, ShelfError> {
        let &Self { samples, cpu, measured, period, weight, ops, .. } = self;
        let arm = arm(self.side);
        shelf.read(&self.file, Capture { arm, kind, folded: "", samples, cpu, measured, period, weight, ops })
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
            measured_ns: Option<i64>,
            period_ns: Option<i64>,
            weight: Option<i64>,
            ops: i64,
        }
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, side, kind, file, sha256, samples, cpu_ns, measured_ns, period_ns, weight, ops
         FROM profile WHERE experiment = ? ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    let nanos = |ns: i64| Duration::from_nanos(ns.max(0).cast_unsigned());
    rows.into_iter()
        .map(|row| {
            Ok(ProfileFact {
                at: time(row.at_ms),
                side: word("profile", row.id, "side", &row.side)?,
                kind: row.kind,
                file: row.file.into(),
                sha256: row.sha256,
                samples: row.samples.max(0).cast_unsigned(),
                cpu: nanos(row.cpu_ns),
                measured: row.measured_ns.map(nanos),
                period: row.period_ns.map(nanos),
                weight: row.weight.map(|weight| weight.max(0).cast_unsigned()),
                ops: row.ops.max(0).cast_unsigned(),
            })
        })
        .collect()
}
