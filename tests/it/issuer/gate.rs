//! What stands before every route, and what is not there at all.

use serde_json::json;

use super::{PASSWORD, Person, sign_in};
use crate::harness::{Engine, PostgresServer, Server, ServerConfig, TestClient};
use crate::on_both_engines;

fn update() -> serde_json::Value {
    json!({ "name": "Anna" })
}

on_both_engines! {
    async fn a_request_with_a_cookie_must_come_from_a_trusted_page(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let page = server.anonymous().with("Cookie", &ann.cookie);
        let path = "/api/auth/update-user";
        for (header, value, refused) in [
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
            let answer = page.with(header, value).post(path, &update()).await;
            let status = if refused.is_some() { 403 } else { 200 };
            assert_eq!((answer.status, answer.json()["code"].as_str()), (status, refused), "{header}: {value}");
        }
        // A page that keeps its origin to itself, for which the browser vouches.
        let own = page.with("Origin", "null").with("Sec-Fetch-Site", "same-origin");
        assert_eq!(own.post(path, &update()).await.status, 200);
        let evil = page.with("Origin", "https://evil.example");
        evil.post("/api/auth/sign-out", &json!({})).await.assert_auth_error(403, "INVALID_ORIGIN", "Invalid origin");
        assert!(ann.is_signed_in(&server).await);
        // Without a cookie there is nothing that a foreign page could abuse, and reading is CORS's to refuse.
        let bearer = ann.by_bearer(&server).with("Origin", "https://evil.example");
        assert_eq!(bearer.post(path, &update()).await.status, 200);
        let read = page.with("Origin", "https://evil.example").get("/api/auth/get-session").await;
        assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
    }

    async fn nobody_is_signed_in_by_a_foreign_page(engine: Engine) {
        let server = Server::start(engine).await;
        Person::signs_up(&server, "ann").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "" });
        let program = server.anonymous();
        for path in ["/api/auth/sign-in/email", "/api/auth/login"] {
            for (caller, refused) in [
                (program.clone(), None),
                (program.with("Origin", "http://localhost:3000").with("Sec-Fetch-Site", "same-site"), None),
                (program.with("Origin", "https://evil.example"), Some("INVALID_ORIGIN")),
                (program.with("Referer", "https://evil.example/x"), Some("INVALID_ORIGIN")),
                (program.with("Sec-Fetch-Mode", "cors"), Some("MISSING_OR_NULL_ORIGIN")),
                (program.with("Sec-Fetch-Dest", "document"), Some("MISSING_OR_NULL_ORIGIN")),
                (
                    program.with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "navigate").with("Origin", &server.url),
                    Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
                ),
            ] {
                let answer = caller.post(path, &body).await;
                let status = if refused.is_some() { 403 } else { 200 };
                assert_eq!((answer.status, answer.json()["code"].as_str()), (status, refused), "{path} {answer:?}");
                assert_eq!(answer.header("set-auth-token").is_none(), refused.is_some());
            }
        }
    }

    async fn a_page_of_a_configured_origin_reads_its_tokens(engine: Engine) {
        let server = Server::start(engine).await;
        let page = server.anonymous().with("Origin", "http://localhost:3000");
        let preflight = page.with("Access-Control-Request-Method", "POST").with("Access-Control-Request-Headers", "content-type");
        for path in ["sign-up/email", "get-session", "reset-password", "reset-password/x", "login/email"] {
            let answer = preflight.call("OPTIONS", &format!("/api/auth/{path}"), None).await;
            assert_eq!((answer.status, answer.header("access-control-allow-credentials")), (204, Some("true")), "{path}");
        }
        let body = json!({ "name": "", "email": "ann@example.com", "password": PASSWORD });
        for status in [200, 422] {
            let answer = page.post("/api/auth/sign-up/email", &body).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some("http://localhost:3000")));
            let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
            for name in ["set-auth-token", "set-auth-jwt", "x-retry-after", "x-request-id"] {
                assert!(exposed.contains(name), "{exposed}");
            }
        }
        let foreign = server.anonymous().with("Origin", "https://evil.example").with("Access-Control-Request-Method", "POST");
        let answer = foreign.call("OPTIONS", "/api/auth/sign-up/email", None).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
    }

    async fn what_is_no_route_is_404_in_its_own_words(engine: Engine) {
        let server = Server::start(engine).await;
        let nobody = server.anonymous();
        for (method, path) in [("GET", "/api/auth/nothing"), ("GET", "/api/auth"), ("PUT", "/api/auth/sign-in/email"), ("GET", "/api/auth/sign-in/email"), ("POST", "/api/auth/get-session"), ("PROPFIND", "/api/auth/ok")] {
            nobody.call(method, path, None).await.assert_auth_error(404, "NOT_FOUND", "Not found");
        }
        assert_eq!(nobody.get("/api/auth/ok").await.json(), json!({ "ok": true }));
        assert_eq!(nobody.get("/api/auth/ok/").await.json(), json!({ "ok": true }));
        assert_eq!(nobody.call("HEAD", "/api/auth/ok", None).await.status, 200);
    }

    async fn a_user_called_auth_has_tasks_like_any_other(engine: Engine) {
        let server = Server::start(engine).await;
        assert_eq!(server.client_for("auth").get("/api/auth/tasks").await.json(), json!([]));
        server.client_for("me").get("/api/auth/tasks").await.assert_error(403, "FORBIDDEN", "Not authorized to access this resource");
        server.client_for("auth").get("/api/auth/tasks/1").await.assert_error(404, "RESOURCE_NOT_FOUND", "Task not found");
        server.anonymous().get("/api/auth/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", "Missing authorization token");
    }

    async fn in_release_it_is_not_there_and_neither_are_its_tables(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_PROFILE", "release").with("ROCKET_SHUTDOWN", "{drain=0}").start().await;
        server.wait_for_readyz(true).await;
        server.anonymous().get("/api/auth/ok").await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        let tables = match engine {
            Engine::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('user', 'session', 'account', 'verification', 'jwks')",
            Engine::Postgres => "SELECT count(*) FROM pg_tables WHERE tablename IN ('user', 'session', 'account', 'verification', 'jwks')",
        };
        assert_eq!(server.query_i64(tables).await, 0);
        assert!(!server.anonymous().get("/openapi.json").await.body.contains("/api/auth/sign-up"));
        // Switched on later it finds its place beside the tasks.
        let server = server.restart_with("ROCKET_ISSUER", "{enabled=true,url=\"https://tasks.example.com\"}").await;
        server.wait_for_readyz(true).await;
        assert_eq!(server.query_i64(tables).await, 5);
        Person::signs_up(&server, "ann").await;
    }

    async fn who_comes_too_often_is_sent_away_for_a_while(engine: Engine) {
        let server = limited(engine, "").await;
        for _ in 0..3 {
            sign_in(&server, "ann@example.com", PASSWORD).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        }
        let refused = sign_in(&server, "ann@example.com", PASSWORD).await;
        refused.assert_auth_error(429, "", "Too many requests. Please try again later.");
        let wait: u64 = refused.header("x-retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait) && refused.header("retry-after") == refused.header("x-retry-after"));
        // The same door under another name, and from where nobody knows that a proxy is.
        let body = json!({ "email": "ann@example.com", "password": PASSWORD });
        assert_eq!(server.anonymous().post("/api/auth/login", &body).await.status, 429);
        let forged = server.anonymous().with("X-Forwarded-For", "203.0.113.7").with("X-Real-IP", "203.0.113.7");
        assert_eq!(forged.post("/api/auth/sign-in/email", &body).await.status, 429);
        // Other doors are counted for themselves, and tasks are not counted.
        Person::signs_up(&server, "ann").await;
        for _ in 0..3 {
            let answer = server.anonymous().post("/api/auth/request-password-reset", &json!({ "email": "x@example.com" })).await;
            assert_eq!(answer.status, 200);
        }
        let mail = server.anonymous().post("/api/auth/request-password-reset", &json!({ "email": "x@example.com" })).await;
        mail.assert_auth_error(429, "", "Too many requests. Please try again later.");
        for _ in 0..120 {
            assert_eq!(server.client_for("me").get("/api/tasks").await.status, 200);
        }
        let many = futures_of((0..150).map(|_| server.anonymous())).await;
        let refused = many.iter().filter(|status| **status == 429).count();
        assert!((1..=50).contains(&refused), "a hundred in ten seconds: {refused}");
    }

    async fn behind_a_proxy_callers_are_told_apart_by_what_it_says(engine: Engine) {
        let server = limited(engine, ",trusted_proxies=[\"127.0.0.0/8\",\"10.0.0.0/8\"]").await;
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
        // What a client put there itself stands before what the proxies added.
        assert_eq!(from("198.51.100.1, 203.0.113.7").await, 429);
        assert_eq!(from("198.51.100.1, 203.0.113.7, 10.1.2.3").await, 429);
        // Who has one IPv6 address has its whole network.
        for host in 1..=3 {
            assert_eq!(from(&format!("2001:db8::{host}")).await, 401);
        }
        assert_eq!(from("2001:db8::4").await, 429);
        assert_eq!(from("2001:db8:0:1::4").await, 401);
        let up = json!({ "name": "", "email": "bob@example.com", "password": PASSWORD });
        let caller = server.anonymous().with("X-Forwarded-For", "203.0.113.9").with("X-Forwarded-Proto", "https");
        let answer = caller.post("/api/auth/sign-up/email", &up).await;
        assert!(answer.cookies[0].starts_with("__Secure-") && answer.cookies[0].contains("; Secure"), "{answer:?}");
        let bob = Person::from(&answer);
        let session = server.bearer(&bob.token).get("/api/auth/get-session").await.json();
        assert_eq!(session["session"]["ipAddress"], "203.0.113.9");
    }

    async fn nothing_that_proves_anything_is_in_the_log(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("RUST_LOG", "trace").start().await;
        let ann = Person::signs_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        sign_in(&server, "ann@example.com", "wrong horse battery").await;
        ann.by_cookie(&server).get("/api/auth/get-session").await;
        ann.by_cookie(&server).post("/api/auth/update-user", &json!({ "name": "Annabel" })).await;
        ann.by_bearer(&server).post("/api/auth/revoke-session", &json!({ "token": ann.token })).await;
        let log = server.logs().join("\n");
        assert!(log.contains("/api/auth/sign-in/email"), "but what was asked for is");
        for secret in [PASSWORD, "wrong horse", &ann.token, &ann.cookie, &jwt, "ann@example.com", "Annabel", &ann.id, crate::harness::SECRET] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

pub(super) async fn limited(engine: Engine, more: &str) -> Server {
    let config = ServerConfig::with_database(engine)
        .await
        .with("ROCKET_ISSUER", &format!("{{rate_limit=true{more}}}"));
    config.start().await
}

/// The statuses of as many calls at once.
async fn futures_of(callers: impl Iterator<Item = TestClient>) -> Vec<u16> {
    let calls: Vec<_> =
        callers.map(|caller| tokio::spawn(async move { caller.get("/api/auth/ok").await.status })).collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_503_in_its_own_words() {
    let cluster = PostgresServer::start(&[]);
    let url = cluster.database().await;
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url);
    let server = config.with("ROCKET_DATABASES", "{todo={connect_timeout=1}}").start().await;
    let ann = Person::signs_up(&server, "ann").await;
    cluster.crash();
    let answer = ann.by_bearer(&server).get("/api/auth/list-accounts").await;
    answer.assert_auth_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert!(answer.header("retry-after").is_some());
    let session = ann.by_bearer(&server).get("/api/auth/get-session").await;
    assert_eq!(session.status, 503, "not null, which would sign her out: {session:?}");
    assert!(session.cookies.is_empty());
    cluster.restart();
    server.wait_for_readyz(true).await;
    assert!(ann.is_signed_in(&server).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_stop_the_start() {
    for (name, value, wanted) in [
        ("ROCKET_ISSUER", "{alg=\"RS256\"}", "issuer.alg must be one of HS256, EdDSA"),
        ("ROCKET_ISSUER", "{url=\"tasks.example.com\"}", "issuer.url is no http:// or https:// URL"),
        ("ROCKET_ISSUER", "{trusted_proxies=[\"everyone\"]}", "issuer.trusted_proxies"),
        ("ROCKET_ISSUER", "{enable=true}", "issuer has no key 'enable'"),
        ("SMTP_URL", "mail.example.com", "SMTP_URL (issuer.smtp_url) is no smtp:// or smtps:// URL"),
        ("SMTP_URL", "smtp://user:hunter2@mail.example.com", "issuer.mail_from"),
        ("MAIL_FROM", "nobody", "MAIL_FROM (issuer.mail_from) is no address"),
    ] {
        let output = ServerConfig::with_database(Engine::Sqlite).await.with(name, value).run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{value}: {error}");
        assert!(error.contains(wanted) && !error.contains("hunter2"), "{value}: {error}");
    }
    let config = ServerConfig::with_database(Engine::Sqlite)
        .await
        .without("BETTER_AUTH_SECRET")
        .with("ROCKET_PROFILE", "release");
    let config =
        config.with("BETTER_AUTH_URL", "https://auth.example.com").with("ROCKET_ISSUER", "{enabled=true}");
    let output = config.run(&[]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("BETTER_AUTH_SECRET (auth.secret) is not set, and issuer.enabled needs it"),
        "{error}"
    );
}

/// A `Host` header must not become the `iss` and `aud` of a token.
#[tokio::test(flavor = "multi_thread")]
async fn in_release_the_issuer_must_know_its_own_url() {
    let release = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    let output = release.clone().with("ROCKET_ISSUER", "{enabled=true}").run(&[]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
    let wanted = "issuer.url is not set, and issuer.enabled needs it outside development";
    assert!(error.contains(wanted), "{error}");
    // Migrating needs none.
    let output = release.clone().with("ROCKET_ISSUER", "{enabled=true}").run(&["migrate"]).await;
    assert!(output.status.success(), "{output:?}");
    let server = release
        .with("ROCKET_ISSUER", "{enabled=true,url=\"https://tasks.example.com/\"}")
        .with("ROCKET_SHUTDOWN", "{drain=0}")
        .start()
        .await;
    server.wait_for_readyz(true).await;
    let ann = Person::signs_up(&server, "ann").await;
    let answer = ann.by_bearer(&server).with("Host", "evil.example").get("/api/auth/token").await;
    let claims = super::claims(answer.json()["token"].as_str().unwrap());
    let own = json!("https://tasks.example.com");
    assert_eq!((&claims["iss"], &claims["aud"]), (&own, &own));
}
