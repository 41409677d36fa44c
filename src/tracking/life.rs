//! The life of an assignment, put together from its rows.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::Fault;
use super::json::word;
use super::store::time;
use crate::agents::facts::{
    Assignment, AssignmentId, Attempt, AttemptId, Checked, Ended, Life, Merged, Review, Said, Submission, SubmissionId,
    Withdrawn, Worker,
};
use crate::improvements::ImprovementId;

/// One of them.
pub(super) async fn one(connection: &mut SqliteConnection, id: AssignmentId) -> Result<Option<Life>, Fault> {
    Ok(all(connection).await?.into_iter().find(|life| life.assignment.id == id))
}

/// All of them, the oldest first. There are as many as improvements were ever given to somebody: each table is read once.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Life>, Fault> {
    let mut attempts = attempts(connection).await?;
    let mut submissions = submissions(connection).await?;
    let mut withdrawn = withdrawn(connection).await?;
    let rows: Vec<AssignmentRow> =
        sqlx::query_as("SELECT * FROM assignment ORDER BY id").fetch_all(&mut *connection).await?;
    let life = |row: AssignmentRow| Life {
        attempts: attempts.remove(&row.id).unwrap_or_default(),
        submissions: submissions.remove(&row.id).unwrap_or_default(),
        withdrawn: withdrawn.remove(&row.id),
        assignment: Assignment {
            id: AssignmentId(row.id),
            at: time(row.at_ms),
            improvement: ImprovementId(row.improvement),
            agent: row.agent,
            branch: row.branch,
            base: row.base,
        },
    };
    Ok(rows.into_iter().map(life).collect())
}

type Many<T> = BTreeMap<i64, Vec<T>>;

async fn attempts(connection: &mut SqliteConnection) -> Result<Many<Attempt>, Fault> {
    let (mut workers, mut said, mut ends) = (Many::new(), Many::new(), BTreeMap::new());
    let rows: Vec<WorkerRow> =
        sqlx::query_as("SELECT * FROM attempt_worker ORDER BY id").fetch_all(&mut *connection).await?;
    for row in rows {
        let role = word("attempt_worker", row.id, "role", &row.role)?;
        let worker = Worker { role, pid: row.pid, started_ticks: u64::try_from(row.started_ticks).unwrap_or_default() };
        workers.entry(row.attempt).or_default().push(worker);
    }
    let rows: Vec<SaidRow> =
        sqlx::query_as("SELECT * FROM attempt_said ORDER BY id").fetch_all(&mut *connection).await?;
    for row in rows {
        let state = word("attempt_said", row.id, "state", &row.state)?;
        said.entry(row.attempt).or_default().push(Said { at: time(row.at_ms), state, note: row.note });
    }
    let rows: Vec<EndRow> = sqlx::query_as("SELECT * FROM attempt_end ORDER BY id").fetch_all(&mut *connection).await?;
    for row in rows {
        let ended = Ended {
            at: time(row.at_ms),
            ending: word("attempt_end", row.id, "ending", &row.ending)?,
            reason: row.reason,
            exit_code: row.exit_code,
            output_bytes: u64::try_from(row.output_bytes).unwrap_or_default(),
            left_behind: row.left_behind,
            snapshot: row.snapshot,
        };
        ends.insert(row.attempt, ended);
    }
    let rows: Vec<AttemptRow> = sqlx::query_as("SELECT * FROM attempt ORDER BY id").fetch_all(connection).await?;
    let mut found = Many::new();
    for row in rows {
        let attempt = Attempt {
            id: AttemptId(row.id),
            number: row.number,
            at: time(row.at_ms),
            token: row.token,
            workers: workers.remove(&row.id).unwrap_or_default(),
            said: said.remove(&row.id).unwrap_or_default(),
            ended: ends.remove(&row.id),
        };
        found.entry(row.assignment).or_default().push(attempt);
    }
    Ok(found)
}

