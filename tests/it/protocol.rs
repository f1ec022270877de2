//! HTTP itself: methods, paths, heads, request ids, and errors from wherever they come.

use serde_json::json;

use crate::harness::{Engine, Server, raw, token_for};
use crate::on_both_engines;

on_both_engines! {
    async fn a_method_that_a_path_does_not_have_is_405_with_those_it_has(engine: Engine) {
        let server = Server::on(engine).await;
        let nobody = server.anonymous();
        let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"];
        for (path, allow) in [
            ("/api/tasks", "GET, HEAD, POST, OPTIONS"),
            ("/api/tasks/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/api/tasks/1/complete", "PATCH, OPTIONS"),
            ("/api/me/tasks", "GET, HEAD, POST, OPTIONS"),
            ("/api/me/tasks/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/api/me/tasks/1/complete", "PATCH, OPTIONS"),
            ("/livez", "GET, HEAD, OPTIONS"),
        ] {
            for method in all.into_iter().filter(|it| !allow.contains(it)) {
                let answer = nobody.call(method, path, None).await;
                assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
                if method != "HEAD" {
                    answer.is_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
                }
            }
            let answer = nobody.call("OPTIONS", path, None).await;
            assert_eq!((answer.status, answer.header("allow"), answer.body.as_str()), (204, Some(allow), ""));
        }
    }

    async fn an_unknown_route_is_404_in_json(engine: Engine) {
        let server = Server::on(engine).await;
        for path in ["/", "/nothing", "/api", "/api/", "/api/nothing", "/api/tasks/1/2/3", "/api/me/nothing", "/cors/500", "/cors/403", "/api/%00"] {
            server.caller("me").get(path).await.is_error(404, "RESOURCE_NOT_FOUND", "Not found");
            server.anonymous().post(path, &json!({})).await.is_error(404, "RESOURCE_NOT_FOUND", "Not found");
        }
    }

    async fn a_trailing_slash_is_the_same_route(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        let task = me.post("/api/tasks/", &json!({ "title": "t" })).await.json();
        let id = task["id"].as_i64().unwrap();
        assert_eq!(me.get("/api/tasks/?status=all").await.json(), json!([task]));
        assert_eq!(me.get(&format!("/api/tasks/{id}/")).await.json(), task);
        assert_eq!(me.get(&format!("/api/me/tasks/{id}/")).await.json(), task);
        assert_eq!(me.send("PATCH", &format!("/api/tasks/{id}/complete/"), None).await.status, 200);
        assert_eq!(me.get("/livez/").await.status, 200);
    }

    async fn head_is_get_without_the_body(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        let id = me.create("t").await["id"].as_i64().unwrap();
        for path in ["/api/tasks".to_owned(), format!("/api/tasks/{id}"), "/api/tasks/999".to_owned(), "/health".to_owned()] {
            let (get, head) = (me.get(&path).await, me.call("HEAD", &path, None).await);
            assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
            assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
    }

    async fn every_answer_has_a_request_id(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        for given in ["a", "0b6e7a52-98d3-4fd0", "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", &"x".repeat(128)] {
            for path in ["/api/tasks", "/api/nothing", "/livez", "/api/tasks/x"] {
                assert_eq!(me.with("X-Request-Id", given).get(path).await.header("x-request-id"), Some(given));
            }
        }
        let mut made = std::collections::BTreeSet::new();
        for refused in ["", "with space", &"x".repeat(129), "tab\there"] {
            let answer = me.with("X-Request-Id", refused).get("/api/tasks").await;
            let id = answer.header("x-request-id").unwrap();
            assert!(id.len() >= 16 && id != refused, "{id}");
            assert!(made.insert(id.to_owned()), "each request its own");
        }
        let answer = raw(server.address(), b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: \xff\xfe\r\nConnection: close\r\n\r\n").await;
        assert!(answer.to_lowercase().contains("x-request-id: "), "{answer}");
    }

    async fn every_answer_has_the_headers_of_an_api(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        for (path, status) in [("/api/tasks", 200), ("/api/tasks/9", 404), ("/api/nothing", 404), ("/livez", 200), ("/nothing", 404)] {
            let answer = me.get(path).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
            assert_eq!(answer.header("server"), None, "it does not say what it is");
            assert_eq!(answer.header("vary"), Some("Origin"));
            let cached = path.starts_with("/api").then_some("no-store");
            assert_eq!(answer.header("cache-control"), cached, "{path}");
        }
    }

    async fn a_request_that_cannot_be_understood_is_answered_like_any_other(engine: Engine) {
        let server = Server::on(engine).await;
        let token = token_for("me");
        let origin = "Origin: http://localhost:3000\r\nX-Request-Id: mine";
        for (line, status, allow) in [
            ("PROPFIND /api/tasks", 405, "get, head, post, options"),
            ("QUERY /api/tasks/1/complete", 405, "patch, options"),
            ("FOO /api/me/tasks/1/?x", 405, "get, head, put, patch, delete, options"),
            ("get /livez", 405, "get, head, options"),
            ("FOO /api/nothing", 404, ""),
            ("CONNECT x:1", 400, ""),
        ] {
            let request = format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{origin}\r\nConnection: close\r\n\r\n");
            let answer = raw(server.address(), request.as_bytes()).await.to_lowercase();
            assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{line}: {answer}");
            let (detail, code) = match status {
                405 => ("method not allowed", "method_not_allowed"),
                404 => ("not found", "resource_not_found"),
                _ => ("malformed request", "bad_request"),
            };
            assert!(answer.ends_with(&format!(r#"{{"detail":"{detail}","error_code":"{code}"}}"#)), "{line}: {answer}");
            assert!(allow.is_empty() || answer.contains(&format!("allow: {allow}\r\n")), "{line}: {answer}");
            assert!(answer.contains("x-request-id: mine"), "{line}: {answer}");
            assert!(answer.contains("access-control-allow-origin: http://localhost:3000"), "{line}: {answer}");
        }
        for target in ["/api/tasks|x", "/api/tasks?status=<>", "/api/\"tasks\"", "/api/tasks?%zz", "//api//tasks/../x", "/api/tasks/%"] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{origin}\r\nConnection: close\r\n\r\n");
            let answer = raw(server.address(), request.as_bytes()).await;
            let status: u16 = answer.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
            assert!((200..500).contains(&status), "{target}: {answer}");
            if let Some((_, body)) = answer.split_once("\r\n\r\n").filter(|(_, body)| !body.is_empty()) {
                assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{target}: {answer}");
            }
        }
        assert_eq!(server.caller("me").get("/api/tasks").await.status, 200, "and it goes on");
    }

    /// RFC 9112, 3.2. Rocket does not tell HTTP/1.0 from 1.1, and probes by the former have no `Host`: those are outside `/api`.
    async fn a_request_to_the_api_must_name_one_host(engine: Engine) {
        let server = Server::on(engine).await;
        let token = token_for("me");
        let ask = async |line: &str, hosts: &str| {
            let rest = format!("Authorization: Bearer {token}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            raw(server.address(), format!("{line}\r\n{hosts}{rest}").as_bytes()).await
        };
        let bare = r#"{"detail":"Malformed request","error_code":"BAD_REQUEST"}"#;
        let enveloped = r#"{"data":null,"error":{"message":"Malformed request","code":"BAD_REQUEST"}}"#;
        let auth = r#"{"message":"Malformed request","code":"BAD_REQUEST"}"#;
        for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "Host: a b\r\n"] {
            for (line, body) in [
                ("GET /api/tasks", bare),
                ("POST /api/tasks", bare),
                ("PATCH /api/me/tasks/1/complete", bare),
                ("OPTIONS /api/tasks", bare),
                ("GET /api/auth/tasks", bare),
                ("GET /api/nothing", bare),
                ("GET /api/v1/tasks", enveloped),
                ("DELETE /api/v1/me/tasks/1", enveloped),
                ("GET /api/auth/ok", auth),
                ("POST /api/auth/sign-out", auth),
                ("OPTIONS /api/auth/sign-out", auth),
                ("GET /api/auth/nothing", auth),
            ] {
                let answer = ask(&format!("{line} HTTP/1.1"), hosts).await;
                assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with(body), "{line} {hosts}: {answer}");
            }
        }
        assert!(ask("GET /api/tasks HTTP/1.1", "Host: x:8000\r\n").await.starts_with("HTTP/1.1 200 "));
        assert!(ask("GET /api/tasks HTTP/1.1", "Host: [::1]:8000\r\n").await.starts_with("HTTP/1.1 200 "));
        assert!(ask("GET /api/tasks HTTP/1.0", "Host: x\r\n").await.starts_with("HTTP/1.0 200 "));
        assert!(ask("GET /readyz HTTP/1.0", "").await.starts_with("HTTP/1.0 200 "));
        assert!(ask("GET /livez HTTP/1.1", "").await.starts_with("HTTP/1.1 200 "));
    }

    async fn the_probes_say_how_it_is(engine: Engine) {
        let server = Server::on(engine).await;
        let nobody = server.anonymous();
        assert_eq!(nobody.get("/livez").await.json(), json!({ "status": "ok" }));
        assert_eq!(nobody.get("/readyz").await.json(), json!({ "status": "ready" }));
        assert_eq!(nobody.get("/health").await.json(), json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    }
}
