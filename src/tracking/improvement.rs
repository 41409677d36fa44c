//! What is known of improvements: statuses that somebody set, and the facts that statuses are derived from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::{as_word, word};
use super::status::Known;
use super::store::{Reader, Store, now_ms, time};
use super::{note, verdict};
use crate::improvements::{ImprovementId, Status};
use crate::lab::experiment::{ExperimentId, Question, Verdict};

/// A status that somebody set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetStatus {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub status: Status,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// Complete, although no accepted evidence was there.
    pub forced: bool,
}

impl Store {
    /// Records a status that somebody sets. Complete needs accepted evidence that still stands, or `force` and a reason.
    /// Returns what was recorded.
    pub async fn set_status(
        &self,
        improvement: &ImprovementId,
        status: Status,
        reason: &str,
        author: &str,
        force: bool,
    ) -> Result<SetStatus, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            let known = known(&mut facts).await?.remove(improvement).unwrap_or_default();
            let forced = permitted(&known, status, reason, force).map_err(|what| Fault::Refused { what })?;
            let at_ms = now_ms();
            sqlx::query(
                "INSERT INTO improvement_status (at_ms, improvement, status, reason, author, forced)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(at_ms)
            .bind(&improvement.0)
            .bind(as_word(&status)?)
            .bind(reason)
            .bind(author)
            .bind(forced)
            .execute(&mut *facts)
            .await?;
            facts.commit().await?;
            let (reason, author) = (reason.to_owned(), author.to_owned());
            Ok::<_, Fault>(SetStatus { at: time(at_ms), status, reason, author, forced })
        };
        recorded.await.at(self.path())
    }
}

/// Whether a person may set `status`: `Ok(true)` when it takes force, `Err` with what is missing.
pub fn permitted(known: &Known, status: Status, reason: &str, force: bool) -> Result<bool, String> {
    let without_reason = reason.trim().is_empty();
    match status {
        Status::Planned | Status::InProgress => Ok(false),
        Status::Blocked | Status::Cancelled if without_reason => Err(format!("{status} needs a reason")),
        Status::Blocked | Status::Cancelled => Ok(false),
        Status::Complete if known.accepted().is_some() => Ok(false),
        Status::Complete if !force => Err(match &known.decisive {
            Some(verdict) => {
                format!("Complete needs accepted evidence, and verdict {} is {}", verdict.row, verdict.ruling.verdict)
            }
            None => "Complete needs accepted evidence, and there is none".to_owned(),
        }),
        Status::Complete if without_reason => {
            Err("Complete by force needs a reason, which is shown for ever".to_owned())
        }
        Status::Complete => Ok(true),
    }
}

impl Reader {
    /// What is known of every improvement that has any fact, of one moment.
    pub async fn known(&self) -> Result<BTreeMap<ImprovementId, Known>, StoreError> {
        let mut moment = self.moment().await.at(self.path())?;
        known(&mut moment).await.at(self.path())
    }

    /// The statuses somebody set for an improvement, the newest first.
    pub async fn statuses(&self, improvement: &ImprovementId) -> Result<Vec<SetStatus>, StoreError> {
        let read = async {
            let mut connection = self.connection().await?;
            let rows =
                sqlx::query_as("SELECT * FROM improvement_status WHERE improvement = ? ORDER BY at_ms DESC, id DESC")
                    .bind(&improvement.0)
                    .fetch_all(&mut *connection)
                    .await?;
            rows.into_iter().map(|row: Row| row.set()).collect::<Result<_, Fault>>()
        };
        read.await.at(self.path())
    }
}

/// What is known of every improvement that has any fact.
pub(super) async fn known(connection: &mut SqliteConnection) -> Result<BTreeMap<ImprovementId, Known>, Fault> {
    let mut all: BTreeMap<ImprovementId, Known> = BTreeMap::new();
    let by_time: Vec<(String, i64)> =
        sqlx::query_as("SELECT subject, id FROM experiment WHERE kind = 'add_one_in' ORDER BY at_ms, id")
            .fetch_all(&mut *connection)
            .await?;
    for (improvement, id) in by_time {
        all.entry(ImprovementId(improvement)).or_default().experiment = Some(ExperimentId(id));
    }
    for verdict in verdict::latest(connection).await? {
        let decides = verdict.ruling.verdict != Verdict::Inconclusive;
        match verdict.question.clone() {
            Question::AddOneIn(id) => {
                let known = all.entry(id).or_default();
                if decides {
                    known.decisive = Some(verdict.clone());
                }
                known.latest = Some(verdict);
            }
            Question::LeaveOneOut(id) => {
                let known = all.entry(id).or_default();
                if decides || known.left_out.is_none() {
                    known.left_out = Some(verdict);
                }
            }
            Question::Itself | Question::Compare | Question::HandedIn(_) => {}
        }
    }
    let rows: Vec<Row> =
        sqlx::query_as("SELECT * FROM improvement_status ORDER BY at_ms, id").fetch_all(&mut *connection).await?;
    for row in rows {
        let set = row.set()?;
        let known = all.entry(ImprovementId(row.improvement)).or_default();
        if set.forced && known.forced.is_none() {
            known.forced = Some(set.clone());
        }
        known.set = Some(set);
    }
    for (improvement, note) in note::of(connection, None).await? {
        all.entry(improvement).or_default().notes.push(note);
    }
    Ok(all)
}

columns! {
    struct Row {
        id: i64,
        at_ms: i64,
        improvement: String,
        status: String,
        reason: String,
        author: String,
        forced: bool,
    }
}

impl Row {
    fn set(&self) -> Result<SetStatus, Fault> {
        Ok(SetStatus {
            at: time(self.at_ms),
            status: word("improvement_status", self.id, "status", &self.status)?,
            reason: self.reason.clone(),
            author: self.author.clone(),
            forced: self.forced,
        })
    }
}
