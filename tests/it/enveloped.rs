//! The enveloped dialect at `/api/v1`.

mod scenarios;

use serde_json::{Value, json};

use crate::harness::{
    Engine, PostgresServer, Response, SECRET, Server, ServerConfig, TestClient, send_raw, token_for,
};
use crate::on_both_engines;

/// The `data` of a successful response.
#[track_caller]
fn data(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{response:?}");
    let json = response.json();
    assert_eq!((json.as_object().unwrap().len(), &json["error"]), (2, &Value::Null), "{response:?}");
    json["data"].clone()
}

#[track_caller]
fn assert_rejected(response: &Response, status: u16, code: &str, message: &str) {
    let expected = json!({ "data": null, "error": { "message": message, "code": code } });
    assert_eq!((response.status, response.json()), (status, expected), "{response:?}");
    assert_eq!(response.header("content-type"), Some("application/json"));
}

async fn create(me: &TestClient, body: Value) -> Value {
    data(&me.post("/api/v1/tasks", &body).await, 201)
}

async fn titles(me: &TestClient, path: &str) -> Vec<String> {
    let page = data(&me.get(path).await, 200);
    page["tasks"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// Method, path and body of each operation on a task.
fn operations_on(id: &Value) -> [(&'static str, String, Option<Value>); 6] {
    [
        ("GET", format!("/{id}"), None),
        ("PUT", format!("/{id}"), Some(json!({ "title": "x" }))),
        ("PATCH", format!("/{id}"), Some(json!({ "status": "Completed" }))),
        ("PUT", format!("/{id}"), Some(json!({}))),
        ("PATCH", format!("/{id}/complete"), None),
        ("DELETE", format!("/{id}"), None),
    ]
}

on_both_engines! {
    async fn list_is_paginated(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for n in 0..120 {
            me.create(&n.to_string()).await;
        }
        server.client_for("you").create("not mine").await;
        for (query, limit, offset, count, first) in [
            ("", 50, 0, 50, Some("119")),
            ("?limit=100", 100, 0, 100, Some("119")),
            ("?limit=1&offset=7", 1, 7, 1, Some("112")),
            ("?offset=100", 50, 100, 20, Some("19")),
            ("?offset=119", 50, 119, 1, Some("0")),
            ("?offset=120", 50, 120, 0, None),
            ("?offset=9223372036854775807", 50, i64::MAX, 0, None),
            ("?limit=10&offset=10&order=asc", 10, 10, 10, Some("10")),
        ] {
            let page = data(&me.get(&format!("/api/v1/tasks{query}")).await, 200);
            assert_eq!((&page["limit"], &page["offset"], &page["total"]), (&json!(limit), &json!(offset), &json!(120)), "{query}");
            assert_eq!(page["tasks"].as_array().unwrap().len(), count, "{query}");
            assert_eq!(page["tasks"][0]["title"].as_str(), first, "{query}");
        }
    }

    async fn invalid_limit_or_offset_is_400(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for limit in ["0", "101", "-1", "", "ten", "1.0", "9223372036854775808", "%31%30%31"] {
            let response = me.get(&format!("/api/v1/tasks?limit={limit}")).await;
            assert_rejected(&response, 400, "BAD_REQUEST", "Invalid limit: must be an integer from 1 to 100");
        }
        for offset in ["-1", "", "x", "1e3", "9223372036854775808"] {
            let response = me.get(&format!("/api/v1/tasks?offset={offset}")).await;
            assert_rejected(&response, 400, "BAD_REQUEST", "Invalid offset: must be an integer, 0 or more");
        }
        assert_rejected(&me.get("/api/v1/tasks?order=up").await, 400, "BAD_REQUEST", "Invalid sort order: must be 'asc' or 'desc'");
        assert_rejected(&me.get("/api/v1/tasks?sort=description").await, 400, "BAD_REQUEST", "Invalid sort field: must be 'created_at', 'updated_at', 'title' or 'completed'");
    }

    async fn status_is_an_alias_for_completed(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = create(&me, json!({ "title": "t" })).await["id"].clone();
        let (path, complete) = (format!("/api/v1/tasks/{id}"), format!("/api/v1/tasks/{id}/complete"));
        for (path, body, completed) in [
            (&path, json!({ "status": "Completed" }), true),
            (&path, json!({ "status": "Pending" }), false),
            (&path, json!({ "status": "Completed", "completed": true }), true),
            (&path, json!({ "completed": false }), false),
            (&complete, json!({ "status": "Completed" }), true),
            (&complete, json!({ "status": "Completed" }), true),
            (&complete, json!({ "completed": false, "status": "Pending" }), false),
            (&complete, json!({}), true),
        ] {
            let task = data(&me.patch(path, &body).await, 200);
            let status = if completed { "Completed" } else { "Pending" };
            assert_eq!((&task["completed"], &task["status"]), (&json!(completed), &json!(status)), "{body}");
        }
        let contradiction = "Status and completed contradict each other";
        let unknown = "Status must be 'Pending' or 'Completed'";
        for (body, message) in [
            (json!({ "title": "t", "status": "Pending", "completed": true }), contradiction),
            (json!({ "title": "t", "status": "Completed", "completed": false }), contradiction),
            (json!({ "title": "t", "status": "Done" }), unknown),
            (json!({ "title": "t", "status": "pending" }), unknown),
            (json!({ "title": "t", "status": "all" }), unknown),
            (json!({ "title": "t", "status": null }), unknown),
            (json!({ "title": "t", "status": true }), unknown),
            (json!({ "title": "t", "status": "Completed", "completed": 1 }), "Completed must be true or false"),
            (json!({ "title": "", "status": 7 }), "Title is required and cannot be empty; Status must be 'Pending' or 'Completed'"),
        ] {
            assert_rejected(&me.post("/api/v1/tasks", &body).await, 400, "VALIDATION_ERROR", message);
        }
        let bare = me.put(&format!("/api/tasks/{id}"), &json!({ "status": "Pending" })).await.json();
        assert_eq!((&bare["completed"], &bare["status"]), (&json!(false), &Value::Null), "the bare dialect reads status, and has none in responses");
    }

    async fn both_dialects_return_the_same_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let bare = me.create("made bare").await;
        let enveloped = create(&me, json!({ "title": "made enveloped", "completed": true })).await;
        for (task, status) in [(bare, "Pending"), (enveloped, "Completed")] {
            let mut seen = data(&me.get(&format!("/api/v1/tasks/{}", task["id"])).await, 200);
            assert_eq!(seen["status"], status);
            assert_eq!(data(&me.get("/api/v1/me/tasks").await, 200)["tasks"].as_array().unwrap().iter().filter(|it| **it == seen).count(), 1);
            seen.as_object_mut().unwrap().remove("status");
            assert_eq!(me.get(&format!("/api/tasks/{}", task["id"])).await.json(), seen);
        }
    }

    async fn every_error_is_enveloped(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_BODY_TIMEOUT", "1").start().await;
        let page = "http://localhost:3000";
        let me = server.client_for("me").with("Origin", page);
        let id = create(&server.client_for("me"), json!({ "title": "t" })).await["id"].clone();
        let json_error = "Request body is not valid JSON: EOF while parsing an object at line 1 column 1";
        for (response, status, code, message) in [
            (me.get("/api/v1").await, 404, "NOT_FOUND", "Not found"),
            (me.get("/api/v1/").await, 404, "NOT_FOUND", "Not found"),
            (me.get("/api/v1/nothing").await, 404, "NOT_FOUND", "Not found"),
            (me.post("/api/v1/me/tasks/1/2/3", &json!({})).await, 404, "NOT_FOUND", "Not found"),
            (me.delete("/api/v1/tasks").await, 405, "METHOD_NOT_ALLOWED", "Method not allowed"),
            (me.post(&format!("/api/v1/me/tasks/{id}"), &json!({})).await, 405, "METHOD_NOT_ALLOWED", "Method not allowed"),
            (me.send("POST", "/api/v1/tasks", Some(b"{".to_vec())).await, 400, "BAD_REQUEST", json_error),
            (me.send("POST", "/api/v1/tasks", Some(b"[]".to_vec())).await, 400, "VALIDATION_ERROR", "Request body must be a JSON object"),
            (me.send("PUT", &format!("/api/v1/tasks/{id}"), Some(vec![b'x'; 65_537])).await, 413, "PAYLOAD_TOO_LARGE", "Request body must be at most 64 KiB"),
            (me.put(&format!("/api/v1/tasks/{id}"), &json!({ "title": "" })).await, 400, "VALIDATION_ERROR", "Title cannot be empty"),
            (me.get("/api/v1/tasks/x").await, 400, "VALIDATION_ERROR", "Task id must be a 64-bit integer"),
            (me.send("PATCH", "/api/v1/tasks/x/complete", None).await, 400, "VALIDATION_ERROR", "Task id must be a 64-bit integer"),
            (me.get("/api/v1/me/tasks/9223372036854775808").await, 400, "VALIDATION_ERROR", "Task id must be a 64-bit integer"),
        ] {
            assert_rejected(&response, status, code, message);
            assert_eq!(response.header("access-control-allow-origin"), Some(page));
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert!(response.header("x-request-id").is_some());
        }
        assert_eq!(me.delete("/api/v1/tasks").await.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
        let stranger = server.client_for("me").with("Origin", "http://evil.example").get("/api/v1/tasks").await;
        assert_rejected(&stranger, 403, "FORBIDDEN", "Origin not allowed");
        let slow = format!("POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{{\"title\": \"half a t", token_for("me"));
        let response = send_raw(server.address(), slow.as_bytes()).await;
        assert!(response.ends_with(r#"{"data":null,"error":{"message":"Request body did not arrive in time","code":"REQUEST_TIMEOUT"}}"#), "{response}");
        let odd = send_raw(server.address(), b"FOO /api/v1/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(odd.ends_with(r#"{"data":null,"error":{"message":"Method not allowed","code":"METHOD_NOT_ALLOWED"}}"#), "{odd}");
    }

    async fn user_ids_that_equal_path_words_route_correctly(engine: Engine) {
        let server = Server::start(engine).await;
        // Each id equals a segment of some route.
        for user in ["tasks", "v1", "api", "auth", "complete", "42", "livez"] {
            let me = server.client_for(user);
            let other = server.client_for("somebody-else");
            let in_envelope = create(&me, json!({ "title": user })).await;
            let id = &in_envelope["id"];
            // Directly below `/api`, `v1` is the dialect. In every other place each id is a user.
            let mut roots = vec!["/api/v1/tasks".to_owned(), format!("/api/v1/{user}/tasks"), "/api/tasks".to_owned()];
            roots.extend((user != "v1").then(|| format!("/api/{user}/tasks")));
            for root in roots {
                let enveloped = root.starts_with("/api/v1/");
                let open = |response: &Response| if enveloped { response.json()["data"].clone() } else { response.json() };
                let list = open(&me.get(&root).await);
                let list = if enveloped { list["tasks"].clone() } else { list };
                assert_eq!(list.as_array().map(Vec::len), Some(1), "{user} {root}");
                let path = format!("{root}/{id}");
                for (method, path, body) in [
                    ("GET", path.clone(), None),
                    ("PUT", path.clone(), Some(json!({ "title": "x" }))),
                    ("PATCH", path.clone(), Some(json!({ "title": "y" }))),
                    ("PATCH", format!("{path}/complete"), None),
                ] {
                    let response = me.call(method, &path, body.as_ref()).await;
                    assert_eq!((response.status, &open(&response)["id"]), (200, id), "{user} {method} {path}");
                    assert_eq!(open(&response)["status"].is_string(), enveloped, "{user} {method} {path}");
                }
                // Invalid ids, unsupported methods and unknown routes keep their status and dialect.
                let keys = |response: &Response| response.json().as_object().unwrap().contains_key("data");
                for (method, path, status) in [
                    ("GET", format!("{root}/x"), if enveloped { 400 } else { 422 }),
                    ("PATCH", format!("{root}/x/complete"), if enveloped { 400 } else { 422 }),
                    ("DELETE", root.clone(), 405),
                    ("POST", path.clone(), 405),
                    ("GET", format!("{path}/complete"), 405),
                    ("GET", format!("{path}/nothing"), 404),
                ] {
                    let response = me.call(method, &path, None).await;
                    assert_eq!((response.status, keys(&response)), (status, enveloped), "{user} {method} {path}: {response:?}");
                }
                let names_the_user = root == format!("/api/v1/{user}/tasks") || (user != "v1" && root == format!("/api/{user}/tasks"));
                if names_the_user {
                    let response = other.get(&root).await;
                    assert_eq!((response.status, keys(&response)), (403, enveloped), "{user} {root}: {response:?}");
                }
            }
        }
    }

    async fn rejects_the_same_bodies_as_the_bare_dialect(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for body in [
            json!({ "title": 7 }),
            json!({ "title": "x".repeat(201) }),
            json!({ "title": "a\0b" }),
            json!({ "title": "t", "description": ["d"] }),
            json!({ "title": "t", "description": "x".repeat(1001) }),
            json!({ "title": "t", "completed": "yes" }),
            json!({ "title": null, "description": 1, "completed": null }),
        ] {
            let bare = me.post("/api/tasks", &body).await;
            let enveloped = me.post("/api/v1/tasks", &body).await;
            assert_eq!(bare.status, 422);
            assert_rejected(&enveloped, 400, "VALIDATION_ERROR", bare.json()["detail"].as_str().unwrap());
        }
        assert_eq!(data(&me.get("/api/v1/tasks").await, 200)["total"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_is_an_enveloped_503() {
    let cluster = PostgresServer::start(&[]);
    let config = ServerConfig::unconfigured()
        .with("DATABASE_URL", &cluster.database().await)
        .with("BETTER_AUTH_SECRET", SECRET)
        .with("ROCKET_LOG_FORMAT", "json")
        .with("ROCKET_DATABASES", "{todo={connect_timeout=1}}");
    let server = config.start().await;
    cluster.crash();
    for path in ["/api/v1/tasks", "/api/v1/me/tasks/1"] {
        let response = server.client_for("me").get(path).await;
        assert_rejected(&response, 503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        assert!(response.header("retry-after").is_some());
    }
}
