//! Assignments: who works on what, each attempt, what was handed in and what became of it.

use sqlx::SqliteConnection;

use super::agent::{self, AgentState};
use super::error::{At, Fault, StoreError};
use super::json::as_word;
use super::life;
use super::store::{Reader, Store, now_ms, time};
use crate::agents::Stage;
use crate::agents::facts::{
    Assignment, AssignmentId, Attempt, AttemptId, Checked, Doing, Ended, Life, Merged, Review, SubmissionId, Withdrawn,
    Worker,
};
use crate::agents::supervisor::Logbook;
use crate::improvements::ImprovementId;

/// An attempt that was just begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its number in the store.
    pub id: AttemptId,
    /// The how-many-eth of its assignment, from 1.
    pub number: u32,
}

/// Where an attempt's supervisor writes down what happens.
#[derive(Debug)]
pub struct AttemptLog<'a> {
    store: &'a Store,
    attempt: AttemptId,
    agent: u32,
}

impl Reader {
    /// All assignments with all that is known of them, the oldest first.
    pub async fn lives(&self) -> Result<Vec<Life>, StoreError> {
        let mut moment = self.moment().await.at(self.path())?;
        life::all(&mut moment).await.at(self.path())
    }
}

impl Store {
    /// Gives an improvement to an agent. Refused while an open assignment of it is there.
    pub async fn assign(
        &self,
        improvement: &ImprovementId,
        agent: u32,
        branch: impl FnOnce(AssignmentId) -> String,
        base: &str,
    ) -> Result<Assignment, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            if let Some(open) = open(&mut facts, improvement).await? {
                let what = format!("{improvement} is in the hands of agent {} ({})", open.agent, open.id);
                return Err(Fault::Refused { what });
            }
            // The branch is named after the number that the row will get.
            let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'assignment'")
                .fetch_optional(&mut *facts)
                .await?;
            let id = AssignmentId(last.unwrap_or_default() + 1);
            let (at_ms, branch) = (now_ms(), branch(id));
            sqlx::query(
                "INSERT INTO assignment (id, at_ms, improvement, agent, branch, base) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(id.0)
            .bind(at_ms)
            .bind(&improvement.0)
            .bind(agent)
            .bind(&branch)
            .bind(base)
            .execute(&mut *facts)
            .await?;
            facts.commit().await?;
            let (improvement, base, at) = (improvement.clone(), base.to_owned(), time(at_ms));
            Ok::<_, Fault>(Assignment { id, at, improvement, agent, branch, base })
        };
        recorded.await.at(self.path())
    }

    /// Begins an attempt, watched over by `supervisor`. Refused unless the assignment is at a stage where one may begin.
    pub async fn begin_attempt(
        &self,
        assignment: &Assignment,
        token: &str,
        supervisor: Worker,
    ) -> Result<Begun, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            let life = life::one(&mut facts, assignment.id).await?;
            let stage = life.as_ref().map(Stage::now);
            if !stage.is_some_and(Stage::may_begin) {
                let stage = stage.map_or("not there".to_owned(), |stage| stage.to_string());
                return Err(Fault::Refused { what: format!("{} is {stage}: no attempt may begin", assignment.id) });
            }
            let number =
                u32::try_from(life.map_or(0, |life| life.attempts.len())).unwrap_or(u32::MAX).saturating_add(1);
            let id: i64 = sqlx::query_scalar(
                "INSERT INTO attempt (assignment, at_ms, number, token) VALUES (?, ?, ?, ?) RETURNING id",
            )
            .bind(assignment.id.0)
            .bind(now_ms())
            .bind(number)
            .bind(token)
            .fetch_one(&mut *facts)
            .await?;
            worker(&mut facts, AttemptId(id), supervisor).await?;
            let note = format!("attempt {number} at {}", assignment.improvement);
            let (agent, improvement) = (assignment.agent, Some(&assignment.improvement));
            agent::insert(&mut facts, agent, AgentState::Active, improvement, &note, "workbench").await?;
            facts.commit().await?;
            Ok::<_, Fault>(Begun { id: AttemptId(id), number })
        };
        recorded.await.at(self.path())
    }

    /// Where the supervisor of `attempt` writes.
    pub fn attempt_log(&self, attempt: AttemptId, agent: u32) -> AttemptLog<'_> {
        AttemptLog { store: self, attempt, agent }
    }

    /// Records how an attempt ended. The first end is the one that counts: of two that race, the second changes nothing.
    pub async fn end_attempt(
        &self,
        assignment: &Assignment,
        attempt: AttemptId,
        ended: &Ended,
    ) -> Result<bool, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            let done = sqlx::query(
                "INSERT INTO attempt_end (attempt, at_ms, ending, reason, exit_code, output_bytes, left_behind, snapshot)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (attempt) DO NOTHING",
            )
            .bind(attempt.0)
            .bind(ended.at.as_millisecond())
            .bind(as_word(&ended.ending)?)
            .bind(&ended.reason)
            .bind(ended.exit_code)
            .bind(i64::try_from(ended.output_bytes).unwrap_or(i64::MAX))
            .bind(ended.left_behind)
            .bind(&ended.snapshot)
            .execute(&mut *facts)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            let note = format!("{} {}", assignment.improvement, ended.reason);
            agent::insert(
                &mut facts,
                assignment.agent,
                AgentState::Ready,
                Some(&assignment.improvement),
                &note,
                "workbench",
            )
            .await?;
            facts.commit().await?;
            Ok::<_, Fault>(true)
        };
        recorded.await.at(self.path())
    }

    /// Records what an agent says of itself.
    pub async fn say(
        &self,
        assignment: &Assignment,
        attempt: &Attempt,
        doing: Doing,
        note: &str,
    ) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query("INSERT INTO attempt_said (attempt, at_ms, state, note) VALUES (?, ?, ?, ?)")
                .bind(attempt.id.0)
                .bind(now_ms())
                .bind(as_word(&doing)?)
                .bind(note)
                .execute(&mut *facts)
                .await?;
            let state = match doing {
                Doing::Working => AgentState::Active,
                Doing::Waiting => AgentState::Waiting,
                Doing::NeedsInput => AgentState::NeedsInput,
            };
            agent::insert(&mut facts, assignment.agent, state, Some(&assignment.improvement), note, "agent").await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }

    /// Records a commit that was handed in; `None` when the same one was handed in before.
    pub async fn submit(
        &self,
        assignment: AssignmentId,
        attempt: Option<AttemptId>,
        commit: &str,
        note: &str,
    ) -> Result<Option<SubmissionId>, StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            let id: Option<i64> = sqlx::query_scalar(
                r#"INSERT INTO submission (assignment, attempt, at_ms, "commit", note) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (assignment, "commit") DO NOTHING RETURNING id"#,
            )
            .bind(assignment.0)
            .bind(attempt.map(|attempt| attempt.0))
            .bind(now_ms())
            .bind(commit)
            .bind(note)
            .fetch_optional(&mut *facts)
            .await?;
            facts.commit().await?;
            Ok::<_, Fault>(id.map(SubmissionId))
        };
        recorded.await.at(self.path())
    }

    /// Records what a gate found.
    pub async fn check_gate(&self, submission: SubmissionId, found: &Checked) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query(
                "INSERT INTO gate (submission, at_ms, gate, outcome, reason, experiment) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(submission.0)
            .bind(found.at.as_millisecond())
            .bind(as_word(&found.gate)?)
            .bind(as_word(&found.outcome)?)
            .bind(&found.reason)
            .bind(found.experiment)
            .execute(&mut *facts)
            .await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }

    /// Records what a reviewer said.
    pub async fn review(&self, submission: SubmissionId, review: &Review) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query("INSERT INTO review (submission, at_ms, decision, author, comment) VALUES (?, ?, ?, ?, ?)")
                .bind(submission.0)
                .bind(review.at.as_millisecond())
                .bind(as_word(&review.decision)?)
                .bind(&review.author)
                .bind(&review.comment)
                .execute(&mut *facts)
                .await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }

    /// Records where a submission landed.
    pub async fn merged(&self, submission: SubmissionId, merged: &Merged) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query(r#"INSERT INTO merged (submission, at_ms, branch, "commit") VALUES (?, ?, ?, ?)"#)
                .bind(submission.0)
                .bind(merged.at.as_millisecond())
                .bind(&merged.branch)
                .bind(&merged.commit)
                .execute(&mut *facts)
                .await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }

    /// Records that nobody works on it any more.
    pub async fn withdraw(&self, assignment: AssignmentId, withdrawn: &Withdrawn) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            sqlx::query("INSERT INTO withdrawn (assignment, at_ms, author, reason) VALUES (?, ?, ?, ?)")
                .bind(assignment.0)
                .bind(withdrawn.at.as_millisecond())
                .bind(&withdrawn.author)
                .bind(&withdrawn.reason)
                .execute(&mut *facts)
                .await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }
}

