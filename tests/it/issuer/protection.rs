//! CSRF check, CORS, rate limits, unknown routes, outages and settings.

use serde_json::json;

use super::{PASSWORD, TestUser, sign_in};
use crate::harness::{Engine, PostgresServer, Server, ServerConfig, TestClient};
use crate::on_both_engines;

fn update() -> serde_json::Value {
    json!({ "name": "Anna" })
}

on_both_engines! {
    async fn cookie_request_requires_a_trusted_origin(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let page = server.anonymous().with("Cookie", &ann.cookie);
        let path = "/api/auth/update-user";
        for (header, value, rejected) in [
            ("Origin", server.url.as_str(), None),
            ("Origin", "http://localhost:3000", None),
            ("Referer", &format!("{}/some/page", server.url), None),
            ("Origin", "https://evil.example", Some("INVALID_ORIGIN")),
            ("Origin", "http://localhost:3001", Some("INVALID_ORIGIN")),
            ("Origin", "http://localhost:3000.evil.example", Some("INVALID_ORIGIN")),
            ("Referer", "https://evil.example/localhost:3000", Some("INVALID_ORIGIN")),
            ("Origin", "null", Some("MISSING_OR_NULL_ORIGIN")),
            ("Referer", "nonsense", Some("MISSING_OR_NULL_ORIGIN")),
            ("Accept", "*/*", Some("MISSING_OR_NULL_ORIGIN")),
        ] {
            let response = page.with(header, value).post(path, &update()).await;
            let status = if rejected.is_some() { 403 } else { 200 };
            assert_eq!((response.status, response.json()["code"].as_str()), (status, rejected), "{header}: {value}");
        }
        // A page that hides its origin. The browser reports that it is the same origin.
        let own = page.with("Origin", "null").with("Sec-Fetch-Site", "same-origin");
        assert_eq!(own.post(path, &update()).await.status, 200);
        let evil = page.with("Origin", "https://evil.example");
        evil.post("/api/auth/sign-out", &json!({})).await.assert_auth_error(403, "INVALID_ORIGIN", "Invalid origin");
        assert!(ann.is_signed_in(&server).await);
        // A bearer token is not sent by another site's page, so it needs no CSRF check. CORS prevents such a page from reading the response.
        let bearer = ann.bearer_client(&server).with("Origin", "https://evil.example");
        assert_eq!(bearer.post(path, &update()).await.status, 200);
        let read = page.with("Origin", "https://evil.example").get("/api/auth/get-session").await;
        assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
    }

    async fn cross_site_sign_in_is_403(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "" });
        let program = server.anonymous();
        for (path, without_origin) in [("/api/auth/sign-in/email", Some("MISSING_OR_NULL_ORIGIN")), ("/api/auth/login", None)] {
            for (caller, rejected) in [
                (program.clone(), None),
                (program.with("Origin", "http://localhost:3000").with("Sec-Fetch-Site", "same-site"), None),
                (program.with("Origin", "https://evil.example"), Some("INVALID_ORIGIN")),
                (program.with("Referer", "https://evil.example/x"), Some("INVALID_ORIGIN")),
                (program.with("Origin", "null"), Some("MISSING_OR_NULL_ORIGIN")),
                (program.with("Sec-Fetch-Mode", "cors").with("Origin", "https://evil.example"), Some("INVALID_ORIGIN")),
                (program.with("Sec-Fetch-Mode", "cors"), without_origin),
                (program.with("Sec-Fetch-Dest", "document"), without_origin),
                (
                    program.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate").with("Origin", &server.url),
                    Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
                ),
            ] {
                let response = caller.post(path, &body).await;
                let status = if rejected.is_some() { 403 } else { 200 };
                assert_eq!((response.status, response.json()["code"].as_str()), (status, rejected), "{path} {response:?}");
                assert_eq!(response.header("set-auth-token").is_none(), rejected.is_some());
            }
        }
    }

    async fn allowed_origin_can_read_token_headers(engine: Engine) {
        let server = Server::start(engine).await;
        let page = server.anonymous().with("Origin", "http://localhost:3000");
        let preflight = page.with("Access-Control-Request-Method", "POST").with("Access-Control-Request-Headers", "content-type");
        for path in ["sign-up/email", "get-session", "reset-password", "reset-password/x", "login/email"] {
            let response = preflight.call("OPTIONS", &format!("/api/auth/{path}"), None).await;
            assert_eq!((response.status, response.header("access-control-allow-credentials")), (204, Some("true")), "{path}");
        }
        let body = json!({ "name": "", "email": "ann@example.com", "password": PASSWORD });
        for status in [200, 422] {
            let response = page.post("/api/auth/sign-up/email", &body).await;
            assert_eq!((response.status, response.header("access-control-allow-origin")), (status, Some("http://localhost:3000")));
            let exposed = response.header("access-control-expose-headers").unwrap().to_lowercase();
            for name in ["set-auth-token", "set-auth-jwt", "x-retry-after", "x-request-id"] {
                assert!(exposed.contains(name), "{exposed}");
            }
        }
        let foreign = server.anonymous().with("Origin", "https://evil.example").with("Access-Control-Request-Method", "POST");
        let response = foreign.call("OPTIONS", "/api/auth/sign-up/email", None).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (403, None));
    }

    async fn unknown_route_is_a_better_auth_404(engine: Engine) {
        let server = Server::start(engine).await;
        let client = server.anonymous();
        for (method, path) in [("GET", "/api/auth/nothing"), ("GET", "/api/auth"), ("PUT", "/api/auth/sign-in/email"), ("GET", "/api/auth/sign-in/email"), ("POST", "/api/auth/get-session"), ("PROPFIND", "/api/auth/ok")] {
            client.call(method, path, None).await.assert_auth_error(404, "NOT_FOUND", "Not found");
        }
        assert_eq!(client.get("/api/auth/ok").await.json(), json!({ "ok": true }));
        assert_eq!(client.get("/api/auth/ok/").await.json(), json!({ "ok": true }));
        assert_eq!(client.call("HEAD", "/api/auth/ok", None).await.status, 200);
    }

    async fn user_with_id_auth_has_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        assert_eq!(server.client_for("auth").get("/api/auth/tasks").await.json(), json!([]));
        server.client_for("me").get("/api/auth/tasks").await.assert_error(403, "FORBIDDEN", "Not authorized to access this resource");
        server.client_for("auth").get("/api/auth/tasks/1").await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        server.anonymous().get("/api/auth/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", "Missing authorization token");
    }

    async fn issuer_and_its_tables_are_absent_in_release(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_PROFILE", "release").with("ROCKET_SHUTDOWN", "{drain=0}").start().await;
        server.wait_for_readyz(true).await;
        server.anonymous().get("/api/auth/ok").await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        let tables = match engine {
            Engine::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('user', 'session', 'account', 'verification', 'jwks')",
            Engine::Postgres => "SELECT count(*) FROM pg_tables WHERE tablename IN ('user', 'session', 'account', 'verification', 'jwks')",
        };
        assert_eq!(server.query_i64(tables).await, 0);
        assert!(!server.anonymous().get("/openapi.json").await.body.contains("/api/auth/sign-up"));
        // Enabled later, the issuer adds its tables to the database.
        let server = server.restart_with("ROCKET_ISSUER", "{enabled=true,url=\"https://tasks.example.com\"}").await;
        server.wait_for_readyz(true).await;
        assert_eq!(server.query_i64(tables).await, 5);
        TestUser::sign_up(&server, "ann").await;
    }

    async fn rate_limit_is_429_with_retry_after(engine: Engine) {
        let server = start_limited(engine, "").await;
        for _ in 0..3 {
            sign_in(&server, "ann@example.com", PASSWORD).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        }
        let rejected = sign_in(&server, "ann@example.com", PASSWORD).await;
        rejected.assert_auth_error(429, "", "Too many requests. Please try again later.");
        let wait: u64 = rejected.header("x-retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait) && rejected.header("retry-after") == rejected.header("x-retry-after"));
        // Another route to sign in shares the limit, and headers of an untrusted proxy do not change the client IP.
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        assert_eq!(server.anonymous().post("/api/auth/login", &body).await.status, 429);
        let forged = server.anonymous().with("X-Forwarded-For", "203.0.113.7").with("X-Real-IP", "203.0.113.7");
        assert_eq!(forged.post("/api/auth/sign-in/email", &body).await.status, 429);
        // Other groups have separate limits, and task routes have no limit.
        TestUser::sign_up(&server, "ann").await;
        for _ in 0..3 {
            let response = server.anonymous().post("/api/auth/request-password-reset", &json!({ "email": "x@example.com" })).await;
            assert_eq!(response.status, 200);
        }
        let mail = server.anonymous().post("/api/auth/request-password-reset", &json!({ "email": "x@example.com" })).await;
        mail.assert_auth_error(429, "", "Too many requests. Please try again later.");
        for _ in 0..120 {
            assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200);
        }
        // 100 requests, and 10 more per second. On a busy machine the first batch may be slower than that.
        let client = server.anonymous();
        let began = std::time::Instant::now();
        let (mut accepted, mut rejected) = (0.0, 0);
        for _ in 0..5 {
            for status in statuses_of((0..150).map(|_| client.clone())).await {
                if status == 429 { rejected += 1 } else { accepted += 1.0 }
            }
            if rejected > 0 {
                break;
            }
        }
        let elapsed = began.elapsed().as_secs_f64();
        assert!(rejected > 0 && accepted <= 101.0 + 10.0 * elapsed, "{accepted} accepted, {rejected} rejected in {elapsed} s");
    }

    async fn trusted_proxy_headers_identify_clients(engine: Engine) {
        let server = start_limited(engine, ",trusted_proxies=[\"127.0.0.0/8\",\"10.0.0.0/8\"]").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        let from = async |addresses: &str| {
            let caller = server.anonymous().with("X-Forwarded-For", addresses);
            caller.post("/api/auth/sign-in/email", &body).await.status
        };
        for _ in 0..3 {
            assert_eq!(from("203.0.113.7").await, 401);
        }
        assert_eq!(from("203.0.113.7").await, 429);
        assert_eq!(from("203.0.113.8").await, 401);
        // Entries that the client sent are in front of the entries of the proxies.
        assert_eq!(from("198.51.100.1, 203.0.113.7").await, 429);
        assert_eq!(from("198.51.100.1, 203.0.113.7, 10.1.2.3").await, 429);
        // An IPv6 network of 64 bits is one client.
        for host in 1..=3 {
            assert_eq!(from(&format!("2001:db8::{host}")).await, 401);
        }
        assert_eq!(from("2001:db8::4").await, 429);
        assert_eq!(from("2001:db8:0:1::4").await, 401);
        let up = json!({ "name": "", "email": "bob@example.com", "password": PASSWORD });
        let caller = server.anonymous().with("X-Forwarded-For", "203.0.113.9").with("X-Forwarded-Proto", "https");
        let response = caller.post("/api/auth/sign-up/email", &up).await;
        assert!(response.cookies[0].starts_with("__Secure-") && response.cookies[0].contains("; Secure"), "{response:?}");
        let bob = TestUser::from(&response);
        let session = server.bearer(&bob.token).get("/api/auth/get-session").await.json();
        assert_eq!(session["session"]["ipAddress"], "203.0.113.9");
    }

    async fn no_credentials_are_logged(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("RUST_LOG", "trace").start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        sign_in(&server, "ann@example.com", "wrong horse battery").await;
        ann.cookie_client(&server).get("/api/auth/get-session").await;
        ann.cookie_client(&server).post("/api/auth/update-user", &json!({ "name": "Annabel" })).await;
        ann.bearer_client(&server).post("/api/auth/revoke-session", &json!({ "token": ann.token })).await;
        let log = server.logs().join("\n");
        assert!(log.contains("/api/auth/sign-in/email"), "paths are logged");
        for secret in [PASSWORD, "wrong horse", &ann.token, &ann.cookie, &jwt, "ann@example.com", "Annabel", &ann.id, crate::harness::SECRET] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

pub(super) async fn start_limited(engine: Engine, more: &str) -> Server {
    let setup = ServerConfig::with_database(engine)
        .await
        .with("ROCKET_ISSUER", &format!("{{rate_limit=true{more}}}"));
    setup.start().await
}

/// Statuses of concurrent requests, one per client.
async fn statuses_of(callers: impl Iterator<Item = TestClient>) -> Vec<u16> {
    let calls: Vec<_> =
        callers.map(|caller| tokio::spawn(async move { caller.get("/api/auth/ok").await.status })).collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_is_a_better_auth_503() {
    let cluster = PostgresServer::start(&[]);
    let url = cluster.database().await;
    let setup = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url);
    let server = setup.with("ROCKET_DATABASES", "{todo={connect_timeout=1}}").start().await;
    let ann = TestUser::sign_up(&server, "ann").await;
    cluster.crash();
    let response = ann.bearer_client(&server).get("/api/auth/list-accounts").await;
    response.assert_auth_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert!(response.header("retry-after").is_some());
    let session = ann.bearer_client(&server).get("/api/auth/get-session").await;
    assert_eq!(session.status, 503, "not null, which would sign the user out: {session:?}");
    assert!(session.cookies.is_empty());
    cluster.restart();
    server.wait_for_readyz(true).await;
    assert!(ann.is_signed_in(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_settings_abort_startup() {
    for (name, value, wanted) in [
        ("ROCKET_ISSUER", "{alg=\"RS256\"}", "issuer.alg must be one of HS256, EdDSA"),
        ("ROCKET_ISSUER", "{url=\"tasks.example.com\"}", "issuer.url is not an http:// or https:// URL"),
        ("ROCKET_ISSUER", "{trusted_proxies=[\"everyone\"]}", "issuer.trusted_proxies"),
        ("ROCKET_ISSUER", "{enable=true}", "issuer has no setting 'enable'"),
        ("SMTP_URL", "mail.example.com", "SMTP_URL (issuer.smtp_url) is not an smtp:// or smtps:// URL"),
        ("SMTP_URL", "smtp://user:hunter2@mail.example.com", "issuer.mail_from"),
        ("MAIL_FROM", "nobody", "MAIL_FROM (issuer.mail_from) is not an email address"),
    ] {
        let output = ServerConfig::with_database(Engine::Sqlite).await.with(name, value).run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{value}: {error}");
        assert!(error.contains(wanted) && !error.contains("hunter2"), "{value}: {error}");
    }
    let setup = ServerConfig::with_database(Engine::Sqlite)
        .await
        .without("BETTER_AUTH_SECRET")
        .with("ROCKET_PROFILE", "release");
    let setup =
        setup.with("BETTER_AUTH_URL", "https://auth.example.com").with("ROCKET_ISSUER", "{enabled=true}");
    let output = setup.run(&[]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("BETTER_AUTH_SECRET (auth.secret) is not set, and issuer.enabled requires it"),
        "{error}"
    );
}

/// A `Host` header must not become the `iss` and `aud` of a token.
#[tokio::test(flavor = "multi_thread")]
async fn release_requires_issuer_url() {
    let release = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    let output = release.clone().with("ROCKET_ISSUER", "{enabled=true}").run(&[]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
    let wanted = "issuer.url is not set, and issuer.enabled requires it outside development";
    assert!(error.contains(wanted), "{error}");
    // `migrate` works without the setting.
    let output = release.clone().with("ROCKET_ISSUER", "{enabled=true}").run(&["migrate"]).await;
    assert!(output.status.success(), "{output:?}");
    let server = release
        .with("ROCKET_ISSUER", "{enabled=true,url=\"https://tasks.example.com/\"}")
        .with("ROCKET_SHUTDOWN", "{drain=0}")
        .start()
        .await;
    server.wait_for_readyz(true).await;
    let ann = TestUser::sign_up(&server, "ann").await;
    let response = ann.bearer_client(&server).with("Host", "evil.example").get("/api/auth/token").await;
    let claims = super::claims(response.json()["token"].as_str().unwrap());
    let own = json!("https://tasks.example.com");
    assert_eq!((&claims["iss"], &claims["aud"]), (&own, &own));
}
