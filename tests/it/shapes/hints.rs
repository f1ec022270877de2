//! Hints in the log for developers whose frontend was written for another server.

use serde_json::json;

use crate::harness::{Engine, Server, ServerConfig};

fn hints(server: &Server) -> Vec<String> {
    server.logs().into_iter().filter(|line| line.contains("hint: ")).collect()
}

#[tokio::test]
async fn development_log_names_the_setting_that_would_serve_a_request_once() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "debug");
    let server = config.start().await;
    let me = server.client_for("me");
    for _ in 0..3 {
        me.post("/api/tasks", &json!({ "title": "t", "priority": "a secret", "due_date": null, "id": 1 }))
            .await;
        me.post("/api/tasks", &json!({ "title": "t", "status": "in_progress" })).await;
        me.post("/api/tasks", &json!({ "title": "t".repeat(201) })).await;
        me.post("/api/tasks", &json!({ "name": "t" })).await;
        me.get("/api/tasks?sort=priority").await;
        me.get("/api/tasks?status=in_progress").await;
        me.get("/todos/7").await;
        me.get("/api/users/me/todos").await;
        me.post("/auth/login", &json!({})).await;
        me.get("/favicon.ico").await;
        me.get("/api/tasks/1/subtasks").await;
    }
    let hints = hints(&server);
    for wanted in [
        r#"the members [\"due_date\", \"priority\"] are ignored; to store them, list them in tasks.attributes"#,
        "Status must be 'pending' or 'completed'; if the frontend has other words for completion, list them in api.status",
        "tasks.title_limit raises the length",
        "if the text has another name, set api.fields.title",
        "for other words set api.sorts, and for a further member tasks.attributes",
        "Invalid status filter",
        r#"no tasks are at \"todos\"; if the frontend has them there, set api.path"#,
        r#"no tasks are at \"api/users/me/todos\""#,
        r#"no sign-in is at \"auth\"; if the frontend has it there, set issuer.login_paths"#,
    ] {
        assert_eq!(hints.iter().filter(|line| line.contains(wanted)).count(), 1, "{wanted}: {hints:#?}");
    }
    assert!(
        hints.iter().all(|line| !line.contains("a secret")
            && !line.contains("favicon")
            && !line.contains("api/tasks\\\"")),
        "{hints:#?}"
    );
}

#[tokio::test]
async fn production_log_has_no_hints() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    let server = config.start().await;
    server.client_for("me").post("/api/tasks", &json!({ "title": "t", "priority": "high" })).await;
    server.client_for("me").get("/todos").await;
    assert_eq!(hints(&server), Vec::<String>::new());
}
