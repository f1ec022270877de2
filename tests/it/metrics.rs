//! Prometheus metrics.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::harness::{Engine, JwksServer, Server, ServerConfig, Signer, TEST_TIMEOUT, claims, signed};
use crate::on_both_engines;

/// Samples by name and labels.
async fn metrics(server: &Server) -> BTreeMap<String, String> {
    let response = server.anonymous().get("/metrics").await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/plain; version=0.0.4")));
    let samples = response.body.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

on_both_engines! {
    async fn requests_are_counted_by_route_method_and_status(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("user_with_a_name");
        for _ in 0..3 {
            let task = me.create("a secret title").await;
            assert_eq!(me.get(&format!("/api/user_with_a_name/tasks/{}", task["id"])).await.status, 200);
        }
        me.get("/api/tasks/999").await;
        me.call("HEAD", "/api/tasks", None).await;
        me.get("/api/nothing/at/all").await;
        me.call("PROPFIND", "/api/tasks", None).await;
        let seen = metrics(&server).await;
        for (labels, count) in [
            (r#"method="POST",route="/api/tasks",status="201""#, "3"),
            (r#"method="GET",route="/api/tasks/<id>",status="200""#, "3"),
            (r#"method="GET",route="/api/tasks/<id>",status="404""#, "1"),
            (r#"method="HEAD",route="/api/tasks",status="200""#, "1"),
            (r#"method="GET",route="none",status="404""#, "1"),
            (r#"method="?",route="none",status="405""#, "1"),
        ] {
            assert_eq!(seen.get(&format!("todo_http_requests_total{{{labels}}}")), Some(&count.to_owned()), "{labels}: {seen:#?}");
        }
        let of_posts = r#"{method="POST",route="/api/tasks""#;
        assert_eq!(seen[&format!("todo_http_request_duration_seconds_count{of_posts}}}")], "3");
        assert_eq!(seen[&format!(r#"todo_http_request_duration_seconds_bucket{of_posts},le="+Inf"}}"#)], "3");
        assert_ne!(seen[&format!("todo_http_request_duration_seconds_sum{of_posts}}}")], "0");
        assert_eq!(seen["todo_http_requests_in_flight"], "1", "this request");
        assert_eq!(seen[&format!(r#"todo_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"))], "1");
        assert!(!seen.keys().any(|name| name.contains("user_with_a_name") || name.contains("secret")));
        assert!(!seen.contains_key("todo_jwks_age_seconds"), "there is no issuer");
    }

    async fn token_verifications_are_counted_by_result(engine: Engine) {
        let server = Server::start(engine).await;
        let mut expired = claims("me");
        expired["exp"] = json!(1);
        server.client_for("me").get("/api/tasks").await;
        server.anonymous().get("/api/tasks").await;
        server.bearer(&signed(&expired)).get("/api/tasks").await;
        server.bearer("x.y.z").get("/api/tasks").await;
        server.bearer(&format!("{}x", signed(&claims("me")))).get("/api/tasks").await;
        let seen = metrics(&server).await;
        for outcome in ["accepted", "missing", "expired", "invalid", "invalid_signature"] {
            assert_eq!(seen[&format!(r#"todo_token_verifications_total{{result="{outcome}"}}"#)], "1", "{outcome}");
        }
    }

    async fn pool_connections_are_reported(engine: Engine) {
        let server = Server::start(engine).await;
        server.client_for("me").create("t").await;
        let seen = metrics(&server).await;
        let max = if engine == Engine::Sqlite { "5" } else { "15" };
        assert_eq!(seen["todo_db_pool_max_connections"], max);
        assert_ne!(seen[r#"todo_db_pool_connections{state="idle"}"#], "0", "{seen:#?}");
        assert_eq!(seen["todo_db_pool_timeouts_total"], "0");
    }

    async fn metrics_can_be_disabled(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_METRICS", "false").start().await;
        server.anonymous().get("/metrics").await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pool_timeouts_are_counted() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let url = config.get("DATABASE_URL").to_owned();
    let one = config.with("ROCKET_DATABASES", "{todo={max_connections=1,connect_timeout=1}}");
    let server = one.start().await;
    let me = server.client_for("me");
    me.create("t").await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE tasks").execute(&mut other).await.unwrap();
    let holds = {
        let me = me.clone();
        tokio::spawn(async move { me.get("/api/tasks").await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(me.get("/api/tasks").await.status, 503);
    let seen = metrics(&server).await;
    assert_eq!(seen[r#"todo_db_pool_connections{state="used"}"#], "1");
    assert_eq!(seen["todo_db_pool_timeouts_total"], "1");
    assert_ne!(seen["todo_db_pool_waits_total"], "0");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(holds.await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn jwks_age_is_reported() {
    let issuer = JwksServer::with(vec![Signer::new("one").jwk()]).await;
    let server =
        ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).start().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let age: u64 = metrics(&server).await["todo_jwks_age_seconds"].parse().unwrap();
    assert!((1..60).contains(&age), "{age}");
}

/// Number of connections of the server, counted by PostgreSQL.
async fn backends(connection: &mut PgConnection) -> i64 {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query_scalar(others).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pool_grows_on_demand_and_closes_idle_connections() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let mut database = PgConnection::connect(config.get("DATABASE_URL")).await.unwrap();
    let settings = "{todo={max_connections=4,min_connections=1,idle_timeout=1}}";
    let server = config.with("ROCKET_DATABASES", settings).start().await;
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let me = server.client_for(&format!("user-{n}"));
            tokio::spawn(async move { me.create("t").await })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let most = backends(&mut database).await;
    assert!((1..=4).contains(&most), "{most}");
    let began = std::time::Instant::now();
    while backends(&mut database).await > 1 {
        assert!(began.elapsed() < crate::harness::TEST_TIMEOUT, "{}", backends(&mut database).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        metrics(&server).await[r#"todo_db_pool_connections{state="idle"}"#],
        "1",
        "min_connections stay open"
    );
    assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_replaced_after_max_lifetime() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let mut database = PgConnection::connect(config.get("DATABASE_URL")).await.unwrap();
    let server = config.with("ROCKET_DATABASES", "{todo={max_connections=1,max_lifetime=1}}").start().await;
    let pid =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    server.client_for("me").create("t").await;
    let first: i32 = sqlx::query_scalar(pid).fetch_one(&mut database).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    server.client_for("me").create("t").await;
    // PostgreSQL ends the backend of a closed connection with a delay.
    let gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)";
    let began = Instant::now();
    while !sqlx::query_scalar::<_, bool>(gone).bind(first).fetch_one(&mut database).await.unwrap() {
        assert!(began.elapsed() < TEST_TIMEOUT, "the connection is never replaced");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200);
    let second: i32 = sqlx::query_scalar(pid).fetch_one(&mut database).await.unwrap();
    assert_ne!(first, second);
}
