//! The cookie of `auth.cookie`: pages that send no `Authorization` header.

use serde_json::json;

use super::{PASSWORD, TestUser};
use crate::harness::{Engine, Server, ServerConfig, TestClient, token_for};
use crate::on_both_engines;

const PAGE: &str = "http://localhost:3000";
const EVIL: &str = "https://evil.example";

async fn config(engine: Engine) -> ServerConfig {
    ServerConfig::with_database(engine).await.with("ROCKET_AUTH", r#"{cookie="access_token"}"#)
}

/// A client with a valid token of this user in the cookie.
fn with_cookie(server: &Server, user: &str) -> TestClient {
    server.anonymous().with("Cookie", &format!("theme=dark; access_token={}", token_for(user)))
}

on_both_engines! {
    /// The second name is that of Better Auth's session cookie, which some frontends expect.
    async fn login_routes_set_and_clear_the_cookie(engine: Engine) {
        for name in ["access_token", "better-auth.session_token"] {
            let config = ServerConfig::with_database(engine).await.with("ROCKET_AUTH", &format!("{{cookie=\"{name}\"}}"));
            let server = config.with("ROCKET_ISSUER", r#"{login_paths=["/api/auth","/"]}"#).start().await;
            let page = server.anonymous().with("Origin", PAGE);
            let body = json!({ "email": "ann@example.com", "password": PASSWORD });
            for path in ["/api/auth/signup", "/login", "/token", "/api/auth/signin"] {
                let response = page.post(path, &body).await;
                let json = response.json();
                let token = json["access_token"].as_str().unwrap();
                let cookie = format!("{name}={token}; Max-Age=900; Path=/; HttpOnly; SameSite=Lax");
                assert_eq!((response.status, response.cookies), (200, vec![cookie]), "{path}");
                let page = page.with("Cookie", &format!("{name}={token}"));
                assert_eq!(page.post("/api/tasks", &json!({ "title": "t" })).await.status, 201);
                for path in ["/me", "/api/auth/users/me"] {
                    assert_eq!(page.get(path).await.json(), json["user"]);
                }
                assert_eq!(page.get("/api/auth/get-session").await.json(), json!({ "user": json["user"] }));
                for path in ["/logout", "/api/auth/signout"] {
                    let out = page.post(path, &json!({})).await;
                    let cleared = format!("{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
                    assert_eq!(out.cookies.last(), Some(&cleared), "{path}");
                }
            }
            // A failed sign-in sets nothing, and Better Auth's routes set their own cookies only.
            let wrong = json!({ "email": "ann@example.com", "password": "wrong horse battery" });
            assert!(page.post("/login", &wrong).await.cookies.is_empty());
            let better_auth = page.post("/api/auth/sign-in/email", &body).await;
            assert!(better_auth.cookies.iter().all(|it| it.starts_with("better-auth.") && !it.contains("eyJ")), "{better_auth:?}");
            // Another site's page cannot sign its visitors in to an account of its choice.
            let evil = server.anonymous().with("Origin", EVIL);
            let refused = evil.post("/login", &body).await;
            assert_eq!((refused.status, refused.cookies.len()), (403, 0));
        }
    }

    async fn cookie_is_secure_behind_https(engine: Engine) {
        let config = config(engine).await.with("ROCKET_ISSUER", r#"{url="https://tasks.example.com"}"#);
        let server = config.start().await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        let response = server.anonymous().post("/api/auth/signup", &body).await;
        assert!(response.cookies[0].ends_with("; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=Lax"), "{response:?}");
    }

    async fn writes_with_the_cookie_require_an_allowed_origin(engine: Engine) {
        let server = config(engine).await.start().await;
        let task = server.client_for("me").create("t").await;
        let me = with_cookie(&server, "me");
        for root in ["/api/tasks", "/api/me/tasks", "/api/v1/tasks", "/api/v1/me/tasks"] {
            let path = format!("{root}/{}", task["id"]);
            assert_eq!(me.get(root).await.status, 200, "a page of the same origin sends no Origin with GET");
            assert_eq!(me.call("HEAD", &path, None).await.status, 200);
            assert_eq!(me.with("Origin", EVIL).get(root).await.status, 403);
            let (toggle, complete) = (format!("{path}/toggle"), format!("{path}/complete"));
            for (method, path) in [("POST", root), ("PUT", &path), ("PATCH", &path), ("DELETE", &path), ("PATCH", &toggle), ("POST", &complete), ("DELETE", &complete)] {
                for page in [me.clone(), me.with("Origin", EVIL), me.with("Origin", "null"), me.with("Referer", PAGE), me.with("Sec-Fetch-Site", "same-origin")] {
                    let response = page.call(method, path, Some(&json!({ "title": "changed" }))).await;
                    assert_eq!(response.status, 403, "{method} {path}: {response:?}");
                    assert!(response.body.contains("Origin not allowed"), "{response:?}");
                }
            }
        }
        assert_eq!(me.get("/api/tasks").await.json(), json!([task]));
        for origin in [PAGE, &server.url] {
            let page = me.with("Origin", origin);
            let created = page.post("/api/tasks", &json!({ "title": "u" })).await;
            assert_eq!(created.status, 201, "{created:?}");
            let path = format!("/api/me/tasks/{}", created.json()["id"]);
            assert_eq!(page.patch(&path, &json!({ "title": "v" })).await.json()["title"], "v");
            assert_eq!(page.delete(&path).await.status, 204);
            page.get("/api/you/tasks").await.assert_error(403, "FORBIDDEN", "Not authorized to access this resource");
        }
    }

    async fn authorization_header_precedes_the_cookie(engine: Engine) {
        let server = config(engine).await.start().await;
        server.client_for("you").create("t").await;
        let me = with_cookie(&server, "me");
        let you = me.with("Authorization", &format!("Bearer {}", token_for("you")));
        assert_eq!(you.get("/api/tasks").await.json()[0]["title"], "t");
        assert_eq!(you.post("/api/tasks", &json!({ "title": "u" })).await.status, 201, "a bearer token needs no origin");
        let (missing, invalid) = ("Missing authorization token", "Invalid token");
        me.with("Authorization", "Bearer nonsense").get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", invalid);
        me.with("Authorization", "Basic eDp5").get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", missing);
        let token = token_for("me");
        for (cookie, message) in [
            ("access_token=".to_owned(), missing),
            ("access_tokens=x".to_owned(), missing),
            ("access_token=nonsense".to_owned(), invalid),
            (format!("access_token={token}; access_token={}", token_for("you")), invalid),
        ] {
            let page = server.anonymous().with("Cookie", &cookie).with("Origin", PAGE);
            page.get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", message);
            page.post("/api/tasks", &json!({ "title": "t" })).await.assert_error(401, "AUTHENTICATION_REQUIRED", message);
        }
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let agent = with_cookie(&server, "me").with("Origin", &server.url).with("Accept", "application/json, text/event-stream");
        assert_eq!(agent.post("/mcp", &call).await.status, 401, "agents are no pages");
    }

    async fn cookie_without_the_setting_is_ignored(engine: Engine) {
        let server = Server::start(engine).await;
        let me = with_cookie(&server, "me");
        me.get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", "Missing authorization token");
        let ann = TestUser::sign_up(&server, "ann").await;
        let cookie = format!("access_token={}", ann.jwt(&server).await);
        assert_eq!(server.anonymous().with("Cookie", &cookie).get("/api/auth/me").await.status, 401);
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        assert!(server.anonymous().post("/api/auth/login", &body).await.cookies.is_empty());
    }

    async fn logs_contain_no_cookie(engine: Engine) {
        let server = config(engine).await.with("RUST_LOG", "trace").start().await;
        let token = token_for("me");
        let me = server.anonymous().with("Cookie", &format!("access_token={token}"));
        assert_eq!(me.get("/api/tasks").await.status, 200);
        server.anonymous().with("Cookie", "access_token=hunter2").get("/api/tasks").await;
        let log = server.logs().join("\n");
        assert!(log.contains("/api/tasks") && !log.contains(&token) && !log.contains("hunter2"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_cookie_name_aborts_startup() {
    for name in ["", "a b", "a=b", "a;b", "ä"] {
        let auth = format!("{{cookie=\"{name}\"}}");
        let output =
            ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_AUTH", &auth).run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{name}: {error}");
        assert!(error.contains("auth.cookie is not the name of a cookie"), "{name}: {error}");
    }
}
