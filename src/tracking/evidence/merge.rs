//! Facts into the store: the union with what is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::query::QueryScalar;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use super::fact::{Dossier, Fact};
use super::file::Evidence;
use super::gather;
use super::kinds::{Filled, Form, Home, Kind, Owner, field};
use crate::lab::experiment::ExperimentId;
use crate::lab::screen::facts::ScreenId;
use crate::profiles::Shelf;
use crate::tracking::error::{At, Fault, StoreError};
use crate::tracking::store::{Store, now_ms};
use crate::tracking::{experiment, screen};

/// What came of merging one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Its dossiers.
    pub dossiers: Vec<MergedDossier>,
    /// Where it contradicts the store; with any of these nothing was recorded.
    pub conflicts: Vec<Conflict>,
}

/// What came of merging one dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedDossier {
    /// What it is about: mostly an improvement.
    pub subject: String,
    /// The experiment's number in this store; `None` of anything else.
    pub experiment: Option<i64>,
    /// The screen's number in this store; `None` of anything else.
    pub screen: Option<i64>,
    /// Facts that this store did not have.
    pub new: usize,
    /// Facts that it had.
    pub known: usize,
}

/// One name, two facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// What it is about: mostly an improvement.
    pub subject: String,
    /// What the fact is, for people.
    pub fact: String,
    /// Digest of the file's.
    pub theirs: String,
    /// Digest of the store's.
    pub ours: String,
}

impl Store {
    /// Records what `evidence`, known to people as `file`, has and this store lacks: all of it or, where the two contradict
    /// each other, nothing. With `dry_run` nothing either, but told as if.
    pub async fn merge(&self, evidence: &Evidence, file: &str, dry_run: bool) -> Result<Merged, StoreError> {
        let merged = async {
            let mut facts = self.facts().await?;
            let mut merge = Merge {
                shelf: &self.shelf,
                document: evidence.digest(),
                file,
                stacks: Vec::new(),
                done: Merged { dossiers: Vec::new(), conflicts: Vec::new() },
            };
            for dossier in &evidence.dossiers {
                merge.dossier(&mut facts, dossier).await?;
            }
            if !dry_run && merge.done.conflicts.is_empty() {
                // Files first, then the rows that name them.
                merge.stacks.iter().try_for_each(|(file, folded)| self.shelf.put(file, folded))?;
                facts.commit().await?;
            } else {
                facts.rollback().await?;
            }
            Ok::<_, Fault>(merge.done)
        };
        merged.await.at(self.path())
    }
}

/// A merge under way, inside a transaction.
struct Merge<'a> {
    shelf: &'a Shelf,
    document: String,
    file: &'a str,
    /// Stacks to be put on the shelf, by their files there.
    stacks: Vec<(PathBuf, String)>,
    done: Merged,
}

