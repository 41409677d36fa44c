//! Experiments: the question, the sittings that worked on it, the stages they went through, and how it ended.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::build;
use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::host::Host;
use super::json::{as_word, decode, encode, word};
use super::origin::Origin;
use super::pair::{self, PairFact, StandingFact};
use super::process::Process;
use super::profile::{self, ProfileFact};
use super::question::{kind, question};
use super::store::{Reader, now_ms, time};
use super::verdict::{self, VerdictFact};
use crate::improvements::{Direction, ImprovementId};
use crate::lab::experiment::{Binary, ExperimentId, Plan, Question, Side, Standing, Verdict};
use crate::lab::journal::Stage;

/// An experiment in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which.
    pub id: ExperimentId,
    /// What it asks.
    pub question: Question,
    /// When it was opened.
    pub at: Timestamp,
    /// Counting pairs of the main workload's deciding run.
    pub pairs: u32,
    /// What is known of the main workload: the ruling's published figure, or the last standing before one.
    pub standing: Option<Standing>,
    /// Which way its deciding metric improves.
    pub better: Direction,
    /// How it stands.
    pub ending: Ending,
    /// Where it came from, when this store did not record it.
    pub origin: Option<Origin>,
}

/// Why an experiment stopped that was opened for its profiles alone: as the store has it, among the reasons.
pub(super) const PROFILES_TAKEN: &str = "profiles were all that was asked for";

/// How an experiment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The process works on it.
    Running(Process),
    /// Its process is gone without a word: killed, or the machine went down. Can be resumed.
    Interrupted,
    /// It stopped before a verdict, and says why. Can be resumed.
    Stopped(String),
    /// Its profiles are taken: no verdict was asked for. Can be resumed to one.
    ProfilesTaken,
    /// Decided.
    Ruled(Verdict),
}

/// An experiment with all its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// In one line.
    pub summary: Summary,
    /// The plan in force: that of the last sitting.
    pub plan: Plan,
    /// The machine.
    pub host: Host,
    /// Agents credited, by number.
    pub agents: Vec<u32>,
    /// Stages begun, in order.
    pub stages: Vec<StageFact>,
    /// Arms built, in order.
    pub builds: Vec<Binary>,
    /// Pairs, in order.
    pub pairs: Vec<PairFact>,
    /// Standings, in order.
    pub standings: Vec<StandingFact>,
    /// Profiles, in order.
    pub profiles: Vec<ProfileFact>,
    /// The verdict.
    pub verdict: Option<VerdictFact>,
}

/// A stage that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFact {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub stage: Stage,
    /// What it was about to do.
    pub note: String,
}

impl Reader {
    /// The latest `limit` experiments, the newest first.
    pub async fn experiments(&self, limit: u32) -> Result<Vec<Summary>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        summaries(&mut connection, Wanted::All { limit }).await.at(self.path())
    }

    /// The latest experiments that ask one question, of whatever arms; the newest first.
    pub async fn experiments_of(&self, question: &Question, limit: u32) -> Result<Vec<Summary>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        summaries(&mut connection, Wanted::Of { question, limit }).await.at(self.path())
    }

    /// Everything that was measured of an improvement: added to a stack, and left out of it.
    pub async fn measured(&self, improvement: &ImprovementId) -> Result<Vec<Experiment>, StoreError> {
        let mut all = Vec::new();
        for question in [Question::AddOneIn(improvement.clone()), Question::LeaveOneOut(improvement.clone())] {
            for summary in self.experiments_of(&question, u32::MAX).await? {
                all.extend(self.experiment(summary.id).await?);
            }
        }
        Ok(all)
    }

    /// The latest experiment that was decided and asks exactly what `plan` asks: of the same arms, built from the same
    /// sources, on the same workloads, by the same rule.
    pub async fn decided(&self, plan: &Plan) -> Result<Option<Experiment>, StoreError> {
        let mut moment = self.moment().await.at(self.path())?;
        let found = async {
            let latest = "SELECT e.id FROM experiment e JOIN verdict v ON v.experiment = e.id
                          WHERE e.question = ? ORDER BY e.id DESC LIMIT 1";
            let id: Option<i64> = sqlx::query_scalar(latest).bind(digest(plan)).fetch_optional(&mut *moment).await?;
            match id {
                Some(id) => whole(&mut moment, ExperimentId(id)).await,
                None => Ok(None),
            }
        };
        found.await.at(self.path())
    }

    /// Digest of the tree whose improvements were measured last: a verdict on another one is stale.
    pub async fn latest_tree(&self) -> Result<Option<String>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        latest_tree(&mut connection).await.at(self.path())
    }

    /// The plan in force of an experiment.
    pub async fn plan(&self, id: ExperimentId) -> Result<Plan, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        plan_in_force(&mut connection, id).await.at(self.path())
    }

    /// One experiment with all its facts, of one moment; `None` when there is no such experiment.
    pub async fn experiment(&self, id: ExperimentId) -> Result<Option<Experiment>, StoreError> {
        let mut moment = self.moment().await.at(self.path())?;
        whole(&mut moment, id).await.at(self.path())
    }
}

