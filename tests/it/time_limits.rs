//! Query and lock timeouts. A write that timed out does not happen later.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::time::sleep;

use crate::harness::{Engine, Response, Server, ServerConfig, TEST_TIMEOUT};
use crate::on_both_engines;

const LIMIT: &str = "{todo={query_timeout=1}}";

/// Lock of another session that blocks every write until dropped.
enum Locker {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Locker {
    async fn lock(server: &Server, postgres: &str) -> Self {
        let url = server.config.get("DATABASE_URL");
        if url.starts_with("sqlite") {
            let file = format!("sqlite://{}", server.config.directory.path().join("todo.db").display());
            let mut connection = SqliteConnection::connect(&file).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            Self::Sqlite(connection)
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let text = format!("BEGIN; {postgres}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
            Self::Postgres(connection)
        }
    }

    async fn unlock(self) {
        match self {
            Self::Postgres(mut it) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut it).await.unwrap()),
            Self::Sqlite(mut it) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut it).await.unwrap()),
        }
    }
}

async fn every_write(server: &Server, task: &Value) -> Vec<Response> {
    let me = server.client_for("me");
    let path = format!("/api/tasks/{}", task["id"]);
    let complete = format!("{path}/complete");
    let (title, empty) = (json!({ "title": "new" }), json!({}));
    let responses = tokio::join!(
        me.post("/api/tasks", &title),
        me.put(&path, &title),
        me.patch(&complete, &empty),
        me.delete(&path),
    );
    vec![responses.0, responses.1, responses.2, responses.3]
}

on_both_engines! {
    async fn write_that_times_out_on_a_lock_is_503_and_never_happens(engine: Engine) {
        // SQLite has one writer at a time, and each waits for the lock.
        let limits = "{todo={query_timeout=1,connect_timeout=10}}";
        let server = ServerConfig::with_database(engine).await.with("ROCKET_DATABASES", limits).start().await;
        let me = server.client_for("me");
        let task = me.create("t").await;
        let locker = Locker::lock(&server, "LOCK TABLE tasks IN SHARE ROW EXCLUSIVE MODE").await;
        for response in every_write(&server, &task).await {
            assert_eq!(response.status, 503, "{response:?}");
        }
        locker.unlock().await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]), "nothing happens later");
        me.create("and the next is stored").await;
    }

    async fn slow_statement_is_cancelled_and_changes_nothing(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_DATABASES", LIMIT).start().await;
        let me = server.client_for("me");
        let task = me.create("t").await;
        let slow = match engine {
            Engine::Postgres => "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(3); RETURN NEW; END$$;
                CREATE TRIGGER slow BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION slow()",
            Engine::Sqlite => "CREATE TRIGGER slow BEFORE UPDATE ON tasks BEGIN
                SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT count(*) FROM n); END",
        };
        server.execute_sql(slow).await;
        let response = me.patch(&format!("/api/tasks/{}/complete", task["id"]), &json!({})).await;
        assert_eq!(response.status, 503, "{response:?}");
        sleep(Duration::from_secs(4)).await;
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]), "nothing happens later");
        server.execute_sql(if engine == Engine::Postgres { "DROP TRIGGER slow ON tasks" } else { "DROP TRIGGER slow" }).await;
        let response = me.patch(&format!("/api/tasks/{}/complete", task["id"]), &json!({})).await;
        assert_eq!((response.status, &response.json()["completed"]), (200, &json!(true)), "the connection is free again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timed_out_statements_do_not_accumulate_in_postgresql() {
    let server =
        ServerConfig::with_database(Engine::Postgres).await.with("ROCKET_DATABASES", LIMIT).start().await;
    let me = server.client_for("me");
    let task = me.create("t").await;
    let locker = Locker::lock(&server, "SELECT 1 FROM tasks FOR UPDATE").await;
    for _ in 0..3 {
        for response in every_write(&server, &task).await.split_off(1) {
            assert_eq!(response.status, 503, "{response:?}");
        }
    }
    let began = Instant::now();
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while server.query_i64(busy).await > 0 {
        assert!(began.elapsed() < TEST_TIMEOUT, "backends still wait for the lock");
        sleep(Duration::from_millis(50)).await;
    }
    locker.unlock().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shorter_limits_in_the_url_apply() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let url = format!("{}?options=-c%20statement_timeout%3D200", config.get("DATABASE_URL"));
    let mut server = config.with("DATABASE_URL", &url).start().await;
    let me = server.client_for("me");
    let task = me.create("t").await;
    let locker = Locker::lock(&server, "SELECT 1 FROM tasks FOR UPDATE").await;
    let response = me.patch(&format!("/api/tasks/{}/complete", task["id"]), &json!({})).await;
    assert_eq!(response.status, 503);
    let line = server.wait_for_log_line(|line| line["status"] == 503).await;
    // The server's limit of 4 s would have been reported as a lock timeout.
    assert!(line["error"].as_str().unwrap().contains("statement timeout"), "{line}");
    locker.unlock().await;
}
