//! Live rows: what is shown of an experiment or a screen while it runs. Not evidence; bounded; swept when it ends.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::error::{At, Fault, StoreError};
use super::json::{as_word, word};
use super::store::{Reader, now_ms, time};
use crate::lab::experiment::{ExperimentId, Side};
use crate::lab::screen::facts::ScreenId;

/// Rows of each kind kept at most.
const ROWS_MAX: i64 = 20_000;

/// A slice that ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveSlice {
    /// Grows with time.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Index into the plan's workloads.
    pub workload: usize,
    /// Which arm.
    pub side: Side,
    /// Operations per second.
    pub rate: f64,
}

/// A line about what a stage is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressNote {
    /// Grows with time.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// For people.
    pub note: String,
}

impl Reader {
    /// Slices of a running experiment after `after` (0: all that are kept), in order.
    pub async fn slices(&self, id: ExperimentId, after: i64) -> Result<Vec<LiveSlice>, StoreError> {
        let read = async {
            let mut connection = self.connection().await?;
            let rows: Vec<(i64, i64, i64, String, f64)> = sqlx::query_as(
                "SELECT seq, at_ms, workload, side, rate FROM slice WHERE seq > ?2 AND experiment = ?1 ORDER BY seq",
            )
            .bind(id.0)
            .bind(after)
            .fetch_all(&mut *connection)
            .await?;
            let slice = |(seq, at_ms, workload, side, rate): (i64, i64, i64, String, f64)| {
                let workload = usize::try_from(workload).unwrap_or_default();
                Ok(LiveSlice { seq, at: time(at_ms), workload, side: word("slice", seq, "side", &side)?, rate })
            };
            rows.into_iter().map(slice).collect::<Result<_, Fault>>()
        };
        read.await.at(self.path())
    }

    /// Progress of a running experiment after `after` (0: all that is kept), in order.
    pub async fn progress(&self, id: ExperimentId, after: i64) -> Result<Vec<ProgressNote>, StoreError> {
        let of = "SELECT seq, at_ms, note FROM progress WHERE seq > ?2 AND experiment = ?1 ORDER BY seq";
        self.notes(of, id.0, after).await
    }

    /// Progress of a running screen after `after` (0: all that is kept), in order.
    pub async fn screen_progress(&self, id: ScreenId, after: i64) -> Result<Vec<ProgressNote>, StoreError> {
        let of = "SELECT seq, at_ms, note FROM screen_progress WHERE seq > ?2 AND screen = ?1 ORDER BY seq";
        self.notes(of, id.0, after).await
    }

    async fn notes(&self, of: &'static str, id: i64, after: i64) -> Result<Vec<ProgressNote>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as(of).bind(id).bind(after).fetch_all(&mut *connection).await.at(self.path())?;
        Ok(rows.into_iter().map(|(seq, at_ms, note)| ProgressNote { seq, at: time(at_ms), note }).collect())
    }
}

/// Adds a slice and drops the oldest beyond the bound.
pub(super) async fn slice(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    workload: usize,
    side: Side,
    rate: f64,
) -> Result<(), Fault> {
    let seq: i64 = sqlx::query_scalar(
        "INSERT INTO slice (experiment, at_ms, workload, side, rate) VALUES (?, ?, ?, ?, ?) RETURNING seq",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(i64::try_from(workload).unwrap_or(i64::MAX))
    .bind(as_word(&side)?)
    .bind(rate)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM slice WHERE seq <= ?").bind(seq - ROWS_MAX).execute(connection).await?;
    Ok(())
}

/// Adds a line of progress and drops the oldest beyond the bound.
pub(super) async fn progress(connection: &mut SqliteConnection, id: ExperimentId, note: &str) -> Result<(), Fault> {
    let seq: i64 = sqlx::query_scalar("INSERT INTO progress (experiment, at_ms, note) VALUES (?, ?, ?) RETURNING seq")
        .bind(id.0)
        .bind(now_ms())
        .bind(note)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM progress WHERE seq <= ?").bind(seq - ROWS_MAX).execute(connection).await?;
    Ok(())
}

/// Adds a slice of a screen's pair and drops the oldest beyond the bound.
pub(super) async fn screen_slice(
    connection: &mut SqliteConnection,
    id: ScreenId,
    side: Side,
    rate: f64,
) -> Result<(), Fault> {
    let seq: i64 =
        sqlx::query_scalar("INSERT INTO screen_slice (screen, at_ms, side, rate) VALUES (?, ?, ?, ?) RETURNING seq")
            .bind(id.0)
            .bind(now_ms())
            .bind(as_word(&side)?)
            .bind(rate)
            .fetch_one(&mut *connection)
            .await?;
    sqlx::query("DELETE FROM screen_slice WHERE seq <= ?").bind(seq - ROWS_MAX).execute(connection).await?;
    Ok(())
}

/// Adds a line of a screen's progress and drops the oldest beyond the bound.
pub(super) async fn screen_progress(connection: &mut SqliteConnection, id: ScreenId, note: &str) -> Result<(), Fault> {
    let seq: i64 =
        sqlx::query_scalar("INSERT INTO screen_progress (screen, at_ms, note) VALUES (?, ?, ?) RETURNING seq")
            .bind(id.0)
            .bind(now_ms())
            .bind(note)
            .fetch_one(&mut *connection)
            .await?;
    sqlx::query("DELETE FROM screen_progress WHERE seq <= ?").bind(seq - ROWS_MAX).execute(connection).await?;
    Ok(())
}

/// Drops all live rows. One measurement runs at a time: the machine is leased.
pub(super) async fn sweep(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let all = "DELETE FROM slice; DELETE FROM progress; DELETE FROM screen_slice; DELETE FROM screen_progress";
    sqlx::raw_sql(all).execute(connection).await?;
    Ok(())
}
