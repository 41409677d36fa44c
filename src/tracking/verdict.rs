//! Verdicts: the ruling with all that explains it. An accepted one extends the stack and tells the agents in the same
//! transaction.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::columns::columns;
use super::error::{At, Fault, StoreError};
use super::json::{as_word, decode, encode, word};
use super::question::{kind, question};
use super::store::{Reader, now_ms, time};
use super::{build, experiment, stack};
use crate::improvements::Direction;
use crate::lab::experiment::{ExperimentId, Question, Ruling, Side, Standing};

/// A recorded verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictFact {
    /// Its row: the number by which it is cited.
    pub row: i64,
    /// When it fell.
    pub at: Timestamp,
    /// The experiment whose pairs it rests on.
    pub experiment: ExperimentId,
    /// What was asked.
    pub question: Question,
    /// Digest of the tree that was measured: arm B's.
    pub tree_digest: String,
    /// The plan's label of the deciding workload.
    pub workload: String,
    /// The deciding metric.
    pub metric: String,
    /// Which way it improves.
    pub better: Direction,
    /// SHA-256 of arm A; `None` when it was never built.
    pub binary_a: Option<String>,
    /// SHA-256 of arm B.
    pub binary_b: Option<String>,
    /// The ruling.
    pub ruling: Ruling,
}

impl VerdictFact {
    /// The figure that is published: the confirmation run's, or the decision's while there is none.
    pub fn published(&self) -> Option<Standing> {
        published(&self.ruling)
    }

    /// The published figure, where any pair stands behind it.
    pub fn measured(&self) -> Option<Standing> {
        self.published().filter(|standing| standing.pairs > 0)
    }
}

/// A verdict's columns, what kind of question it answers, and which way the main workload's metric improves: that stands in
/// the plan of the last sitting.
const COLUMNS: &str = "verdict.*, (SELECT kind FROM experiment WHERE experiment.id = verdict.experiment) AS kind,
                       (SELECT json_extract(plan, '$.workloads[0].better') FROM sitting
                        WHERE sitting.experiment = verdict.experiment ORDER BY sitting.id DESC LIMIT 1) AS better";

/// The figure of the main workload that is published.
pub(super) fn published(ruling: &Ruling) -> Option<Standing> {
    ruling.confirmation.or(ruling.decision.first().copied())
}

impl Reader {
    /// All verdicts, the oldest first.
    pub async fn all_verdicts(&self) -> Result<Vec<VerdictFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let all = format!("SELECT {COLUMNS} FROM verdict ORDER BY at_ms, id");
        let rows = sqlx::query_as(AssertSqlSafe(all)).fetch_all(&mut *connection).await.at(self.path())?;
        rows.into_iter().map(fact).collect::<Result<_, _>>().at(self.path())
    }

    /// Answers to a question, of whatever arms; the newest first.
    pub async fn verdicts(&self, question: &Question) -> Result<Vec<VerdictFact>, StoreError> {
        let mut connection = self.connection().await.at(self.path())?;
        let of_question =
            format!("SELECT {COLUMNS} FROM verdict WHERE subject = ? AND kind = ? ORDER BY at_ms DESC, id DESC");
        let rows = sqlx::query_as(AssertSqlSafe(of_question))
            .bind(question.subject())
            .bind(kind(question))
            .fetch_all(&mut *connection)
            .await
            .at(self.path())?;
        rows.into_iter().map(fact).collect::<Result<_, _>>().at(self.path())
    }
}

