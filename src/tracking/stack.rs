//! The stack: the improvements accepted so far, in order. Derived from additions and removals.

use sqlx::SqliteConnection;

use super::error::{At, Fault, StoreError};
use super::store::{Reader, Store, now_ms};
use crate::improvements::ImprovementId;

/// An improvement in the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEntry {
    /// Which.
    pub improvement: ImprovementId,
    /// Its feature.
    pub feature: String,
    /// The verdict that let it in.
    pub verdict: i64,
}

impl Reader {
    /// The stack, in the order in which improvements joined.
    pub async fn stack(&self) -> Result<Vec<StackEntry>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        current(&mut connection).await.at(self.path())
    }
}

impl Store {
    /// Takes an improvement out of the stack; `false` when it was not in it.
    pub async fn remove_from_stack(&self, improvement: &ImprovementId, reason: &str) -> Result<bool, StoreError> {
        let removed = async {
            let mut facts = self.facts().await?;
            let stack = current(&mut facts).await?;
            let Some(entry) = stack.into_iter().find(|entry| entry.improvement == *improvement) else {
                return Ok(false);
            };
            change(&mut facts, "remove", &entry.improvement, &entry.feature, Some(entry.verdict), reason).await?;
            facts.commit().await?;
            Ok::<_, Fault>(true)
        };
        removed.await.at(self.path())
    }
}

/// Adds an improvement, unless it is in the stack already.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    improvement: &ImprovementId,
    feature: &str,
    verdict: i64,
    reason: &str,
) -> Result<(), Fault> {
    if current(connection).await?.iter().any(|entry| entry.improvement == *improvement) {
        return Ok(());
    }
    change(connection, "add", improvement, feature, Some(verdict), reason).await
}

/// The stack: each improvement whose latest change is an addition, by that addition.
pub(super) async fn current(connection: &mut SqliteConnection) -> Result<Vec<StackEntry>, Fault> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT improvement, feature, verdict FROM stack_change
         WHERE id IN (SELECT max(id) FROM stack_change GROUP BY improvement) AND op = 'add'
         ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    let entry =
        |(improvement, feature, verdict)| StackEntry { improvement: ImprovementId(improvement), feature, verdict };
    Ok(rows.into_iter().map(entry).collect())
}

async fn change(
    connection: &mut SqliteConnection,
    op: &'static str,
    improvement: &ImprovementId,
    feature: &str,
    verdict: Option<i64>,
    reason: &str,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO stack_change (at_ms, op, improvement, feature, verdict, reason) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(now_ms())
    .bind(op)
    .bind(&improvement.0)
    .bind(feature)
    .bind(verdict)
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}
