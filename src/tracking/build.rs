//! Built arms.

use sqlx::SqliteConnection;

use super::columns::columns;
use super::error::Fault;
use super::json::{as_word, decode, encode, word};
use super::store::now_ms;
use crate::lab::experiment::{Binary, ExperimentId, Side};

columns! {
    pub(super) struct Row {
        id: i64,
        side: String,
        features: String,
        build_key: String,
        sha256: String,
        layouts: Option<String>,
        path: String,
        cached: bool,
    }
}

impl Row {
    /// What was built, as a row of `table` tells it.
    pub(super) fn binary(self, table: &'static str) -> Result<Binary, Fault> {
        Ok(Binary {
            side: word(table, self.id, "side", &self.side)?,
            features: decode(table, self.id, "features", &self.features)?,
            build_key: self.build_key,
            sha256: self.sha256,
            layouts: match &self.layouts {
                Some(layouts) => decode(table, self.id, "layouts", layouts)?,
                None => Vec::new(),
            },
            path: self.path.into(),
            cached: self.cached,
        })
    }
}

/// Records an arm.
pub(super) async fn insert(connection: &mut SqliteConnection, id: ExperimentId, binary: &Binary) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO build (experiment, at_ms, side, features, build_key, sha256, layouts, path, cached)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.0)
    .bind(now_ms())
    .bind(as_word(&binary.side)?)
    .bind(encode("features", &binary.features)?)
    .bind(&binary.build_key)
    .bind(&binary.sha256)
    .bind(layouts(binary)?)
    .bind(binary.path.to_string_lossy().into_owned())
    .bind(binary.cached)
    .execute(connection)
    .await?;
    Ok(())
}

/// The other layouts of a build, as its column has them.
pub(super) fn layouts(binary: &Binary) -> Result<Option<String>, Fault> {
    let some = Some(&binary.layouts).filter(|layouts| !layouts.is_empty());
    some.map(|layouts| encode("layouts", layouts)).transpose()
}

/// The arms of an experiment, in order.
pub(super) async fn of(connection: &mut SqliteConnection, id: ExperimentId) -> Result<Vec<Binary>, Fault> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, side, features, build_key, sha256, layouts, path, cached FROM build WHERE experiment = ? ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.binary("build")).collect()
}

/// SHA-256 of the arm built last for `side`.
pub(super) async fn latest_hash(
    connection: &mut SqliteConnection,
    id: ExperimentId,
    side: Side,
) -> Result<Option<String>, Fault> {
    let hash =
        sqlx::query_scalar("SELECT sha256 FROM build WHERE experiment = ? AND side = ? ORDER BY id DESC LIMIT 1")
            .bind(id.0)
            .bind(as_word(&side)?)
            .fetch_optional(connection)
            .await?;
    Ok(hash)
}
