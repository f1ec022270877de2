//! Frontends that were written for another server: their words, methods and parameters.

use serde_json::{Value, json};

use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

on_both_engines! {
    /// Another program that writes to the database may leave these columns out.
    async fn rows_of_other_programs_get_the_defaults(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let before = me.create("before").await;
        server.execute_sql("INSERT INTO tasks (user_id, title) VALUES ('me', 'by SQL')").await;
        let after = me.create("after").await;
        // SQLite stores times as texts and orders by them, so the format of the default counts.
        let tasks = me.get("/api/tasks?order=asc").await.json();
        let made = &tasks[1];
        assert_eq!((&made["title"], &made["description"], &made["completed"]), (&json!("by SQL"), &Value::Null, &json!(false)));
        assert_eq!(made["created_at"], made["updated_at"]);
        let time = |task: &Value| task["created_at"].as_str().unwrap().to_owned();
        assert!(time(&before) <= time(made) && time(made) <= time(&after), "{tasks}");
        let path = format!("/api/tasks/{}", made["id"]);
        assert_eq!(me.patch(&path, &json!({ "completed": true })).await.json()["completed"], true);
    }

    /// Server actions sign in from Node, whose `fetch` sends `Sec-Fetch-Mode` and no `Origin`.
    async fn server_actions_sign_up_and_in(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{enabled=true}").start().await;
        let node = server.anonymous().with("Sec-Fetch-Mode", "cors").with("Accept-Language", "*").with("User-Agent", "node");
        for (n, (up, into)) in [("signup", "signin"), ("register", "login"), ("register", "login/email")].into_iter().enumerate() {
            let body = json!({ "email": format!("ann{n}@example.com"), "password": "a long passphrase", "name": "Ann" });
            for door in [up, into] {
                let response = node.post(&format!("/api/auth/{door}"), &body).await;
                assert_eq!((response.status, response.cookies.len()), (200, 0), "{door}: {response:?}");
                assert_eq!(server.bearer(response.json()["token"].as_str().unwrap()).get("/api/tasks").await.status, 200);
            }
        }
    }

    async fn post_and_toggle_equal_patch_and_complete(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let id = me.create("t").await["id"].clone();
        for root in ["/api/tasks", "/api/me/tasks", "/api/v1/tasks", "/api/v1/me/tasks"] {
            let open = |task: Value| if root.contains("v1") { task["data"].clone() } else { task };
            for (method, word) in [("PATCH", "toggle"), ("POST", "toggle"), ("POST", "complete"), ("PATCH", "complete")] {
                let path = format!("{root}/{id}/{word}");
                for (body, completed) in [(None, true), (Some("{}"), false), (Some(r#"{"completed":true}"#), true), (Some(r#"{"completed":true}"#), true), (Some(""), false)] {
                    let response = me.send(method, &path, body.map(|it| it.as_bytes().to_vec())).await;
                    assert_eq!((response.status, &open(response.json())["completed"]), (200, &json!(completed)), "{method} {path} {body:?}");
                }
                let wrong = me.call(method, &path, Some(&json!({ "completed": "yes" }))).await;
                assert_eq!(wrong.status, if root.contains("v1") { 400 } else { 422 }, "{method} {path}");
                assert_eq!(server.anonymous().call(method, &path, None).await.status, 401, "{method} {path}");
            }
        }
        for (root, status) in [("/api/tasks", 404), ("/api/v1/tasks", 403), ("/api/me/tasks", 403)] {
            for (method, word) in [("PATCH", "toggle"), ("POST", "toggle"), ("POST", "complete")] {
                assert_eq!(you.call(method, &format!("{root}/{id}/{word}"), None).await.status, status, "{method} {root} {word}");
            }
        }
        assert_eq!(me.get(&format!("/api/tasks/{id}")).await.json()["completed"], false);
    }
}
