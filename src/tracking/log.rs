//! The change log, which triggers write and screens follow, and the log of commands that the workbench ran.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::encode;
use super::store::{Reader, Store, now_ms, time};

/// One line of the change log: one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number; never reused, grows with time.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The fact's table: what kind it is.
    pub table: String,
    /// Its row there.
    pub row: i64,
    /// What it is about: `T003`, `agent 1`, `command`.
    pub subject: String,
    /// The fact in words.
    pub summary: String,
}

/// A command that was run, so that a person can repeat it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFact {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Where.
    pub folder: String,
    /// How it ended; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Reader {
    /// At most `limit` changes after the line `after` (0: from the beginning), in order.
    pub async fn changes(&self, after: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows = sqlx::query_as("SELECT * FROM change_log WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await
            .at(self.path())?;
        Ok(rows.into_iter().map(change).collect())
    }

    /// The last `limit` changes, in order.
    pub async fn latest_changes(&self, limit: u32) -> Result<Vec<Change>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM change_log ORDER BY seq DESC LIMIT ?")
            .bind(limit)
            .fetch_all(&mut *connection)
            .await
            .at(self.path())?;
        Ok(rows.into_iter().rev().map(change).collect())
    }

    /// The changes after the line `after` up to `until` that a stand-up tells, at most `limit`, in order; and how many pairs came
    /// between them, by subject. Steps on the way to a pair are neither.
    pub async fn told(
        &self,
        after: i64,
        until: i64,
        limit: u32,
    ) -> Result<(Vec<Change>, BTreeMap<String, u64>), StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows: Vec<Row> = sqlx::query_as(
            r#"SELECT * FROM change_log WHERE seq > ? AND seq <= ? AND "table" NOT IN
               ('pair', 'standing', 'stage', 'build', 'sitting', 'screen_pair', 'screen_stage', 'screen_build', 'screen_sitting')
               ORDER BY seq LIMIT ?"#,
        )
        .bind(after)
        .bind(until)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .at(self.path())?;
        let pairs: Vec<(String, i64)> = sqlx::query_as(
            r#"SELECT subject, count(*) FROM change_log
               WHERE seq > ? AND seq <= ? AND "table" IN ('pair', 'screen_pair') GROUP BY subject"#,
        )
        .bind(after)
        .bind(until)
        .fetch_all(&mut *connection)
        .await
        .at(self.path())?;
        let pairs = pairs.into_iter().map(|(subject, count)| (subject, count.max(0).cast_unsigned())).collect();
        Ok((rows.into_iter().map(change).collect(), pairs))
    }

    /// The last line of the log that is older than `time`; 0 when none is. Looks at as many lines as the log's length has
    /// binary digits, since it has no index by time.
    pub async fn line_before(&self, time: Timestamp) -> Result<i64, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let (mut low, mut high) = (0, last(&mut connection).await.at(self.path())?.map_or(0, |(seq, _)| seq));
        while low < high {
            let middle = low + (high - low + 1) / 2;
            // Numbers may be missing: of the lines up to the middle the last one decides.
            let at: Option<i64> =
                sqlx::query_scalar("SELECT at_ms FROM change_log WHERE seq <= ? ORDER BY seq DESC LIMIT 1")
                    .bind(middle)
                    .fetch_optional(&mut *connection)
                    .await
                    .at(self.path())?;
            if at.is_none_or(|at| at < time.as_millisecond()) { low = middle } else { high = middle - 1 }
        }
        Ok(low)
    }

    /// Number and time of the last change; `None` while there is none.
    pub async fn last_change(&self) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        last(&mut connection).await.at(self.path())
    }
}

impl Store {
    /// Records a command that was run.
    pub async fn log_command(&self, command: &CommandFact) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query("INSERT INTO command_log (at_ms, argv, folder, exit_code, elapsed_ms) VALUES (?, ?, ?, ?, ?)")
                .bind(now_ms())
                .bind(encode("command", &command.argv)?)
                .bind(&command.folder)
                .bind(command.exit_code)
                .bind(i64::try_from(command.elapsed.as_millis()).unwrap_or(i64::MAX))
                .execute(&mut *facts)
                .await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }
}

/// Number and time of the last change.
pub(super) async fn last(connection: &mut SqliteConnection) -> Result<Option<(i64, Timestamp)>, Fault> {
    let row: Option<(i64, i64)> = sqlx::query_as("SELECT seq, at_ms FROM change_log ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|(seq, at_ms)| (seq, time(at_ms))))
}

columns! {
    struct Row {
        seq: i64,
        at_ms: i64,
        table: String,
        row: i64,
        subject: String,
        summary: String,
    }
}

fn change(row: Row) -> Change {
    Change {
        seq: row.seq,
        at: time(row.at_ms),
        table: row.table,
        row: row.row,
        subject: row.subject,
        summary: row.summary,
    }
}
