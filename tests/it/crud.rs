//! Create, read, update and delete tasks.

use serde_json::{Value, json};

use crate::harness::{Engine, Server};
use crate::on_both_engines;

fn time(task: &Value, name: &str) -> chrono::DateTime<chrono::Utc> {
    let text = task[name].as_str().unwrap();
    assert_eq!(text.len(), "2026-11-21T06:18:30.512Z".len(), "three fractional digits and Z: {text}");
    assert!(text.ends_with('Z'));
    text.parse().unwrap()
}

on_both_engines! {
    async fn create_returns_every_field_and_location(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("user_abc123");
        let before = chrono::DateTime::from_timestamp_millis(todo_api::clock::now().timestamp_millis()).unwrap();
        let response = me.post("/api/tasks", &json!({ "title": "Deploy" })).await;
        assert_eq!(response.status, 201);
        let task = response.json();
        let id = task["id"].as_i64().unwrap();
        assert_eq!(response.header("location"), Some(format!("/api/tasks/{id}").as_str()));
        assert_eq!(task["user_id"], "user_abc123");
        assert_eq!((&task["title"], &task["description"], &task["completed"]), (&json!("Deploy"), &Value::Null, &json!(false)));
        assert_eq!(task.as_object().unwrap().len(), 7, "no more and no less: {task}");
        assert_eq!(task["created_at"], task["updated_at"]);
        assert!(time(&task, "created_at") >= before);
        assert_eq!(me.get(&format!("/api/tasks/{id}")).await.json(), task, "the stored task equals the returned one");
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
    }

    async fn create_accepts_description_and_completed(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = me.post("/api/tasks", &json!({ "title": "t", "description": " kept as sent \n", "completed": true })).await.json();
        assert_eq!((&task["description"], &task["completed"]), (&json!(" kept as sent \n"), &json!(true)));
        let task = me.post("/api/tasks", &json!({ "title": "t", "description": null })).await.json();
        assert_eq!(task["description"], Value::Null);
        let task = me.post("/api/tasks", &json!({ "title": "t", "description": "" })).await.json();
        assert_eq!(task["description"], "");
    }

    async fn update_changes_only_the_given_fields(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for method in ["PUT", "PATCH"] {
            let made = me.post("/api/tasks", &json!({ "title": "a", "description": "d" })).await.json();
            let path = format!("/api/tasks/{}", made["id"]);
            let mut expected = made.clone();
            for (change, field, value) in [
                (json!({ "title": " b " }), "title", json!("b")),
                (json!({ "completed": true }), "completed", json!(true)),
                (json!({ "description": "e" }), "description", json!("e")),
                (json!({ "description": null }), "description", Value::Null),
                (json!({ "completed": false, "unknown": [1] }), "completed", json!(false)),
            ] {
                let response = me.call(method, &path, Some(&change)).await;
                assert_eq!(response.status, 200, "{method} {change}");
                let task = response.json();
                assert!(time(&task, "updated_at") > time(&expected, "updated_at"), "every change advances it");
                expected[field] = value;
                expected["updated_at"] = task["updated_at"].clone();
                assert_eq!(task, expected, "{method} {change}");
                assert_eq!(me.get(&path).await.json(), expected);
            }
        }
    }

    async fn empty_update_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let made = me.create("a").await;
        let path = format!("/api/tasks/{}", made["id"]);
        for body in [json!({}), json!({ "unknown": 1, "id": 99, "user_id": "you", "updated_at": "x" })] {
            for method in ["PUT", "PATCH"] {
                let response = me.call(method, &path, Some(&body)).await;
                assert_eq!((response.status, response.json()), (200, made.clone()), "{method} {body}");
            }
        }
    }

    async fn complete_sets_or_toggles(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let mut last = me.create("a").await;
        let path = format!("/api/tasks/{}/complete", last["id"]);
        let set = |value: bool| Some(json!({ "completed": value }).to_string().into_bytes());
        for (body, completed) in [
            (set(true), true),
            (set(true), true),
            (None, false),
            (Some(b"{}".to_vec()), true),
            (Some(Vec::new()), false),
            (set(false), false),
            (Some(br#"{"other":1}"#.to_vec()), true),
        ] {
            let response = me.send("PATCH", &path, body.clone()).await;
            assert_eq!(response.status, 200, "{body:?}");
            let task = response.json();
            assert_eq!(task["completed"], completed, "{body:?}");
            assert!(time(&task, "updated_at") > time(&last, "updated_at"));
            assert_eq!(task["created_at"], last["created_at"]);
            last = task;
        }
    }

    async fn every_change_advances_updated_at(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let made = me.create("a").await;
        let path = format!("/api/tasks/{}/complete", made["id"]);
        let flips = (0..60).map(|_| {
            let (me, path) = (me.clone(), path.clone());
            tokio::spawn(async move { me.send("PATCH", &path, None).await.json() })
        });
        let mut seen = vec![time(&made, "updated_at")];
        for flip in flips.collect::<Vec<_>>() {
            seen.push(time(&flip.await.unwrap(), "updated_at"));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 61, "sixty toggles have sixty times");
        let task = me.get(&format!("/api/tasks/{}", made["id"])).await.json();
        assert_eq!(task["completed"], false, "sixty toggles end in the first state");
    }

    async fn deleted_task_is_404(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = me.create("a").await["id"].as_i64().unwrap();
        let path = format!("/api/tasks/{id}");
        let response = me.delete(&path).await;
        assert_eq!((response.status, response.body.as_str()), (204, ""));
        for method in ["DELETE", "GET"] {
            me.call(method, &path, None).await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        }
        me.put(&path, &json!({ "title": "b" })).await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        me.put(&path, &json!({})).await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        me.send("PATCH", &format!("{path}/complete"), None).await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        assert!(me.create("b").await["id"].as_i64().unwrap() > id, "ids are not reused");
    }

    async fn user_path_serves_the_same_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        // The last three equal path words or task ids and must still route as users.
        for user in ["user_1", "auth0|6543", "a b/ü?#%", "me@example.com", "tasks", "v2", "42"] {
            let me = server.client_for(user);
            let encoded: String = url::form_urlencoded::byte_serialize(user.as_bytes()).collect::<String>().replace('+', "%20");
            let root = format!("/api/{encoded}/tasks");
            let response = me.post(&root, &json!({ "title": user })).await;
            assert_eq!(response.status, 201, "{user}");
            let task = response.json();
            let location = response.header("location").unwrap();
            assert_eq!(me.get(location).await.json(), task, "Location points to the task");
            let path = format!("{root}/{}", task["id"]);
            assert_eq!(me.get(&path).await.json(), task);
            assert_eq!(me.get(&root).await.json(), json!([task]));
            assert_eq!(me.put(&path, &json!({ "title": "b" })).await.json()["title"], "b");
            assert_eq!(me.patch(&path, &json!({ "description": "d" })).await.json()["description"], "d");
            assert_eq!(me.send("PATCH", &format!("{path}/complete"), None).await.json()["completed"], true);
            assert_eq!(me.delete(&path).await.status, 204);
            assert_eq!(me.get(&root).await.json(), json!([]));
        }
    }
}
