//! Tables with partitions.

use serde_json::Value;
use todo_api::store::sql;

use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};

/// Two levels of partitions. One is in another schema, and one has a long name.
const PARTITIONED: Legacy = Legacy {
    sql: "CREATE SCHEMA app; CREATE SEQUENCE ids;
          CREATE TABLE tasks (id bigint NOT NULL DEFAULT nextval('ids') PRIMARY KEY, user_id varchar NOT NULL, title varchar NOT NULL, description text,
            completed boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())
            PARTITION BY RANGE (id);
          CREATE TABLE app.\"tasks of; old\" PARTITION OF tasks FOR VALUES FROM (1) TO (1000);
          CREATE TABLE tasks_new PARTITION OF tasks FOR VALUES FROM (1000) TO (1000000) PARTITION BY HASH (id);
          CREATE TABLE tasks_new_with_a_name_that_is_as_long_as_postgresql_allows_them0 PARTITION OF tasks_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
          CREATE TABLE tasks_new_with_a_name_that_is_as_long_as_postgresql_allows_the1 PARTITION OF tasks_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
          INSERT INTO tasks (user_id, title, created_at) SELECT CASE WHEN n % 10 = 0 THEN 'ann' ELSE 'bob' END, 't' || n, '2026-01-01'::timestamptz + n * interval '1 s'
            FROM generate_series(1, 5000) n",
    arguments: &[],
    ..schemas::SQLMODEL_TASKS
};

const PARTITIONED_UUIDS: Legacy = Legacy {
    sql: "CREATE TABLE tasks (id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY, user_id varchar NOT NULL, title varchar NOT NULL, description text,
            completed boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())
            PARTITION BY HASH (id);
          CREATE TABLE tasks0 PARTITION OF tasks FOR VALUES WITH (MODULUS 2, REMAINDER 0);
          CREATE TABLE tasks1 PARTITION OF tasks FOR VALUES WITH (MODULUS 2, REMAINDER 1);
          INSERT INTO tasks (user_id, title) SELECT 'ann', 't' || n FROM generate_series(1, 50) n",
    arguments: &[],
    ..schemas::SQLMODEL_TASKS
};

/// The indexes that adopt has made: how many, whether all are valid, and how many are attached.
const INDEXES: &str = "SELECT concat_ws(' ', count(*), bool_and(indisvalid), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)))
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE c.relname LIKE 'todo_api_list%'";

#[tokio::test(flavor = "multi_thread")]
async fn index_of_a_partitioned_table_is_created_partition_by_partition() {
    let mut db = LegacyDatabase::create(&PARTITIONED).await;
    let (catalogue, rows) = (db.catalogue().await, db.rows().await);
    let plan = text(&db.adopt(&[]).await);
    for wanted in [
        "CREATE INDEX \"todo_api_list\" ON ONLY \"public\".\"tasks\"",
        "SHARE on public.tasks to create the index (reads go on, writes wait)",
        "SHARE UPDATE EXCLUSIVE on app.tasks of; old to create the index",
    ] {
        assert!(plan.contains(wanted), "{wanted}: {plan}");
    }
    let applied = db.adopt(&["--apply", "--indexes"]).await;
    assert!(applied.status.success(), "{}", text(&applied));
    assert_eq!(db.query::<String>(INDEXES).await, "5 t 4");
    assert_eq!(db.rows().await, rows);
    db.execute("ANALYZE tasks; SET search_path = todo_api; SET plan_cache_mode = force_generic_plan; SET enable_bitmapscan = off").await;
    let plan = db.explain(sql::LIST_DESCENDING.postgres, "'ann', true, '2026-01-01', 1, 50").await;
    assert!(!plan.contains("Seq Scan") && plan.contains("Index Scan"), "{plan}");
    db.execute("RESET search_path").await;
    // A second run has nothing to do, and a partition of theirs gets its index from PostgreSQL.
    db.execute("CREATE TABLE tasks_newest PARTITION OF tasks FOR VALUES FROM (1000000) TO (2000000)").await;
    let again = db.adopt(&["--json"]).await;
    assert_eq!(serde_json::from_slice::<Value>(&again.stdout).unwrap()["indexes"], serde_json::json!([]));
    db.execute("DROP TABLE tasks_newest").await;

    let server = db.start_server().await;
    let me = server.client_for("ann");
    let task = me.create("of the last partition").await;
    assert_eq!(me.get(&format!("/api/tasks/{}", task["id"])).await.json(), task);
    assert_eq!(me.delete(&format!("/api/tasks/{}", task["id"])).await.status, 204);
    drop(server);
    let reverted = db.config.run(&["adopt", "--revert"]).await;
    assert!(reverted.status.success(), "{}", text(&reverted));
    assert_eq!((db.catalogue().await, db.rows().await), (catalogue, rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_index_of_a_partitioned_table_is_completed_or_dropped() {
    for ends_with in ["--apply", "--revert"] {
        let mut db = LegacyDatabase::create(&PARTITIONED).await;
        let catalogue = db.catalogue().await;
        db.apply().await;
        let report: Value = serde_json::from_slice(&db.adopt(&["--json"]).await.stdout).unwrap();
        let statements: Vec<&str> =
            report["indexes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(statements.len(), 9);
        // The run has ended within the creation of an index of a partition.
        for statement in &statements[..6] {
            db.execute(statement).await;
        }
        db.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = (SELECT max(c.oid::int8) FROM pg_class c WHERE c.relname LIKE 'todo_api_list_%')::oid",
        )
        .await;
        let arguments: &[&str] =
            if ends_with == "--apply" { &["--apply", "--indexes"] } else { &["--revert"] };
        let output = db.config.run(&[&["adopt"], arguments].concat()).await;
        assert!(output.status.success(), "{}", text(&output));
        if ends_with == "--apply" {
            assert_eq!(db.query::<String>(INDEXES).await, "5 t 4");
        } else {
            assert_eq!(db.catalogue().await, catalogue);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitioned_table_with_uuids_is_numbered_and_served() {
    let mut db = LegacyDatabase::create(&PARTITIONED_UUIDS).await;
    let catalogue = db.catalogue().await;
    let applied = db.adopt(&["--apply", "--indexes"]).await;
    assert!(applied.status.success(), "{}", text(&applied));
    let report = text(&applied);
    assert!(report.contains("held SHARE ROW EXCLUSIVE on public.tasks for at most "), "{report}");
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let task = me.create("numbered").await;
    assert_eq!(me.get("/api/tasks").await.json().as_array().unwrap().len(), 51);
    db.execute("INSERT INTO tasks (user_id, title) VALUES ('ann', 'theirs')").await;
    assert_eq!(me.get("/api/tasks").await.json()[0]["id"].as_i64(), task["id"].as_i64().map(|id| id + 1));
    drop(server);
    assert!(db.config.run(&["adopt", "--revert"]).await.status.success());
    assert_eq!(db.catalogue().await, catalogue);
}
