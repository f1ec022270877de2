//! Paths of the task collection.

use serde_json::json;

use super::with_shape;
use crate::harness::{Engine, ServerConfig};
use crate::on_both_engines;

on_both_engines! {
    async fn collection_is_at_the_configured_path(engine: Engine) {
        for (path, plain, of_user) in [
            ("/tasks", "/tasks", None),
            ("/todos", "/todos", None),
            ("/{user_id}/tasks", "/tasks", Some("/me/tasks")),
            ("/api/users/{user_id}/todos", "/api/users/todos", Some("/api/users/me/todos")),
        ] {
            let server = with_shape(engine, &format!(r#"{{path="{path}"}}"#)).await;
            let me = server.client_for("me");
            for root in [Some(plain), of_user].into_iter().flatten() {
                let created = me.post(root, &json!({ "title": "t" })).await;
                assert_eq!(created.status, 201, "{path} {root}");
                let location = created.header("location").unwrap().to_owned();
                assert_eq!(location, format!("{plain}/{}", created.json()["id"]));
                let one = format!("{root}/{}", created.json()["id"]);
                assert_eq!(me.get(&one).await.json(), created.json());
                assert_eq!(me.get(&format!("{root}/")).await.status, 200, "a path may end with a slash");
                assert_eq!(me.post(&format!("{one}/toggle"), &json!({})).await.json()["completed"], true);
                assert_eq!(me.call("OPTIONS", root, None).await.status, 204);
                let refused = me.put(root, &json!({})).await;
                assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, POST, OPTIONS")));
                assert_eq!(me.delete(&one).await.status, 204);
                assert_eq!(server.anonymous().get(root).await.status, 401);
            }
            if let Some(root) = of_user {
                assert_eq!(server.client_for("you").get(root).await.status, 403);
            }
            // In the third path `api` is the id of a user.
            let other = if path == "/{user_id}/tasks" { 403 } else { 404 };
            assert_eq!(me.get("/api/tasks").await.status, other, "{path}");
            assert_eq!(me.get("/api/v1/tasks").await.status, 200, "{path}");
        }
    }

    async fn several_paths_serve_the_same_tasks(engine: Engine) {
        let server = with_shape(engine, r#"{path=["/tasks","/api/{user_id}/tasks"]}"#).await;
        let me = server.client_for("me");
        let task = me.post("/api/me/tasks", &json!({ "title": "t" })).await;
        assert_eq!(task.header("location"), Some(format!("/tasks/{}", task.json()["id"]).as_str()));
        for path in ["/tasks", "/api/tasks", "/api/me/tasks"] {
            assert_eq!(me.get(path).await.json(), json!([task.json()]), "{path}");
        }
    }

    async fn bare_shape_can_take_the_path_of_the_enveloped(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        let config = config.with("ROCKET_API", r#"{path="/api/v1/tasks"}"#).with("ROCKET_V1", r#"{path="/api/v2/tasks"}"#);
        let server = config.start().await;
        let me = server.client_for("me");
        let task = me.post("/api/v1/tasks", &json!({ "title": "t" })).await.json();
        assert_eq!(task["title"], "t");
        assert_eq!(me.get("/api/v2/tasks").await.json()["data"]["total"], 1);
        assert_eq!(me.get("/api/v2/nothing").await.json()["error"]["code"], "NOT_FOUND");
        assert_eq!(me.get("/api/v1/nothing").await.json()["error_code"], "RESOURCE_NOT_FOUND");
    }

    async fn pages_of_other_origins_reach_the_configured_path_only_if_allowed(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_API", r#"{path="/tasks"}"#);
        let server = config.with("CORS_ORIGINS", "https://app.example.com").start().await;
        let me = server.client_for("me");
        let allowed = me.with("Origin", "https://app.example.com").get("/tasks").await;
        assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, Some("https://app.example.com")));
        let refused = me.with("Origin", "https://evil.example.com").get("/tasks").await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None));
        let preflight = me.with("Origin", "https://app.example.com").with("Access-Control-Request-Method", "DELETE");
        assert_eq!(preflight.call("OPTIONS", "/tasks/1", None).await.status, 204);
        for name in ["x-request-id", "cache-control"] {
            assert!(allowed.header(name).is_some(), "{name}");
        }
    }
}
