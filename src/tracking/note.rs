//! What people have noted about improvements. Nothing is decided by it.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::store::{Reader, Store, now_ms, time};
use crate::improvements::ImprovementId;

/// What somebody has noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
    /// Who.
    #[serde(rename = "by")]
    pub author: String,
}

impl Store {
    /// Records a note. Returns it as it was recorded.
    pub async fn note(&self, improvement: &ImprovementId, text: &str, author: &str) -> Result<Note, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            let at_ms = now_ms();
            sqlx::query("INSERT INTO note (at_ms, improvement, text, author) VALUES (?, ?, ?, ?)")
                .bind(at_ms)
                .bind(&improvement.0)
                .bind(text)
                .bind(author)
                .execute(&mut *facts)
                .await?;
            facts.commit().await?;
            Ok::<_, Fault>(Note { at: time(at_ms), text: text.to_owned(), author: author.to_owned() })
        };
        recorded.await.at(self.path())
    }
}

impl Reader {
    /// What people have noted about an improvement, the oldest first.
    pub async fn noted(&self, improvement: &ImprovementId) -> Result<Vec<Note>, StoreError> {
        let read = async { of(&mut *self.connection().await?, Some(improvement)).await };
        Ok(read.await.at(self.path())?.into_iter().map(|(_, note)| note).collect())
    }
}

/// The notes about one improvement, or about all; the oldest first.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    improvement: Option<&ImprovementId>,
) -> Result<Vec<(ImprovementId, Note)>, Fault> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM note WHERE ?1 IS NULL OR improvement = ?1 ORDER BY at_ms, id")
        .bind(improvement.map(|id| id.0.as_str()))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Row::note).collect())
}

columns! {
    struct Row {
        at_ms: i64,
        improvement: String,
        text: String,
        author: String,
    }
}

impl Row {
    fn note(self) -> (ImprovementId, Note) {
        (ImprovementId(self.improvement), Note { at: time(self.at_ms), text: self.text, author: self.author })
    }
}
