//! Limits, log lines, metrics and outages: as for every other request.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Agent;
use crate::harness::{
    Engine, PostgresServer, Server, ServerConfig, Signal, TEST_TIMEOUT, send_raw, token_for,
};
use crate::on_both_engines;

on_both_engines! {
    async fn log_line_has_the_tool_and_never_its_arguments(engine: Engine) {
        let noisy = "trace,rmcp=trace,rmcp::service=trace,rmcp::transport=trace";
        let mut server = ServerConfig::with_database(engine).await.with("RUST_LOG", noisy).start().await;
        let agent = |request: &str| Agent(Agent::of(&server, "ann").0.with("X-Request-Id", request));
        let id = agent("add-1").call("add_task", json!({ "title": "secret title", "description": "secret text" })).await["id"].clone();
        agent("list-1").call("list_tasks", json!({})).await;
        agent("wrong-1").fail("update_task", json!({ "task_id": id, "secret argument": 1 })).await;
        let (unknown, tools) = (agent("unknown-1"), agent("tools-1"));
        unknown.send("tools/call", json!({ "name": "secret_tool" })).await;
        tools.request("tools/list", json!({})).await;
        for (request, tool) in [
            ("add-1", json!("add_task")),
            ("list-1", json!("list_tasks")),
            ("wrong-1", json!("update_task")),
            ("unknown-1", Value::Null),
            ("tools-1", Value::Null),
        ] {
            let line = server.wait_for_log_line(|line| line["request_id"] == request).await;
            assert_eq!((&line["route"], &line["tool"], &line["status"]), (&json!("/mcp"), &tool, &json!(200)), "{line}");
            assert!(line["user_hash"].is_string());
        }
        let lines = server.logs().join("\n");
        assert!(!lines.contains("secret"), "{lines}");
        assert!(!lines.contains(&token_for("ann")[..20]), "no token");
    }

    async fn shutdown_finishes_a_tool_in_flight(engine: Engine) {
        let mut server = Server::start(engine).await;
        let params = json!({ "name": "add_task", "arguments": { "title": "in flight" } });
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params }).to_string();
        let (first, rest) = message.split_at(message.len() - 5);
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nAccept: application/json, text/event-stream\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{first}",
            token_for("me"), message.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(300)).await;
        server.signal(Signal::TERM);
        while TcpStream::connect(server.address()).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
        stream.write_all(rest.as_bytes()).await.unwrap();
        let mut response = String::new();
        let _ = timeout(TEST_TIMEOUT, stream.read_to_string(&mut response)).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 ") && response.contains(r#""isError":false"#), "{response}");
        assert_eq!(server.wait().await.code(), Some(0));
        let again = server.config.clone().start().await;
        assert_eq!(Agent::of(&again, "me").list().await[0]["title"], "in flight", "the acknowledged write is stored");
    }

    async fn requests_are_counted_by_route(engine: Engine) {
        let server = Server::start(engine).await;
        Agent::of(&server, "me").add("t").await;
        let metrics = server.anonymous().get("/metrics").await.body;
        assert!(metrics.contains(r#"todo_http_requests_total{method="POST",route="/mcp",status="200"} 1"#), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn body_has_the_limits_of_every_body() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_BODY_TIMEOUT", "1");
    let server = config.start().await;
    let agent = Agent::of(&server, "me");
    let large = agent
        .send("tools/call", json!({ "name": "add_task", "arguments": { "title": "x".repeat(70_000) } }))
        .await;
    assert_eq!(
        (large.status, &large.json()["error"]["message"]),
        (413, &json!("Request body must be at most 64 KiB"))
    );
    let half = format!(
        "POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n{{\"jsonrpc\": \"2.0\",",
        token_for("me")
    );
    let response = timeout(TEST_TIMEOUT, send_raw(server.address(), half.as_bytes())).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    let without_host = format!(
        "POST /mcp HTTP/1.1\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token_for("me")
    );
    let response = send_raw(server.address(), without_host.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("Malformed request"), "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_types_are_those_of_the_protocol() {
    let server = Server::start(Engine::Sqlite).await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let not_acceptable = server.client_for("me").with("Accept", "text/html").post("/mcp", &message).await;
    assert_eq!(
        (not_acceptable.status, not_acceptable.header("content-type")),
        (406, Some("application/json"))
    );
    assert_eq!(not_acceptable.json()["error"]["code"], -32600);
    let agent = Agent::of(&server, "me").0;
    let unsupported = agent.send_as("POST", "/mcp", "text/plain", message.to_string().into_bytes()).await;
    assert_eq!((unsupported.status, &unsupported.json()["error"]["code"]), (415, &json!(-32600)));
}

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_is_an_error_of_the_tool_and_the_log_has_its_cause() {
    let postgres = PostgresServer::start(&[]);
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let config = config
        .with("DATABASE_URL", &postgres.database().await)
        .with("ROCKET_DATABASES", "{todo={connect_timeout=1}}");
    let mut server = config.start().await;
    let agent = Agent(Agent::of(&server, "me").0.with("X-Request-Id", "outage-1"));
    let id = agent.add("kept").await;
    postgres.crash();
    for (tool, arguments) in [
        ("add_task", json!({ "title": "lost" })),
        ("list_tasks", json!({})),
        ("complete_task", json!({ "task_id": id })),
        ("update_task", json!({ "task_id": id, "title": "lost" })),
        ("delete_task", json!({ "task_id": id })),
    ] {
        assert_eq!(
            agent.fail(tool, arguments).await,
            "The database is unavailable. Try again in a few seconds."
        );
        let line = server.wait_for_log_line(|line| line["tool"] == tool && line["error"].is_string()).await;
        assert_eq!(
            (&line["level"], &line["status"], &line["request_id"]),
            (&json!("WARN"), &json!(200), &json!("outage-1"))
        );
    }
    assert_eq!(agent.request("tools/list", json!({})).await["tools"].as_array().unwrap().len(), 5);
    postgres.restart();
    server.wait_for_readyz(true).await;
    let tasks = agent.list().await;
    assert_eq!((&tasks[0]["title"], &tasks[0]["completed"]), (&json!("kept"), &json!(false)));
}
