//! Pairs, the evidence, and the standings that were drawn from them.

use jiff::Timestamp;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::{as_word, decode, encode, word};
use super::store::{Reader, now_ms, time};
use crate::lab::experiment::{ExperimentId, Pair, Standing};
use crate::units::{Interval, LogRatio};

/// A recorded pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairFact {
    /// Its row, which grows with time.
    pub row: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The pair.
    pub pair: Pair,
}

/// A recorded standing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandingFact {
    /// Its row, which grows with time.
    pub row: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Index into the plan's workloads.
    pub workload: usize,
    /// What was known.
    pub standing: Standing,
}

impl Reader {
    /// Pairs of an experiment recorded after the row `after` (0: all), in order.
    pub async fn pairs(&self, id: ExperimentId, after: i64) -> Result<Vec<PairFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        of(&mut connection, id, after).await.at(self.path())
    }

    /// Standings of an experiment recorded after the row `after` (0: all), in order.
    pub async fn standings(&self, id: ExperimentId, after: i64) -> Result<Vec<StandingFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        standings_of(&mut connection, id, after).await.at(self.path())
    }
}

/// Records a pair.
pub(super) async fn insert(connection: &mut SqliteConnection, id: ExperimentId, pair: &Pair) -> Result<(), Fault> {
    let insert = sqlx::query(
        "INSERT INTO pair (experiment, at_ms, workload, run, idx, first, seed, a, b, d, machine, dropped)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(id.0).bind(now_ms()).bind(i64::try_from(pair.workload).unwrap_or(i64::MAX));
    bind(insert.bind(as_word(&pair.run)?), pair)?.execute(connection).await?;
    Ok(())
}

/// Binds what every pair is, whatever it was measured for: idx, first, seed, a, b, d, machine and dropped. A ratio that is no number
/// is refused.
pub(super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    pair: &'q Pair,
) -> Result<Query<'q, Sqlite, SqliteArguments>, Fault> {
    if !pair.d.0.is_finite() {
        return Err(Fault::Refused { what: format!("pair {} has no finite ratio: {}", pair.index, pair.d.0) });
    }
    Ok(query
        .bind(pair.index)
        .bind(as_word(&pair.first)?)
        .bind(pair.seed.to_string())
        .bind(encode("run of A", &pair.a)?)
        .bind(encode("run of B", &pair.b)?)
        .bind(pair.d.0)
        .bind(encode("machine", &pair.machine)?)
        .bind(&pair.dropped))
}

/// Records a standing.
pub(super) async fn insert_standing(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    workload: usize,
    standing: &Standing,
) -> Result<(), Fault> {
    let end = |end: f64| end.is_finite().then_some(end);
    sqlx::query(
        "INSERT INTO standing (experiment, at_ms, workload, pairs, estimate, low, high) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(i64::try_from(workload).unwrap_or(i64::MAX))
    .bind(standing.pairs)
    .bind(standing.estimate.0)
    .bind(end(standing.bounds.low))
    .bind(end(standing.bounds.high))
    .execute(connection)
    .await?;
    Ok(())
}

/// Pairs of an experiment after a row.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    after: i64,
) -> Result<Vec<PairFact>, Fault> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, workload, run, idx, first, seed, a, b, d, machine, dropped
         FROM pair WHERE experiment = ? AND id > ? ORDER BY id",
    )
    .bind(id.0)
    .bind(after)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.fact("pair")).collect()
}

columns! {
    pub(super) struct Row {
        id: i64,
        at_ms: i64,
        workload: i64,
        run: String,
        idx: i64,
        first: String,
        seed: String,
        a: String,
        b: String,
        d: f64,
        machine: String,
        dropped: Option<String>,
    }
}

impl Row {
    /// The pair in a row of `table`.
    pub(super) fn fact(self, table: &'static str) -> Result<PairFact, Fault> {
        let unreadable = |what: &'static str| Fault::Unreadable {
            table,
            row: self.id,
            what,
            cause: "the number is out of range".to_owned(),
        };
        let pair = Pair {
            workload: usize::try_from(self.workload).map_err(|_| unreadable("workload"))?,
            run: word(table, self.id, "run", &self.run)?,
            index: u32::try_from(self.idx).map_err(|_| unreadable("idx"))?,
            first: word(table, self.id, "first", &self.first)?,
            seed: self.seed.parse().map_err(|_| unreadable("seed"))?,
            a: decode(table, self.id, "a", &self.a)?,
            b: decode(table, self.id, "b", &self.b)?,
            d: LogRatio(self.d),
            machine: decode(table, self.id, "machine", &self.machine)?,
            dropped: self.dropped,
        };
        Ok(PairFact { row: self.id, at: time(self.at_ms), pair })
    }
}

/// Standings of an experiment after a row.
pub(super) async fn standings_of(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    after: i64,
) -> Result<Vec<StandingFact>, Fault> {
    columns! {
        struct Row {
            id: i64,
            at_ms: i64,
            workload: i64,
            pairs: i64,
            estimate: f64,
            low: Option<f64>,
            high: Option<f64>,
        }
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, at_ms, workload, pairs, estimate, low, high FROM standing WHERE experiment = ? AND id > ? ORDER BY id",
    )
    .bind(id.0)
    .bind(after)
    .fetch_all(connection)
    .await?;
    let fact = |row: Row| StandingFact {
        row: row.id,
        at: time(row.at_ms),
        workload: usize::try_from(row.workload).unwrap_or_default(),
        standing: standing(row.pairs, row.estimate, row.low, row.high),
    };
    Ok(rows.into_iter().map(fact).collect())
}

/// A standing from its columns; an end that is not known is infinite.
pub(super) fn standing(pairs: i64, estimate: f64, low: Option<f64>, high: Option<f64>) -> Standing {
    let bounds = Interval { low: low.unwrap_or(f64::NEG_INFINITY), high: high.unwrap_or(f64::INFINITY) };
    Standing { pairs: u32::try_from(pairs).unwrap_or(u32::MAX), estimate: LogRatio(estimate), bounds }
}
