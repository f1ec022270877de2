//! Attributes: further members of tasks.

use serde_json::{Value, json};

use super::with_tasks;
use crate::harness::{Engine, Server};
use crate::on_both_engines;

const DEFINED: &str = r#"{attributes={priority="medium",tags=[],due_date={},meta={type="object"}}}"#;

on_both_engines! {
    async fn attributes_are_stored_and_given_back(engine: Engine) {
        let server = with_tasks(engine, DEFINED).await;
        let me = server.client_for("me");
        let plain = me.create("plain").await;
        assert_eq!((&plain["priority"], &plain["tags"], &plain["due_date"], &plain["meta"]), (&json!("medium"), &json!([]), &Value::Null, &Value::Null));
        let body = json!({ "title": "t", "priority": "high", "tags": ["a", "é\"\\"], "due_date": "2027-01-01", "meta": { "a": { "b": [1, 2] } }, "unknown": 1 });
        let task = me.post("/api/tasks", &body).await.json();
        for name in ["priority", "tags", "due_date", "meta"] {
            assert_eq!(task[name], body[name], "{name}");
        }
        assert_eq!(task["unknown"], Value::Null);
        let path = format!("/api/tasks/{}", task["id"]);
        assert_eq!(me.get(&path).await.json(), task);
        assert_eq!(me.get("/api/tasks?order=asc").await.json(), json!([plain, task]));
        assert_eq!(me.get(&format!("/api/v1/tasks/{}", task["id"])).await.json()["data"]["priority"], "high");
        for method in ["PUT", "PATCH"] {
            let changed = me.call(method, &path, Some(&json!({ "priority": method, "meta": { "c": null } }))).await.json();
            assert_eq!((&changed["priority"], &changed["meta"], &changed["tags"], &changed["title"]), (&json!(method), &json!({ "c": null }), &body["tags"], &json!("t")));
            assert_eq!(me.get(&path).await.json(), changed);
        }
        // Null is a value, and not the default.
        assert_eq!(me.patch(&path, &json!({ "priority": null, "tags": null })).await.json()["priority"], Value::Null);
        assert_eq!(me.get(&path).await.json()["tags"], Value::Null);
        let completed = me.post(&format!("{path}/complete"), &json!({})).await.json();
        assert_eq!((&completed["completed"], &completed["due_date"]), (&json!(true), &body["due_date"]));
    }

    async fn restart_with_other_settings_loses_no_attribute(engine: Engine) {
        let server = with_tasks(engine, DEFINED).await;
        let path = format!("/api/tasks/{}", server.client_for("me").post("/api/tasks", &json!({ "title": "t", "priority": "high", "due_date": "soon" })).await.json()["id"]);
        let server = server.restart_with("ROCKET_TASKS", "{}").await;
        let me = server.client_for("me");
        assert_eq!(me.get(&path).await.json().as_object().unwrap().len(), 7);
        assert_eq!(me.patch(&path, &json!({ "title": "u", "priority": "low" })).await.json()["title"], "u");
        let server = server.restart_with("ROCKET_TASKS", r#"{attributes={priority="none",color="red"}}"#).await;
        let me = server.client_for("me");
        let task = me.patch(&path, &json!({ "color": "blue" })).await.json();
        assert_eq!((&task["priority"], &task["color"], &task["due_date"]), (&json!("high"), &json!("blue"), &Value::Null));
        let server = server.restart_with("ROCKET_TASKS", "{attributes=true}").await;
        assert_eq!(server.client_for("me").get(&path).await.json()["due_date"], "soon");
    }

    async fn any_attributes_can_be_allowed(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        let body = json!({
            "title": "t", "id": 7, "user_id": "you", "created_at": "1970-01-01", "updated_at": 0, "is_completed": true,
            "priority": 3, "a-b_c": [null, true, { "x": "y" }],
        });
        let task = me.post("/api/tasks", &body).await.json();
        assert_eq!((&task["priority"], &task["a-b_c"], &task["completed"], &task["user_id"]), (&json!(3), &body["a-b_c"], &json!(true), &json!("me")));
        assert_eq!(task.as_object().unwrap().len(), 9, "{task}");
        assert!(task["id"] != 7 && task["created_at"] != "1970-01-01", "{task}");
        // A whole task that is sent back changes nothing else.
        let path = format!("/api/tasks/{}", task["id"]);
        let mut whole = task.clone();
        whole["priority"] = json!(4);
        let changed = me.put(&path, &whole).await.json();
        assert_eq!((&changed["priority"], &changed["a-b_c"], changed.as_object().unwrap().len()), (&json!(4), &body["a-b_c"], 9));
    }

    async fn numbers_are_given_back_as_sent(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        let numbers = ["123456789012345678901234567890", "-9223372036854775809", "18446744073709551616", "0.1234567890123456789012345", "1.50", "-0.25", "9007199254740993"];
        for number in numbers {
            let body = format!(r#"{{"title":"t","n":{number},"nested":[{number}]}}"#);
            let created = me.send("POST", "/api/tasks", Some(body.into_bytes())).await;
            assert_eq!(created.status, 201, "{number}");
            for response in [&created, &me.get(&format!("/api/tasks/{}", created.json()["id"])).await] {
                assert!(response.body.contains(&format!(r#""n":{number},"#)), "{number}: {}", response.body);
                assert!(response.body.contains(&format!("[{number}]")), "{number}: {}", response.body);
            }
        }
    }

    async fn hostile_attributes_are_refused_and_change_nothing(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        let task = me.post("/api/tasks", &json!({ "title": "t", "note": "n" })).await.json();
        let path = format!("/api/tasks/{}", task["id"]);
        let nested = |depth: usize| format!(r#"{{"title":"x","deep":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let object = |depth: usize| format!(r#"{{"title":"x","deep":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        // The attributes are {"note":"xxx…"}.
        let sized = |bytes: usize| format!(r#"{{"title":"x","note":"{}"}}"#, "x".repeat(bytes - 11));
        let many = |count: usize| format!(r#"{{"title":"x",{}}}"#, (0..count).map(|n| format!(r#""a{n}":1"#)).collect::<Vec<_>>().join(","));
        for body in [
            r#"{"title":"x","__proto__":{"admin":true}}"#.to_owned(),
            r#"{"title":"x","constructor":1}"#.to_owned(),
            r#"{"title":"x","prototype":1}"#.to_owned(),
            r#"{"title":"x","":1}"#.to_owned(),
            r#"{"title":"x","a b":1}"#.to_owned(),
            r#"{"title":"x","é":1}"#.to_owned(),
            r#"{"title":"x","1a":1}"#.to_owned(),
            r#"{"title":"x","a\u0000":1}"#.to_owned(),
            r#"{"title":"x","$.a":1}"#.to_owned(),
            format!(r#"{{"title":"x","{}":1}}"#, "a".repeat(65)),
            r#"{"title":"x","note":"a\u0000b"}"#.to_owned(),
            r#"{"title":"x","note":{"a\u0000":1}}"#.to_owned(),
            r#"{"title":"x","note":["\\\u0000"]}"#.to_owned(),
            nested(9), nested(120), object(9), object(120),
            sized(4097), many(33),
        ] {
            for (method, path) in [("POST", "/api/tasks"), ("PUT", path.as_str()), ("PATCH", path.as_str())] {
                let response = me.send(method, path, Some(body.clone().into_bytes())).await;
                assert_eq!(response.status, 422, "{method} {body:.80}: {response:?}");
            }
        }
        // Too deep for the parser, or no number of JSON's usual range.
        for body in [nested(127), object(127), r#"{"title":"x","n":1e999}"#.to_owned()] {
            assert_eq!(me.send("POST", "/api/tasks", Some(body.into_bytes())).await.status, 400);
        }
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
        for body in [nested(8), object(8), sized(4096), many(32), r#"{"title":"x","note":"a\\u0000b"}"#.to_owned()] {
            let response = me.send("POST", "/api/tasks", Some(body.clone().into_bytes())).await;
            assert_eq!(response.status, 201, "{body:.80}: {response:?}");
        }
    }

    /// White space that a client sends between tokens is not counted, and neither are the spaces that PostgreSQL adds.
    async fn size_of_stored_and_new_attributes_is_bounded_together(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        let half = "x".repeat(2000);
        let body = format!("{{\"title\":\"t\",\"a\":{}[\"{half}\", \": , \\\" : ,\"]}}", " ".repeat(3000));
        let task = me.send("POST", "/api/tasks", Some(body.into_bytes())).await.json();
        let path = format!("/api/tasks/{}", task["id"]);
        let stored = serde_json::to_string(&json!({ "a": task["a"] })).unwrap().len();
        // {"a":[…],"b":"xxx…"}
        let left = 4096 - stored - r#","b":"""#.len();
        let refused = me.patch(&path, &json!({ "b": "x".repeat(left + 1), "title": "u" })).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(me.get(&path).await.json(), task);
        assert_eq!(me.get(&format!("/api/v1{}", path.trim_start_matches("/api"))).await.status, 200);
        assert_eq!(me.patch(&path, &json!({ "b": "x".repeat(left), "title": "u" })).await.json()["title"], "u");
        assert_eq!(me.patch(&path, &json!({ "completed": true })).await.status, 200);
    }

    async fn types_and_values_of_attributes_are_checked(engine: Engine) {
        let tasks = r#"{attributes={priority={default="medium",values=["low","medium","high"]},estimate={type="number"},done={type="boolean"},tags={type="array",default=[]},note={type="string"}}}"#;
        let server = with_tasks(engine, tasks).await;
        let me = server.client_for("me");
        for (body, message) in [
            (json!({ "priority": "urgent" }), "priority must be one of: low, medium, high"),
            (json!({ "priority": 1 }), "priority must be one of: low, medium, high"),
            (json!({ "estimate": "1" }), "estimate must be a number or null"),
            (json!({ "done": "true" }), "done must be true, false or null"),
            (json!({ "tags": "work" }), "tags must be an array or null"),
            (json!({ "note": {} }), "note must be a string or null"),
        ] {
            let mut new = body;
            new["title"] = json!("t");
            me.post("/api/tasks", &new).await.assert_error(422, "VALIDATION_ERROR", message);
            let enveloped = me.post("/api/v1/tasks", &new).await;
            assert_eq!((enveloped.status, &enveloped.json()["error"]["message"]), (400, &json!(message)));
        }
        let nulls = json!({ "title": "t", "priority": null, "estimate": null, "done": null, "tags": null, "note": null });
        assert_eq!(me.post("/api/tasks", &nulls).await.status, 201);
        assert_eq!(me.get("/api/tasks").await.json().as_array().unwrap().len(), 1);
    }

    /// Requests that create tasks at the same time share a statement. Each gets its own attributes back.
    async fn concurrent_creates_keep_their_attributes_apart(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        let requests = (0..200).map(|n| {
            let me = me.clone();
            tokio::spawn(async move {
                let body = if n % 2 == 0 { json!({ "title": "t", "n": n }) } else { json!({ "title": "t" }) };
                let task = me.post("/api/tasks", &body).await.json();
                (body, task)
            })
        });
        for request in requests.collect::<Vec<_>>() {
            let (body, task) = request.await.unwrap();
            assert_eq!(task["n"], body["n"]);
        }
    }
}

/// Attributes of a client are in no log line.
#[tokio::test]
async fn attributes_are_not_logged() {
    let server = with_tasks(Engine::Sqlite, "{attributes=true}").await;
    let me = server.client_for("me");
    me.post("/api/tasks", &json!({ "title": "t", "note": "a secret note" })).await;
    me.post("/api/tasks", &json!({ "title": "", "note": "a secret note" })).await;
    me.get("/api/tasks?search=a%20secret%20note").await;
    let server: Server = server;
    assert!(server.logs().iter().all(|line| !line.contains("secret note")), "{:#?}", server.logs());
}
