//! Shared statements and commits while the database hangs or the disk fails.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

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
