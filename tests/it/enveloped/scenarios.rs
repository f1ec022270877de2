//! The scenarios of the first specification.

use serde_json::{Value, json};

use super::{assert_rejected, create, data, operations_on, titles};
use crate::harness::{Engine, Server, now, signed, token_for};
use crate::on_both_engines;

on_both_engines! {
    async fn create_with_status_pending(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("user_a");
        let response = me.post("/api/v1/user_a/tasks", &json!({ "title": "Deploy", "description": "to production", "status": "Pending" })).await;
        let task = data(&response, 201);
        assert_eq!(response.header("location"), Some(format!("/api/v1/tasks/{}", task["id"]).as_str()));
        assert_eq!((&task["status"], &task["completed"], &task["user_id"]), (&json!("Pending"), &json!(false), &json!("user_a")));
        assert_eq!(task.as_object().unwrap().len(), 8, "{task}");
        assert_eq!(data(&me.get(response.header("location").unwrap()).await, 200), task);
    }

    async fn create_with_only_a_title(engine: Engine) {
        let server = Server::start(engine).await;
        let task = create(&server.client_for("me"), json!({ "title": "  Deploy " })).await;
        assert_eq!((&task["title"], &task["description"], &task["status"]), (&json!("Deploy"), &Value::Null, &json!("Pending")));
    }

    async fn create_with_empty_title_is_400(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for body in [json!({ "title": "" }), json!({ "title": "   " }), json!({}), json!({ "description": "d", "status": "Pending" })] {
            assert_rejected(&me.post("/api/v1/tasks", &body).await, 400, "VALIDATION_ERROR", "Title is required and cannot be empty");
        }
        assert_eq!(data(&me.get("/api/v1/tasks").await, 200)["total"], 0);
    }

    async fn missing_token_is_401(engine: Engine) {
        let server = Server::start(engine).await;
        for path in ["/api/v1/tasks", "/api/v1/me/tasks", "/api/v1/tasks/1", "/api/v1/me/tasks/x"] {
            let response = server.anonymous().get(path).await;
            assert_rejected(&response, 401, "MISSING_TOKEN", "Missing authorization token");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
    }

    async fn list_contains_only_the_callers_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let (a, b) = (server.client_for("a"), server.client_for("b"));
        for n in 0..5 {
            create(&a, json!({ "title": format!("a{n}") })).await;
            if n < 3 {
                create(&b, json!({ "title": format!("b{n}") })).await;
            }
        }
        assert_eq!(titles(&a, "/api/v1/a/tasks").await, ["a4", "a3", "a2", "a1", "a0"]);
        assert_eq!(titles(&b, "/api/v1/tasks").await, ["b2", "b1", "b0"]);
        assert_eq!(data(&b.get("/api/v1/b/tasks").await, 200)["total"], 3);
    }

    async fn other_users_task_is_403(engine: Engine) {
        let server = Server::start(engine).await;
        let (a, b) = (server.client_for("a"), server.client_for("b"));
        let task = create(&b, json!({ "title": "b's" })).await;
        for root in ["/api/v1/tasks", "/api/v1/a/tasks"] {
            for (method, path, body) in operations_on(&task["id"]) {
                let response = a.call(method, &format!("{root}{path}"), body.as_ref()).await;
                assert_rejected(&response, 403, "FORBIDDEN", "Not authorized to access this task");
            }
            for (method, path, body) in operations_on(&json!(task["id"].as_i64().unwrap() + 1000)) {
                let response = a.call(method, &format!("{root}{path}"), body.as_ref()).await;
                assert_rejected(&response, 404, "NOT_FOUND", "Task not found");
            }
        }
        assert_eq!(data(&b.get(&format!("/api/v1/tasks/{}", task["id"])).await, 200), task, "it is as it was");
    }

    async fn tampered_token_is_401(engine: Engine) {
        let server = Server::start(engine).await;
        let good = token_for("me");
        let parts: Vec<&str> = good.split('.').collect();
        let foreign = token_for("you");
        let tampered = format!("{}.{}.{}", parts[0], foreign.split('.').nth(1).unwrap(), parts[2]);
        let expired = signed(&json!({ "sub": "me", "exp": now() - 1 }));
        for (token, code, message) in [
            (tampered.as_str(), "INVALID_SIGNATURE", "Invalid token signature"),
            (&expired, "TOKEN_EXPIRED", "Token has expired"),
            ("rubbish", "INVALID_TOKEN", "Invalid token"),
        ] {
            let response = server.bearer(token).get("/api/v1/tasks").await;
            assert_rejected(&response, 401, code, message);
            assert_eq!(response.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        }
    }

    async fn pending_tasks_newest_first(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for n in 0..10 {
            create(&me, json!({ "title": n.to_string(), "status": if n < 7 { "Pending" } else { "Completed" } })).await;
        }
        assert_eq!(titles(&me, "/api/v1/tasks?status=Pending").await, ["6", "5", "4", "3", "2", "1", "0"]);
        assert_eq!(titles(&me, "/api/v1/tasks?status=completed").await, ["9", "8", "7"]);
        assert_eq!(titles(&me, "/api/v1/tasks?status=ALL").await.len(), 10);
        assert_eq!(data(&me.get("/api/v1/tasks?status=Pending&limit=2").await, 200)["total"], 7);
    }

    async fn tasks_oldest_first(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for n in 0..4 {
            create(&me, json!({ "title": n.to_string() })).await;
        }
        assert_eq!(titles(&me, "/api/v1/tasks?sort=created_at&order=asc").await, ["0", "1", "2", "3"]);
    }

    async fn invalid_status_is_400(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for status in ["Done", "", "pending,completed", "%00"] {
            let response = me.get(&format!("/api/v1/me/tasks?status={status}")).await;
            assert_rejected(&response, 400, "BAD_REQUEST", "Invalid status filter. Allowed values: Pending, Completed");
        }
    }

    async fn update_complete_delete_then_404(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = create(&me, json!({ "title": "a" })).await;
        let path = format!("/api/v1/me/tasks/{}", task["id"]);
        let task = data(&me.put(&path, &json!({ "title": "b", "description": "d" })).await, 200);
        assert_eq!((&task["title"], &task["description"], &task["status"]), (&json!("b"), &json!("d"), &json!("Pending")));
        let task = data(&me.send("PATCH", &format!("{path}/complete"), None).await, 200);
        assert_eq!((&task["status"], &task["completed"]), (&json!("Completed"), &json!(true)));
        let response = me.delete(&path).await;
        assert_eq!((response.status, response.body.as_str()), (204, ""));
        assert_rejected(&me.get(&path).await, 404, "NOT_FOUND", "Task not found");
        assert_rejected(&me.delete(&path).await, 404, "NOT_FOUND", "Task not found");
    }

    async fn path_user_mismatch_is_403(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let id = create(&you, json!({ "title": "yours" })).await["id"].clone();
        let root = "/api/v1/you/tasks";
        for (method, path, body) in operations_on(&id).into_iter().chain([
            ("GET", String::new(), None),
            ("GET", "?status=nonsense".to_owned(), None),
            ("POST", String::new(), Some(json!({ "title": 5 }))),
            ("GET", "/not-an-id".to_owned(), None),
        ]) {
            let response = me.call(method, &format!("{root}{path}"), body.as_ref()).await;
            assert_rejected(&response, 403, "FORBIDDEN", "Not authorized to access this resource");
        }
    }
}
