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

/// The stack: all changes in the order of their times. What is in it already is not added, what is not there not removed:
/// so the changes of several stores make one stack.
pub(super) async fn current(connection: &mut SqliteConnection) -> Result<Vec<StackEntry>, Fault> {
    let changes: Vec<(String, String, String, Option<i64>)> =
        sqlx::query_as("SELECT op, improvement, feature, verdict FROM stack_change ORDER BY at_ms, id")
            .fetch_all(connection)
            .await?;
    let mut stack: Vec<StackEntry> = Vec::new();
    for (op, improvement, feature, verdict) in changes {
        let improvement = ImprovementId(improvement);
        let there = stack.iter().position(|entry| entry.improvement == improvement);
        match (op.as_str(), there, verdict) {
            ("add", None, Some(verdict)) => stack.push(StackEntry { improvement, feature, verdict }),
            ("remove", Some(place), _) => drop(stack.remove(place)),
            (_, _, _) => {}
        }
    }
    Ok(stack)
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
