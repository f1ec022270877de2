//! Invalid bodies and ids. Each has its error response and changes nothing.

use serde_json::{Value, json};

use crate::harness::{Engine, Server, ServerConfig, TEST_TIMEOUT};
use crate::on_both_engines;

const REQUIRED: &str = "Title is required and cannot be empty";
const EMPTY: &str = "Title cannot be empty";
const TITLE_LONG: &str = "Title must be at most 200 characters";
const TITLE_TYPE: &str = "Title must be a string";
const TITLE_NUL: &str = "Title cannot contain the character U+0000";
const LONG: &str = "Description must be at most 1000 characters";
const TYPE: &str = "Description must be a string or null";
const NUL: &str = "Description cannot contain the character U+0000";
const COMPLETED: &str = "Completed must be true or false";

/// A valid task body of exactly this many bytes.
fn task_of(bytes: usize) -> Vec<u8> {
    let frame = r#"{"title":"t","padding":""}"#.len();
    json!({ "title": "t", "padding": "x".repeat(bytes - frame) }).to_string().into_bytes()
}

on_both_engines! {
    async fn text_round_trips_unchanged(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for text in [
            "a",
            "Ünïcödé",
            "日本語のタスク",
            "مهمة عربية",
            "\u{202e}reversed\u{202c}",
            "👩‍👩‍👧‍👦🏳️‍🌈",
            "e\u{301}\u{323}",
            "\u{200b}zero\u{200d}width\u{feff}",
            "Robert'); DROP TABLE tasks;--",
            "\" OR \"\"=\"",
            "<script>alert(1)</script>",
            "{\"$ne\": null}",
            "%s%n{}{{}}${jndi:ldap://x}",
            "a\u{1}b\u{7f}c\u{9f}d",
            "line\nbreak\ttab",
            "\\\\\\'\\\"",
            "\u{10ffff}\u{fffd}\u{e000}",
            "null",
            "0",
            &"x".repeat(200),
            &"👍".repeat(200),
            &"\u{301}".repeat(200),
        ] {
            let made = me.post("/api/tasks", &json!({ "title": text, "description": text })).await.json();
            assert_eq!((&made["title"], &made["description"]), (&json!(text), &json!(text)));
            let path = format!("/api/tasks/{}", made["id"]);
            assert_eq!(me.get(&path).await.json(), made);
            let changed = me.put(&path, &json!({ "title": text, "description": text })).await.json();
            assert_eq!((&changed["title"], &changed["description"]), (&json!(text), &json!(text)));
        }
        let long = "👍".repeat(1000);
        assert_eq!(me.post("/api/tasks", &json!({ "title": "t", "description": long })).await.json()["description"], long);
    }

    async fn title_is_trimmed_before_its_length_is_checked(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let long = "x".repeat(200);
        for (sent, kept) in [
            ("  a b  ", "a b"),
            ("\t\r\n\u{a0}\u{2003}\u{3000}a\u{2028}\u{85}", "a"),
            (&format!("  {long}  "), &long),
            ("\u{200b}", "\u{200b}"),
        ] {
            assert_eq!(me.post("/api/tasks", &json!({ "title": sent })).await.json()["title"], kept, "{sent:?}");
        }
    }

    async fn each_invalid_field_has_its_message(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = me.create("as it was").await;
        let path = format!("/api/tasks/{}", task["id"]);
        let wrong_title = [
            (json!(""), None),
            (json!(" \t\u{a0}\n"), None),
            (Value::Null, None),
            (json!("x".repeat(201)), Some(TITLE_LONG)),
            (json!("👍".repeat(201)), Some(TITLE_LONG)),
            (json!("a\0b"), Some(TITLE_NUL)),
            (json!(7), Some(TITLE_TYPE)),
            (json!(1.5), Some(TITLE_TYPE)),
            (json!(true), Some(TITLE_TYPE)),
            (json!(["a"]), Some(TITLE_TYPE)),
            (json!({ "a": 1 }), Some(TITLE_TYPE)),
        ];
        let wrong_others = [
            ("description", json!("x".repeat(1001)), LONG),
            ("description", json!("\0"), NUL),
            ("description", json!(7), TYPE),
            ("description", json!(false), TYPE),
            ("description", json!(["a"]), TYPE),
            ("description", json!({}), TYPE),
            ("completed", Value::Null, COMPLETED),
            ("completed", json!("true"), COMPLETED),
            ("completed", json!(1), COMPLETED),
            ("completed", json!(0), COMPLETED),
            ("completed", json!([]), COMPLETED),
            ("completed", json!({}), COMPLETED),
        ];
        let check = async |method: &str, path: &str, body: Value, field: &str, message: &str| {
            let response = me.call(method, path, Some(&body)).await;
            response.assert_error(422, "VALIDATION_ERROR", message);
            assert_eq!(response.json()["errors"], json!([{ "field": field, "message": message }]), "{body}");
        };
        for (title, message) in wrong_title {
            check("POST", "/api/tasks", json!({ "title": title }), "title", message.unwrap_or(REQUIRED)).await;
            check("PUT", &path, json!({ "title": title }), "title", message.unwrap_or(EMPTY)).await;
            check("PATCH", &path, json!({ "title": title, "completed": true }), "title", message.unwrap_or(EMPTY)).await;
        }
        for (field, value, message) in wrong_others {
            let mut body = json!({ "title": "t" });
            body[field] = value;
            check("POST", "/api/tasks", body.clone(), field, message).await;
            check("PUT", &path, body.clone(), field, message).await;
            check("PATCH", &path, body.clone(), field, message).await;
            if field == "completed" {
                check("PATCH", &format!("{path}/complete"), body, field, message).await;
            }
        }
        check("POST", "/api/tasks", json!({}), "title", REQUIRED).await;
        check("POST", "/api/tasks", json!({ "Title": "t", "description": "d" }), "title", REQUIRED).await;
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]), "nothing was changed by any of it");
    }

    async fn all_invalid_fields_are_reported_together(engine: Engine) {
        let server = Server::start(engine).await;
        let body = json!({ "title": "", "description": 1, "completed": "no" });
        let response = server.client_for("me").post("/api/tasks", &body).await;
        response.assert_error(422, "VALIDATION_ERROR", &format!("{REQUIRED}; {TYPE}; {COMPLETED}"));
        let fields: Vec<Value> = response.json()["errors"].as_array().unwrap().iter().map(|it| it["field"].clone()).collect();
        assert_eq!(fields, ["title", "description", "completed"]);
    }

    async fn non_json_is_400_and_wrong_shape_is_422(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = me.create("a").await["id"].as_i64().unwrap();
        let routes = [
            ("POST", "/api/tasks".to_owned()),
            ("PUT", format!("/api/tasks/{id}")),
            ("PATCH", format!("/api/tasks/{id}")),
            ("PATCH", format!("/api/tasks/{id}/complete")),
        ];
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let deep_in_task = format!(r#"{{"title":"t","x":{deep}}}"#);
        for (method, path) in &routes {
            for body in [
                "{", "{]", "title=a", "{'title':'a'}", r#"{"title":"a",}"#, r#"{"title":"a"} x"#, r#"{"title":"a"}{"#,
                r#"{"title":5,"#, "NaN", "\u{feff}{}", " ", "\0", deep.as_str(), deep_in_task.as_str(), r#"{"title":"\ud800"}"#,
                r#"{"title":"\x41"}"#, "{\"title\":\"a\nb\"}",
            ] {
                let response = me.send(method, path, Some(body.into())).await;
                assert_eq!((response.status, &response.json()["error_code"]), (400, &json!("BAD_REQUEST")), "{method} {body}");
                assert!(response.json()["detail"].as_str().unwrap().starts_with("Request body is not valid JSON: "));
            }
            for body in [&b"{\"title\":\"\xff\"}"[..], b"\xff\xfe{\0}\0", b"\x1f\x8b\x08"] {
                assert_eq!(me.send(method, path, Some(body.to_vec())).await.status, 400, "{method} {body:?}");
            }
            for body in ["[]", "[{\"title\":\"a\"}]", "\"title\"", "null", "true", "7", "-1.5e3"] {
                let response = me.send(method, path, Some(body.into())).await;
                response.assert_error(422, "VALIDATION_ERROR", "Request body must be a JSON object");
            }
        }
        for (method, path) in &routes[..3] {
            assert_eq!(me.send(method, path, None).await.status, 400, "{method} without a body");
        }
        assert_eq!(me.get("/api/tasks").await.json()[0]["completed"], false);
    }

    async fn body_limit_is_64_kib(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        assert_eq!(me.send("POST", "/api/tasks", Some(task_of(65_536))).await.status, 201);
        let id = me.get("/api/tasks").await.json()[0]["id"].clone();
        for bytes in [65_537, 100_000, 900_000] {
            for (method, path) in [
                ("POST", "/api/tasks".to_owned()),
                ("PUT", format!("/api/tasks/{id}")),
                ("PATCH", format!("/api/tasks/{id}")),
                ("PATCH", format!("/api/tasks/{id}/complete")),
            ] {
                let response = me.send(method, &path, Some(task_of(bytes))).await;
                response.assert_error(413, "PAYLOAD_TOO_LARGE", "Request body must be at most 64 KiB");
            }
        }
        assert_eq!(me.get("/api/tasks").await.json().as_array().unwrap().len(), 1);
    }

    async fn non_integer_id_is_422_and_unknown_id_is_404(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for root in ["/api/tasks", "/api/me/tasks"] {
            for (method, suffix) in [("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/complete")] {
                for id in [
                    "abc", "1.5", "1e3", "0x10", "1_000", "%201", "1%20", "--1", "1;", "1,2", "%D9%A1", "null", "true", "%00", "1%00",
                    "9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "1%27%20OR%201=1", "%2e%2e%2f1",
                ] {
                    let response = me.call(method, &format!("{root}/{id}{suffix}"), Some(&json!({}))).await;
                    response.assert_error(422, "VALIDATION_ERROR", "Task id must be a 64-bit integer");
                    assert_eq!(response.json()["errors"][0]["field"], "id");
                }
                for id in ["0", "-1", "999999", "9223372036854775807", "-9223372036854775808"] {
                    let response = me.call(method, &format!("{root}/{id}{suffix}"), Some(&json!({ "completed": true }))).await;
                    response.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
                }
            }
        }
    }

    async fn incomplete_body_is_408(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_BODY_TIMEOUT", "1").start().await;
        let request = format!(
            "POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n{}",
            crate::harness::token_for("me"), r#"{"title": "half a ta"#
        );
        let response = tokio::time::timeout(TEST_TIMEOUT, crate::harness::send_raw(server.address(), request.as_bytes())).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
        assert!(response.ends_with(r#"{"detail":"Request body did not arrive in time","error_code":"REQUEST_TIMEOUT"}"#), "{response}");
        assert_eq!(server.client_for("me").get("/api/tasks").await.json(), json!([]));
    }

    async fn truncated_body_is_400_and_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = me.create("t").await;
        let id = &task["id"];
        let mut refused = 0;
        for (method, path) in [
            ("PATCH", format!("/api/tasks/{id}/complete")),
            ("PATCH", format!("/api/me/tasks/{id}/complete")),
            ("PATCH", format!("/api/v1/tasks/{id}/complete")),
            ("PATCH", format!("/api/v1/me/tasks/{id}/complete")),
            ("PATCH", format!("/api/tasks/{id}")),
            ("PUT", format!("/api/v1/tasks/{id}")),
            ("POST", "/api/tasks".to_owned()),
            ("POST", "/api/v1/tasks".to_owned()),
            ("DELETE", format!("/api/tasks/{id}")),
            ("DELETE", format!("/api/me/tasks/{id}")),
            ("DELETE", format!("/api/v1/tasks/{id}")),
            ("DELETE", format!("/api/v1/me/tasks/{id}")),
        ] {
            for body in [
                "Content-Length: 19\r\n\r\n",
                "Content-Length: 19\r\n\r\n{}",
                "Content-Length: 29\r\n\r\n{\"title\": \"changed\"}",
                "Transfer-Encoding: chunked\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                "Transfer-Encoding: chunked\r\n\r\n14\r\n{\"title\": \"changed\"}\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            ] {
                let token = crate::harness::token_for("me");
                let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{body}");
                // Half-closes the connection and reads the response. hyper sends none if it reads the end of the stream first.
                let response = crate::harness::send_raw_half_closed(server.address(), request.as_bytes()).await;
                let is_refused = response.starts_with("HTTP/1.1 400 ") && response.contains("Malformed request");
                assert!(is_refused || response.is_empty(), "{method} {path} {body:?}: {response}");
                refused += usize::from(is_refused);
            }
        }
        assert!(refused >= 24, "at least those with invalid framing: {refused}");
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]), "nothing has changed");
        for whole in ["Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] {
            let token = crate::harness::token_for("me");
            let request = format!("PATCH /api/tasks/{id}/complete HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{whole}");
            let request = request.replace("Host: x", "Host: x\r\nConnection: close");
            let response = crate::harness::send_raw(server.address(), request.as_bytes()).await;
            assert!(response.starts_with("HTTP/1.1 200 "), "an empty body is complete: {response}");
        }
        assert_eq!(me.call("DELETE", &format!("/api/tasks/{id}"), Some(&json!({ "any": "body" }))).await.status, 204);
    }
}
