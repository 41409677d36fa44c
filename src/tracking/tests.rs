//! What only the inside can test: the schema's own guarantees, and a disk that fills up.

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use super::*;

/// Bounded and replaced, by design.
const LIVE_TABLES: &[&str] = &["slice", "progress", "heartbeat", "screen_slice", "screen_progress"];

async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(&folder.path().join("tracking/workbench.db"), &folder.path().join("profiles")).await;
    (folder, store.unwrap())
}

async fn raw(store: &Store) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(store.path())).await.unwrap()
}

#[tokio::test]
async fn every_fact_is_logged_and_kept_and_every_table_is_strict() {
    let (_folder, store) = store().await;
    let mut raw = raw(&store).await;
    let tables: Vec<(String, bool)> =
        sqlx::query_as("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
            .fetch_all(&mut raw)
            .await
            .unwrap();
    assert!(tables.len() > 12, "{tables:?}");
    for (table, strict) in tables {
        assert!(strict, "{table}");
        let triggers: Vec<String> =
            sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?")
                .bind(&table)
                .fetch_all(&mut raw)
                .await
                .unwrap();
        let has = |what: &str| triggers.iter().any(|sql| sql.contains(&format!("{what} ON {table} ")));
        let live = LIVE_TABLES.contains(&table.as_str());
        assert_eq!(has("BEFORE UPDATE") && has("BEFORE DELETE"), !live, "{table} is append-only");
        assert_eq!(has("AFTER INSERT"), !live && table != "change_log", "{table} is logged");
    }
}

#[tokio::test]
async fn every_column_travels_or_is_named_as_local() {
    use std::collections::{BTreeMap, BTreeSet};

    use super::evidence::{KINDS, LOCAL_TABLES};
    let (_folder, store) = store().await;
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut raw(&store).await)
    .await
    .unwrap();
    let mut schema: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (table, column) in rows.iter().filter(|(table, _)| !LOCAL_TABLES.contains(&table.as_str())) {
        schema.entry(table).or_default().insert(column);
    }
    let kinds: BTreeMap<&str, BTreeSet<&str>> = KINDS
        .iter()
        .map(|kind| {
            let travels = kind.columns.iter().map(|(column, _)| *column);
            (kind.table, travels.chain(kind.local.iter().map(|(column, _)| *column)).collect())
        })
        .collect();
    assert_eq!(schema, kinds, "say in src/tracking/evidence/kinds.rs whether a new table or column travels or stays");
}

#[tokio::test]
async fn what_happened_is_not_rewritten() {
    let (_folder, store) = store().await;
    store.set_agent(1, AgentState::Ready, None, "", "test").await.unwrap();
    let mut raw = raw(&store).await;
    for sql in ["UPDATE agent_status SET note = 'x'", "DELETE FROM agent_status", "DELETE FROM change_log"] {
        let refused = sqlx::raw_sql(sql).execute(&mut raw).await.unwrap_err().to_string();
        assert!(refused.contains("facts are append-only"), "{sql}: {refused}");
    }
    assert_eq!(store.reader().agents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let (_folder, store) = store().await;
    store.set_agent(1, AgentState::Active, None, "before", "test").await.unwrap();
    store.pretend_disk_is_full().await;
    let mut recorded = 1;
    let full = loop {
        match store.set_agent(1, AgentState::Active, None, &"x".repeat(2_000), "test").await {
            Ok(()) => recorded += 1,
            Err(error) => break error,
        }
        assert!(recorded < 1_000, "the disk never filled up");
    };
    assert!(matches!(full.fault, Fault::Full { .. }), "{full}");
    let changes = store.reader().latest_changes(10_000).await.unwrap();
    assert_eq!(changes.len(), recorded, "what was acknowledged is there, what was refused is not");
    assert_eq!(store.reader().check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_newer_store_is_left_alone() {
    let (folder, store) = store().await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut raw(&store).await).await.unwrap();
    let path = store.path().to_path_buf();
    store.close().await;
    for error in [
        Store::open_at(&path, folder.path()).await.map(drop).unwrap_err(),
        Reader::open_at(&path).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error.fault, Fault::Newer { found: 99, .. }), "{error}");
    }
}
