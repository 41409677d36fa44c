//! Agents: what each was last known to do, and who says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::{as_word, word};
use super::store::{Reader, Store, now_ms, time};
use crate::improvements::ImprovementId;

/// What an agent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AgentState {
    /// Free for work.
    Ready,
    /// At work.
    Active,
    /// Waits for something that is not a person.
    Waiting,
    /// Waits for a person.
    #[serde(rename = "Needs Input")]
    NeedsInput,
}

/// A status of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFact {
    /// Its number in the roster.
    pub agent: u32,
    /// Since when.
    pub at: Timestamp,
    /// What it is doing.
    pub state: AgentState,
    /// On which improvement.
    pub improvement: Option<ImprovementId>,
    /// In words.
    pub note: String,
    /// Who says so: `workbench`, `agent`, a person.
    pub source: String,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The agent's number.
    pub agent: u32,
    /// When.
    pub at: Timestamp,
    /// What it was doing.
    pub activity: String,
    /// Where this is known from.
    pub source: String,
}

impl AgentState {
    /// As people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Active => "Active",
            Self::Waiting => "Waiting",
            Self::NeedsInput => "Needs Input",
        }
    }
}

impl Store {
    /// Records what an agent is doing.
    pub async fn set_agent(
        &self,
        agent: u32,
        state: AgentState,
        improvement: Option<&ImprovementId>,
        note: &str,
        source: &str,
    ) -> Result<(), StoreError> {
        let recorded = async {
            let mut facts = self.facts().await?;
            insert(&mut facts, agent, state, improvement, note, source).await?;
            Ok::<_, Fault>(facts.commit().await?)
        };
        recorded.await.at(self.path())
    }

    /// Notes a sign of life. Only the last one of each agent is kept.
    pub async fn beat(&self, agent: u32, activity: &str, source: &str) -> Result<(), StoreError> {
        let noted = async {
            let mut live = self.live().await?;
            sqlx::query(
                "INSERT INTO heartbeat (agent, at_ms, activity, source) VALUES (?, ?, ?, ?)
                 ON CONFLICT (agent) DO UPDATE SET at_ms = excluded.at_ms, activity = excluded.activity,
                                                   source = excluded.source",
            )
            .bind(agent)
            .bind(now_ms())
            .bind(activity)
            .bind(source)
            .execute(&mut *live)
            .await?;
            Ok::<_, Fault>(live.commit().await?)
        };
        noted.await.at(self.path())
    }
}

impl Reader {
    /// The latest status of each agent that has one, by number.
    pub async fn agents(&self) -> Result<Vec<AgentFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        latest(&mut connection).await.at(self.path())
    }

    /// The latest sign of life of each agent that gave one, by number.
    pub async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let rows: Vec<(u32, i64, String, String)> =
            sqlx::query_as("SELECT agent, at_ms, activity, source FROM heartbeat ORDER BY agent")
                .fetch_all(&mut *connection)
                .await
                .at(self.path())?;
        let beat = |(agent, at_ms, activity, source)| Heartbeat { agent, at: time(at_ms), activity, source };
        Ok(rows.into_iter().map(beat).collect())
    }
}

/// Records a status.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    agent: u32,
    state: AgentState,
    improvement: Option<&ImprovementId>,
    note: &str,
    source: &str,
) -> Result<(), Fault> {
    sqlx::query("INSERT INTO agent_status (at_ms, agent, state, improvement, note, source) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(now_ms())
        .bind(agent)
        .bind(as_word(&state)?)
        .bind(improvement.map(|id| &id.0))
        .bind(note)
        .bind(source)
        .execute(connection)
        .await?;
    Ok(())
}

/// The latest status of each agent.
pub(super) async fn latest(connection: &mut SqliteConnection) -> Result<Vec<AgentFact>, Fault> {
    columns! {
        struct Row {
            id: i64,
            at_ms: i64,
            agent: u32,
            state: String,
            improvement: Option<String>,
            note: String,
            source: String,
        }
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, agent, state, improvement, note, source FROM agent_status
         WHERE id IN (SELECT max(id) FROM agent_status GROUP BY agent) ORDER BY agent",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AgentFact {
                agent: row.agent,
                at: time(row.at_ms),
                state: word("agent_status", row.id, "state", &row.state)?,
                improvement: row.improvement.map(ImprovementId),
                note: row.note,
                source: row.source,
            })
        })
        .collect()
}
