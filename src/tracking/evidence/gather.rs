//! Facts out of the store.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::fact::{Dossier, Fact, time_text};
use super::kinds::{Form, Home, KINDS, Kind, Owner, field};
use crate::profiles::Shelf;
use crate::tracking::error::{At, Fault, StoreError};
use crate::tracking::store::Reader;

impl Reader {
    /// The evidence about `subjects`, or all there is: each experiment, then the statuses that people set, then screens. Ordered
    /// by subject and time. With a shelf, profiles bring their stacks, where the files are still what was captured.
    pub async fn evidence(
        &self,
        subjects: Option<&BTreeSet<String>>,
        shelf: Option<&Shelf>,
    ) -> Result<Vec<Dossier>, StoreError> {
        let read = async {
            let mut moment = self.moment().await?;
            let mut dossiers = Vec::new();
            let wanted = |subject: &str| subjects.is_none_or(|wanted| wanted.contains(subject));
            let experiments: Vec<(i64, String)> =
                sqlx::query_as("SELECT id, subject FROM experiment ORDER BY subject, at_ms, question, host_digest")
                    .fetch_all(&mut *moment)
                    .await?;
            for (id, _) in experiments.iter().filter(|(_, subject)| wanted(subject)) {
                dossiers.push(whole(&mut moment, Home::Experiment, *id, shelf).await?);
            }
            let subjects_said: Vec<String> = sqlx::query_scalar(
                "SELECT improvement FROM improvement_status UNION SELECT improvement FROM note ORDER BY improvement",
            )
            .fetch_all(&mut *moment)
            .await?;
            for improvement in subjects_said.iter().filter(|improvement| wanted(improvement)) {
                dossiers.push(said(&mut moment, improvement).await?);
            }
            let screens: Vec<i64> = sqlx::query_scalar("SELECT id FROM screen ORDER BY at_ms, question, host_digest")
                .fetch_all(&mut *moment)
                .await?;
            for id in screens {
                let screen = whole(&mut moment, Home::Screen, id, None).await?;
                if subjects.is_none_or(|wanted| wanted.iter().any(|id| screen.is_about(id))) {
                    dossiers.push(screen);
                }
            }
            dossiers.sort_by(|a, b| a.subject().cmp(b.subject()));
            Ok::<_, Fault>(dossiers)
        };
        read.await.at(self.path())
    }
}

/// An experiment or a screen with all its facts.
pub(super) async fn whole(
    connection: &mut SqliteConnection,
    home: Home,
    id: i64,
    shelf: Option<&Shelf>,
) -> Result<Dossier, Fault> {
    let mut facts = Vec::new();
    for kind in home.kinds() {
        let mut found = rows(connection, kind, id.to_string()).await?;
        if let Some(shelf) = shelf.filter(|_| kind.table == "profile") {
            let files: Vec<String> = sqlx::query_scalar("SELECT file FROM profile WHERE experiment = ? ORDER BY id")
                .bind(id)
                .fetch_all(&mut *connection)
                .await?;
            for (fact, file) in found.iter_mut().zip(files) {
                fact.folded = stacks(shelf, Path::new(&file), fact);
            }
        }
        facts.append(&mut found);
    }
    Ok(Dossier::new(facts))
}

/// What people said of an improvement: statuses, then notes.
pub(super) async fn said(connection: &mut SqliteConnection, improvement: &str) -> Result<Dossier, Fault> {
    let mut facts = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.owner == Owner::Improvement) {
        facts.append(&mut rows(connection, kind, improvement.to_owned()).await?);
    }
    Ok(Dossier::new(facts))
}

/// The stacks of a profile; `None` where the file is gone or is another one now.
fn stacks(shelf: &Shelf, file: &Path, fact: &Fact) -> Option<String> {
    use sha2::{Digest, Sha256};
    let folded = fs::read_to_string(shelf.path(file)).ok()?;
    (fact.text("sha256") == Some(&format!("{:x}", Sha256::digest(&folded)))).then_some(folded)
}

/// The facts of one kind and owner, in the order of their rows.
async fn rows(connection: &mut SqliteConnection, kind: &'static Kind, owner: String) -> Result<Vec<Fact>, Fault> {
    let columns: Vec<String> = kind.columns.iter().map(|&(column, form)| selected(kind, column, form)).collect();
    let belongs = match kind.owner {
        Owner::Root(_) => "id = CAST(?1 AS INTEGER)".to_owned(),
        Owner::Of(home) => format!("{} = CAST(?1 AS INTEGER)", home.word()),
        Owner::Verdict => "verdict IN (SELECT id FROM verdict WHERE experiment = CAST(?1 AS INTEGER))".to_owned(),
        Owner::Improvement => "improvement = ?1".to_owned(),
    };
    let sql = format!("SELECT id, {} FROM {} WHERE {belongs} ORDER BY id", columns.join(", "), kind.table);
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(owner).fetch_all(connection).await?;
    rows.iter().map(|row| fact(kind, row)).collect()
}

fn selected(kind: &Kind, column: &str, form: Form) -> String {
    match form {
        Form::Fact(table) => {
            format!("(SELECT f.at_ms FROM {table} f WHERE f.id = {}.{column}) AS {column}", kind.table)
        }
        Form::Time | Form::Integer | Form::Flag | Form::Real | Form::Text | Form::Json => format!("\"{column}\""),
    }
}

fn fact(kind: &'static Kind, row: &SqliteRow) -> Result<Fact, Fault> {
    let number: i64 = row.try_get("id")?;
    let mut fields = Map::new();
    for &(column, form) in kind.columns {
        let unreadable = |cause: String| Fault::Unreadable { table: kind.table, row: number, what: column, cause };
        let value: Option<Value> = match form {
            Form::Time | Form::Fact(_) => {
                let at_ms: Option<i64> = row.try_get(column)?;
                let text = |at_ms| time_text(at_ms).ok_or_else(|| unreadable("the time is out of range".to_owned()));
                at_ms.map(text).transpose()?.map(Value::from)
            }
            Form::Integer => row.try_get::<Option<i64>, _>(column)?.map(Value::from),
            Form::Flag => row.try_get::<Option<i64>, _>(column)?.map(|flag| Value::from(flag != 0)),
            Form::Real => row.try_get::<Option<f64>, _>(column)?.map(Value::from),
            Form::Text => row.try_get::<Option<String>, _>(column)?.map(Value::from),
            Form::Json => {
                let text: Option<String> = row.try_get(column)?;
                let value = text.map(|text| serde_json::from_str(&text)).transpose();
                value.map_err(|error: serde_json::Error| unreadable(error.to_string()))?
            }
        };
        if let Some(value) = value {
            fields.insert(field(column, form).to_owned(), value);
        }
    }
    Ok(Fact { kind, fields, folded: None })
}