impl Merge<'_> {
    async fn dossier(&mut self, facts: &mut SqliteConnection, theirs: &Dossier) -> Result<(), Fault> {
        let subject = theirs.subject().to_owned();
        let mut merged = MergedDossier { subject, experiment: None, screen: None, new: 0, known: 0 };
        let ours = match theirs.root() {
            None => gather::said(facts, &merged.subject).await?,
            Some((home, root)) => match find(facts, root).await? {
                Some(id) => {
                    merged.settle(home, id);
                    gather::whole(facts, home, id, None).await?
                }
                None => Dossier { facts: Vec::new() },
            },
        };
        let mut there = Names::of(&ours);
        for fact in &theirs.facts {
            match there.take(fact) {
                None => {
                    self.insert(facts, fact, &mut merged).await?;
                    merged.new += 1;
                }
                Some(ours) if ours == fact.digest() => {
                    self.restore(facts, fact, &merged).await?;
                    merged.known += 1;
                }
                Some(ours) => self.done.conflicts.push(Conflict {
                    subject: merged.subject.clone(),
                    fact: fact.told(),
                    theirs: fact.digest(),
                    ours,
                }),
            }
        }
        if merged.new > 0 && self.done.conflicts.is_empty() {
            // What today's types cannot read must not come in.
            if let Some(id) = merged.experiment {
                experiment::whole(facts, ExperimentId(id)).await?;
            }
            if let Some(id) = merged.screen {
                screen::whole(facts, ScreenId(id)).await?;
            }
        }
        self.done.dossiers.push(merged);
        Ok(())
    }

    async fn insert(&mut self, facts: &mut SqliteConnection, fact: &Fact, of: &mut MergedDossier) -> Result<(), Fault> {
        let kind = fact.kind;
        let mut columns: Vec<String> = Vec::new();
        let mut values: Vec<Column> = Vec::new();
        for &(column, form) in kind.columns {
            columns.push(format!("\"{column}\""));
            let value = fact.fields.get(field(column, form));
            values.push(match form {
                Form::Fact(table) => Column::Integer(recorded(facts, kind, table, of, at_ms(value)).await?),
                Form::Time | Form::Integer | Form::Flag | Form::Real | Form::Text | Form::Json => {
                    Column::of(form, value)
                }
            });
        }
        for &(column, filled) in kind.local.iter().filter(|(_, filled)| *filled != Filled::Number) {
            columns.push(format!("\"{column}\""));
            values.push(match filled {
                Filled::Owner => Column::Integer(owner(facts, kind, of).await?),
                Filled::Number | Filled::Zero => Column::Integer(Some(0)),
                Filled::Empty => Column::Text(Some(String::new())),
                Filled::ShelfFile => Column::Text(Some(self.shelved(fact, of))),
            });
        }
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks}) RETURNING id", kind.table, columns.join(", "));
        let row: i64 = bound(sqlx::query_scalar(AssertSqlSafe(sql)), values).fetch_one(&mut *facts).await?;
        match kind.owner {
            Owner::Root(home) => {
                of.settle(home, row);
                self.note_origin(facts, kind, row).await
            }
            Owner::Improvement => self.note_origin(facts, kind, row).await,
            Owner::Of(_) | Owner::Verdict => Ok(()),
        }
    }

    /// Where a fact came from that this store did not record itself.
    async fn note_origin(&self, facts: &mut SqliteConnection, kind: &Kind, row: i64) -> Result<(), Fault> {
        sqlx::query(r#"INSERT INTO imported (at_ms, "table", "row", document, file) VALUES (?, ?, ?, ?, ?)"#)
            .bind(now_ms())
            .bind(kind.table)
            .bind(row)
            .bind(&self.document)
            .bind(self.file)
            .execute(facts)
            .await?;
        Ok(())
    }

    /// The file on the shelf for a profile's stacks; they are put there before the end.
    fn shelved(&mut self, fact: &Fact, of: &MergedDossier) -> String {
        let text = |name| fact.text(name).unwrap_or_default();
        let name = format!("{}.{}.{:.12}.folded", text("side").to_lowercase(), text("kind"), text("sha256"));
        let file = Shelf::folder(&of.subject, of.experiment.unwrap_or_default()).join(name);
        self.stacks.extend(fact.folded.clone().map(|folded| (file.clone(), folded)));
        file.to_string_lossy().into_owned()
    }

    /// Stacks that were not on the shelf when their profile came, or are gone, come back.
    async fn restore(&mut self, facts: &mut SqliteConnection, fact: &Fact, of: &MergedDossier) -> Result<(), Fault> {
        let Some(folded) = &fact.folded else { return Ok(()) };
        let file: Option<String> =
            sqlx::query_scalar("SELECT file FROM profile WHERE experiment = ? AND at_ms = ? AND sha256 = ?")
                .bind(of.experiment)
                .bind(at_ms(fact.fields.get("at")))
                .bind(fact.text("sha256"))
                .fetch_optional(facts)
                .await?;
        let missing = file.map(PathBuf::from).filter(|file| !self.shelf.path(file).exists());
        self.stacks.extend(missing.map(|file| (file, folded.clone())));
        Ok(())
    }
}

