//! The ledger of calibrations: what pairs of a binary against itself said, workload by workload.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::host::Host;
use super::json::{decode, encode};
use super::store::{Reader, now_ms, time};
use crate::lab::calibration::Calibration;
use crate::lab::experiment::ExperimentId;

/// A recorded calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationFact {
    /// When it was recorded.
    pub at: Timestamp,
    /// The experiment whose pairs it rests on.
    pub experiment: ExperimentId,
    /// What was found.
    pub calibration: Calibration,
}

impl Reader {
    /// All calibrations of this machine, the oldest first.
    pub async fn calibrations(&self) -> Result<Vec<CalibrationFact>, StoreError> {
        let read = async {
            columns! {
                struct Row {
                    id: i64,
                    experiment: i64,
                    at_ms: i64,
                    noise: String,
                }
            }
            let mut connection = self.connection().await?;
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT c.id, c.experiment, c.at_ms, c.noise FROM calibration c JOIN experiment e ON e.id = c.experiment
                 WHERE e.host_digest = ? ORDER BY c.at_ms, c.id",
            )
            .bind(Host::current().digest())
            .fetch_all(&mut *connection)
            .await?;
            rows.into_iter()
                .map(|row| {
                    let calibration = decode("calibration", row.id, "noise", &row.noise)?;
                    Ok(CalibrationFact { at: time(row.at_ms), experiment: ExperimentId(row.experiment), calibration })
                })
                .collect::<Result<_, Fault>>()
        };
        read.await.at(self.path())
    }

    /// Differences of the pairs behind all calibrations of a workload on this machine, in their order: those of its deciding
    /// metric. `name` is the workload with all its parameters.
    pub async fn calibration_differences(&self, name: &str) -> Result<Vec<f64>, StoreError> {
        let read = async {
            let mut connection = self.connection().await?;
            let differences = sqlx::query_scalar(
                "SELECT p.d FROM pair p
                 JOIN calibration c ON c.experiment = p.experiment AND c.workload = p.workload
                 JOIN experiment e ON e.id = p.experiment
                 WHERE c.name = ? AND e.host_digest = ? AND p.run = 'calibration' AND p.dropped IS NULL ORDER BY p.at_ms, p.id",
            )
            .bind(name)
            .bind(Host::current().digest())
            .fetch_all(&mut *connection)
            .await?;
            Ok::<_, Fault>(differences)
        };
        read.await.at(self.path())
    }
}

/// Records what was found of a workload. The pairs of an experiment are what they are: found again after an interruption,
/// it is the same, and is kept once.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    calibration: &Calibration,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT OR IGNORE INTO calibration (experiment, at_ms, workload, name, pairs, noise) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(i64::try_from(calibration.workload).unwrap_or(i64::MAX))
    .bind(&calibration.name)
    .bind(calibration.pairs)
    .bind(encode("calibration", calibration)?)
    .execute(connection)
    .await?;
    Ok(())
}
