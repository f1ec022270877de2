//! Durability: an acknowledged write is stored, and a rejected write never happens.

use serde_json::{Value, json};

use crate::harness::{Engine, Fault, Response, Server, ServerConfig, TestClient};

const PASSWORD: &str = "correct horse battery";

/// All tasks and account data that a client can read.
async fn state(server: &Server, account: &TestClient) -> Value {
    let tasks = server.client_for("me").get("/api/tasks").await;
    assert_eq!(tasks.status, 200, "reads go on: {tasks:?}");
    let mut sessions = account.get("/api/auth/list-sessions").await.json();
    if let Some(sessions) = sessions.as_array_mut() {
        sessions.sort_by_key(|it| it["id"].to_string());
    }
    json!({
        "tasks": tasks.json(),
        "user": account.get("/api/auth/me").await.json(),
        "sessions": sessions,
        "accounts": account.get("/api/auth/list-accounts").await.json(),
    })
}

/// Sends each writing request once.
async fn every_write(server: &Server, account: &TestClient, task: i64) -> Vec<(String, Response)> {
    let me = server.client_for("me");
    let anyone = server.anonymous();
    let mut responses = Vec::new();
    for (method, path, body) in [
        ("POST", "/api/tasks".to_owned(), json!({ "title": "new" })),
        ("POST", "/api/v1/tasks".to_owned(), json!({ "title": "new" })),
        ("POST", "/api/me/tasks".to_owned(), json!({ "title": "new" })),
        ("PUT", format!("/api/tasks/{task}"), json!({ "title": "changed" })),
        ("PATCH", format!("/api/tasks/{task}"), json!({ "description": "changed" })),
        ("PUT", format!("/api/v1/tasks/{task}"), json!({ "title": "changed" })),
        ("PATCH", format!("/api/tasks/{task}/complete"), json!({})),
        ("PATCH", format!("/api/v1/tasks/{task}/complete"), json!({ "completed": true })),
        ("DELETE", format!("/api/tasks/{task}"), Value::Null),
        ("DELETE", format!("/api/v1/tasks/{task}"), Value::Null),
    ] {
        responses.push((format!("{method} {path}"), me.call(method, &path, Some(&body)).await));
    }
    for (path, body) in [
        ("sign-up/email", json!({ "name": "Eve", "email": "eve@example.com", "password": PASSWORD })),
        ("sign-in/email", json!({ "email": "ann@example.com", "password": PASSWORD })),
        ("request-password-reset", json!({ "email": "ann@example.com", "redirectTo": "/reset" })),
    ] {
        let path = format!("/api/auth/{path}");
        responses.push((path.clone(), anyone.post(&path, &body).await));
    }
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "staple horse correct" });
    for (path, body) in [
        ("update-user", json!({ "name": "Changed" })),
        ("change-password", change),
        ("revoke-other-sessions", json!({})),
        ("delete-user", json!({ "password": PASSWORD })),
        ("revoke-sessions", json!({})),
        ("sign-out", json!({})),
    ] {
        let path = format!("/api/auth/{path}");
        responses.push((path.clone(), account.post(&path, &body).await));
    }
    responses
}

async fn sign_up(server: &Server) -> TestClient {
    let ann = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
    let response = server.anonymous().post("/api/auth/sign-up/email", &ann).await;
    let account = server.bearer(response.json()["token"].as_str().unwrap());
    // A second session, so that revoking the others has an effect.
    let ann = json!({ "email": "ann@example.com", "password": PASSWORD });
    assert_eq!(server.anonymous().post("/api/auth/sign-in/email", &ann).await.status, 200);
    account
}

#[track_caller]
fn assert_all_unavailable(responses: &[(String, Response)]) {
    for (request, response) in responses {
        // The response does not depend on whether the account exists. So it cannot report that the link was not stored.
        let expected = if request.ends_with("request-password-reset") { 200 } else { 503 };
        assert_eq!(response.status, expected, "{request}: {response:?}");
    }
}