async fn submissions(connection: &mut SqliteConnection) -> Result<Many<Submission>, Fault> {
    let (mut checked, mut reviews, mut merged) = (Many::new(), Many::new(), BTreeMap::new());
    let rows: Vec<GateRow> = sqlx::query_as("SELECT * FROM gate ORDER BY id").fetch_all(&mut *connection).await?;
    for row in rows {
        let found = Checked {
            at: time(row.at_ms),
            gate: word("gate", row.id, "gate", &row.gate)?,
            outcome: word("gate", row.id, "outcome", &row.outcome)?,
            reason: row.reason,
            experiment: row.experiment,
        };
        checked.entry(row.submission).or_default().push(found);
    }
    let rows: Vec<ReviewRow> = sqlx::query_as("SELECT * FROM review ORDER BY id").fetch_all(&mut *connection).await?;
    for row in rows {
        let decision = word("review", row.id, "decision", &row.decision)?;
        let review = Review { at: time(row.at_ms), decision, author: row.author, comment: row.comment };
        reviews.entry(row.submission).or_default().push(review);
    }
    let rows: Vec<MergedRow> = sqlx::query_as("SELECT * FROM merged ORDER BY id").fetch_all(&mut *connection).await?;
    for MergedRow { at_ms, submission, branch, commit } in rows {
        merged.insert(submission, Merged { at: time(at_ms), branch, commit });
    }
    let rows: Vec<SubmissionRow> = sqlx::query_as("SELECT * FROM submission ORDER BY id").fetch_all(connection).await?;
    let mut found = Many::new();
    for row in rows {
        let submission = Submission {
            id: SubmissionId(row.id),
            at: time(row.at_ms),
            attempt: row.attempt.map(AttemptId),
            commit: row.commit,
            note: row.note,
            checked: checked.remove(&row.id).unwrap_or_default(),
            reviews: reviews.remove(&row.id).unwrap_or_default(),
            merged: merged.remove(&row.id),
        };
        found.entry(row.assignment).or_default().push(submission);
    }
    Ok(found)
}

async fn withdrawn(connection: &mut SqliteConnection) -> Result<BTreeMap<i64, Withdrawn>, Fault> {
    let rows: Vec<WithdrawnRow> = sqlx::query_as("SELECT * FROM withdrawn ORDER BY id").fetch_all(connection).await?;
    let fact =
        |row: WithdrawnRow| (row.assignment, Withdrawn { at: time(row.at_ms), author: row.author, reason: row.reason });
    Ok(rows.into_iter().map(fact).collect())
}

columns! {
    struct AssignmentRow {
        id: i64,
        at_ms: i64,
        improvement: String,
        agent: u32,
        branch: String,
        base: String,
    }
}

columns! {
    struct AttemptRow {
        id: i64,
        assignment: i64,
        at_ms: i64,
        number: u32,
        token: String,
    }
}

columns! {
    struct WorkerRow {
        id: i64,
        attempt: i64,
        role: String,
        pid: i32,
        started_ticks: i64,
    }
}

columns! {
    struct SaidRow {
        id: i64,
        attempt: i64,
        at_ms: i64,
        state: String,
        note: String,
    }
}

columns! {
    struct EndRow {
        id: i64,
        attempt: i64,
        at_ms: i64,
        ending: String,
        reason: String,
        exit_code: Option<i32>,
        output_bytes: i64,
        left_behind: u32,
        snapshot: Option<String>,
    }
}

columns! {
    struct SubmissionRow {
        id: i64,
        assignment: i64,
        attempt: Option<i64>,
        at_ms: i64,
        commit: String,
        note: String,
    }
}

columns! {
    struct GateRow {
        id: i64,
        submission: i64,
        at_ms: i64,
        gate: String,
        outcome: String,
        reason: String,
        experiment: Option<i64>,
    }
}

columns! {
    struct ReviewRow {
        id: i64,
        submission: i64,
        at_ms: i64,
        decision: String,
        author: String,
        comment: String,
    }
}

columns! {
    struct MergedRow {
        at_ms: i64,
        submission: i64,
        branch: String,
        commit: String,
    }
}

columns! {
    struct WithdrawnRow {
        assignment: i64,
        at_ms: i64,
        author: String,
        reason: String,
    }
}