/// Records a verdict. When an improvement was added to the stack and passed, it joins the stack; measured against another
/// base (`--alone`), it does not.
pub(super) async fn insert(connection: &mut SqliteConnection, id: ExperimentId, ruling: &Ruling) -> Result<(), Fault> {
    let plan = experiment::plan_in_force(connection, id).await?;
    let main = plan.workloads.first();
    let binary_a = build::latest_hash(connection, id, Side::A).await?;
    let binary_b = build::latest_hash(connection, id, Side::B).await?;
    let row: i64 = sqlx::query_scalar(
        "INSERT INTO verdict (experiment, at_ms, subject, verdict, passed, reason, rule_version, tree_digest, workload,
                              metric, binary_a, binary_b, ruling)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(plan.question.subject())
    .bind(as_word(&ruling.verdict)?)
    .bind(ruling.passed)
    .bind(&ruling.reason)
    .bind(ruling.rule_version)
    .bind(&plan.arm(Side::B).tree_digest)
    .bind(main.map_or("", |main| &main.label))
    .bind(main.map_or("", |main| &main.metric))
    .bind(binary_a)
    .bind(binary_b)
    .bind(encode("ruling", ruling)?)
    .fetch_one(&mut *connection)
    .await?;
    if let (Question::AddOneIn(improvement), true) = (&plan.question, ruling.passed) {
        let standing: Vec<String> = stack::current(connection).await?.into_iter().map(|entry| entry.feature).collect();
        if standing == plan.arm(Side::A).features {
            // Without the verdict's number: it is this store's, and the reason travels to others.
            let (feature, reason) = (plan.features_only_in(Side::B).join(","), ruling.verdict.to_string());
            stack::add(connection, improvement, &feature, row, &reason).await?;
        }
    }
    Ok(())
}

/// The verdict of an experiment.
pub(super) async fn of(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Option<VerdictFact>, Fault> {
    let of_experiment = format!("SELECT {COLUMNS} FROM verdict WHERE experiment = ?");
    let row = sqlx::query_as(AssertSqlSafe(of_experiment)).bind(id.0).fetch_optional(connection).await?;
    row.map(fact).transpose()
}

/// For each question about an improvement its newest verdict, and its newest that decided something when the newest did
/// not; in order of time.
pub(super) async fn latest(connection: &mut SqliteConnection) -> Result<Vec<VerdictFact>, Fault> {
    let newest = format!(
        "SELECT {COLUMNS} FROM verdict
         WHERE id IN (SELECT id FROM (SELECT v.id, row_number() OVER (PARTITION BY e.kind, v.subject, v.verdict = 'INCONCLUSIVE'
                                                                      ORDER BY v.at_ms DESC, v.id DESC) AS age
                                      FROM verdict v JOIN experiment e ON e.id = v.experiment
                                      WHERE e.kind IN ('add_one_in', 'leave_one_out'))
                      WHERE age = 1)
         ORDER BY at_ms, id"
    );
    let rows = sqlx::query_as(AssertSqlSafe(newest)).fetch_all(connection).await?;
    rows.into_iter().map(fact).collect()
}

columns! {
    struct Row {
        id: i64,
        experiment: i64,
        at_ms: i64,
        kind: String,
        subject: String,
        tree_digest: String,
        workload: String,
        metric: String,
        better: Option<String>,
        binary_a: Option<String>,
        binary_b: Option<String>,
        ruling: String,
    }
}

/// The direction in a plan's JSON; an experiment that nobody sat down to has no figure to turn.
pub(super) fn better(row: i64, text: Option<&str>) -> Result<Direction, Fault> {
    text.map_or(Ok(Direction::default()), |text| word("sitting of experiment", row, "better", text))
}

fn fact(row: Row) -> Result<VerdictFact, Fault> {
    Ok(VerdictFact {
        row: row.id,
        at: time(row.at_ms),
        experiment: ExperimentId(row.experiment),
        question: question(row.experiment, &row.kind, row.subject)?,
        tree_digest: row.tree_digest,
        workload: row.workload,
        metric: row.metric,
        better: better(row.experiment, row.better.as_deref())?,
        binary_a: row.binary_a,
        binary_b: row.binary_b,
        ruling: decode("verdict", row.id, "ruling", &row.ruling)?,
    })
}