async fn rejected_writes_never_happen_during(fault: Fault) {
    let server = ServerConfig::with_database(Engine::Sqlite).await.with_faulty_disk().start().await;
    let task = server.client_for("me").create("kept").await["id"].as_i64().unwrap();
    let account = sign_up(&server).await;
    let before = state(&server, &account).await;

    server.set_disk_fault(Some(fault));
    assert_all_unavailable(&every_write(&server, &account, task).await);
    assert_eq!(state(&server, &account).await, before, "nothing has changed");

    // As after a power failure: the next process recovers from the write-ahead log of SQLite.
    let server = server.kill().await.without("LD_PRELOAD").start().await;
    let account = account.at(&server.url);
    assert_eq!(state(&server, &account).await, before, "nothing has changed after the restart");
    server.client_for("me").create("and the next is stored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_acknowledges_no_write_and_applies_none_later() {
    rejected_writes_never_happen_during(Fault::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sync_acknowledges_no_write_and_applies_none_later() {
    rejected_writes_never_happen_during(Fault::Sync).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_succeed_after_the_disk_recovers() {
    for fault in [Fault::Full, Fault::Sync] {
        let server = ServerConfig::with_database(Engine::Sqlite).await.with_faulty_disk().start().await;
        let me = server.client_for("me");
        let mut stored = Vec::new();
        for round in 0..3 {
            server.set_disk_fault(Some(fault));
            for n in 0..5 {
                let response =
                    me.post("/api/tasks", &json!({ "title": format!("refused {round}.{n}") })).await;
                assert_eq!(response.status, 503, "{response:?}");
            }
            server.set_disk_fault(None);
            stored.push(me.create(&format!("stored {round}")).await);
        }
        let server = server.kill().await.start().await;
        stored.reverse();
        assert_eq!(server.client_for("me").get("/api/tasks").await.json(), json!(stored), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_postgresql_commit_is_never_acknowledged() {
    let server = Server::start(Engine::Postgres).await;
    let task = server.client_for("me").create("kept").await["id"].as_i64().unwrap();
    let account = sign_up(&server).await;
    let before = state(&server, &account).await;
    // A deferred trigger runs at commit, after the statement has returned its row.
    let fails = "RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space left on device'";
    server
        .execute_sql(&format!(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {fails}; END$$"
        ))
        .await;
    for table in ["tasks", "\"user\"", "session", "account", "verification"] {
        let trigger = format!(
            "CREATE CONSTRAINT TRIGGER fails AFTER INSERT OR UPDATE OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
        );
        server.execute_sql(&trigger).await;
    }
    assert_all_unavailable(&every_write(&server, &account, task).await);
    assert_eq!(state(&server, &account).await, before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_keeps_reads_and_readiness_and_logs_the_cause() {
    let mut server = ServerConfig::with_database(Engine::Sqlite).await.with_faulty_disk().start().await;
    let me = server.client_for("me");
    me.create("kept").await;
    server.set_disk_fault(Some(Fault::Full));
    assert_eq!(me.post("/api/tasks", &json!({ "title": "t" })).await.status, 503);
    let line = server.wait_for_log_line(|line| line["status"] == 503).await;
    assert!(line["error"].as_str().unwrap().contains("full"), "{line}");
    assert_eq!(me.get("/api/tasks").await.status, 200);
    assert_eq!(me.get("/readyz").await.status, 200, "the tasks can be read");
}

/// Waits until the server detects that its database file is gone, and checks that it then acknowledges nothing.
async fn assert_detected(server: &mut Server) {
    server.wait_for_readyz(false).await;
    let me = server.client_for("me");
    for response in
        [me.post("/api/tasks", &json!({ "title": "into nothing" })).await, me.get("/api/tasks").await]
    {
        response.assert_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    }
    let line = server.wait_for_log_line(|line| line["status"] == 503 && line["route"] == "/api/tasks").await;
    assert!(line["error"].as_str().unwrap().contains("database file todo.db"), "{line}");
    assert_eq!(me.get("/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_database_file_is_detected() {
    let mut server = Server::start(Engine::Sqlite).await;
    server.client_for("me").create("t").await;
    for name in ["todo.db", "todo.db-wal", "todo.db-shm"] {
        std::fs::remove_file(server.config.directory.path().join(name)).unwrap();
    }
    let response = server.client_for("me").post("/api/tasks", &json!({ "title": "into nothing" })).await;
    assert_eq!(response.status, 503, "{response:?}");
    assert_detected(&mut server).await;
    assert!(!server.config.directory.path().join("todo.db").exists(), "no empty database replaces it");
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_database_file_receives_no_write() {
    let mut server = Server::start(Engine::Sqlite).await;
    let other = Server::start(Engine::Sqlite).await;
    let (from, to) =
        (other.config.directory.path().join("todo.db"), server.config.directory.path().join("todo.db"));
    server.client_for("me").create("t").await;
    let own = server.config.directory.path().join("own.db");
    std::fs::rename(&to, &own).unwrap();
    let _other = other.kill().await;
    std::fs::copy(&from, &to).unwrap();
    assert_detected(&mut server).await;

    // The server uses the file again once it is restored.
    std::fs::rename(&own, &to).unwrap();
    server.wait_for_readyz(true).await;
    assert_eq!(server.client_for("me").get("/api/tasks").await.json().as_array().unwrap().len(), 1);
}