/// Inserts a new experiment.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    plan: &Plan,
    agents: &[u32],
) -> Result<ExperimentId, Fault> {
    let host = Host::current();
    let id = sqlx::query_scalar(
        "INSERT INTO experiment (at_ms, kind, subject, feature, stack, tree_digest, question, host, host_digest, agents)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(now_ms())
    .bind(kind(&plan.question))
    .bind(plan.question.subject())
    .bind(plan.features_only_in(Side::B).join(", "))
    .bind(encode("stack", &plan.arm(Side::A).features)?)
    .bind(&plan.arm(Side::B).tree_digest)
    .bind(digest(plan))
    .bind(encode("host", &host)?)
    .bind(host.digest())
    .bind(encode("agents", &agents.to_vec())?)
    .fetch_one(connection)
    .await?;
    Ok(ExperimentId(id))
}

/// The latest experiment that asks what `plan` asks and has no verdict. One that was imported is not resumed: its pairs
/// are another machine's, or another store goes on with it.
pub(super) async fn undecided(connection: &mut SqliteConnection, plan: &Plan) -> Result<Option<ExperimentId>, Fault> {
    let id = sqlx::query_scalar(
        "SELECT id FROM experiment e
         WHERE question = ? AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.experiment = e.id)
           AND NOT EXISTS (SELECT 1 FROM imported i WHERE i.\"table\" = 'experiment' AND i.\"row\" = e.id)
         ORDER BY id DESC LIMIT 1",
    )
    .bind(digest(plan))
    .fetch_optional(connection)
    .await?;
    Ok(id.map(ExperimentId))
}

/// This process begins to work on an experiment.
pub(super) async fn sit_down(connection: &mut SqliteConnection, id: ExperimentId, plan: &Plan) -> Result<(), Fault> {
    let process = Process::current();
    sqlx::query("INSERT INTO sitting (experiment, at_ms, pid, started_ticks, plan) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(i64::from(process.pid))
        .bind(process.started_ticks.cast_signed())
        .bind(encode("plan", plan)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// A stage began.
pub(super) async fn stage(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    stage: Stage,
    note: &str,
) -> Result<(), Fault> {
    sqlx::query("INSERT INTO stage (experiment, at_ms, stage, note) VALUES (?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(as_word(&stage)?)
        .bind(note)
        .execute(connection)
        .await?;
    Ok(())
}

/// The sitting ended before a verdict.
pub(super) async fn stop(connection: &mut SqliteConnection, id: ExperimentId, reason: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO stopped (experiment, sitting, at_ms, reason)
         SELECT ?1, max(id), ?2, ?3 FROM sitting WHERE experiment = ?1",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// Question and agents of an experiment.
pub(super) async fn owners(connection: &mut SqliteConnection, id: ExperimentId) -> Result<(Question, Vec<u32>), Fault> {
    let found: Option<(String, String, String)> =
        sqlx::query_as("SELECT kind, subject, agents FROM experiment WHERE id = ?")
            .bind(id.0)
            .fetch_optional(connection)
            .await?;
    let Some((kind, subject, agents)) = found else {
        return Err(Fault::Refused { what: format!("there is no experiment {}", id.0) });
    };
    Ok((question(id.0, &kind, subject)?, decode("experiment", id.0, "agents", &agents)?))
}

/// The plan of the latest sitting.
pub(super) async fn plan_in_force(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Plan, Fault> {
    let plan: String = sqlx::query_scalar("SELECT plan FROM sitting WHERE experiment = ? ORDER BY id DESC LIMIT 1")
        .bind(id.0)
        .fetch_one(connection)
        .await?;
    decode("sitting of experiment", id.0, "plan", &plan)
}

/// Digest of the tree whose improvements were measured last.
pub(super) async fn latest_tree(connection: &mut SqliteConnection) -> Result<Option<String>, Fault> {
    let newest = "SELECT tree_digest FROM experiment WHERE kind = 'add_one_in' ORDER BY at_ms DESC, id DESC LIMIT 1";
    Ok(sqlx::query_scalar(newest).fetch_optional(connection).await?)
}

columns! {
    struct SummaryRow {
        id: i64,
        at_ms: i64,
        kind: String,
        subject: String,
        better: Option<String>,
        pairs: i64,
        pid: i64,
        started_ticks: i64,
        stopped: Option<String>,
        verdict: Option<String>,
        ruling: Option<String>,
        last_pairs: Option<i64>,
        last_estimate: Option<f64>,
        last_low: Option<f64>,
        last_high: Option<f64>,
        imported_ms: Option<i64>,
        document: Option<String>,
        file: Option<String>,
    }
}

/// Which experiments.
enum Wanted<'a> {
    All { limit: u32 },
    Of { question: &'a Question, limit: u32 },
    One(ExperimentId),
}

async fn summaries(connection: &mut SqliteConnection, wanted: Wanted<'_>) -> Result<Vec<Summary>, Fault> {
    let (one, asked, limit) = match wanted {
        Wanted::All { limit } => (None, None, limit),
        Wanted::Of { question, limit } => (None, Some(question), limit),
        Wanted::One(id) => (Some(id.0), None, 1),
    };
    let rows: Vec<SummaryRow> = sqlx::query_as(
        "SELECT e.id, e.at_ms, e.kind, e.subject, json_extract(s.plan, '$.workloads[0].better') AS better,
                (SELECT count(*) FROM pair p
                 WHERE p.experiment = e.id AND p.workload = 0 AND p.dropped IS NULL
                       AND p.run = iif(e.kind = 'itself', 'calibration', 'decision')) AS pairs,
                s.pid, s.started_ticks, x.reason AS stopped, v.verdict, v.ruling,
                l.pairs AS last_pairs, l.estimate AS last_estimate, l.low AS last_low, l.high AS last_high,
                i.at_ms AS imported_ms, i.document, i.file
         FROM (SELECT * FROM experiment WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR (kind = ?2 AND subject = ?3))
               ORDER BY at_ms DESC, id DESC LIMIT ?4) e
         JOIN sitting s ON s.id = (SELECT max(id) FROM sitting WHERE experiment = e.id)
         LEFT JOIN stopped x ON x.sitting = s.id
         LEFT JOIN verdict v ON v.experiment = e.id
         LEFT JOIN standing l ON l.id = (SELECT max(id) FROM standing WHERE experiment = e.id AND workload = 0)
         LEFT JOIN imported i ON i.\"table\" = 'experiment' AND i.\"row\" = e.id
         ORDER BY e.at_ms DESC, e.id DESC",
    )
    .bind(one)
    .bind(asked.map(kind))
    .bind(asked.map(Question::subject))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(summary).collect()
}

fn summary(row: SummaryRow) -> Result<Summary, Fault> {
    let process =
        Process { pid: u32::try_from(row.pid).unwrap_or_default(), started_ticks: row.started_ticks.cast_unsigned() };
    let ending = match (row.verdict, row.stopped) {
        (Some(verdict), _) => Ending::Ruled(word("verdict of experiment", row.id, "verdict", &verdict)?),
        (None, Some(reason)) if reason == PROFILES_TAKEN => Ending::ProfilesTaken,
        (None, Some(reason)) => Ending::Stopped(reason),
        (None, None) if process.is_alive() => Ending::Running(process),
        (None, None) => Ending::Interrupted,
    };
    let published = match &row.ruling {
        Some(ruling) => verdict::published(&decode("verdict of experiment", row.id, "ruling", ruling)?),
        None => None,
    };
    let last = row.last_pairs.zip(row.last_estimate);
    let last = last.map(|(pairs, estimate)| pair::standing(pairs, estimate, row.last_low, row.last_high));
    Ok(Summary {
        id: ExperimentId(row.id),
        question: question(row.id, &row.kind, row.subject)?,
        at: time(row.at_ms),
        pairs: u32::try_from(row.pairs).unwrap_or(u32::MAX),
        standing: published.or(last),
        better: verdict::better(row.id, row.better.as_deref())?,
        ending,
        origin: row.imported_ms.map(|at_ms| Origin {
            imported_at: time(at_ms),
            document: row.document.unwrap_or_default(),
            file: row.file.unwrap_or_default(),
        }),
    })
}

pub(super) async fn whole(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Option<Experiment>, Fault> {
    let row: Option<(String, String)> = sqlx::query_as("SELECT host, agents FROM experiment WHERE id = ?")
        .bind(id.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some((host, agents)) = row else { return Ok(None) };
    let Some(summary) = summaries(connection, Wanted::One(id)).await?.pop() else { return Ok(None) };
    Ok(Some(Experiment {
        summary,
        plan: plan_in_force(connection, id).await?,
        host: decode("experiment", id.0, "host", &host)?,
        agents: decode("experiment", id.0, "agents", &agents)?,
        stages: stages(connection, id).await?,
        builds: build::of(connection, id).await?,
        pairs: pair::of(connection, id, 0).await?,
        standings: pair::standings_of(connection, id, 0).await?,
        profiles: profile::of(connection, id).await?,
        verdict: verdict::of(connection, id).await?,
    }))
}

async fn stages(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Vec<StageFact>, Fault> {
    let rows: Vec<(i64, i64, String, String)> =
        sqlx::query_as("SELECT id, at_ms, stage, note FROM stage WHERE experiment = ? ORDER BY id")
            .bind(id.0)
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(row, at_ms, stage, note)| {
            Ok(StageFact { at: time(at_ms), stage: word("stage", row, "stage", &stage)?, note })
        })
        .collect()
}

/// What two plans must have in common for the pairs of one to count for the other: the arms, the tree, the work done in
/// a process, and the rule. Not the noise, the time or the seed: these may be known better at a second sitting.
fn digest(plan: &Plan) -> String {
    let work: Vec<serde_json::Value> = plan
        .workloads
        .iter()
        .map(|w| {
            serde_json::json!([
                w.label,
                w.role,
                w.workload,
                w.params,
                w.metric,
                w.better,
                w.required_gain,
                w.slice_ms,
                w.slices,
                w.warmup
            ])
        })
        .collect();
    let (a, rule) = (plan.arm(Side::A), plan.policy.rule_version);
    let text = match &plan.question {
        // As it was while there was no other question: what was interrupted then goes on.
        Question::AddOneIn(id) => {
            let feature = plan.features_only_in(Side::B).join(", ");
            serde_json::json!([id, a.features, feature, a.tree_digest, plan.mechanism, rule, work])
        }
        asked @ (Question::LeaveOneOut(_) | Question::Itself | Question::Compare | Question::HandedIn(_)) => {
            let arms = plan.arms.each_ref().map(|arm| (&arm.features, &arm.tree_digest));
            serde_json::json!([asked, arms, plan.mechanism, rule, work])
        }
    };
    format!("{:x}", Sha256::digest(text.to_string()))
}
