//! Bases of the login routes.

use serde_json::{Value, json};

use super::{PASSWORD, TestUser, USER, fields};
use crate::harness::{Engine, Response, Server, ServerConfig, send_raw};
use crate::on_both_engines;

const BASES: [&str; 5] = ["/api/auth", "/auth", "/api/v1/auth", "/api", ""];
const SIGN_UP: [&str; 3] = ["signup", "register", "users"];
const SIGN_IN: [&str; 4] = ["login", "signin", "login/email", "token"];
const PAGE: &str = "http://localhost:3000";
const WRONG: &str = "Invalid email or password";

/// A server with the login routes below these bases, in TOML.
async fn with_paths(engine: Engine, bases: &str, more: &str) -> Server {
    let issuer = format!("{{login_paths={bases}{more}}}");
    ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", &issuer).start().await
}

/// A server with the login routes below all bases of these tests.
async fn with_all_paths(engine: Engine, more: &str) -> Server {
    with_paths(engine, r#"["/api/auth","/auth","/api/v1/auth","/api","/"]"#, more).await
}

fn ann() -> Value {
    json!({ "email": "ann@example.com", "password": PASSWORD })
}

/// Asserts an error of a login route.
#[track_caller]
fn assert_login_error(response: &Response, status: u16, code: &str, message: &str) {
    response.assert_auth_error(status, code, message);
    assert_eq!(response.json()["detail"], message, "{response:?}");
}

on_both_engines! {
    async fn login_routes_are_below_each_base(engine: Engine) {
        let server = with_all_paths(engine, "").await;
        let client = server.anonymous();
        for (n, base) in BASES.into_iter().enumerate() {
            for name in SIGN_UP {
                let body = json!({ "email": format!("{name}{n}@example.com"), "password": PASSWORD, "name": "Ann" });
                let response = client.post(&format!("{base}/{name}"), &body).await;
                assert_eq!((response.status, fields(&response.json()["user"])), (200, USER.to_vec()), "{base}/{name}");
            }
            for name in SIGN_IN {
                let body = json!({ "email": format!("signup{n}@example.com"), "password": PASSWORD });
                let response = client.post(&format!("{base}/{name}"), &body).await;
                assert_eq!((response.status, response.cookies.len()), (200, 0), "{base}/{name}");
                let token = response.json()["access_token"].as_str().unwrap().to_owned();
                assert_eq!(server.bearer(&token).get("/api/tasks").await.status, 200);
                for name in ["me", "users/me", "me/"] {
                    let me = server.bearer(&token).get(&format!("{base}/{name}")).await;
                    assert_eq!((me.status, &me.json()), (200, &response.json()["user"]), "{base}/{name}");
                }
                let session = server.bearer(response.header("set-auth-token").unwrap());
                assert_eq!(session.get("/api/auth/token").await.status, 200);
                let out = if name.len() == 5 { "logout" } else { "signout" };
                assert_eq!(session.post(&format!("{base}/{out}"), &json!({})).await.json(), json!({ "success": true }));
                assert_eq!(session.get(&format!("{base}/me")).await.status, 401);
            }
        }
    }

    /// Frontends of servers that imitate Better Auth expect an API token at Better Auth's paths.
    async fn paths_of_better_auth_may_be_login_routes(engine: Engine) {
        let server = with_paths(engine, r#""/api/auth""#, ",email_login=true").await;
        let client = server.anonymous();
        for path in ["/api/auth/sign-up/email", "/api/auth/sign-in/email"] {
            let response = client.post(path, &ann()).await;
            assert_eq!((response.status, response.cookies.len()), (200, 0), "{response:?}");
            let token = response.json()["access_token"].as_str().unwrap().to_owned();
            assert_eq!(server.bearer(&token).get("/api/auth/me").await.json(), response.json()["user"]);
        }
        let wrong = json!({ "email": "ann@example.com", "password": "wrong horse battery" });
        assert_login_error(&client.post("/api/auth/sign-in/email", &wrong).await, 401, "INVALID_EMAIL_OR_PASSWORD", WRONG);
        let document = client.get("/openapi.json").await.json();
        for path in ["sign-up", "sign-in"] {
            let schema = &document["paths"][format!("/api/auth/{path}/email")]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/LoggedIn", "{path}");
        }
        let session = server.bearer(client.post("/api/auth/login", &ann()).await.header("set-auth-token").unwrap());
        assert_eq!(session.get("/api/auth/get-session").await.json()["user"]["email"], "ann@example.com");
    }

    /// A server action of Next.js sends cookies of its own site, and no origin.
    async fn sign_out_ignores_cookies_of_other_sites(engine: Engine) {
        let server = with_paths(engine, r#"["/api/auth","/auth"]"#, "").await;
        let user = TestUser::sign_up(&server, "ann").await;
        let node = server.anonymous().with("Sec-Fetch-Mode", "cors").with("Cookie", "theme=dark; token=eyJ");
        for (path, body) in [("/auth/logout", json!({})), ("/api/auth/signout", json!({})), ("/auth/login", ann()), ("/auth/register", json!({ "email": "bob@example.com", "password": PASSWORD }))] {
            assert_eq!(node.post(path, &body).await.status, 200, "{path}");
        }
        // A cookie of this server needs an origin, and a page of another site signs nobody out.
        let own = server.anonymous().with("Cookie", &user.cookie);
        own.post("/auth/logout", &json!({})).await.assert_auth_error(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin");
        for client in [own, node] {
            let evil = client.with("Origin", "https://evil.example");
            evil.post("/auth/logout", &json!({})).await.assert_auth_error(403, "INVALID_ORIGIN", "Invalid origin");
        }
        // Better Auth's own route judges every cookie, as Better Auth does.
        let foreign = server.anonymous().with("Cookie", "theme=dark").post("/api/auth/sign-out", &json!({})).await;
        foreign.assert_auth_error(403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin");
        assert!(user.is_signed_in(&server).await);
    }

    async fn configured_base_replaces_the_default(engine: Engine) {
        let server = with_paths(engine, r#""/auth""#, "").await;
        TestUser::sign_up(&server, "ann").await;
        assert_eq!(server.anonymous().post("/auth/login", &ann()).await.status, 200);
        server.anonymous().post("/api/auth/login", &ann()).await.assert_auth_error(404, "NOT_FOUND", "Not found");
        assert_eq!(server.client_for("auth").get("/api/auth/tasks").await.json(), json!([]));
    }

    async fn login_errors_have_detail_beside_message(engine: Engine) {
        let server = with_all_paths(engine, "").await;
        TestUser::sign_up(&server, "ann").await;
        let client = server.anonymous();
        let wrong = json!({ "email": "ann@example.com", "password": "wrong horse battery" });
        for base in BASES {
            for name in SIGN_IN {
                assert_login_error(&client.post(&format!("{base}/{name}"), &wrong).await, 401, "INVALID_EMAIL_OR_PASSWORD", WRONG);
            }
            for name in SIGN_UP {
                let taken = client.post(&format!("{base}/{name}"), &ann()).await;
                assert_login_error(&taken, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
            }
            let login = format!("{base}/login");
            assert_login_error(&client.send("POST", &login, Some(b"{".to_vec())).await, 400, "BAD_REQUEST", "Invalid JSON in request body");
            assert_eq!(client.send("POST", &login, Some(vec![b'x'; 70_000])).await.json()["detail"], "Request body must be at most 64 KiB");
            for name in ["me", "users/me"] {
                let unknown = client.get(&format!("{base}/{name}")).await;
                assert_login_error(&unknown, 401, "UNAUTHORIZED", "Unauthorized");
                assert_eq!(unknown.header("www-authenticate"), Some("Bearer"));
            }
            let missing = "[body.email] Invalid input: expected string, received undefined";
            assert_login_error(&client.post(&login, &json!({ "password": PASSWORD })).await, 400, "VALIDATION_ERROR", missing);
            // A path without a route is no login route's.
            let nothing = client.get(&format!("{base}/nothing")).await;
            assert_eq!(nothing.status, 404, "{base}");
            let is_of_tasks = nothing.json().get("code").is_none();
            assert_eq!(is_of_tasks, base != "/api/auth", "{nothing:?}");
            let method = client.call("PUT", &login, None).await;
            method.assert_auth_error(404, "NOT_FOUND", "Not found");
        }
        // The errors of Better Auth's routes are Better Auth's.
        for response in [
            client.post("/api/auth/sign-in/email", &wrong).await,
            client.get("/api/auth/token").await,
            client.get("/api/auth/nothing").await,
        ] {
            assert_eq!(fields(&response.json()), ["code", "message"], "{response:?}");
        }
    }

    /// A password can be guessed no faster by several bases.
    async fn bases_share_the_rate_limits(engine: Engine) {
        let server = with_all_paths(engine, ",rate_limit=true").await;
        let client = server.anonymous();
        let too_many = "Too many requests. Please try again later.";
        for (base, name) in [("/auth", "login"), ("", "token"), ("/api", "signin")] {
            assert_eq!(client.post(&format!("{base}/{name}"), &ann()).await.status, 401, "{base}");
        }
        for base in BASES {
            for name in SIGN_IN {
                let response = client.post(&format!("{base}/{name}"), &ann()).await;
                assert_login_error(&response, 429, "", too_many);
                assert!(response.header("retry-after").is_some());
            }
        }
        client.post("/api/auth/sign-in/email", &ann()).await.assert_auth_error(429, "", too_many);
        for (n, path) in ["/auth/register", "/users", "/api/signup"].into_iter().enumerate() {
            let body = json!({ "email": format!("ann{n}@example.com"), "password": PASSWORD });
            assert_eq!(client.post(path, &body).await.status, 200, "{path}");
        }
        for base in BASES {
            for name in SIGN_UP {
                assert_eq!(client.post(&format!("{base}/{name}"), &ann()).await.status, 429, "{base}/{name}");
            }
        }
    }

    async fn csrf_check_applies_below_each_base(engine: Engine) {
        let server = with_all_paths(engine, "").await;
        let user = TestUser::sign_up(&server, "ann").await;
        let page = server.anonymous().with("Cookie", &user.cookie);
        let node = server.anonymous().with("Sec-Fetch-Mode", "cors");
        for base in BASES {
            let evil = page.with("Origin", "https://evil.example");
            for name in ["login", "signup", "logout"] {
                let path = format!("{base}/{name}");
                assert_login_error(&evil.post(&path, &ann()).await, 403, "INVALID_ORIGIN", "Invalid origin");
                assert_login_error(&page.post(&path, &ann()).await, 403, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin");
            }
            let login = format!("{base}/login");
            let cookieless = server.anonymous().with("Origin", "https://evil.example");
            assert_login_error(&cookieless.post(&login, &ann()).await, 403, "INVALID_ORIGIN", "Invalid origin");
            let navigation = server.anonymous().with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate").with("Origin", &server.url);
            assert_eq!(navigation.post(&login, &ann()).await.json()["code"], "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED");
            assert_eq!(node.post(&login, &ann()).await.status, 200, "{base}");
            assert_eq!(page.with("Origin", PAGE).post(&login, &ann()).await.status, 200, "{base}");
        }
        assert!(user.is_signed_in(&server).await);
    }

    async fn pages_of_allowed_origins_can_sign_in_below_each_base(engine: Engine) {
        let server = with_all_paths(engine, "").await;
        TestUser::sign_up(&server, "ann").await;
        let page = server.anonymous().with("Origin", PAGE);
        let evil = server.anonymous().with("Origin", "https://evil.example");
        for base in BASES {
            for (path, method) in [("login", "POST"), ("users", "POST"), ("token", "POST"), ("users/me", "GET")] {
                let path = format!("{base}/{path}");
                let preflight = |client: &crate::harness::TestClient| {
                    client.with("Access-Control-Request-Method", method).with("Access-Control-Request-Headers", "content-type")
                };
                let allowed = preflight(&page).call("OPTIONS", &path, None).await;
                assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, Some(PAGE)), "{path}");
                let refused = preflight(&evil).call("OPTIONS", &path, None).await;
                assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None), "{path}");
            }
            for (body, status) in [(ann(), 200), (json!({ "email": "bob@example.com", "password": PASSWORD }), 401)] {
                let response = page.post(&format!("{base}/login"), &body).await;
                assert_eq!((response.status, response.header("access-control-allow-origin")), (status, Some(PAGE)), "{base}");
                assert_eq!(response.header("cache-control"), Some("no-store"));
                let exposed = response.header("access-control-expose-headers").unwrap();
                assert!(exposed.contains("set-auth-token") && exposed.contains("X-Retry-After"), "{exposed}");
            }
        }
    }

    async fn login_without_host_is_400(engine: Engine) {
        let server = with_all_paths(engine, "").await;
        for base in BASES {
            for host in ["", "Host: a\r\nHost: b\r\n"] {
                let body = ann().to_string();
                let length = body.len();
                let request = format!("POST {base}/login HTTP/1.1\r\n{host}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                let response = send_raw(server.address(), request.as_bytes()).await;
                assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("\"detail\":\"Malformed request\""), "{base}: {response}");
            }
        }
    }

    /// The base `/api` has the path `/api/users`, and this collection has the tasks of each user below it.
    async fn tasks_can_be_below_a_login_path(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_API", r#"{path="/api/users/{user_id}/tasks"}"#);
        let server = config.with("ROCKET_ISSUER", r#"{login_paths="/api"}"#).start().await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
        let response = server.anonymous().post("/api/users", &body).await.json();
        let ann = server.bearer(response["access_token"].as_str().unwrap());
        let tasks = format!("/api/users/{}/tasks", response["user"]["id"].as_str().unwrap());
        assert_eq!(ann.post(&tasks, &json!({ "title": "t" })).await.status, 201);
        assert_eq!(ann.get("/api/users/me").await.json(), response["user"]);
        ann.get(&format!("{tasks}/99")).await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        server.anonymous().get(&tasks).await.assert_error(401, "AUTHENTICATION_REQUIRED", "Missing authorization token");
        ann.get("/api/users/me/tasks").await.assert_error(403, "FORBIDDEN", "Not authorized to access this resource");
        ann.get("/api/users/nothing").await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        ann.post("/api/users", &body).await.assert_auth_error(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
    }

    async fn logs_contain_no_credentials_of_login_routes(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("RUST_LOG", "trace");
        let server = config.with("ROCKET_ISSUER", r#"{login_paths=["/auth","/"]}"#).start().await;
        let client = server.anonymous();
        let up = client.post("/users", &json!({ "username": "ann@example.com", "password": PASSWORD })).await;
        assert_eq!(up.status, 200);
        let form = format!("username=ann%40example.com&password={}", PASSWORD.replace(' ', "+"));
        let response = client.send_as("POST", "/token", "application/x-www-form-urlencoded", form.into_bytes()).await;
        let jwt = response.json()["access_token"].as_str().unwrap().to_owned();
        let session = response.header("set-auth-token").unwrap().to_owned();
        client.post("/auth/login", &json!({ "email": "ann@example.com", "password": "wrong horse" })).await;
        server.bearer(&jwt).get("/users/me").await;
        server.bearer(&jwt).get("/api/auth/get-session").await;
        server.bearer(&session).post("/logout", &json!({})).await;
        let log = server.logs().join("\n");
        for path in ["/users", "/token", "/auth/login", "/users/me", "/logout"] {
            assert!(log.contains(&format!("\"route\":\"{path}\"")), "{path}: {log}");
        }
        for secret in [PASSWORD, "correct+horse", "wrong horse", "ann@example.com", "ann%40example", &jwt, &session, crate::harness::SECRET] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_login_paths_abort_startup() {
    let invalid = "issuer.login_paths contains an invalid path; write /auth, /api/v1/auth or /";
    let other = "issuer.login_paths contains a path of another part of this server";
    let twice = "issuer.login_paths gives two login routes the same path";
    let tasks = "issuer.login_paths gives a login route the path";
    for (issuer, api, wanted) in [
        (r#""auth""#, "", invalid),
        (r#""/auth/""#, "", invalid),
        (r#""//auth""#, "", invalid),
        (r#""/a b""#, "", invalid),
        (r#""/auth/..""#, "", invalid),
        (r#""/<user>""#, "", invalid),
        (r#""/{user_id}""#, "", invalid),
        (r#""/auth?x=1""#, "", invalid),
        ("1", "", "issuer.login_paths"),
        ("[]", "", "issuer.login_paths is empty"),
        (r#""/mcp""#, "", other),
        (r#""/docs/auth""#, "", other),
        (r#""/livez""#, "", other),
        (r#""/readyz""#, "", other),
        (r#""/health""#, "", other),
        (r#""/metrics""#, "", other),
        (r#""/openapi.json""#, "", other),
        (r#""/.well-known""#, "", other),
        (r#""/api/auth/v1""#, "", "issuer.login_paths contains a path below /api/auth"),
        (r#"["/auth","/auth"]"#, "", twice),
        (r#"["/x","/x/users"]"#, "", twice),
        (r#""/api/tasks""#, "", tasks),
        (r#""/api/v1/tasks/x""#, "", tasks),
        (r#""/api/me/tasks""#, "", tasks),
        (r#""/tasks""#, r#"{path="/tasks"}"#, tasks),
        (r#""/""#, r#"{path="/users"}"#, tasks),
        (r#""/""#, r#"{path="/{user_id}/me"}"#, tasks),
        (r#""/api/auth""#, r#"{path="/api/auth/{user_id}/users"}"#, tasks),
    ] {
        let config = ServerConfig::with_database(Engine::Sqlite).await;
        let config = config.with("ROCKET_ISSUER", &format!("{{login_paths={issuer}}}"));
        let config = if api.is_empty() { config } else { config.with("ROCKET_API", api) };
        let output = config.run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{issuer}: {error}");
        assert!(error.contains(wanted), "{issuer}: {error}");
    }
}
