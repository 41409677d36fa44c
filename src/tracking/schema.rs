//! Which file is a store, and which version of the schema it has.
//!
//! SQLite keeps two integers in the header for this: `application_id` says whose file it is, `user_version` how many
//! migrations it has seen. Both are set in the transaction that creates the tables, so there is no state in between.

use sqlx::{Connection, Row, SqliteConnection};

use super::error::Fault;

/// The migrations, oldest first. Appended to, never edited: [`tests::landed_migrations_never_change`].
const MIGRATIONS: &[&str] = &[
    include_str!("../../tracking/migrations/0001_facts.sql"),
    include_str!("../../tracking/migrations/0002_profile_books.sql"),
];

/// `WBCH` in the file's header.
const APPLICATION_ID: i64 = 0x5742_4348;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A database without tables: new, or its creation was cut short.
    Empty,
    /// A store that an older workbench wrote.
    Older,
    /// A store of this version.
    Current,
}

/// Looks at the header and at nothing else.
pub(super) async fn identify(connection: &mut SqliteConnection) -> Result<Found, Fault> {
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id) AS app,
                (SELECT user_version FROM pragma_user_version) AS version,
                (SELECT count(*) FROM sqlite_schema) AS objects",
    )
    .fetch_one(connection)
    .await?;
    let (app, version, objects): (i64, i64, i64) =
        (row.try_get("app")?, row.try_get("version")?, row.try_get("objects")?);
    let known = version_known();
    match app {
        APPLICATION_ID if version > known => Err(Fault::Newer { found: version, known }),
        APPLICATION_ID if version == known => Ok(Found::Current),
        APPLICATION_ID => Ok(Found::Older),
        0 if objects == 0 => Ok(Found::Empty),
        0 => Err(Fault::Foreign {
            what: format!("a SQLite database of something else, with {objects} tables and indexes"),
        }),
        other => Err(Fault::Foreign { what: format!("a SQLite database with the application id {other:#x}") }),
    }
}

/// Brings the file to this version. Several processes may try at once: one does it, the others find it done.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Fault> {
    if identify(connection).await? == Found::Current {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let seen = match identify(&mut transaction).await? {
        Found::Current => return Ok(()),
        Found::Empty => 0,
        Found::Older => sqlx::query_scalar::<_, i64>("PRAGMA user_version").fetch_one(&mut *transaction).await?,
    };
    for migration in MIGRATIONS.iter().skip(usize::try_from(seen).unwrap_or_default()) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await?;
    }
    let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};", version_known());
    sqlx::raw_sql(sqlx::AssertSqlSafe(stamp)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

fn version_known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// One line per landed migration. Add lines; an edit to one means that stores in the field differ from new ones.
    const LANDED: &[&str] = &[
        "b0ee7fc9aec9a9ecf3e767a4dca0005629cabfc28f205e66235fdb05d1342486",
        "25d428ab50c8ebd5de3f4298cf262889bf954adc8c2cc6107f18ede500678365",
    ];

    #[test]
    fn landed_migrations_never_change() {
        let hashes: Vec<String> = MIGRATIONS.iter().map(|sql| format!("{:x}", Sha256::digest(sql))).collect();
        assert_eq!(hashes, LANDED);
    }
}
