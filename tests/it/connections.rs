//! Concurrent connections and the limit of open files.

use std::time::Instant;

use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

use crate::harness::{Engine, Server, ServerConfig, TEST_TIMEOUT};

#[tokio::test(flavor = "multi_thread")]
async fn open_file_soft_limit_is_raised_to_the_hard_limit() {
    let server = ServerConfig::with_database(Engine::Sqlite).await.with_ulimit("-Sn 64").start().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let files: Vec<_> =
        limits.lines().find(|it| it.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(files[3], files[4], "{files:?}");
    assert_ne!(files[3], "64");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_accepts_are_counted_and_logged_once_per_minute() {
    let mut server = ServerConfig::with_database(Engine::Sqlite).await.with_ulimit("-n 64").start().await;
    server.client_for("me").create("t").await;
    let mut connections = Vec::new();
    for _ in 0..80 {
        connections.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let line = server
        .wait_for_log_line(|line| {
            line["message"].as_str().is_some_and(|it| it.contains("cannot be accepted"))
        })
        .await;
    assert_eq!(line["level"], "ERROR");
    assert!(line["error"].as_str().unwrap().contains("Too many open files"), "{line}");
    sleep(Duration::from_secs(1)).await;
    drop(connections);

    let lines = server.logs().into_iter().filter(|it| it.contains("cannot be accepted")).count();
    assert_eq!(lines, 1, "several failures log one line");
    let began = Instant::now();
    let count = async |server: &Server| {
        let metrics = server.anonymous().get("/metrics").await.body;
        let line = metrics.lines().find(|it| it.starts_with("todo_accept_errors_total ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    while count(&server).await < 2 {
        assert!(began.elapsed() < TEST_TIMEOUT, "failures are counted");
    }
    assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200, "the server keeps serving");
}
