//! Request log: one line per request, without user data.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Engine, SECRET, Server, ServerConfig, token_for};
use crate::on_both_engines;

on_both_engines! {
    async fn each_request_logs_one_structured_line(engine: Engine) {
        let mut server = Server::start(engine).await;
        let me = server.client_for("user_abc123");
        let task = me.with("X-Request-Id", "create-1").post("/api/tasks", &json!({ "title": "t" })).await.json();
        let id = task["id"].as_i64().unwrap();
        me.with("X-Request-Id", "show-1").get(&format!("/api/tasks/{id}")).await;
        me.with("X-Request-Id", "head-1").call("HEAD", &format!("/api/user_abc123/tasks/{id}"), None).await;
        me.with("X-Request-Id", "wrong-1").put("/api/tasks/x", &json!({})).await;
        server.anonymous().with("X-Request-Id", "anonymous-1").get("/api/tasks").await;
        server.anonymous().with("X-Request-Id", "nowhere-1").get("/api/nothing/here").await;
        server.anonymous().with("X-Request-Id", "odd-1").call("FOO", "/api/tasks", None).await;

        // printf %s user_abc123 | sha256sum | cut -c1-16
        let user = json!("5a2e084061eae220");
        for (request, method, route, status, user) in [
            ("create-1", "POST", json!("/api/tasks"), 201, &user),
            ("show-1", "GET", json!("/api/tasks/<id>"), 200, &user),
            ("head-1", "HEAD", json!("/api/tasks/<id>"), 200, &user),
            ("wrong-1", "PUT", json!("/api/tasks/<id>"), 422, &user),
            ("anonymous-1", "GET", json!("/api/tasks"), 401, &Value::Null),
            ("nowhere-1", "GET", Value::Null, 404, &Value::Null),
            ("odd-1", "?", Value::Null, 405, &Value::Null),
        ] {
            let line = server.wait_for_log_line(|line| line["request_id"] == request).await;
            assert_eq!((&line["method"], &line["route"], &line["status"]), (&json!(method), &route, &json!(status)), "{line}");
            assert_eq!(&line["user_hash"], user, "{line}");
            assert_eq!(line["level"], "INFO");
            assert!(line["duration_ms"].as_f64().unwrap() >= 0.0 && line["timestamp"].is_string(), "{line}");
            let lines = server.logs();
            assert_eq!(lines.iter().filter(|it| it.contains(&format!("\"{request}\""))).count(), 1, "{request}");
        }
    }

    async fn concurrent_log_lines_do_not_interleave(engine: Engine) {
        let mut server = Server::start(engine).await;
        let longest = |number: usize| format!("{number:-<128}");
        let requests = (0..400).map(|number| {
            let me = server.client_for("somebody").with("X-Request-Id", &longest(number));
            tokio::spawn(async move { me.get("/api/tasks").await.status })
        });
        for request in requests.collect::<Vec<_>>() {
            assert_eq!(request.await.unwrap(), 200);
        }
        server.anonymous().with("X-Request-Id", "the-last").get("/livez").await;
        server.wait_for_log_line(|line| line["request_id"] == "the-last").await;
        let logged: Vec<Value> = server.logs().iter().map(|line| serde_json::from_str(line).expect(line)).collect();
        for number in 0..400 {
            assert_eq!(logged.iter().filter(|line| line["request_id"] == longest(number)).count(), 1, "{number}");
        }
    }

    async fn no_user_data_is_logged(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("RUST_LOG", "trace").with("ROCKET_LOG_LEVEL", "debug");
        let mut server = config.start().await;
        let token = token_for("a-user-with-a-name");
        let me = server.bearer(&token);
        let id = me.post("/api/tasks", &json!({ "title": "title-canary", "description": "description-canary" })).await.json()["id"].clone();
        me.get("/api/tasks?status=query-canary").await;
        me.get("/api/a-user-with-a-name/tasks").await;
        me.put(&format!("/api/tasks/{id}"), &json!({ "title": "title-canary-2\0" })).await;
        me.send("POST", "/api/tasks", Some(br#"{"title":"title-canary-3"#.to_vec())).await;
        server.bearer("token-canary").get("/api/tasks").await;
        server.anonymous().with("Cookie", "session=cookie-canary").get("/api/path-canary").await;
        me.with("X-Request-Id", "the-last").get("/livez").await;
        server.wait_for_log_line(|line| line["request_id"] == "the-last").await;
        let output = server.logs().join("\n");
        for canary in [SECRET, &token, token.split('.').nth(2).unwrap(), "canary", "a-user-with-a-name"] {
            let shown = output.lines().find(|line| line.contains(canary));
            assert_eq!(shown, None, "{canary} was logged");
        }
    }

    async fn cause_of_a_failure_is_logged_for_a_page_of_any_origin(engine: Engine) {
        let mut server = Server::start(engine).await;
        server.execute_sql(r#"ALTER TABLE "user" RENAME TO other"#).await;
        // Without a cookie the issuer accepts every origin here, while the task API accepts only those of `cors.origins`.
        let page = server.anonymous().with("Origin", "https://elsewhere.example").with("X-Request-Id", "reset-1");
        let response = page.post("/api/auth/request-password-reset", &json!({ "email": "ada@example.com" })).await;
        assert!(response.status >= 500, "{response:?}");
        let line = server.wait_for_log_line(|line| line["request_id"] == "reset-1").await;
        assert!(line["error"].as_str().is_some_and(|it| it.contains("user")), "{line}");
    }

    async fn text_format_is_human_readable(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_LOG_FORMAT", "text").with("PORT", &crate::harness::free_port().to_string());
        let url = format!("http://127.0.0.1:{}", config.get("PORT"));
        let mut child = config.command(&[]).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
        let mut output = String::new();
        while let Ok(Some(line)) = lines.next_line().await {
            output.push_str(&line);
            if line.contains("token --user") { break }
        }
        let database = if engine == Engine::Sqlite { "SQLite at todo.db" } else { "PostgreSQL at 127.0.0.1:" };
        for part in [&format!("listening on {url}"), &format!("docs: {url}/docs"), database, "cargo run -q -- token --user me"] {
            assert!(output.contains(part), "{part}: {output}");
        }
        assert!(!output.contains('\u{1b}'), "no colours without a terminal");
    }
}

/// The names of the fields of a log line.
fn fields(line: &Value) -> BTreeSet<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documented_log_fields_are_those_of_logged_lines() {
    let document = include_str!("../../docs/OPERATIONS.md");
    let (_, section) = document.split_once("\n## Logs\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (_, example) = section.split_once("```json\n").unwrap();
    let example: Value = serde_json::from_str(example.lines().next().unwrap()).unwrap();

    let mut server = Server::start(Engine::Sqlite).await;
    let me = server.client_for("me");
    let id = me.create("t").await["id"].clone();
    me.with("X-Request-Id", "complete-1").patch(&format!("/api/tasks/{id}/complete"), &json!({})).await;
    let request = server.wait_for_log_line(|line| line["request_id"] == "complete-1").await;
    assert_eq!(fields(&example), fields(&request));

    server.execute_sql("DROP TABLE tasks").await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "list_tasks", "arguments": {} },
    });
    let agent = me.with("Accept", "application/json, text/event-stream").with("X-Request-Id", "tool-1");
    agent.post("/mcp", &call).await;
    let failed_tool = server.wait_for_log_line(|line| line["request_id"] == "tool-1").await;
    let logged: BTreeSet<&str> = fields(&request).union(&fields(&failed_tool)).copied().collect();
    let documented: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(documented.contains(&"error") && documented.contains(&"tool"), "{documented:?}");
    for field in documented {
        assert!(logged.contains(field), "{field} is documented and not logged: {logged:?}");
    }
}
