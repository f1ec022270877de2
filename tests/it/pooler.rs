//! PostgreSQL behind a connection pooler, as on Neon.

use std::time::Duration;

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Engine, PgBouncer, PostgresServer, Response, Server, ServerConfig};

/// A server that queries through the pooler and migrates directly.
async fn through(pooler: &PgBouncer, direct: &str) -> ServerConfig {
    ServerConfig::with_database(Engine::Sqlite)
        .await
        .with("DATABASE_URL", &pooler.url(direct))
        .with("MIGRATE_DATABASE_URL", direct)
}

#[tokio::test(flavor = "multi_thread")]
async fn incompatible_pooler_is_503_and_logs_the_fix() {
    let direct = PostgresServer::shared().database().await;
    for settings in
        ["", "ignore_startup_parameters = options", "default_pool_size = 1", "server_round_robin = 1"]
    {
        let off = if PgBouncer::tracks_prepared_statements() { "\nmax_prepared_statements = 0" } else { "" };
        let settings = &format!("{settings}{off}");
        let pooler = PgBouncer::start(PostgresServer::shared(), "transaction", settings);
        // Makes the pooler open several server connections.
        let options: PgConnectOptions = pooler.url(&direct).parse().unwrap();
        let options = options.extra_float_digits(None);
        let mut others = [
            PgConnection::connect_with(&options).await.unwrap(),
            PgConnection::connect_with(&options).await.unwrap(),
        ];
        if !settings.contains("pool_size = 1") {
            let (first, second) = others.split_at_mut(1);
            let (mut one, mut two) = (first[0].begin().await.unwrap(), second[0].begin().await.unwrap());
            sqlx::raw_sql("SELECT 1").execute(&mut *one).await.unwrap();
            sqlx::raw_sql("SELECT 1").execute(&mut *two).await.unwrap();
            one.rollback().await.unwrap();
            two.rollback().await.unwrap();
        }
        let mut server = through(&pooler, &direct).await.start().await;
        let me = server.client_for("me");
        for _ in 0..3 {
            let response = me.get("/api/tasks").await;
            assert_eq!(response.status, 503, "{response:?} {:#?}", server.logs());
        }
        server.wait_for_readyz(false).await;
        let line =
            server.wait_for_log_line(|line| line["status"] == 503 && line["route"] == "/api/tasks").await;
        let error = line["error"].as_str().unwrap();
        for part in
            ["PgBouncer 1.21", "max_prepared_statements", "databases.todo.prepared_statements = false"]
        {
            assert!(error.contains(part), "{settings}: {error}");
        }
        let other: PgConnectOptions = pooler.url(&direct).parse().unwrap();
        let mut other = PgConnection::connect_with(&other.extra_float_digits(None)).await.unwrap();
        let left =
            sqlx::raw_sql("SELECT name FROM pg_prepared_statements").fetch_all(&mut other).await.unwrap();
        assert_eq!(left.len(), 0, "the check leaves no statement behind for other clients");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unnamed_statements_are_correct_behind_any_pooler() {
    mixed_load_of_two_processes(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_statements_are_correct_behind_an_accepted_pooler() {
    if PgBouncer::tracks_prepared_statements() {
        mixed_load_of_two_processes(true).await;
    } else {
        // Older versions are compatible in session mode only.
        let direct = PostgresServer::shared().database().await;
        let pooler = PgBouncer::start(PostgresServer::shared(), "session", "");
        let server = through(&pooler, &direct).await.start().await;
        server.client_for("me").create("t").await;
        server.wait_for_readyz(true).await;
    }
}

/// Runs two servers whose statements have equal names on connections that the pooler exchanges.
async fn mixed_load_of_two_processes(named: bool) {
    let direct = PostgresServer::shared().database().await;
    let pooler = PgBouncer::start(PostgresServer::shared(), "transaction", "default_pool_size = 3");
    let config = through(&pooler, &direct).await;
    let config = config.with("ROCKET_DATABASES", &format!("{{todo={{prepared_statements={named}}}}}"));
    let servers = [config.clone().start().await, config.start().await];
    let users: Vec<_> = (0..8)
        .map(|n| {
            let me = servers[n % 2].client_for(&format!("user-{n}"));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for round in 0..15 {
                    let title = format!("{n}.{round}");
                    let task = me.create(&title).await;
                    let path = format!("/api/tasks/{}", task["id"]);
                    assert_eq!(me.get(&path).await.json(), task);
                    let done = me.patch(&format!("{path}/complete"), &json!({})).await.json();
                    assert_eq!(
                        (&done["id"], &done["title"], &done["completed"]),
                        (&task["id"], &json!(title), &json!(true))
                    );
                    if round % 2 == 0 {
                        assert_eq!(me.delete(&path).await.status, 204);
                    } else {
                        kept.push(done);
                    }
                    kept.sort_by_key(|it| -it["id"].as_i64().unwrap());
                    assert_eq!(me.get("/api/tasks").await.json(), json!(kept));
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    for server in servers {
        server.wait_for_readyz(true).await;
    }
}

/// A pooler that rejects startup parameters as PgBouncer and Neon do, and otherwise only forwards.
async fn rejecting_pooler() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(reject_or_forward(client));
        }
    });
    port
}

async fn reject_or_forward(mut client: TcpStream) -> Option<()> {
    loop {
        let length = client.read_i32().await.ok()?;
        let mut message = vec![0; usize::try_from(length - 4).ok()?];
        client.read_exact(&mut message).await.ok()?;
        if message.len() == 4 {
            // Declines the TLS request.
            client.write_all(b"N").await.ok()?;
            continue;
        }
        if message.split(|it| *it == 0).any(|it| it == b"options") {
            let fields = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
            client.write_u8(b'E').await.ok()?;
            client.write_i32(i32::try_from(fields.len()).ok()? + 4).await.ok()?;
            client.write_all(fields).await.ok()?;
            return None;
        }
        let mut server = TcpStream::connect(("127.0.0.1", PostgresServer::shared().port())).await.ok()?;
        server.write_i32(length).await.ok()?;
        server.write_all(&message).await.ok()?;
        copy_bidirectional(&mut client, &mut server).await.ok()?;
        return None;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timed_out_write_never_happens_behind_a_pooler() {
    let direct = PostgresServer::shared().database().await;
    let port = rejecting_pooler().await;
    let url = direct.replace(&format!(":{}", PostgresServer::shared().port()), &format!(":{port}"));
    let config = ServerConfig::with_database(Engine::Sqlite)
        .await
        .with("DATABASE_URL", &url)
        .with("MIGRATE_DATABASE_URL", &direct);
    let server = config.with("ROCKET_DATABASES", "{todo={query_timeout=1}}").start().await;
    assert_timed_out_write_never_happens(&server, &direct).await;

    // Limits set on the role need no transaction. The guarantee is the same.
    let mut admin = PgConnection::connect(&direct).await.unwrap();
    let database = direct.rsplit('/').next().unwrap();
    for limit in ["statement_timeout = 400", "lock_timeout = 350"] {
        let alter = format!("ALTER ROLE postgres IN DATABASE {database} SET {limit}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(alter)).execute(&mut admin).await.unwrap();
    }
    let server = server.restart().await;
    assert_timed_out_write_never_happens(&server, &direct).await;
}

/// Checks that a write that waits for a lock gets a 503 and does not happen after the lock is released.
async fn assert_timed_out_write_never_happens(server: &Server, direct: &str) {
    let me = server.client_for("me");
    let task = me.create("t").await;
    let mut locker = PgConnection::connect(direct).await.unwrap();
    let mut lock = locker.begin().await.unwrap();
    sqlx::raw_sql("SELECT 1 FROM tasks FOR UPDATE").execute(&mut *lock).await.unwrap();
    let refused: Response = me.patch(&format!("/api/tasks/{}/complete", task["id"]), &json!({})).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    lock.rollback().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(me.get(&format!("/api/tasks/{}", task["id"])).await.json(), task, "it never happens");
}
