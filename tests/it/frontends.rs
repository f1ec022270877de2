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
            for (method, word) in [("PATCH", "toggle"), ("POST", "toggle"), ("PATCH", "toggle-complete"), ("POST", "toggle-complete"), ("PATCH", "toggle-status"), ("POST", "toggle-status"), ("POST", "complete"), ("PATCH", "complete")] {
                let path = format!("{root}/{id}/{word}");
                for (body, completed) in [(None, true), (Some("{}"), false), (Some(r#"{"completed":true}"#), true), (Some(r#"{"completed":true}"#), true), (Some(""), false)] {
                    let response = me.send(method, &path, body.map(|it| it.as_bytes().to_vec())).await;
                    assert_eq!((response.status, &open(response.json())["completed"]), (200, &json!(completed)), "{method} {path} {body:?}");
                }
                if word == "complete" {
                    let not_an_id = me.delete(&format!("{root}/x/complete")).await;
                    assert_eq!(not_an_id.status, if root.contains("v1") { 400 } else { 422 }, "{root}");
                    me.patch(&path, &json!({ "completed": true })).await;
                    for _ in 0..2 {
                        assert_eq!(open(me.delete(&path).await.json())["completed"], false, "{path}");
                    }
                }
                let wrong = me.call(method, &path, Some(&json!({ "completed": "yes" }))).await;
                assert_eq!(wrong.status, if root.contains("v1") { 400 } else { 422 }, "{method} {path}");
                assert_eq!(server.anonymous().call(method, &path, None).await.status, 401, "{method} {path}");
            }
        }
        for (root, status) in [("/api/tasks", 404), ("/api/v1/tasks", 403), ("/api/me/tasks", 403)] {
            for (method, word) in [("PATCH", "toggle"), ("POST", "toggle"), ("PATCH", "toggle-complete"), ("POST", "toggle-complete"), ("PATCH", "toggle-status"), ("POST", "toggle-status"), ("POST", "complete")] {
                assert_eq!(you.call(method, &format!("{root}/{id}/{word}"), None).await.status, status, "{method} {root} {word}");
            }
        }
        assert_eq!(me.get(&format!("/api/tasks/{id}")).await.json()["completed"], false);
    }

    async fn completion_is_read_by_each_name_and_word(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = me.create("t").await["id"].clone();
        let path = format!("/api/tasks/{id}");
        let open = [json!({ "status": "pending" }), json!({ "status": "Incomplete" }), json!({ "status": "TODO" }), json!({ "status": false }), json!({ "is_completed": false })];
        let done = [json!({ "status": "COMPLETED" }), json!({ "status": "complete" }), json!({ "status": true }), json!({ "is_completed": true })];
        for (bodies, completed) in [(done.as_slice(), true), (open.as_slice(), false)] {
            for body in bodies {
                // Each body has to change the task, and then to leave it as it is.
                let inverse = json!({ "completed": !completed });
                for method in ["PUT", "PATCH"] {
                    me.patch(&path, &inverse).await;
                    for _ in 0..2 {
                        let task = me.call(method, &path, Some(body)).await.json();
                        assert_eq!((&task["completed"], task.as_object().unwrap().len()), (&json!(completed), 7), "{method} {body}");
                    }
                }
                let task = me.post(&format!("{path}/complete"), body).await.json();
                assert_eq!(task["completed"], completed, "{body}");
                let mut new = body.clone();
                new["title"] = json!("new");
                new["completed"] = json!(completed);
                let task = me.post("/api/tasks", &new).await;
                assert_eq!((task.status, &task.json()["completed"]), (201, &json!(completed)), "{body}");
            }
        }
    }

    async fn meaningless_completion_is_an_error_and_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = me.create("t").await;
        let path = format!("/api/tasks/{}", task["id"]);
        let (status, is_completed) = ("Status must be 'pending' or 'completed'", "is_completed must be true or false");
        for (members, message) in [
            (json!({ "status": "in_progress" }), status),
            (json!({ "status": "" }), status),
            (json!({ "status": "all" }), status),
            (json!({ "status": " pending" }), status),
            (json!({ "status": null }), status),
            (json!({ "status": 1 }), status),
            (json!({ "status": ["pending"] }), status),
            (json!({ "is_completed": "true" }), is_completed),
            (json!({ "is_completed": null }), is_completed),
            (json!({ "is_completed": 0, "completed": true }), is_completed),
        ] {
            let mut body = members;
            body["title"] = json!("changed");
            for (method, path) in [("POST", "/api/tasks"), ("PUT", &path), ("PATCH", &path), ("PATCH", &format!("{path}/complete"))] {
                me.call(method, path, Some(&body)).await.assert_error(422, "VALIDATION_ERROR", message);
            }
        }
        let both = me.put(&path, &json!({ "status": 1, "is_completed": 1 })).await.json();
        assert_eq!(both["errors"].as_array().unwrap().len(), 2, "{both}");
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
    }

    /// The frontend changes one member of the task that it has, and sends all of it back.
    async fn whole_task_with_one_changed_member_is_stored_as_meant(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for root in ["/api/tasks", "/api/v1/tasks"] {
            let words = if root.contains("v1") { ["Pending", "Completed"] } else { ["pending", "completed"] };
            let status = |completed: bool| json!(words[usize::from(completed)]);
            let open = |task: Value| if root.contains("v1") { task["data"].clone() } else { task };
            for changed in ["completed", "is_completed", "status"] {
                let mut held = open(me.post(root, &json!({ "title": "t", "description": "d" })).await.json());
                let path = format!("{root}/{}", held["id"]);
                for completed in [true, false, true] {
                    for method in ["PUT", "PATCH"] {
                        // All members of the held task are as stored, but one.
                        let stored = held["completed"].as_bool().unwrap();
                        let mut body = held.clone();
                        body["completed"] = json!(stored);
                        body["is_completed"] = json!(stored);
                        body["status"] = status(stored);
                        body[changed] = if changed == "status" { status(completed) } else { json!(completed) };
                        body["title"] = json!(format!("{method} {completed}"));
                        let response = me.call(method, &path, Some(&body)).await;
                        assert_eq!(response.status, 200, "{response:?}");
                        held = open(response.json());
                        assert_eq!((&held["completed"], &held["title"], &held["description"]), (&json!(completed), &body["title"], &json!("d")), "{method} {body}");
                        assert_eq!(open(me.get(&path).await.json()), held);
                    }
                }
            }
        }
    }

    async fn contradicting_completion_of_a_new_task_is_an_error(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for (body, message) in [
            (json!({ "title": "t", "completed": false, "status": "Completed" }), "Status and completed contradict each other"),
            (json!({ "title": "t", "is_completed": true, "status": "Pending" }), "Status and is_completed contradict each other"),
            (json!({ "title": "t", "is_completed": true, "completed": false }), "is_completed and completed contradict each other"),
        ] {
            me.post("/api/tasks", &body).await.assert_error(422, "VALIDATION_ERROR", message);
            let enveloped = me.post("/api/v1/tasks", &body).await;
            assert_eq!((enveloped.status, &enveloped.json()["error"]["message"]), (400, &json!(message)));
        }
        assert_eq!(me.get("/api/tasks").await.json(), json!([]));
    }

    /// A contradiction is decided in the statement, so that no two requests decide by the same stored value.
    async fn concurrent_contradictions_each_invert_the_stored_value(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let path = format!("/api/tasks/{}", me.create("t").await["id"]);
        let requests = (0..41).map(|_| {
            let (me, path) = (me.clone(), path.clone());
            tokio::spawn(async move { me.put(&path, &json!({ "completed": false, "status": "completed" })).await.json() })
        });
        let mut completed = 0;
        for request in requests.collect::<Vec<_>>() {
            completed += usize::from(request.await.unwrap()["completed"] == true);
        }
        assert_eq!((completed, &me.get(&path).await.json()["completed"]), (21, &json!(true)));
    }

    async fn status_filter_knows_the_words_of_frontends(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let (open, done) = (me.create("open").await, me.post("/api/tasks", &json!({ "title": "done", "status": "complete" })).await.json());
        for (words, task) in [(["pending", "Incomplete", "TODO"], &open), (["completed", "COMPLETE", "Complete"], &done)] {
            for word in words {
                assert_eq!(me.get(&format!("/api/tasks?status={word}")).await.json(), json!([task]), "{word}");
                let page = me.get(&format!("/api/v1/tasks?status={word}")).await.json();
                assert_eq!((&page["data"]["total"], &page["data"]["tasks"][0]["id"]), (&json!(1), &task["id"]), "{word}");
            }
        }
    }
}
