//! Migrations: at startup, by command, concurrently, and with an older release.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::json;

use crate::harness::{Engine, PostgresServer, ServerConfig, TEST_TIMEOUT, free_port};
use crate::on_both_engines;

on_both_engines! {
    async fn six_replicas_can_migrate_an_empty_database_concurrently(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        let starts: Vec<_> = (0..6).map(|_| tokio::spawn(config.clone().start())).collect();
        let mut servers = Vec::new();
        for start in starts {
            servers.push(start.await.unwrap());
        }
        for (n, server) in servers.iter().enumerate() {
            server.wait_for_readyz(true).await;
            server.client_for("me").create(&n.to_string()).await;
        }
        for server in &servers {
            assert_eq!(server.client_for("me").get("/api/tasks").await.json().as_array().unwrap().len(), 6);
            assert!(!server.logs().iter().any(|line| line.contains("ERROR")), "{:?}", server.logs());
        }
    }

    async fn migrate_command_serves_replicas_with_migrations_disabled(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_MIGRATE_ON_LAUNCH", "false").with("ROCKET_ISSUER", "{enabled=true}");
        let server = config.clone().start().await;
        server.client_for("me").get("/api/tasks").await.assert_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        let readiness = server.anonymous().get("/readyz").await;
        assert_eq!((readiness.status, readiness.json()), (503, json!({ "status": "not ready", "database": "not migrated" })));
        // The init container of the manifests has no secret.
        for _ in 0..2 {
            let output = config.clone().without("BETTER_AUTH_SECRET").with("ROCKET_PROFILE", "release").run(&["migrate"]).await;
            assert!(output.status.success(), "{output:?}");
        }
        server.wait_for_readyz(true).await;
        server.client_for("me").create("t").await;
    }

    async fn migrate_command_reports_failure(engine: Engine) {
        let config = match engine {
            Engine::Postgres => ServerConfig::unconfigured().with("DATABASE_URL", &format!("postgres://u:hunter2@127.0.0.1:{}/x", free_port())),
            Engine::Sqlite => {
                let config = ServerConfig::with_database(engine).await;
                std::fs::write(config.directory.path().join("todo.db"), "this is no database, and it is long enough to be sure").unwrap();
                config
            }
        };
        let output = config.run(&["migrate"]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("todo-api: the database ") && said.trim_end().lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"));
    }

    async fn older_release_accepts_newer_schema(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        drop(config.clone().start().await);
        let from_the_future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'future', true, 'x', 1)";
        if engine == Engine::Postgres {
            execute_on_postgres(config.get("DATABASE_URL"), from_the_future).await;
        } else {
            execute_on_sqlite(&config, from_the_future).await;
        }
        let server = config.start().await;
        server.wait_for_readyz(true).await;
        server.client_for("me").create("t").await;
    }

    async fn failed_migration_aborts_startup(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        let theirs = "CREATE TABLE tasks (other text)";
        if engine == Engine::Postgres {
            execute_on_postgres(config.get("DATABASE_URL"), theirs).await;
        } else {
            std::fs::write(config.directory.path().join("todo.db"), "").unwrap();
            execute_on_sqlite(&config, theirs).await;
        }
        let output = config.run(&[]).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(log.contains("the database cannot be migrated"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_command_waits_for_an_unavailable_database() {
    let cluster = PostgresServer::start(&[]);
    let config =
        ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &cluster.database().await);
    cluster.crash();
    let waiting =
        config.command(&["migrate", "--wait", "1m"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    cluster.restart();
    let output = tokio::time::timeout(TEST_TIMEOUT, waiting.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let server = config.with("ROCKET_MIGRATE_ON_LAUNCH", "false").start().await;
    server.wait_for_readyz(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_use_migrate_url() {
    let main = PostgresServer::shared().database().await;
    let direct = PostgresServer::shared().database().await;
    let config = ServerConfig::with_database(Engine::Postgres)
        .await
        .with("DATABASE_URL", &main)
        .with("MIGRATE_DATABASE_URL", &direct);
    let server = config.clone().start().await;
    assert_eq!(
        server.anonymous().get("/readyz").await.status,
        503,
        "the two URLs are different databases in this test"
    );
    let moved = config
        .without("MIGRATE_DATABASE_URL")
        .with("DATABASE_URL", &direct)
        .with("ROCKET_MIGRATE_ON_LAUNCH", "false");
    assert_eq!(moved.start().await.client_for("me").get("/api/tasks").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_without_migrations_to_apply_opens_no_direct_connection() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    drop(config.clone().start().await);
    let direct = TcpListener::bind("127.0.0.1:0").unwrap();
    direct.set_nonblocking(true).unwrap();
    let url = format!("postgres://postgres@{}/test", direct.local_addr().unwrap());
    let config = config.with("MIGRATE_DATABASE_URL", &url);
    let server = config.start().await;
    server.wait_for_readyz(true).await;
    server.client_for("me").create("t").await;
    assert_eq!(direct.accept().unwrap_err().kind(), ErrorKind::WouldBlock);

    // A database without this release's migrations is migrated by the direct connection.
    server.execute_sql("UPDATE _sqlx_migrations SET success = false").await;
    let server = server.restart().await;
    server.wait_for_readyz(false).await;
    assert!(direct.accept().is_ok());
}

async fn execute_on_postgres(url: &str, sql: &str) {
    use sqlx::{Connection, PgConnection};
    let mut db = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut db).await.unwrap();
}

async fn execute_on_sqlite(config: &ServerConfig, sql: &'static str) {
    use sqlx::{Connection, SqliteConnection};
    let path = config.directory.path().join("todo.db");
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_ignore_the_roles_time_limits() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let database = config.get("DATABASE_URL").rsplit('/').next().unwrap().to_owned();
    let limit = format!("ALTER ROLE postgres IN DATABASE {database} SET statement_timeout = 1");
    execute_on_postgres(config.get("DATABASE_URL"), &limit).await;
    let server = config.start().await;
    server.wait_for_readyz(true).await;
    server.client_for("me").create("t").await;
}
