//! Screens: the question, the sittings that worked on it, its layouts, builds and pairs, and how it ended.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::host::Host;
use super::json::{as_word, decode, encode, word};
use super::process::Process;
use super::store::{Reader, now_ms, time};
use super::{build, pair};
use crate::lab::experiment::{Binary, Pair};
use crate::lab::journal::Stage;
use crate::lab::screen::facts::{Conflict, Factor, Layout, Levels, Loss, Purpose, RowPair, ScreenId, ScreenPlan};

/// A screen in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct ScreenSummary {
    /// Which.
    pub id: ScreenId,
    /// What is asked.
    pub purpose: Purpose,
    /// Of which improvements.
    pub factors: Vec<Factor>,
    /// When it was opened.
    pub at: Timestamp,
    /// How it stands.
    pub ending: ScreenEnding,
}

/// How a screen stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenEnding {
    /// The process works on it.
    Running(Process),
    /// Its process is gone without a word. Can be resumed.
    Interrupted,
    /// It stopped before its end, and says why. Can be resumed.
    Stopped(String),
    /// All builds of its layout have their pairs; what was seen, in a sentence.
    Ended(String),
}

/// A screen with all its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    /// In one line.
    pub summary: ScreenSummary,
    /// Its plan.
    pub plan: ScreenPlan,
    /// The machine.
    pub host: Host,
    /// The builds in force; none while nothing was laid out.
    pub layout: Option<Layout>,
    /// Builds that are lost.
    pub losses: Vec<Loss>,
    /// What does not build together.
    pub conflicts: Vec<Conflict>,
    /// Builds, in order.
    pub builds: Vec<Binary>,
    /// Pairs, in order.
    pub pairs: Vec<RowPair>,
}

impl Reader {
    /// The latest `limit` screens, the newest first.
    pub async fn screens(&self, limit: u32) -> Result<Vec<ScreenSummary>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        summaries(&mut connection, None, limit).await.at(self.path())
    }

    /// One screen with all its facts, of one moment; `None` when there is no such screen.
    pub async fn screen(&self, id: ScreenId) -> Result<Option<Screen>, StoreError> {
        let mut moment = self.moment().await.at(self.path())?;
        whole(&mut moment, id).await.at(self.path())
    }
}

/// The latest screen of each kind that has come to its end.
pub(super) async fn latest_ended(connection: &mut SqliteConnection) -> Result<Vec<Screen>, Fault> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM (SELECT s.id, s.purpose, row_number() OVER (PARTITION BY s.purpose ORDER BY s.at_ms DESC, s.id DESC) AS place
                         FROM screen s WHERE EXISTS (SELECT 1 FROM screen_end e WHERE e.screen = s.id))
         WHERE place = 1 ORDER BY purpose DESC",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut screens = Vec::with_capacity(ids.len());
    for id in ids {
        screens.extend(whole(connection, ScreenId(id)).await?);
    }
    Ok(screens)
}

/// Inserts a new screen.
pub(super) async fn insert(connection: &mut SqliteConnection, plan: &ScreenPlan) -> Result<ScreenId, Fault> {
    let host = Host::current();
    let id = sqlx::query_scalar(
        "INSERT INTO screen (at_ms, purpose, factors, tree_digest, question, host, host_digest)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(now_ms())
    .bind(as_word(&plan.purpose)?)
    .bind(encode("factors", &plan.factors)?)
    .bind(&plan.tree_digest)
    .bind(question(plan))
    .bind(encode("host", &host)?)
    .bind(host.digest())
    .fetch_one(connection)
    .await?;
    Ok(ScreenId(id))
}

/// The latest screen that asks what `plan` asks. One that was imported is not gone on with: its pairs are another machine's.
pub(super) async fn latest(connection: &mut SqliteConnection, plan: &ScreenPlan) -> Result<Option<ScreenId>, Fault> {
    let id: Option<i64> = sqlx::query_scalar(
        "SELECT max(id) FROM screen s WHERE question = ?
         AND NOT EXISTS (SELECT 1 FROM imported i WHERE i.\"table\" = 'screen' AND i.\"row\" = s.id)",
    )
    .bind(question(plan))
    .fetch_one(connection)
    .await?;
    Ok(id.map(ScreenId))
}

/// Whether all rows of the layout in force have their pairs.
pub(super) async fn has_ended(connection: &mut SqliteConnection, id: ScreenId) -> Result<bool, Fault> {
    let ended = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM screen_end WHERE layout = (SELECT max(id) FROM screen_layout WHERE screen = ?))",
    )
    .bind(id.0)
    .fetch_one(connection)
    .await?;
    Ok(ended)
}

