//! The lanes of a kind of statement, and the queue in front of them.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Pause, batches, create_all};
use crate::harness::{Engine, Server, ServerConfig, TEST_TIMEOUT};

/// A trigger makes the statements long, as the way to a distant database does.
#[tokio::test(flavor = "multi_thread")]
async fn long_statements_run_at_the_same_time() {
    let server = Server::start(Engine::Postgres).await;
    server
        .execute_sql(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END$$;
             CREATE TRIGGER linger AFTER INSERT ON tasks FOR EACH STATEMENT EXECUTE FUNCTION linger()",
        )
        .await;
    let me = server.client_for("me");
    for _ in 0..30 {
        me.create("alone").await;
    }
    let wanted: Vec<String> = (0..12).map(|number| format!("{number}")).collect();
    for response in create_all(&me, &wanted).await {
        assert_eq!(response.status, 201, "{response:?}");
    }
    let (statements, requests) = batches(&server).await["create"];
    assert!(requests <= statements, "each request has a statement of its own: {requests} in {statements}");
}

/// One statement hangs in the database and another waits for its connection. So no third one begins.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_in_the_queue_are_503_after_the_connect_timeout() {
    let config = ServerConfig::with_database(Engine::Postgres).await;
    let settings = "{todo={max_connections=1,connect_timeout=2,query_timeout=60}}";
    let server = config.with("ROCKET_DATABASES", settings).start().await;
    let me = server.client_for("me");
    me.create("t").await;
    let pause = Pause::begin(&server).await;
    let requests: Vec<_> = (0..900)
        .map(|_| {
            let me = me.clone();
            tokio::spawn(async move { me.get("/api/tasks").await.status })
        })
        .collect();
    let began = Instant::now();
    while requests.iter().filter(|it| it.is_finished()).count() < 899 {
        assert!(began.elapsed() < TEST_TIMEOUT, "the queue empties while the database hangs");
        sleep(Duration::from_millis(50)).await;
    }
    pause.end().await;
    let mut responses = Vec::new();
    for request in requests {
        responses.push(request.await.unwrap());
    }
    responses.sort_unstable();
    assert_eq!((responses[0], &responses[1..]), (200, &[503; 899][..]));
}
