//! Names, words, ids and wrappers of single tasks.

use serde_json::{Value, json};

use super::{refusal, with_shape};
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

on_both_engines! {
    async fn members_have_the_configured_names(engine: Engine) {
        let shape = r#"{fields={completed=["completed","is_completed"],created_at="createdAt",updated_at=["updatedAt"],title=["text"],user_id="owner"}}"#;
        let server = with_shape(engine, shape).await;
        let me = server.client_for("me");
        let task = me.post("/api/tasks", &json!({ "text": " t ", "is_completed": true })).await;
        assert_eq!(task.status, 201, "{task:?}");
        let task = task.json();
        let names: Vec<&String> = task.as_object().unwrap().keys().collect();
        assert_eq!(names, ["completed", "createdAt", "description", "id", "is_completed", "owner", "text", "updatedAt"]);
        assert_eq!((&task["text"], &task["completed"], &task["is_completed"], &task["owner"]), (&json!("t"), &json!(true), &json!(true), &json!("me")));
        let path = format!("/api/tasks/{}", task["id"]);
        let changed = me.put(&path, &json!({ "text": "u", "completed": true, "is_completed": false })).await.json();
        assert_eq!((&changed["text"], &changed["completed"], &changed["is_completed"]), (&json!("u"), &json!(false), &json!(false)));
        // The names of the contract are accepted as well.
        assert_eq!(me.patch(&path, &json!({ "title": "v" })).await.json()["text"], "v");
        let invalid = me.put(&path, &json!({ "text": "" })).await;
        invalid.assert_error(422, "VALIDATION_ERROR", "Title cannot be empty");
        assert_eq!(invalid.json()["errors"][0]["field"], "text");
        me.post("/api/tasks", &json!({})).await.assert_error(422, "VALIDATION_ERROR", "Title is required and cannot be empty");
        // The other dialect is as it was.
        let enveloped = me.get(&format!("/api/v1/tasks/{}", task["id"])).await.json();
        assert_eq!((&enveloped["data"]["title"], &enveloped["data"]["status"]), (&json!("v"), &json!("Pending")));
    }

    async fn status_has_two_words_or_is_a_boolean(engine: Engine) {
        for (shape, field, open, done) in [
            (r#"{status=["incomplete","complete"]}"#, "status", json!("incomplete"), json!("complete")),
            (r#"{status={field="state",words=["TODO","DONE"]}}"#, "state", json!("TODO"), json!("DONE")),
            (r#"{fields={completed=["completed","status"]}}"#, "status", json!(false), json!(true)),
            (r#"{fields={completed="status"}}"#, "status", json!(false), json!(true)),
        ] {
            let server = with_shape(engine, shape).await;
            let me = server.client_for("me");
            let task = me.create("t").await;
            assert_eq!(task[field], open, "{shape}");
            let path = format!("/api/tasks/{}", task["id"]);
            let mut whole = task.clone();
            whole[field] = done.clone();
            for method in ["PUT", "PATCH"] {
                let changed = me.call(method, &path, Some(&whole)).await.json();
                assert_eq!(changed[field], done, "{shape} {method}");
                assert_eq!(me.post(&format!("{path}/toggle"), &json!({})).await.json()[field], open);
            }
            let wrong = me.patch(&path, &json!({ field: "neither" })).await;
            assert_eq!(wrong.status, 422, "{wrong:?}");
            assert_eq!(me.get(&path).await.json()[field], open);
            let new = me.post("/api/tasks", &json!({ "title": "u", field: done })).await.json();
            assert_eq!(new[field], done);
            if done.is_string() {
                let found = me.get(&format!("/api/tasks?status={}", done.as_str().unwrap())).await.json();
                assert_eq!(found, json!([new]));
            }
        }
    }

    async fn third_status_is_kept_and_completed_is_derived(engine: Engine) {
        let server = with_shape(engine, r#"{status=["todo","in_progress","done"]}"#).await;
        let me = server.client_for("me");
        let mut ids = Vec::new();
        for (word, completed) in [("todo", false), ("in_progress", false), ("done", true)] {
            let task = me.post("/api/tasks", &json!({ "title": word, "status": word })).await.json();
            assert_eq!((&task["status"], &task["completed"]), (&json!(word), &json!(completed)));
            ids.push(task["id"].clone());
            let found = me.get(&format!("/api/tasks?status={word}")).await.json();
            assert_eq!(found, json!([task]), "{word}");
        }
        let plain = me.create("plain").await;
        assert_eq!(plain["status"], "todo");
        assert_eq!(me.get("/api/tasks?status=todo").await.json().as_array().unwrap().len(), 2);
        assert_eq!(me.get("/api/tasks?status=pending").await.json().as_array().unwrap().len(), 3);
        let path = format!("/api/tasks/{}", ids[0]);
        for (body, word, completed) in [
            (json!({ "status": "in_progress" }), "in_progress", false),
            // A page that knows only `completed` sends the status back stale.
            (json!({ "status": "in_progress", "completed": true }), "done", true),
            (json!({ "status": "in_progress", "completed": true }), "in_progress", false),
            (json!({ "status": "done", "completed": false }), "done", true),
            (json!({ "status": "todo" }), "todo", false),
        ] {
            let task = me.put(&path, &body).await.json();
            assert_eq!((&task["status"], &task["completed"]), (&json!(word), &json!(completed)), "{body}");
            assert_eq!(me.get(&path).await.json(), task);
        }
        let task = me.call("PATCH", &format!("{path}/complete"), Some(&json!({ "status": "in_progress" }))).await.json();
        assert_eq!(task["status"], "in_progress");
        let wrong = me.patch(&path, &json!({ "status": "doing" })).await;
        wrong.assert_error(422, "VALIDATION_ERROR", "Status must be 'todo', 'in_progress' or 'done'");
    }

    /// The word of an open task beside `completed: true`: against an open task with another word, both members differ.
    async fn members_that_both_differ_and_contradict_each_other_change_nothing(engine: Engine) {
        const STATES: &str = r#"status=["todo","in_progress","review","done"]"#;
        let config = ServerConfig::with_database(engine).await.with("ROCKET_API", &format!("{{{STATES}}}"));
        let server = config.with("ROCKET_V1", &format!("{{{STATES}}}")).start().await;
        let me = server.client_for("me");
        for (root, status) in [("/api/tasks", 422), ("/api/v1/tasks", 400)] {
            let message = "Status and completed contradict each other";
            for stored in ["todo", "in_progress", "review", "done"] {
                for word in ["todo", "in_progress", "review"] {
                    for (method, suffix) in [("PUT", ""), ("PATCH", ""), ("PATCH", "/complete"), ("POST", "/toggle")] {
                        // A task that never had a word has the first.
                        let new = if stored == "todo" { json!({ "title": "t" }) } else { json!({ "title": "t", "status": stored }) };
                        let id = me.post("/api/tasks", &new).await.json()["id"].clone();
                        let body = json!({ "title": "u", "status": word, "completed": true });
                        let response = me.call(method, &format!("{root}/{id}{suffix}"), Some(&body)).await;
                        let after = me.get(&format!("/api/tasks/{id}")).await.json();
                        let case = format!("{method} {root}{suffix}: {stored} gets {word}: {response:?}");
                        let expected = match stored {
                            "done" => (200, word, false),
                            _ if stored == word => (200, "done", true),
                            _ => (status, stored, false),
                        };
                        assert_eq!((i64::from(response.status), after["status"].as_str(), after["completed"].as_bool()), (expected.0, Some(expected.1), Some(expected.2)), "{case}");
                        if expected.0 == status {
                            assert!(response.json().to_string().contains(message), "{case}");
                            assert_eq!((&after["title"], &after["created_at"]), (&json!("t"), &after["updated_at"]), "{case}");
                        }
                    }
                }
            }
            let missing = me.put(&format!("{root}/999999"), &json!({ "status": "review", "completed": true })).await;
            assert_eq!(missing.status, 404);
        }
    }

    /// Of requests at the same time each sees what the one before it has stored.
    async fn concurrent_contradictions_are_decided_one_after_the_other(engine: Engine) {
        let server = with_shape(engine, r#"{status=["todo","in_progress","done"]}"#).await;
        let me = server.client_for("me");
        let path = format!("/api/tasks/{}", me.create("t").await["id"]);
        let requests = (0..40).map(|number| {
            let (me, path) = (me.clone(), path.clone());
            let word = if number % 2 == 0 { "todo" } else { "in_progress" };
            tokio::spawn(async move {
                let response = me.put(&path, &json!({ "completed": true, "status": word })).await;
                (response.status, word, response.json())
            })
        });
        let mut changes = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            let (status, word, task) = request.await.unwrap();
            if status == 200 {
                let state = task["status"].as_str().unwrap().to_owned();
                assert!(state == word || state == "done", "{word}: {task}");
                changes.push((task["updated_at"].as_str().unwrap().to_owned(), word, state));
            } else {
                assert_eq!(status, 422, "{task}");
            }
        }
        // Each change follows from the one before it.
        changes.sort();
        let mut stored = "todo".to_owned();
        for (time, word, state) in changes {
            let expected = if stored == "done" { word } else { "done" };
            assert!(stored == "done" || stored == word, "{time}: {stored} is not {word}");
            assert_eq!(state, expected, "{time}: {stored} gets {word}");
            stored = state;
        }
        assert_eq!(me.get(&path).await.json()["status"], stored);
    }

    async fn ids_may_be_strings(engine: Engine) {
        let server = with_shape(engine, r#"{ids="string"}"#).await;
        let me = server.client_for("me");
        let task = me.create("t").await;
        let id = task["id"].as_str().unwrap().to_owned();
        assert!(id.parse::<i64>().is_ok());
        assert_eq!(me.get(&format!("/api/tasks/{id}")).await.json(), task);
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
    }

    async fn deletion_answers_as_configured(engine: Engine) {
        for (deletion, status, body) in [
            (r#""none""#, 204, None),
            (r#""task""#, 200, Some(json!({ "title": "t" }))),
            (r#"{message="Task deleted"}"#, 200, Some(json!({ "message": "Task deleted" }))),
        ] {
            let server = with_shape(engine, &format!("{{deletion={deletion}}}")).await;
            let me = server.client_for("me");
            let path = format!("/api/tasks/{}", me.create("t").await["id"]);
            assert_eq!(server.client_for("you").delete(&path).await.status, 404);
            let deleted = me.delete(&path).await;
            assert_eq!(deleted.status, status, "{deletion}");
            for (name, value) in body.iter().flat_map(|body| body.as_object().unwrap()) {
                assert_eq!(&deleted.json()[name], value, "{deletion}");
            }
            assert_eq!(body.is_none(), deleted.body.is_empty());
            assert_eq!(me.delete(&path).await.status, 404);
        }
    }

    async fn wrapper_is_around_tasks_lists_and_errors(engine: Engine) {
        let server = with_shape(engine, r#"{wrapper="success_data",errors="any",deletion={message="gone"}}"#).await;
        let me = server.client_for("me");
        let created = me.post("/api/tasks", &json!({ "title": "t" })).await.json();
        assert_eq!((&created["success"], &created["data"]["title"]), (&json!(true), &json!("t")));
        let path = format!("/api/tasks/{}", created["data"]["id"]);
        assert_eq!(me.get("/api/tasks").await.json(), json!({ "success": true, "data": [created["data"]] }));
        assert_eq!(me.get(&path).await.json(), created);
        let invalid = me.put(&path, &json!({ "title": "" })).await;
        assert_eq!(invalid.status, 422);
        let body = invalid.json();
        for message in [&body["message"], &body["detail"], &body["error"]["message"], &body["errors"][0]["message"]] {
            assert_eq!(message, "Title cannot be empty", "{body}");
        }
        assert_eq!(body["success"], false);
        assert_eq!(me.delete(&path).await.json(), json!({ "success": true, "data": { "message": "gone" } }));
        assert_eq!(server.anonymous().get("/api/tasks").await.json()["success"], false);
        assert_eq!(me.get("/api/nothing").await.json()["success"], false);
    }

    /// Frontends that read a task under a key often read errors in yet another form.
    async fn task_key_and_form_of_errors_are_separate_settings(engine: Engine) {
        let server = with_shape(engine, r#"{task_key="task",errors="error",list={tasks="tasks"}}"#).await;
        let me = server.client_for("me");
        let created = me.post("/api/tasks", &json!({ "title": "t" })).await;
        let task = created.json()["task"].clone();
        assert_eq!((created.status, &task["title"]), (201, &json!("t")));
        let path = format!("/api/tasks/{}", task["id"]);
        assert_eq!(me.get("/api/tasks").await.json(), json!({ "tasks": [task] }));
        assert_eq!(me.get(&path).await.json(), created.json());
        assert_eq!(me.patch(&path, &json!({ "title": "u" })).await.json()["task"]["title"], "u");
        assert_eq!(me.post(&format!("{path}/complete"), &json!({})).await.json()["task"]["completed"], true);
        let error = me.patch(&path, &json!({ "title": "" })).await;
        assert_eq!((error.status, error.json()), (400, json!({ "data": null, "error": { "message": "Title cannot be empty", "code": "VALIDATION_ERROR" } })));
    }

    async fn form_of_errors_may_be_a_template(engine: Engine) {
        let shape = r#"{errors={ok=false,detail={error_code="$code",message="$message",status="$status"},fields="$errors"}}"#;
        let server = with_shape(engine, shape).await;
        let me = server.client_for("me");
        let path = format!("/api/tasks/{}", me.create("t").await["id"]);
        let message = "Title cannot be empty";
        let invalid = me.put(&path, &json!({ "title": "" })).await;
        let detail = json!({ "error_code": "VALIDATION_ERROR", "message": message, "status": 422 });
        let expected = json!({ "ok": false, "detail": detail, "fields": [{ "field": "title", "message": message }] });
        assert_eq!((invalid.status, invalid.json()), (422, expected));
        let missing = me.get("/api/tasks/999999").await;
        let detail = json!({ "error_code": "RESOURCE_NOT_FOUND", "message": "Task not found", "status": 404 });
        assert_eq!((missing.status, missing.json()), (404, json!({ "ok": false, "detail": detail, "fields": null })));
        assert_eq!(server.anonymous().get("/api/tasks").await.json()["detail"]["error_code"], "AUTHENTICATION_REQUIRED");
        // The other dialect is as it was.
        assert_eq!(me.get("/api/v1/tasks/999999").await.json()["error"]["code"], "NOT_FOUND");
    }

    /// A frontend whose tasks have one text calls it the description.
    async fn title_may_be_called_description(engine: Engine) {
        let server = with_shape(engine, r#"{fields={title="description",description="details",completed="is_completed"}}"#).await;
        let me = server.client_for("me");
        let task = me.post("/api/tasks", &json!({ "description": "Deploy" })).await.json();
        assert_eq!((&task["description"], &task["details"], &task["is_completed"]), (&json!("Deploy"), &Value::Null, &json!(false)));
        let path = format!("/api/tasks/{}", task["id"]);
        let changed = me.put(&path, &json!({ "description": "Deploy on Friday", "details": "after lunch" })).await.json();
        assert_eq!((&changed["description"], &changed["details"]), (&json!("Deploy on Friday"), &json!("after lunch")));
    }

    async fn limits_of_texts_can_be_raised(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_TASKS", "{title_limit=500,description_limit=10000}");
        let server = config.start().await;
        let me = server.client_for("me");
        let body = json!({ "title": "é".repeat(500), "description": "é".repeat(10_000) });
        let task = me.post("/api/tasks", &body).await.json();
        assert_eq!((&task["title"], &task["description"]), (&body["title"], &body["description"]));
        me.post("/api/tasks", &json!({ "title": "t".repeat(501) })).await.assert_error(422, "VALIDATION_ERROR", "Title must be at most 500 characters");
        let long = json!({ "title": "t", "description": "t".repeat(10_001) });
        me.post("/api/tasks", &long).await.assert_error(422, "VALIDATION_ERROR", "Description must be at most 10000 characters");
    }

    async fn shape_does_not_weaken_isolation(engine: Engine) {
        let shape = r#"{path="/api/users/{user_id}/tasks",wrapper="success_data",list={tasks="items",total="total"},status=["todo","doing","done"],ids="string",deletion="task"}"#;
        let config = ServerConfig::with_database(engine).await.with("ROCKET_API", shape);
        let server: Server = config.with("ROCKET_TASKS", "{attributes=true}").start().await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let secret = json!({ "title": "my secret", "note": "my secret", "status": "doing" });
        let id = me.post("/api/users/me/tasks", &secret).await.json()["data"]["id"].as_str().unwrap().to_owned();
        for root in ["/api/users/you/tasks", "/api/users/tasks"] {
            for query in ["", "?search=secret", "?status=doing", "?sort=title", "?limit=5", "?sort=title&limit=1&offset=0"] {
                let list = you.get(&format!("{root}{query}")).await.json();
                assert_eq!(list["data"], json!({ "items": [], "total": 0 }), "{query}");
            }
            for (method, path) in [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/complete"), ("POST", "/toggle")] {
                let response = you.call(method, &format!("{root}/{id}{path}"), Some(&json!({ "title": "x", "note": "x" }))).await;
                assert_eq!(response.status, 404, "{method} {path}");
            }
        }
        for method in ["GET", "DELETE"] {
            assert_eq!(you.call(method, &format!("/api/users/me/tasks/{id}"), None).await.status, 403);
        }
        let mine = me.get(&format!("/api/users/me/tasks/{id}")).await.json();
        assert_eq!((&mine["data"]["title"], &mine["data"]["note"]), (&json!("my secret"), &json!("my secret")));
    }
}

#[tokio::test]
async fn invalid_shape_is_refused_in_one_line_at_the_start() {
    for (settings, line) in [
        (("ROCKET_API", r#"{path="tasks"}"#), "api.path"),
        (("ROCKET_API", r#"{path="/api/{user_id}"}"#), "api.path"),
        (("ROCKET_API", r#"{errors={detail="$text"}}"#), "api.errors contains an unknown placeholder"),
        (
            ("ROCKET_API", r#"{path="/api/v1/tasks"}"#),
            "v1.path is /api/v1/tasks, which is a path of api.path as well",
        ),
        (("ROCKET_API", r#"{wrapper="json"}"#), "api.wrapper must be one of"),
        (("ROCKET_API", r#"{list="items"}"#), "api.list is not a form of lists"),
        (("ROCKET_API", r#"{status=["done"]}"#), "api.status needs at least two different words"),
        (("ROCKET_API", r#"{fields={completed="title"}}"#), "gives two members of a task the name 'title'"),
        (("ROCKET_API", r#"{fields={done="is_done"}}"#), "has no setting 'done'"),
        (("ROCKET_API", r#"{ids="uuid"}"#), "api.ids must be one of"),
        (("ROCKET_TASKS", "{title_limit=501}"), "tasks.title_limit must be from 1 to 500"),
        (("ROCKET_TASKS", r#"{attributes={title="x"}}"#), "the name 'title'"),
        (("ROCKET_TASKS", r#"{attributes={status="x"}}"#), "the name 'status'"),
        (("ROCKET_API", r#"{sorts={newest="created_at"}}"#), "api.sorts.newest is not an order"),
        (("ROCKET_API", r#"{errors="plain"}"#), "api.errors is not a form of errors"),
        (("ROCKET_TASKS", r#"{attributes={"a b"="x"}}"#), "tasks.attributes"),
        (
            ("ROCKET_TASKS", r#"{attributes={priority={default="x",values=["low"]}}}"#),
            "tasks.attributes.priority has a default",
        ),
        (
            ("ROCKET_TASKS", r#"{attributes={size={type="number",default="x"}}}"#),
            "tasks.attributes.size has a default",
        ),
    ] {
        let output = refusal(&[settings]).await;
        assert!(output.contains(line), "{settings:?}: {output}");
        assert_eq!(output.trim().lines().count(), 1, "{output}");
    }
}

/// The bytes of a server without configuration are those of the specification.
#[tokio::test]
async fn built_in_shapes_have_the_bytes_of_the_contract() {
    let server = Server::start(Engine::Sqlite).await;
    let me = server.client_for("me");
    let created = me.post("/api/tasks", &json!({ "title": "t\u{7}\"é" })).await;
    let task: Value = created.json();
    let (at, id) = (task["created_at"].as_str().unwrap(), &task["id"]);
    let bare = format!(
        r#"{{"id":{id},"user_id":"me","title":"t\u0007\"é","description":null,"completed":false,"created_at":"{at}","updated_at":"{at}"}}"#
    );
    assert_eq!(
        (created.body.as_str(), created.header("location")),
        (bare.as_str(), Some(format!("/api/tasks/{id}").as_str()))
    );
    assert_eq!(me.get("/api/tasks").await.body, format!("[{bare}]"));
    let enveloped = format!(r#"{},"status":"Pending"}}"#, bare.trim_end_matches('}'));
    assert_eq!(
        me.get(&format!("/api/v1/tasks/{id}")).await.body,
        format!(r#"{{"data":{enveloped},"error":null}}"#)
    );
    assert_eq!(
        me.get("/api/v1/tasks").await.body,
        format!(r#"{{"data":{{"tasks":[{enveloped}],"total":1,"limit":50,"offset":0}},"error":null}}"#)
    );
}
