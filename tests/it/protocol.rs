//! HTTP: methods, paths, headers, request ids and malformed requests.

use serde_json::json;

use crate::harness::{Engine, Server, send_raw, token_for};
use crate::on_both_engines;

on_both_engines! {
    async fn unsupported_method_is_405_with_allow(engine: Engine) {
        let server = Server::start(engine).await;
        let anonymous = server.anonymous();
        let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"];
        for (path, allow) in [
            ("/api/tasks", "GET, HEAD, POST, OPTIONS"),
            ("/api/tasks/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/api/tasks/1/complete", "POST, PATCH, DELETE, OPTIONS"),
            ("/api/me/tasks", "GET, HEAD, POST, OPTIONS"),
            ("/api/me/tasks/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
            ("/api/me/tasks/1/complete", "POST, PATCH, DELETE, OPTIONS"),
            ("/api/tasks/1/toggle", "POST, PATCH, OPTIONS"),
            ("/api/tasks/1/toggle-complete", "POST, PATCH, OPTIONS"),
            ("/api/tasks/1/toggle-status", "POST, PATCH, OPTIONS"),
            ("/api/tasks/search", "GET, HEAD, OPTIONS"),
            ("/livez", "GET, HEAD, OPTIONS"),
        ] {
            for method in all.into_iter().filter(|it| !allow.contains(it)) {
                let response = anonymous.call(method, path, None).await;
                assert_eq!((response.status, response.header("allow")), (405, Some(allow)), "{method} {path}");
                if method != "HEAD" {
                    response.assert_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
                }
            }
            let response = anonymous.call("OPTIONS", path, None).await;
            assert_eq!((response.status, response.header("allow"), response.body.as_str()), (204, Some(allow), ""));
        }
    }

    async fn unknown_route_is_json_404(engine: Engine) {
        let server = Server::start(engine).await;
        for path in ["/nothing", "/api", "/api/", "/api/nothing", "/api/tasks/1/2/3", "/api/me/nothing", "/cors/500", "/cors/403", "/api/%00"] {
            server.client_for("me").get(path).await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
            server.anonymous().post(path, &json!({})).await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        }
    }

    async fn trailing_slash_is_ignored(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let task = me.post("/api/tasks/", &json!({ "title": "t" })).await.json();
        let id = task["id"].as_i64().unwrap();
        assert_eq!(me.get("/api/tasks/?status=all").await.json(), json!([task]));
        assert_eq!(me.get(&format!("/api/tasks/{id}/")).await.json(), task);
        assert_eq!(me.get(&format!("/api/me/tasks/{id}/")).await.json(), task);
        assert_eq!(me.send("PATCH", &format!("/api/tasks/{id}/complete/"), None).await.status, 200);
        assert_eq!(me.get("/livez/").await.status, 200);
    }

    async fn head_equals_get_without_body(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = me.create("t").await["id"].as_i64().unwrap();
        for path in ["/api/tasks".to_owned(), format!("/api/tasks/{id}"), "/api/tasks/999".to_owned(), "/health".to_owned()] {
            let (get, head) = (me.get(&path).await, me.call("HEAD", &path, None).await);
            assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
            assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
    }

    async fn every_response_has_a_request_id(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for given in ["a", "0b6e7a52-98d3-4fd0", "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", &"x".repeat(128)] {
            for path in ["/api/tasks", "/api/nothing", "/livez", "/api/tasks/x"] {
                assert_eq!(me.with("X-Request-Id", given).get(path).await.header("x-request-id"), Some(given));
            }
        }
        let mut made = std::collections::BTreeSet::new();
        for refused in ["", "with space", &"x".repeat(129), "tab\there"] {
            let response = me.with("X-Request-Id", refused).get("/api/tasks").await;
            let id = response.header("x-request-id").unwrap();
            assert!(id.len() >= 16 && id != refused, "{id}");
            assert!(made.insert(id.to_owned()), "each request has a unique id");
        }
        let response = send_raw(server.address(), b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: \xff\xfe\r\nConnection: close\r\n\r\n").await;
        assert!(response.to_lowercase().contains("x-request-id: "), "{response}");
    }

    async fn every_response_has_security_headers(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for (path, status) in [("/api/tasks", 200), ("/api/tasks/9", 404), ("/api/nothing", 404), ("/livez", 200), ("/nothing", 404)] {
            let response = me.get(path).await;
            assert_eq!(response.status, status);
            assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(response.header("x-frame-options"), Some("DENY"));
            assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(response.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
            assert_eq!(response.header("server"), None, "the server software is not disclosed");
            assert_eq!(response.header("vary"), Some("Origin"));
            let cached = path.starts_with("/api").then_some("no-store");
            assert_eq!(response.header("cache-control"), cached, "{path}");
        }
    }

    async fn malformed_request_gets_a_regular_error(engine: Engine) {
        let server = Server::start(engine).await;
        let token = token_for("me");
        let origin = "Origin: http://localhost:3000\r\nX-Request-Id: mine";
        for (line, status, allow) in [
            ("PROPFIND /api/tasks", 405, "get, head, post, options"),
            ("QUERY /api/tasks/1/complete", 405, "post, patch, delete, options"),
            ("FOO /api/me/tasks/1/?x", 405, "get, head, put, patch, delete, options"),
            ("get /livez", 405, "get, head, options"),
            ("FOO /api/nothing", 404, ""),
            ("CONNECT x:1", 400, ""),
        ] {
            let request = format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{origin}\r\nConnection: close\r\n\r\n");
            let response = send_raw(server.address(), request.as_bytes()).await.to_lowercase();
            assert!(response.starts_with(&format!("http/1.1 {status} ")), "{line}: {response}");
            let (detail, code) = match status {
                405 => ("method not allowed", "method_not_allowed"),
                404 => ("not found", "resource_not_found"),
                _ => ("malformed request", "bad_request"),
            };
            assert!(response.ends_with(&format!(r#"{{"detail":"{detail}","error_code":"{code}"}}"#)), "{line}: {response}");
            assert!(allow.is_empty() || response.contains(&format!("allow: {allow}\r\n")), "{line}: {response}");
            assert!(response.contains("x-request-id: mine"), "{line}: {response}");
            assert!(response.contains("access-control-allow-origin: http://localhost:3000"), "{line}: {response}");
        }
        for target in ["/api/tasks|x", "/api/tasks?status=<>", "/api/\"tasks\"", "/api/tasks?%zz", "//api//tasks/../x", "/api/tasks/%"] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{origin}\r\nConnection: close\r\n\r\n");
            let response = send_raw(server.address(), request.as_bytes()).await;
            let status: u16 = response.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
            assert!((200..500).contains(&status), "{target}: {response}");
            if let Some((_, body)) = response.split_once("\r\n\r\n").filter(|(_, body)| !body.is_empty()) {
                assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{target}: {response}");
            }
        }
        assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200, "the server keeps serving");
    }

    /// RFC 9112, section 3.2. Rocket does not distinguish HTTP/1.0 from 1.1. Probes over HTTP/1.0 send no `Host`, so the check applies below
    /// `/api` only.
    async fn api_request_requires_exactly_one_host(engine: Engine) {
        let server = Server::start(engine).await;
        let token = token_for("me");
        let ask = async |line: &str, hosts: &str| {
            let rest = format!("Authorization: Bearer {token}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            send_raw(server.address(), format!("{line}\r\n{hosts}{rest}").as_bytes()).await
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
                let response = ask(&format!("{line} HTTP/1.1"), hosts).await;
                assert!(response.starts_with("HTTP/1.1 400 ") && response.ends_with(body), "{line} {hosts}: {response}");
            }
        }
        assert!(ask("GET /api/tasks HTTP/1.1", "Host: x:8000\r\n").await.starts_with("HTTP/1.1 200 "));
        assert!(ask("GET /api/tasks HTTP/1.1", "Host: [::1]:8000\r\n").await.starts_with("HTTP/1.1 200 "));
        assert!(ask("GET /api/tasks HTTP/1.0", "Host: x\r\n").await.starts_with("HTTP/1.0 200 "));
        assert!(ask("GET /readyz HTTP/1.0", "").await.starts_with("HTTP/1.0 200 "));
        assert!(ask("GET /livez HTTP/1.1", "").await.starts_with("HTTP/1.1 200 "));
    }

    async fn probes_report_health(engine: Engine) {
        let server = Server::start(engine).await;
        let anonymous = server.anonymous();
        assert_eq!(anonymous.get("/livez").await.json(), json!({ "status": "ok" }));
        assert_eq!(anonymous.get("/readyz").await.json(), json!({ "status": "ready", "database": "available" }));
        let mut health = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
        if let Some(commit) = option_env!("TODO_API_REVISION") {
            health["commit"] = json!(commit);
        }
        assert_eq!(anonymous.get("/health").await.json(), health);
    }
}
