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
}
