//! Migrations: at startup, by command, concurrently, and with an older release.

use crate::harness::{Cluster, Engine, Setup, free_port};
use crate::on_both_engines;

on_both_engines! {
    async fn six_replicas_can_migrate_an_empty_database_concurrently(engine: Engine) {
        let setup = Setup::on(engine).await;
        let starts: Vec<_> = (0..6).map(|_| tokio::spawn(setup.clone().start())).collect();
        let mut servers = Vec::new();
        for start in starts {
            servers.push(start.await.unwrap());
        }
        for (n, server) in servers.iter().enumerate() {
            server.ready(true).await;
            server.caller("me").create(&n.to_string()).await;
        }
        for server in &servers {
            assert_eq!(server.caller("me").get("/api/tasks").await.json().as_array().unwrap().len(), 6);
            assert!(!server.output().iter().any(|line| line.contains("ERROR")), "{:?}", server.output());
        }
    }

    async fn migrate_command_serves_replicas_with_migrations_disabled(engine: Engine) {
        let setup = Setup::on(engine).await.with("ROCKET_MIGRATE_ON_LAUNCH", "false").with("ROCKET_ISSUER", "{enabled=true}");
        let server = setup.clone().start().await;
        server.caller("me").get("/api/tasks").await.is_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        assert_eq!(server.anonymous().get("/readyz").await.status, 503, "a server without its schema is not ready");
        // A migration job has no secret.
        for _ in 0..2 {
            let output = setup.clone().without("BETTER_AUTH_SECRET").with("ROCKET_PROFILE", "release").run(&["migrate"]).await;
            assert!(output.status.success(), "{output:?}");
        }
        server.ready(true).await;
        server.caller("me").create("t").await;
    }

    async fn migrate_command_reports_failure(engine: Engine) {
        let setup = match engine {
            Engine::Postgres => Setup::bare().with("DATABASE_URL", &format!("postgres://u:hunter2@127.0.0.1:{}/x", free_port())),
            Engine::Sqlite => {
                let setup = Setup::on(engine).await;
                std::fs::write(setup.folder.path().join("todo.db"), "this is no database, and it is long enough to be sure").unwrap();
                setup
            }
        };
        let output = setup.run(&["migrate"]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("todo-api: the database ") && said.trim_end().lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"));
    }

    async fn older_release_accepts_newer_schema(engine: Engine) {
        let setup = Setup::on(engine).await;
        drop(setup.clone().start().await);
        let from_the_future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'future', true, 'x', 1)";
        if engine == Engine::Postgres {
            execute_on_postgres(setup.get("DATABASE_URL"), from_the_future).await;
        } else {
            execute_on_sqlite(&setup, from_the_future).await;
        }
        let server = setup.start().await;
        server.ready(true).await;
        server.caller("me").create("t").await;
    }

    async fn failed_migration_aborts_startup(engine: Engine) {
        let setup = Setup::on(engine).await;
        let theirs = "CREATE TABLE tasks (other text)";
        if engine == Engine::Postgres {
            execute_on_postgres(setup.get("DATABASE_URL"), theirs).await;
        } else {
            std::fs::write(setup.folder.path().join("todo.db"), "").unwrap();
            execute_on_sqlite(&setup, theirs).await;
        }
        let output = setup.run(&[]).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let log = String::from_utf8(output.stdout).unwrap();
        assert!(log.contains("the database cannot be migrated"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_use_migrate_url() {
    let main = Cluster::shared().database().await;
    let direct = Cluster::shared().database().await;
    let setup =
        Setup::on(Engine::Postgres).await.with("DATABASE_URL", &main).with("MIGRATE_DATABASE_URL", &direct);
    let server = setup.clone().start().await;
    assert_eq!(
        server.anonymous().get("/readyz").await.status,
        503,
        "the two URLs are different databases in this test"
    );
    let moved = setup
        .without("MIGRATE_DATABASE_URL")
        .with("DATABASE_URL", &direct)
        .with("ROCKET_MIGRATE_ON_LAUNCH", "false");
    assert_eq!(moved.start().await.caller("me").get("/api/tasks").await.status, 200);
}

async fn execute_on_postgres(url: &str, sql: &str) {
    use sqlx::{Connection, PgConnection};
    let mut db = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut db).await.unwrap();
}

async fn execute_on_sqlite(setup: &Setup, sql: &'static str) {
    use sqlx::{Connection, SqliteConnection};
    let path = setup.folder.path().join("todo.db");
    let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_ignore_the_roles_time_limits() {
    let setup = Setup::on(Engine::Postgres).await;
    let database = setup.get("DATABASE_URL").rsplit('/').next().unwrap().to_owned();
    let limit = format!("ALTER ROLE postgres IN DATABASE {database} SET statement_timeout = 1");
    execute_on_postgres(setup.get("DATABASE_URL"), &limit).await;
    let server = setup.start().await;
    server.ready(true).await;
    server.caller("me").create("t").await;
}