impl Logbook for AttemptLog<'_> {
    type Error = StoreError;

    async fn started(&mut self, agent: Worker) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.store.facts().await?;
            worker(&mut facts, self.attempt, agent).await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.store.path())
    }

    async fn alive(&mut self, activity: &str) -> Result<(), StoreError> {
        self.store.beat(self.agent, activity, "supervisor").await
    }
}

/// The open assignment of an improvement.
async fn open(facts: &mut SqliteConnection, improvement: &ImprovementId) -> Result<Option<Assignment>, Fault> {
    let lives = life::all(facts).await?;
    let is_it = |life: &Life| life.assignment.improvement == *improvement && Stage::now(life).is_open();
    Ok(lives.into_iter().find(is_it).map(|life| life.assignment))
}

async fn worker(facts: &mut SqliteConnection, attempt: AttemptId, worker: Worker) -> Result<(), Fault> {
    sqlx::query("INSERT INTO attempt_worker (attempt, at_ms, role, pid, started_ticks) VALUES (?, ?, ?, ?, ?)")
        .bind(attempt.0)
        .bind(now_ms())
        .bind(as_word(&worker.role)?)
        .bind(worker.pid)
        .bind(i64::try_from(worker.started_ticks).unwrap_or(i64::MAX))
        .execute(facts)
        .await?;
    Ok(())
}