/// This process begins to work on a screen.
pub(super) async fn sit_down(connection: &mut SqliteConnection, id: ScreenId, plan: &ScreenPlan) -> Result<(), Fault> {
    let process = Process::current();
    sqlx::query("INSERT INTO screen_sitting (screen, at_ms, pid, started_ticks, plan) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(i64::from(process.pid))
        .bind(process.started_ticks.cast_signed())
        .bind(encode("plan", plan)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// The plan of the first sitting: the coins are tossed from its seed.
pub(super) async fn plan(connection: &mut SqliteConnection, id: ScreenId) -> Result<ScreenPlan, Fault> {
    let (row, plan): (i64, String) =
        sqlx::query_as("SELECT id, plan FROM screen_sitting WHERE screen = ? ORDER BY id LIMIT 1")
            .bind(id.0)
            .fetch_one(connection)
            .await?;
    decode("screen_sitting", row, "plan", &plan)
}

/// A stage began.
pub(super) async fn stage(
    connection: &mut SqliteConnection,
    id: ScreenId,
    stage: Stage,
    note: &str,
) -> Result<(), Fault> {
    sqlx::query("INSERT INTO screen_stage (screen, at_ms, stage, note) VALUES (?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(as_word(&stage)?)
        .bind(note)
        .execute(connection)
        .await?;
    Ok(())
}

/// The builds are these from now on.
pub(super) async fn lay_out(connection: &mut SqliteConnection, id: ScreenId, layout: &Layout) -> Result<(), Fault> {
    sqlx::query("INSERT INTO screen_layout (screen, at_ms, rows, why, layout) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(i64::try_from(layout.design.len()).unwrap_or(i64::MAX))
        .bind(&layout.why)
        .bind(encode("layout", layout)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// The layout in force.
pub(super) async fn layout(connection: &mut SqliteConnection, id: ScreenId) -> Result<Option<Layout>, Fault> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT id, layout FROM screen_layout WHERE screen = ? ORDER BY id DESC LIMIT 1")
            .bind(id.0)
            .fetch_optional(connection)
            .await?;
    row.map(|(row, layout)| decode("screen_layout", row, "layout", &layout)).transpose()
}

/// A build is there.
pub(super) async fn built(connection: &mut SqliteConnection, id: ScreenId, binary: &Binary) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO screen_build (screen, at_ms, features, build_key, sha256, layouts, path, cached)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(encode("features", &binary.features)?)
    .bind(&binary.build_key)
    .bind(&binary.sha256)
    .bind(build::layouts(binary)?)
    .bind(binary.path.to_string_lossy().into_owned())
    .bind(binary.cached)
    .execute(connection)
    .await?;
    Ok(())
}

/// A build is lost.
pub(super) async fn lost(connection: &mut SqliteConnection, id: ScreenId, loss: &Loss) -> Result<(), Fault> {
    sqlx::query("INSERT INTO screen_loss (screen, at_ms, levels, stage, reason) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(encode("levels", &loss.levels)?)
        .bind(as_word(&loss.stage)?)
        .bind(&loss.reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// What does not build together.
pub(super) async fn conflicting(
    connection: &mut SqliteConnection,
    id: ScreenId,
    conflict: &Conflict,
    told: &str,
) -> Result<(), Fault> {
    sqlx::query("INSERT INTO screen_conflict (screen, at_ms, conflict, told) VALUES (?, ?, ?, ?)")
        .bind(id.0)
        .bind(now_ms())
        .bind(encode("conflict", conflict)?)
        .bind(told)
        .execute(connection)
        .await?;
    Ok(())
}

/// A pair of a row.
pub(super) async fn paired(connection: &mut SqliteConnection, id: ScreenId, pair: &RowPair) -> Result<(), Fault> {
    let insert = sqlx::query(
        "INSERT INTO screen_pair (screen, at_ms, \"row\", idx, first, seed, a, b, d, machine, dropped)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(id.0).bind(now_ms()).bind(i64::try_from(pair.row).unwrap_or(i64::MAX));
    pair::bind(insert, &pair.pair)?.execute(connection).await?;
    Ok(())
}

/// All rows of the layout in force have their pairs.
pub(super) async fn end(connection: &mut SqliteConnection, id: ScreenId, told: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO screen_end (screen, layout, at_ms, told)
         SELECT ?1, max(id), ?2, ?3 FROM screen_layout WHERE screen = ?1",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(told)
    .execute(connection)
    .await?;
    Ok(())
}

/// The sitting ended before.
pub(super) async fn stop(connection: &mut SqliteConnection, id: ScreenId, reason: &str) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO screen_stopped (screen, sitting, at_ms, reason)
         SELECT ?1, max(id), ?2, ?3 FROM screen_sitting WHERE screen = ?1",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// Builds that are lost, in order.
pub(super) async fn losses(connection: &mut SqliteConnection, id: ScreenId) -> Result<Vec<Loss>, Fault> {
    let rows: Vec<(i64, String, String, String)> =
        sqlx::query_as("SELECT id, levels, stage, reason FROM screen_loss WHERE screen = ? ORDER BY id")
            .bind(id.0)
            .fetch_all(connection)
            .await?;
    let loss = |(row, levels, stage, reason): (i64, String, String, String)| {
        let levels: Levels = decode("screen_loss", row, "levels", &levels)?;
        Ok(Loss { levels, stage: word("screen_loss", row, "stage", &stage)?, reason })
    };
    rows.into_iter().map(loss).collect()
}

/// What does not build together, in order.
pub(super) async fn conflicts(connection: &mut SqliteConnection, id: ScreenId) -> Result<Vec<Conflict>, Fault> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, conflict FROM screen_conflict WHERE screen = ? ORDER BY id")
            .bind(id.0)
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(|(row, text)| decode("screen_conflict", row, "conflict", &text)).collect()
}

/// Pairs, in order.
pub(super) async fn pairs(connection: &mut SqliteConnection, id: ScreenId) -> Result<Vec<RowPair>, Fault> {
    // A row's pairs are read as those of an experiment's workload of that number.
    let rows: Vec<pair::Row> = sqlx::query_as(
        "SELECT id, at_ms, \"row\" AS workload, 'decision' AS run, idx, first, seed, a, b, d, machine, dropped
         FROM screen_pair WHERE screen = ? ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    let of_row = |pair: Pair| RowPair { row: pair.workload, pair: Pair { workload: 0, ..pair } };
    rows.into_iter().map(|row| Ok(of_row(row.fact("screen_pair")?.pair))).collect()
}

async fn builds(connection: &mut SqliteConnection, id: ScreenId) -> Result<Vec<Binary>, Fault> {
    // Every build of a screen is an arm B: what it is measured against is one of them.
    let rows: Vec<build::Row> = sqlx::query_as(
        "SELECT id, 'B' AS side, features, build_key, sha256, layouts, path, cached
         FROM screen_build WHERE screen = ? ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.binary("screen_build")).collect()
}

columns! {
    struct SummaryRow {
        id: i64,
        at_ms: i64,
        purpose: String,
        factors: String,
        pid: i64,
        started_ticks: i64,
        stopped: Option<String>,
        ended: Option<String>,
    }
}

async fn summaries(
    connection: &mut SqliteConnection,
    screen: Option<ScreenId>,
    limit: u32,
) -> Result<Vec<ScreenSummary>, Fault> {
    let rows: Vec<SummaryRow> = sqlx::query_as(
        "SELECT s.id, s.at_ms, s.purpose, s.factors, t.pid, t.started_ticks, x.reason AS stopped,
                (SELECT told FROM screen_end
                 WHERE layout = (SELECT max(id) FROM screen_layout WHERE screen = s.id) ORDER BY id DESC LIMIT 1) AS ended
         FROM screen s
         JOIN screen_sitting t ON t.id = (SELECT max(id) FROM screen_sitting WHERE screen = s.id)
         LEFT JOIN screen_stopped x ON x.sitting = t.id
         WHERE ?1 IS NULL OR s.id = ?1
         ORDER BY s.id DESC LIMIT ?2",
    )
    .bind(screen.map(|id| id.0))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(summary).collect()
}

fn summary(row: SummaryRow) -> Result<ScreenSummary, Fault> {
    let process =
        Process { pid: u32::try_from(row.pid).unwrap_or_default(), started_ticks: row.started_ticks.cast_unsigned() };
    let ending = match (row.ended, row.stopped) {
        (Some(told), _) => ScreenEnding::Ended(told),
        (None, Some(reason)) => ScreenEnding::Stopped(reason),
        (None, None) if process.is_alive() => ScreenEnding::Running(process),
        (None, None) => ScreenEnding::Interrupted,
    };
    Ok(ScreenSummary {
        id: ScreenId(row.id),
        purpose: word("screen", row.id, "purpose", &row.purpose)?,
        factors: decode("screen", row.id, "factors", &row.factors)?,
        at: time(row.at_ms),
        ending,
    })
}

pub(super) async fn whole(connection: &mut SqliteConnection, id: ScreenId) -> Result<Option<Screen>, Fault> {
    let Some(summary) = summaries(connection, Some(id), 1).await?.pop() else { return Ok(None) };
    let host: String =
        sqlx::query_scalar("SELECT host FROM screen WHERE id = ?").bind(id.0).fetch_one(&mut *connection).await?;
    Ok(Some(Screen {
        summary,
        plan: plan(connection, id).await?,
        host: decode("screen", id.0, "host", &host)?,
        layout: layout(connection, id).await?,
        losses: losses(connection, id).await?,
        conflicts: conflicts(connection, id).await?,
        builds: builds(connection, id).await?,
        pairs: pairs(connection, id).await?,
    }))
}

/// What two plans must have in common for the pairs of one to count for the other: the factors, the tree and the work done
/// in a process. Not design, blocks, noise or seed: they are those of the screen that is gone on with.
fn question(plan: &ScreenPlan) -> String {
    let work = &plan.workload;
    let text = serde_json::json!([
        plan.purpose,
        plan.factors,
        plan.held,
        plan.tree_digest,
        [work.workload, work.params, work.metric, work.better, work.slice_ms, work.slices, work.warmup],
    ]);
    format!("{:x}", Sha256::digest(text.to_string()))
}