/// The names of a dossier's facts; each is taken once, so that of two equal facts both count.
struct Names(BTreeMap<(&'static str, String), Vec<String>>);

impl Names {
    fn of(dossier: &Dossier) -> Self {
        let mut names: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for fact in &dossier.facts {
            names.entry((fact.word(), fact.name())).or_default().push(fact.digest());
        }
        Self(names)
    }

    /// The digest of a fact that has the name of `fact`.
    fn take(&mut self, fact: &Fact) -> Option<String> {
        self.0.get_mut(&(fact.word(), fact.name()))?.pop()
    }
}

impl MergedDossier {
    /// Its facts are those of this row.
    fn settle(&mut self, home: Home, row: i64) {
        match home {
            Home::Experiment => self.experiment = Some(row),
            Home::Screen => self.screen = Some(row),
        }
    }

    fn row(&self, home: Home) -> Option<i64> {
        match home {
            Home::Experiment => self.experiment,
            Home::Screen => self.screen,
        }
    }
}

/// A value on its way into a column.
enum Column {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
}

impl Column {
    fn of(form: Form, value: Option<&Value>) -> Self {
        match form {
            Form::Time | Form::Fact(_) => Self::Integer(at_ms(value)),
            Form::Integer => Self::Integer(value.and_then(Value::as_i64)),
            Form::Flag => Self::Integer(value.and_then(Value::as_bool).map(i64::from)),
            Form::Real => Self::Real(value.and_then(Value::as_f64)),
            Form::Text => Self::Text(value.and_then(Value::as_str).map(str::to_owned)),
            Form::Json => Self::Text(value.map(Value::to_string)),
        }
    }
}

fn at_ms(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_millisecond)
}

type Numbers<'q> = QueryScalar<'q, Sqlite, i64, SqliteArguments>;

fn bound<'q>(query: Numbers<'q>, values: Vec<Column>) -> Numbers<'q> {
    values.into_iter().fold(query, |query, value| match value {
        Column::Integer(value) => query.bind(value),
        Column::Real(value) => query.bind(value),
        Column::Text(value) => query.bind(value),
    })
}

/// The experiment or screen of this store that `root` is.
async fn find(facts: &mut SqliteConnection, root: &Fact) -> Result<Option<i64>, Fault> {
    let key = root.kind.columns.iter().filter(|&&(column, form)| root.kind.key.contains(&field(column, form)));
    let (columns, values): (Vec<String>, Vec<Column>) = key
        .map(|&(column, form)| (format!("{column} = ?"), Column::of(form, root.fields.get(field(column, form)))))
        .unzip();
    let sql = format!("SELECT id FROM {} WHERE {}", root.kind.table, columns.join(" AND "));
    Ok(bound(sqlx::query_scalar(AssertSqlSafe(sql)), values).fetch_optional(facts).await?)
}

/// The row by which a fact of this kind is found. A missing one is refused by the table's own constraints.
async fn owner(facts: &mut SqliteConnection, kind: &Kind, of: &MergedDossier) -> Result<Option<i64>, Fault> {
    match kind.owner {
        Owner::Root(_) | Owner::Improvement => Ok(None),
        Owner::Of(home) => Ok(of.row(home)),
        Owner::Verdict => {
            let verdict = sqlx::query_scalar("SELECT id FROM verdict WHERE experiment = ?").bind(of.experiment);
            Ok(verdict.fetch_optional(facts).await?)
        }
    }
}

/// The fact in `table`, of the same owner as one of `kind`, that was recorded at that time.
async fn recorded(
    facts: &mut SqliteConnection,
    kind: &Kind,
    table: &str,
    of: &MergedDossier,
    at_ms: Option<i64>,
) -> Result<Option<i64>, Fault> {
    let Owner::Of(home) = kind.owner else { return Ok(None) };
    let sql = format!("SELECT id FROM {table} WHERE {} = ? AND at_ms = ? ORDER BY id LIMIT 1", home.word());
    let values = vec![Column::Integer(of.row(home)), Column::Integer(at_ms)];
    Ok(bound(sqlx::query_scalar(AssertSqlSafe(sql)), values).fetch_optional(facts).await?)
}
