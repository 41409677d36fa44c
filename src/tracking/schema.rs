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
    include_str!("../../tracking/migrations/0003_questions.sql"),
    include_str!("../../tracking/migrations/0004_imported.sql"),
    include_str!("../../tracking/migrations/0005_calibration.sql"),
    include_str!("../../tracking/migrations/0006_screens.sql"),
    include_str!("../../tracking/migrations/0007_profile_weight.sql"),
    include_str!("../../tracking/migrations/0008_assignments.sql"),
    include_str!("../../tracking/migrations/0009_handed_in.sql"),
    include_str!("../../tracking/migrations/0010_layouts.sql"),
    include_str!("../../tracking/migrations/0011_endings.sql"),
    include_str!("../../tracking/migrations/0012_notes.sql"),
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
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::improvements::ImprovementId;
    use crate::lab::experiment::{Arm, ExperimentId, Question, Verdict};
    use crate::tracking::Reader;

    /// One line per landed migration. Add lines; an edit to one means that stores in the field differ from new ones.
    const LANDED: &[&str] = &[
        "b0ee7fc9aec9a9ecf3e767a4dca0005629cabfc28f205e66235fdb05d1342486",
        "25d428ab50c8ebd5de3f4298cf262889bf954adc8c2cc6107f18ede500678365",
        "485247e87680cb97c8af3d27444710f5430bba217e1799a765ea3e981aefd2ba",
        "5a3e887c90734c1868ce0ce0931b0e346d1359fea75d0c570be319c3837fbb35",
        "0dca7cb4835d06ed3fd7d314a7959b9c2837b517b274f9353fb87434d8b9b1e2",
        "102fd8050c249310bfc79fd69cd200f5a3a02c8140db48fe264829baabda5988",
        "4e3678555eceffeb0cbe0d8b78f49660e5d147c0308e12a9e91d381f7fcf2bd4",
        "b90ee5207ea6221328dbea59b6f892b8754d1924b8ef71108c8f7b1a5997419e",
        "fba08d89d3fdd1c243b41144f03b6bf235a6fe5566d1d6ab407e52d1b0924609",
        "a190f2831d2d59192e36cb6e44c080dbf42fc0564e3ea6a3854b8c33f21219fb",
        "e549350d729bdc641768dece6997af3c6ab69f40102f8aed4a544ac58de3980f",
        "de267b6871b9134b57ba4d87676716c9da28ba82614d362e395bd080b72473e5",
    ];

    #[test]
    fn landed_migrations_never_change() {
        let hashes: Vec<String> = MIGRATIONS.iter().map(|sql| format!("{:x}", Sha256::digest(sql))).collect();
        assert_eq!(hashes, LANDED);
    }

    /// An accepted improvement, as the second version kept it.
    const OF_VERSION_2: &str = r#"
        INSERT INTO experiment VALUES (7, 1000, 'T003', 't003', '["b002"]', 'd', 'q',
            '{"cpu": "c", "cores": 2, "memory_bytes": 1, "kernel": "k"}', 'h', '[1]');
        INSERT INTO sitting VALUES (1, 7, 1001, 42, 43, '{"improvement": "T003", "stack": ["b002"], "feature": "t003",
            "tree_digest": "d", "workloads": [], "mechanism": {"figure": "f", "counter": "c", "on": {}, "off": {}},
            "policy": {"alpha": 0.05, "pair_limit": 30, "guard_pairs": 5, "guard_margin": 0.03, "control_margin": 0.03,
                       "confirmation_pairs": 5, "dropped_max": 0.2, "accepted_is_enough": true, "rule_version": 1},
            "seed": 1}');
        INSERT INTO verdict VALUES (9, 7, 1002, 'T003', 'PROVEN', 1, 'because', 1, 'd', 'w', 'tps', 'a', 'b',
            '{"verdict": "PROVEN", "reason": "because", "passed": true, "decision": [], "outcomes": [],
              "confirmation": null, "mechanism": null, "rule_version": 1}');
        INSERT INTO stack_change VALUES (1, 1003, 'add', 'T003', 't003', 9, 'verdict 9 PROVEN');
    "#;

    #[tokio::test]
    async fn a_store_from_before_there_were_other_questions_keeps_all_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("workbench.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 2;");
        for sql in [MIGRATIONS[0], MIGRATIONS[1], OF_VERSION_2, &stamp] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        }
        migrate(&mut connection).await.unwrap();
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
        assert!(broken.is_empty(), "{} rows refer to nothing", broken.len());
        let orphan = "INSERT INTO stack_change VALUES (2, 1, 'add', 'B002', 'b002', 8, 'no such verdict')";
        assert!(sqlx::query(orphan).execute(&mut connection).await.is_err(), "what is referred to is still checked");

        let reader = Reader::open_at(&path).await.unwrap().unwrap();
        let question = Question::AddOneIn(ImprovementId("T003".to_owned()));
        let experiment = reader.experiment(ExperimentId(7)).await.unwrap().unwrap();
        assert_eq!(experiment.plan.question, question);
        assert_eq!(experiment.plan.arms, Arm::without_and_with("t003", &["b002".to_owned()], "d"));
        let verdict = &reader.verdicts(&question).await.unwrap()[0];
        assert_eq!((verdict.row, &verdict.question, verdict.ruling.verdict), (9, &question, Verdict::Proven));
        assert_eq!(reader.stack().await.unwrap()[0].verdict, 9);
        let logged: Vec<String> =
            reader.changes(0, 9).await.unwrap().into_iter().map(|change| change.subject).collect();
        assert_eq!(logged, ["T003"; 4], "nothing was logged a second time");
    }
}
