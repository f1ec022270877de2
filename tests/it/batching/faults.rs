//! Shared statements and commits while the database hangs or the disk fails.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{Pause, assert_shared, create_all, titles};
use crate::harness::{Engine, Fault, ServerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn excess_requests_are_503_at_once_while_the_database_hangs() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let server = config
        .with("ROCKET_DATABASES", "{todo={max_connections=1,connect_timeout=60,query_timeout=60}}")
        .start()
        .await;
    let me = server.client_for("me");
    let id = me.create("t").await["id"].as_i64().unwrap();
    let pause = Pause::begin(&server).await;
    let requests = (0..1800).map(|number| {
        let dialect = if number % 2 == 0 { "/api" } else { "/api/v1" };
        let (me, path) = (me.clone(), format!("{dialect}/tasks/{id}"));
        tokio::spawn(async move { me.get(&path).await })
    });
    let requests: Vec<_> = requests.collect();
    let began = Instant::now();
    while requests.iter().filter(|it| it.is_finished()).count() < 300 {
        assert!(began.elapsed() < Duration::from_secs(30), "the excess is rejected");
        sleep(Duration::from_millis(50)).await;
    }
    pause.end().await;
    let mut rejected = 0;
    for (number, request) in requests.into_iter().enumerate() {
        let response = request.await.unwrap();
        if response.status == 503 {
            rejected += 1;
            assert_eq!(response.header("retry-after"), Some("1"));
            let code = if number % 2 == 0 { "error_code" } else { "error" };
            assert!(response.json().get(code).is_some(), "{response:?}");
        } else {
            assert_eq!(response.status, 200, "{response:?}");
        }
    }
    assert!((300..1000).contains(&rejected), "{rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_statements_that_time_out_are_503_and_never_happen() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let server = config.with("ROCKET_DATABASES", "{todo={query_timeout=1}}").start().await;
    let me = server.client_for("me");
    let pause = Pause::begin(&server).await;
    let wanted: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
    for response in create_all(&me, &wanted).await {
        assert_eq!(response.status, 503, "{response:?}");
    }
    pause.end().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(titles(&me).await, [""; 0]);
    me.create("and the next is stored").await;
}

/// PostgreSQL cancels the shared statements that wait for a lock, and the requests of them then run their own statements.
#[tokio::test(flavor = "multi_thread")]
async fn requests_of_cancelled_statements_leave_connections_to_others() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let settings = "{todo={max_connections=2,connect_timeout=5,query_timeout=2}}";
    let server = config.with("ROCKET_DATABASES", settings).start().await;
    let me = server.client_for("me");
    let account = json!({ "name": "Ann", "email": "ann@example.com", "password": "correct horse battery" });
    let account = server.anonymous().post("/api/auth/sign-up/email", &account).await.json();
    let session = server.bearer(account["token"].as_str().unwrap());

    let pause = Pause::begin(&server).await;
    let wanted: Vec<String> = (0..300).map(|number| format!("{number}")).collect();
    let requests = {
        let (me, wanted) = (me.clone(), wanted.clone());
        tokio::spawn(async move { create_all(&me, &wanted).await })
    };
    while server.query_i64("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").await < 2 {
        sleep(Duration::from_millis(20)).await;
    }
    // PostgreSQL cancels the first statements after 0.8 seconds. The next have all other requests, and it cancels these as well.
    sleep(Duration::from_millis(2500)).await;
    let response = session.get("/api/auth/get-session").await;
    assert_eq!((response.status, &response.json()["user"]["name"]), (200, &json!("Ann")), "{response:?}");
    pause.end().await;

    let responses = requests.await.unwrap();
    let created = responses.iter().filter(|it| it.status == 201).count();
    assert!(responses.iter().all(|it| [201, 503].contains(&it.status)), "{responses:?}");
    assert_eq!(titles(&me).await.len(), created, "each acknowledged task is stored once, and no other");
    assert_shared(&server, &["create"]).await;
}

/// SQLite rolls the whole transaction back when the disk is full, and no write of it may be acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn shared_commit_on_a_failing_disk_acknowledges_nothing() {
    for fault in [Fault::Full, Fault::Sync] {
        let server = ServerConfig::with_database(Engine::Sqlite).await.with_faulty_disk().start().await;
        let me = server.client_for("me");
        let wanted: Vec<String> = (0..60).map(|number| format!("{number}")).collect();
        let mut stored = BTreeSet::new();
        for is_faulty in [false, true, false, true] {
            server.set_disk_fault(is_faulty.then_some(fault));
            for response in create_all(&me, &wanted).await {
                assert_eq!(response.status, if is_faulty { 503 } else { 201 }, "{response:?}");
                stored.extend(response.json()["id"].as_i64());
            }
        }
        assert_shared(&server, &["commit"]).await;
        let server = server.kill().await.without("LD_PRELOAD").start().await;
        let list = me.at(&server.url).get("/api/tasks").await.json();
        let found: BTreeSet<i64> =
            list.as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()).collect();
        assert_eq!(found, stored);
    }
}
