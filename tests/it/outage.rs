//! Database outages and recovery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::harness::{
    Engine, PostgresServer, Response, SECRET, Server, ServerConfig, TEST_TIMEOUT, token_for,
};
use crate::on_both_engines;

#[track_caller]
fn assert_unavailable(response: &Response) {
    response.assert_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert!(response.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(response.header("access-control-allow-origin"), Some("http://localhost:3000"));
}

fn with_url(url: &str) -> ServerConfig {
    ServerConfig::unconfigured()
        .with("DATABASE_URL", url)
        .with("BETTER_AUTH_SECRET", SECRET)
        .with("ROCKET_LOG_FORMAT", "json")
        .with("ROCKET_DATABASES", "{todo={connect_timeout=1}}")
}

/// Connections to the current database, except the one that asks.
const OTHER_BACKENDS: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Waits until `/readyz` responds with this status and body.
async fn wait_for_database_state(server: &Server, code: u16, status: &str, database: &str) {
    let began = std::time::Instant::now();
    let expected = json!({ "status": status, "database": database });
    loop {
        let response = server.anonymous().get("/readyz").await;
        if response.json() == expected {
            assert_eq!(response.status, code);
            return;
        }
        assert!(began.elapsed() < TEST_TIMEOUT, "{response:?} is not {expected}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn wait_until_healthy(server: &Server, event: &str) {
    let began = std::time::Instant::now();
    while server.client_for("me").get("/api/tasks").await.status != 200 {
        assert!(began.elapsed() < TEST_TIMEOUT, "{event}: {:#?}", server.logs());
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_database_is_503_until_it_recovers() {
    let cluster = PostgresServer::start(&[]);
    let mut server = with_url(&cluster.database().await).start().await;
    let me = server.client_for("me").with("Origin", "http://localhost:3000");
    let task = me.create("kept").await;
    server.wait_for_readyz(true).await;

    cluster.crash();
    for _ in 0..3 {
        assert_unavailable(&me.get("/api/tasks").await);
        assert_unavailable(&me.post("/api/tasks", &json!({ "title": "lost" })).await);
    }
    wait_for_database_state(&server, 200, "ready", "unavailable").await;
    assert!(me.get("/metrics").await.body.contains("\ntodo_db_up 0\n"));
    assert_eq!(me.get("/livez").await.status, 200);
    assert_eq!(
        server.anonymous().get("/api/tasks").await.status,
        401,
        "authentication precedes the database"
    );
    assert_eq!(me.get("/api/you/tasks").await.status, 403, "authorization precedes the database");
    let line = server.wait_for_log_line(|line| line["status"] == 503 && line["route"] == "/api/tasks").await;
    assert!(line["error"].is_string() && line["request_id"].is_string(), "the log says why: {line}");

    cluster.restart();
    // Before the next request: probes alone find out that the database is back.
    wait_for_database_state(&server, 200, "ready", "available").await;
    assert!(me.get("/metrics").await.body.contains("\ntodo_db_up 1\n"));
    wait_until_healthy(&server, "it heals by itself").await;
    assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_always_fails_while_the_database_is_unavailable() {
    let cluster = PostgresServer::start(&[]);
    let config = with_url(&cluster.database().await).with("ROCKET_READINESS", "always");
    let server = config.start().await;
    wait_for_database_state(&server, 200, "ready", "available").await;
    cluster.crash();
    wait_for_database_state(&server, 503, "not ready", "unavailable").await;
    cluster.restart();
    wait_for_database_state(&server, 200, "ready", "available").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_of_a_ready_server_let_the_database_sleep() {
    let [probing, sticky] = ["always", "once"].map(|mode| async move {
        let config = ServerConfig::with_database(Engine::Postgres).await.with("ROCKET_READINESS", mode);
        let server = config.start().await;
        wait_for_database_state(&server, 200, "ready", "available").await;
        // As a database that suspends.
        server.execute_sql(&format!("SELECT pg_terminate_backend(pid) {OTHER_BACKENDS}")).await;
        server
    });
    let (probing, sticky) = (probing.await, sticky.await);
    let backends = format!("SELECT count(*) {OTHER_BACKENDS}");
    let began = std::time::Instant::now();
    // A server that queries the database has a connection again; by then the other server had the same time.
    while probing.query_i64(&backends).await == 0 {
        for server in [&probing, &sticky] {
            assert_eq!(server.anonymous().get("/readyz").await.status, 200);
            assert_eq!(server.anonymous().get("/metrics").await.status, 200);
        }
        assert!(began.elapsed() < TEST_TIMEOUT, "readiness \"always\" makes no query");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sticky.query_i64(&backends).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_starts_without_database_and_recovers() {
    let cluster = PostgresServer::start(&[]);
    let url = cluster.database().await;
    cluster.crash();
    let server = with_url(&url).start().await;
    let me = server.client_for("me").with("Origin", "http://localhost:3000");
    assert_eq!(me.get("/livez").await.status, 200);
    wait_for_database_state(&server, 503, "not ready", "unavailable").await;
    assert_unavailable(&me.get("/api/tasks").await);
    cluster.restart();
    wait_until_healthy(&server, "it migrates and serves when the database comes").await;
    server.wait_for_readyz(true).await;
    me.create("t").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unresponsive_database_is_503_within_the_timeout() {
    // A listener that accepts and never responds, as a dead host behind a load balancer does.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u@127.0.0.1:{}/x", silent.local_addr().unwrap().port());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let server = with_url(&url).start().await;
    let me = server.client_for("me").with("Origin", "http://localhost:3000");
    assert_unavailable(&timeout(TEST_TIMEOUT, me.get("/api/tasks")).await.unwrap());
    assert_eq!(me.get("/readyz").await.status, 503);
    assert_eq!(me.get("/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn network_failure_during_a_query_is_detected() {
    let proxy = Proxy::start(PostgresServer::shared().port()).await;
    let database = PostgresServer::shared().database().await;
    let url = database.replace(&format!(":{}", PostgresServer::shared().port()), &format!(":{}", proxy.port));
    let server =
        with_url(&url).with("ROCKET_DATABASES", "{todo={connect_timeout=1,query_timeout=1}}").start().await;
    let me = server.client_for("me").with("Origin", "http://localhost:3000");
    me.create("kept").await;
    proxy.set_frozen(true);
    for _ in 0..3 {
        assert_unavailable(&timeout(TEST_TIMEOUT, me.get("/api/tasks")).await.unwrap());
    }
    assert_eq!(me.get("/livez").await.status, 200);
    proxy.set_frozen(false);
    wait_until_healthy(&server, "it heals when the network does").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminated_connections_fail_no_request_after_one_second() {
    let url = PostgresServer::shared().database().await;
    let server = with_url(&url).start().await;
    let me = server.client_for("me");
    let burst = async || {
        let calls: Vec<_> = (0..40)
            .map(|_| {
                let me = me.clone();
                tokio::spawn(async move { me.get("/api/tasks").await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for call in calls {
            statuses.push(call.await.unwrap());
        }
        statuses
    };
    assert_eq!(burst().await, [200; 40]);
    let mut admin = PgConnection::connect(&PostgresServer::shared().url("postgres")).await.unwrap();
    let database = url.rsplit('/').next().unwrap();
    for _ in 0..3 {
        let killed: Vec<(bool,)> =
            sqlx::query_as("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
                .bind(database)
                .fetch_all(&mut admin)
                .await
                .unwrap();
        assert!(!killed.is_empty());
        sleep(Duration::from_secs(1)).await;
        assert_eq!(burst().await, [200; 40]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exhausted_pool_is_503_and_loses_nothing() {
    let url = PostgresServer::shared().database().await;
    let server = with_url(&url)
        .with("ROCKET_DATABASES", "{todo={max_connections=2,connect_timeout=1,query_timeout=60}}")
        .start()
        .await;
    let me = server.client_for("me").with("Origin", "http://localhost:3000");
    me.create("a").await;
    let mut locker = PgConnection::connect(&url).await.unwrap();
    let mut lock = locker.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let stuck: Vec<_> = (0..2)
        .map(|_| {
            let me = me.clone();
            tokio::spawn(async move { me.get("/api/tasks").await.status })
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    assert_unavailable(&me.get("/api/tasks").await);
    lock.rollback().await.unwrap();
    for call in stuck {
        assert_eq!(call.await.unwrap(), 200, "a request with a connection gets its response");
    }
    assert_eq!(me.get("/api/tasks").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_connection_limit_makes_requests_wait_for_the_pool() {
    let cluster = PostgresServer::with("-c max_connections=8 -c superuser_reserved_connections=0");
    let url = cluster.database().await;
    let server = with_url(&url)
        .with("ROCKET_DATABASES", "{todo={max_connections=15,connect_timeout=10}}")
        .start()
        .await;
    let me = server.client_for("me");
    me.create("t").await;
    // Other clients hold all but three connections.
    let mut others = Vec::new();
    while others.len() < 5 {
        others.push(PgConnection::connect(&url).await.unwrap());
    }
    for _ in 0..5 {
        let calls: Vec<_> = (0..60)
            .map(|n| {
                let me = me.clone();
                tokio::spawn(async move {
                    if n % 2 == 0 {
                        me.get("/api/tasks").await.status
                    } else {
                        me.post("/api/tasks", &json!({ "title": "t" })).await.status
                    }
                })
            })
            .collect();
        for call in calls {
            assert!([200, 201].contains(&call.await.unwrap()), "{:#?}", server.logs());
        }
    }
}

on_both_engines! {
    async fn stalled_uploads_hold_no_connection(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_DATABASES", "{todo={max_connections=4,connect_timeout=1}}").start().await;
        let mut stalled = Vec::new();
        for n in 0..40 {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            let token = token_for(&format!("slow-{n}"));
            let head = format!("POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 5000\r\n\r\n{{\"title\":\"half a");
            stream.write_all(head.as_bytes()).await.unwrap();
            stalled.push(stream);
        }
        let me = server.client_for("me");
        for _ in 0..20 {
            let task = me.create("t").await;
            assert_eq!(me.get(&format!("/api/tasks/{}", task["id"])).await.status, 200);
        }
        assert_eq!(server.anonymous().get("/readyz").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sqlite_writers_lose_nothing() {
    let server = Server::start(Engine::Sqlite).await;
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let me = server.client_for(&n.to_string());
            tokio::spawn(async move {
                for _ in 0..50 {
                    me.create("t").await;
                }
                me.get("/api/tasks").await.json().as_array().unwrap().len()
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.await.unwrap(), 50);
    }
}

/// Proxy to PostgreSQL. While frozen it keeps connections open and forwards nothing.
struct Proxy {
    port: u16,
    frozen: Arc<AtomicBool>,
}

impl Proxy {
    async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let is_frozen = frozen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(forward(from_client, to_server, is_frozen.clone()));
                tokio::spawn(forward(from_server, to_client, is_frozen.clone()));
            }
        });
        Self { port: own, frozen }
    }

    fn set_frozen(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
    }
}

async fn forward(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    frozen: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 16_384];
    while let Ok(length) = from.read(&mut buffer).await {
        while frozen.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(20)).await;
        }
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}
