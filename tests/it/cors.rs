//! CORS: allowed origins, preflights, and rejected origins.

use serde_json::json;

use crate::harness::{Engine, Response, Server, ServerConfig};
use crate::on_both_engines;

const PAGE: &str = "http://localhost:3000";

fn list(response: &Response, header: &str) -> Vec<String> {
    let mut items: Vec<String> =
        response.header(header).unwrap_or_default().split(',').map(|it| it.trim().to_lowercase()).collect();
    items.sort();
    items
}

on_both_engines! {
    async fn allowed_origin_can_read_every_response(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me").with("Origin", PAGE);
        let anonymous = server.anonymous().with("Origin", PAGE);
        let big = Some(vec![b'x'; 70_000]);
        for (response, status) in [
            (me.get("/api/tasks").await, 200),
            (me.post("/api/tasks", &json!({ "title": "t" })).await, 201),
            (me.post("/api/tasks", &json!({ "title": "" })).await, 422),
            (me.send("POST", "/api/tasks", big).await, 413),
            (me.send("POST", "/api/tasks", Some(b"{".to_vec())).await, 400),
            (me.get("/api/tasks/999").await, 404),
            (me.get("/api/nothing").await, 404),
            (me.get("/api/you/tasks").await, 403),
            (me.put("/api/tasks", &json!({})).await, 405),
            (anonymous.get("/api/tasks").await, 401),
            (anonymous.get("/readyz").await, 200),
            (anonymous.get("/nothing").await, 404),
        ] {
            assert_eq!(response.status, status);
            assert_eq!(response.header("access-control-allow-origin"), Some(PAGE), "{response:?}");
            assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
            assert_eq!(list(&response, "access-control-expose-headers"), ["etag", "location", "retry-after", "x-request-id"]);
            assert_eq!(response.header("vary"), Some("Origin"));
        }
    }

    async fn preflight_succeeds_for_existing_paths_only(engine: Engine) {
        let server = Server::start(engine).await;
        let page = server.anonymous().with("Origin", PAGE).with("Access-Control-Request-Headers", "authorization,content-type");
        for path in ["/api/tasks", "/api/tasks/1", "/api/tasks/1/complete", "/api/me/tasks", "/api/me/tasks/1/complete"] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] {
                let response = page.with("Access-Control-Request-Method", method).call("OPTIONS", path, None).await;
                assert_eq!((response.status, response.body.as_str()), (204, ""), "{method} {path}");
                assert_eq!(response.header("access-control-allow-origin"), Some(PAGE));
                assert_eq!(list(&response, "access-control-allow-methods"), ["delete", "get", "head", "patch", "post", "put"]);
                assert_eq!(list(&response, "access-control-allow-headers"), ["authorization", "content-type"]);
                assert!(response.header("access-control-max-age").unwrap().parse::<u32>().unwrap() >= 600);
                assert_eq!(response.header("vary"), Some("Origin"));
            }
        }
        let response = page.with("Access-Control-Request-Method", "GET").call("OPTIONS", "/api/nothing", None).await;
        response.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
    }

    async fn disallowed_origin_gets_403_without_side_effects(engine: Engine) {
        let server = Server::start(engine).await;
        for origin in [
            "http://localhost:3001", "https://localhost:3000", "http://localhost", "http://localhost:3000.evil.example",
            "http://evil.example", "http://localhost:30000", "null", "http://xlocalhost:3000", "garbage", "file://",
        ] {
            let page = server.client_for("me").with("Origin", origin);
            for (method, path) in [("GET", "/api/tasks"), ("POST", "/api/tasks"), ("DELETE", "/api/me/tasks/1")] {
                let response = page.call(method, path, Some(&json!({ "title": "t" }))).await;
                response.assert_error(403, "FORBIDDEN", "Origin not allowed");
                assert_eq!(response.header("access-control-allow-origin"), None, "{origin}");
                assert_eq!(response.header("vary"), Some("Origin"));
            }
            let preflight = page.with("Access-Control-Request-Method", "POST").call("OPTIONS", "/api/tasks", None).await;
            preflight.assert_error(403, "FORBIDDEN", "Origin not allowed");
            assert_eq!(preflight.header("access-control-allow-origin"), None);
            assert_eq!(page.get("/livez").await.status, 200, "probes are not subject to CORS");
        }
        assert_eq!(server.client_for("me").get("/api/tasks").await.json(), json!([]));
    }

    async fn preflight_rejects_other_headers_and_methods(engine: Engine) {
        let server = Server::start(engine).await;
        let page = server.anonymous().with("Origin", PAGE);
        let odd_header = page.with("Access-Control-Request-Method", "GET").with("Access-Control-Request-Headers", "x-evil");
        let odd_method = page.with("Access-Control-Request-Method", "TRACE");
        for asked in [odd_header, odd_method] {
            let response = asked.call("OPTIONS", "/api/tasks", None).await;
            assert_eq!(response.header("access-control-allow-origin"), None, "{response:?}");
        }
    }

    async fn same_origin_requests_are_allowed(engine: Engine) {
        let server = Server::start(engine).await;
        let page = server.client_for("me").with("Origin", &server.url);
        assert_eq!(page.post("/api/tasks", &json!({ "title": "t" })).await.status, 201);
        let behind_tls = server.client_for("me").with("Host", "api.example.com").with("Origin", "https://api.example.com");
        assert_eq!(behind_tls.get("/api/tasks").await.status, 200);
    }

    async fn allowed_origins_come_from_the_environment(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        for (name, value) in [
            ("CORS_ORIGINS", "https://app.example.com, https://www.example.com:8443/"),
            ("FRONTEND_URL", "https://app.example.com,https://www.example.com:8443"),
            ("ROCKET_CORS", r#"{origins=["https://app.example.com","https://WWW.example.com:8443"]}"#),
        ] {
            let server = config.clone().with(name, value).start().await;
            for origin in ["https://app.example.com", "https://www.example.com:8443"] {
                let response = server.client_for("me").with("Origin", origin).get("/api/tasks").await;
                assert_eq!((response.status, response.header("access-control-allow-origin")), (200, Some(origin)), "{name}");
            }
            assert_eq!(server.client_for("me").with("Origin", PAGE).get("/api/tasks").await.status, 403, "{name} replaces the default");
        }
    }
}
