//! Limits of request bodies, paths and headers.

use serde_json::{Value, json};

use super::{PASSWORD, TestUser, sign_in};
use crate::harness::{Engine, Server, send_raw};
use crate::on_both_engines;

const NUL: &str = "Invalid string: must not include U+0000";

/// An email with this many characters.
fn email_of_length(length: usize) -> String {
    let domain = "@example.com";
    format!("{}{domain}", "a".repeat(length - domain.len()))
}

on_both_engines! {
    async fn u0000_is_rejected_in_every_text(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let (client, me) = (server.anonymous(), ann.bearer_client(&server));
        let up = |field: &str| {
            let mut body = json!({ "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
            body[field] = json!("a\0b");
            body
        };
        for (client, path, body, field) in [
            (&client, "sign-up/email", up("name"), "name"),
            (&client, "sign-up/email", up("image"), "image"),
            (&client, "sign-up/email", up("callbackURL"), "callbackURL"),
            (&client, "signup", up("name"), "name"),
            (&me, "update-user", json!({ "name": "\0" }), "name"),
            (&me, "update-user", json!({ "image": "https://x.example/\0" }), "image"),
            (&me, "revoke-session", json!({ "token": "\0" }), "token"),
            (&client, "reset-password", json!({ "token": "a\0", "newPassword": PASSWORD }), "token"),
            (&client, "request-password-reset", json!({ "email": "ann@example.com", "redirectTo": "/\0" }), "redirectTo"),
        ] {
            let response = client.post(&format!("/api/auth/{path}"), &body).await;
            response.assert_auth_error(400, "VALIDATION_ERROR", &format!("[body.{field}] {NUL}"));
        }
        let form = b"name=%00&email=eve%40example.com&password=correct+horse+battery".to_vec();
        let form = client.send_as("POST", "/api/auth/sign-up/email", "application/x-www-form-urlencoded", form).await;
        form.assert_auth_error(400, "VALIDATION_ERROR", &format!("[body.name] {NUL}"));
        for path in ["reset-password/%00?callbackURL=%2F", "reset-password/a%00b?callbackURL=%2F"] {
            client.get(&format!("/api/auth/{path}")).await.assert_auth_error(400, "VALIDATION_ERROR", &format!("[path] {NUL}"));
        }
        for path in ["reset-password/x?callbackURL=%2F%00", "ok?x=%00"] {
            client.get(&format!("/api/auth/{path}")).await.assert_auth_error(400, "VALIDATION_ERROR", &format!("[query] {NUL}"));
        }
        let bearer = server.bearer("%00.AAAA").get("/api/auth/get-session").await;
        assert_eq!((bearer.status, bearer.json()), (200, Value::Null));
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 1);
        // The task routes have no text in their paths and queries, so they reject U+0000 as any invalid value.
        let me = server.client_for("me");
        for path in ["/api/%00/tasks", "/api/%00/tasks/1", "/api/tasks/%00", "/api/tasks?status=%00", "/api/tasks?sort=%00"] {
            for path in [path.to_owned(), path.replace("/api", "/api/v1")] {
                let status = me.get(&path).await.status;
                assert!((400..500).contains(&status), "{path}: {status}");
            }
        }
    }

    async fn stored_texts_are_bounded(engine: Engine) {
        let server = Server::start(engine).await;
        let client = server.anonymous();
        let up = |field: &str, value: &str| {
            let mut body = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
            body[field] = json!(value);
            body
        };
        let big = |field: &str, most: usize| format!("[body.{field}] Too big: expected string to have <={most} characters");
        let no_email = "[body.email] Invalid email address";
        // An emoji has two UTF-16 code units.
        for (field, value, message) in [
            ("email", email_of_length(255), no_email.to_owned()),
            ("email", email_of_length(20_000), no_email.to_owned()),
            ("name", "x".repeat(256), big("name", 255)),
            ("name", "😀".repeat(128), big("name", 255)),
            ("image", "x".repeat(2049), big("image", 2048)),
            ("callbackURL", format!("/{}", "x".repeat(2048)), big("callbackURL", 2048)),
        ] {
            for path in ["/api/auth/sign-up/email", "/api/auth/signup"] {
                if path.ends_with("signup") && ["image", "callbackURL"].contains(&field) {
                    continue;
                }
                client.post(path, &up(field, &value)).await.assert_auth_error(400, "VALIDATION_ERROR", &message);
            }
        }
        sign_in(&server, &email_of_length(20_000), PASSWORD).await.assert_auth_error(400, "INVALID_EMAIL", "Invalid email");
        let reset = client.post("/api/auth/request-password-reset", &json!({ "email": email_of_length(20_000) })).await;
        reset.assert_auth_error(400, "VALIDATION_ERROR", no_email);
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 0);

        let most = json!({ "name": "x".repeat(255), "email": email_of_length(254), "password": PASSWORD, "image": "x".repeat(2048) });
        let person = TestUser::from(&client.post("/api/auth/sign-up/email", &most).await);
        assert_eq!(sign_in(&server, &email_of_length(254), PASSWORD).await.status, 200);
        let me = person.bearer_client(&server);
        // The API token contains all fields of the user, and is accepted at their maximum length.
        assert_eq!(server.bearer(&person.jwt(&server).await).get("/api/tasks").await.status, 200);
        for (field, value, most) in [("name", "x".repeat(256), 255), ("image", "x".repeat(2049), 2048)] {
            let response = me.post("/api/auth/update-user", &json!({ field: value })).await;
            response.assert_auth_error(400, "VALIDATION_ERROR", &big(field, most));
        }
        assert_eq!(me.post("/api/auth/update-user", &json!({ "name": "é".repeat(255), "image": "" })).await.status, 200);
    }

    async fn user_agent_is_truncated_to_512_bytes(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD }).to_string();
        let request = format!(
            "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: {}\r\nUser-Agent: x{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            server.address(), "é".repeat(9_000), body.len()
        );
        let response = send_raw(server.address(), request.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        // The stored text has 511 bytes, because it ends at a character boundary.
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM session WHERE length("userAgent") = 1 + 255"#).await, 1);
    }
}
