//! Sessions: authentication, lifetime, revocation and API tokens.

use serde_json::{Value, json};

use super::{CLEARED, PASSWORD, SESSION, TestUser, USER, assert_date, claims, fields};
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

const GET_SESSION: &str = "/api/auth/get-session";

/// SQL literal of the time this many hours from now, for both engines.
fn hours(from_now: i64) -> String {
    let time = chrono::DateTime::from_timestamp(crate::harness::now() + from_now * 3600, 0).unwrap();
    format!("'{}'", time.to_rfc3339_opts(chrono::SecondsFormat::Millis, false))
}

on_both_engines! {
    async fn get_session_accepts_cookie_and_bearer_token(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = server.anonymous().with("User-Agent", "a browser");
        let body = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
        let response = agent.post("/api/auth/sign-up/email", &body).await;
        let ann = TestUser::from(&response);
        let signed = response.header("set-auth-token").unwrap();
        let encoded = ann.cookie.split_once('=').unwrap().1;
        for (form, caller) in [
            ("cookie", server.anonymous().with("Cookie", &format!("theme=dark; {}", ann.cookie))),
            ("token", server.bearer(&ann.token)),
            ("signed token", server.bearer(signed)),
            ("encoded token", server.bearer(encoded)),
            ("a scheme in capitals", server.anonymous().with("Authorization", &format!("BEARER {}", ann.token))),
        ] {
            let response = caller.get(GET_SESSION).await;
            let json = response.json();
            assert_eq!((response.status, fields(&json)), (200, vec!["session", "user"]), "{form}");
            assert_eq!((fields(&json["session"]), fields(&json["user"])), (SESSION.to_vec(), USER.to_vec()));
            assert_eq!((&json["session"]["token"], &json["session"]["userId"]), (&json!(ann.token), &json!(ann.id)));
            assert_eq!((&json["session"]["ipAddress"], &json["session"]["userAgent"]), (&json!("127.0.0.1"), &json!("a browser")));
            for date in ["createdAt", "updatedAt", "expiresAt"] {
                assert_date(&json["session"][date]);
            }
            assert!(response.cookies.is_empty(), "no refresh is due");
            let jwt = response.header("set-auth-jwt").unwrap();
            assert_eq!(server.bearer(jwt).get("/api/tasks").await.status, 200);
        }
    }

    async fn invalid_session_is_null(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let none = server.anonymous();
        for caller in [
            none.clone(),
            none.with("Cookie", "better-auth.session_token=abc.def"),
            none.with("Cookie", &format!("better-auth.session_token={}", ann.token)),
            none.with("Cookie", &format!("{}x", ann.cookie)),
            server.bearer(&format!("{}.AAAA", ann.token)),
            none.with("Authorization", &format!("Basic {}", ann.token)),
        ] {
            let response = caller.get(GET_SESSION).await;
            assert_eq!((response.status, response.json(), response.header("set-auth-jwt")), (200, Value::Null, None), "{response:?}");
            caller.get("/api/auth/token").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        }
        let unknown = server.bearer(&"x".repeat(32)).get(GET_SESSION).await;
        assert_eq!((unknown.json(), unknown.cookies), (Value::Null, CLEARED.map(str::to_owned).to_vec()), "the cookies are cleared");
        // An invalid bearer token does not hide the cookie.
        let both = none.with("Authorization", "Bearer nonsense.x").with("Cookie", &ann.cookie);
        assert_eq!(both.get(GET_SESSION).await.json()["user"]["id"], json!(ann.id));
    }

    async fn session_yields_an_api_token(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        let jwt = ann.jwt(&server).await;
        let claims = claims(&jwt);
        for (name, value) in [("sub", &ann.id), ("id", &ann.id), ("email", &ann.email), ("iss", &server.url), ("aud", &server.url)] {
            assert_eq!(claims[name], json!(value), "{name}");
        }
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
        assert_eq!((&claims["name"], &claims["emailVerified"]), (&json!("ann"), &json!(false)));
        let task = server.bearer(&jwt).create("Deploy").await;
        assert_eq!(task["user_id"], json!(ann.id));
        assert_eq!(server.bearer(&jwt).get(&format!("/api/v1/{}/tasks", ann.id)).await.json()["data"]["total"], 1);
        assert_eq!(server.bearer(&bob.jwt(&server).await).get("/api/tasks").await.json(), json!([]));
        // A session token is not an API token.
        ann.bearer_client(&server).get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", "Invalid token");
    }

    async fn issued_tokens_have_the_configured_iss_and_aud(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_AUTH", r#"{issuer="https://me.example",audience=["https://a.example","https://b.example"]}"#);
        let server = setup.with("ROCKET_ISSUER", "{token_lifetime=60}").start().await;
        let jwt = TestUser::sign_up(&server, "ann").await.jwt(&server).await;
        let claims = claims(&jwt);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://me.example"), &json!("https://a.example")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
        assert_eq!(server.bearer(&jwt).get("/api/tasks").await.status, 200);
    }

    async fn session_is_refreshed_on_use_and_expires_otherwise(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        // A session created 25 hours ago is refreshed.
        server.execute_sql(&format!(r#"UPDATE session SET "createdAt" = {0}, "updatedAt" = {0}, "expiresAt" = {1}"#, hours(-25), hours(7 * 24 - 25))).await;
        let response = ann.cookie_client(&server).get(GET_SESSION).await;
        let expires: chrono::DateTime<chrono::Utc> = response.json()["session"]["expiresAt"].as_str().unwrap().parse().unwrap();
        assert!(expires.timestamp() > crate::harness::now() + 7 * 86400 - 60, "{response:?}");
        assert!(response.cookies[0].starts_with(&ann.cookie) && response.cookies[0].contains("Max-Age=604800"));
        assert!(ann.cookie_client(&server).get(GET_SESSION).await.cookies.is_empty(), "refreshed once");
        // A refresh is due after 24 hours, not after 23.
        server.execute_sql(&format!(r#"UPDATE session SET "updatedAt" = {}, "expiresAt" = {}"#, hours(-23), hours(7 * 24 - 23))).await;
        assert!(ann.cookie_client(&server).get(GET_SESSION).await.cookies.is_empty());
        // A session without "remember me" is never refreshed.
        server.execute_sql(&format!(r#"UPDATE session SET "updatedAt" = {}, "expiresAt" = {}"#, hours(-23), hours(1))).await;
        assert!(ann.cookie_client(&server).get(GET_SESSION).await.cookies.is_empty());
        assert!(ann.is_signed_in(&server).await);

        server.execute_sql(&format!(r#"UPDATE session SET "expiresAt" = {}"#, hours(-1))).await;
        ann.bearer_client(&server).get("/api/auth/token").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        let gone = ann.cookie_client(&server).get(GET_SESSION).await;
        assert_eq!((gone.json(), gone.header("set-auth-jwt")), (Value::Null, None));
        assert_eq!(gone.cookies, CLEARED);
    }

    async fn users_list_and_revoke_only_their_own_sessions(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        let (phone, tablet) = (ann.sign_in(&server).await, ann.sign_in(&server).await);
        let me = ann.bearer_client(&server);
        let list = me.get("/api/auth/list-sessions").await.json();
        let tokens: Vec<&str> = list.as_array().unwrap().iter().map(|it| it["token"].as_str().unwrap()).collect();
        assert_eq!(tokens, [&ann.token, &phone.token, &tablet.token]);
        assert_eq!(fields(&list[0]), SESSION);

        for token in [&bob.token, &"x".repeat(32)] {
            let response = me.post("/api/auth/revoke-session", &json!({ "token": token })).await;
            assert_eq!((response.status, response.json()), (200, json!({ "status": true })));
        }
        assert!(bob.is_signed_in(&server).await, "another user's session is kept");
        me.post("/api/auth/revoke-session", &json!({})).await.assert_auth_error(400, "VALIDATION_ERROR", "[body.token] Invalid input: expected string, received undefined");
        assert_eq!(me.post("/api/auth/revoke-session", &json!({ "token": phone.token })).await.status, 200);
        assert!(!phone.is_signed_in(&server).await && tablet.is_signed_in(&server).await);
        assert_eq!(me.post("/api/auth/revoke-other-sessions", &json!({})).await.json(), json!({ "status": true }));
        assert!(!tablet.is_signed_in(&server).await && ann.is_signed_in(&server).await && bob.is_signed_in(&server).await);
        assert_eq!(me.post("/api/auth/revoke-sessions", &json!({})).await.json(), json!({ "status": true }));
        assert!(!ann.is_signed_in(&server).await && bob.is_signed_in(&server).await);
    }

    async fn user_has_at_most_100_sessions(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        let rows: Vec<String> = (0..120)
            .map(|n| {
                let (made, ends) = (hours(n - 120), hours(48));
                format!("('s{n}', {ends}, 't{n}', {made}, {made}, '', '', '{}')", ann.id)
            })
            .collect();
        let columns = r#"id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId""#;
        server.execute_sql(&format!("INSERT INTO session ({columns}) VALUES {}", rows.join(", "))).await;
        let listed = async |person: &TestUser| person.bearer_client(&server).get("/api/auth/list-sessions").await.json();
        // A Better Auth server on the same tables may create more sessions.
        assert_eq!(listed(&ann).await.as_array().unwrap().len(), 100);

        let phone = ann.sign_in(&server).await;
        assert_eq!(server.query_i64("SELECT count(*) FROM session WHERE token LIKE 't%' AND length(token) < 9").await, 98);
        assert_eq!(server.query_i64("SELECT count(*) FROM session WHERE token IN ('t0', 't1', 't21')").await, 0);
        assert!(ann.is_signed_in(&server).await && phone.is_signed_in(&server).await && bob.is_signed_in(&server).await);
        let sessions = listed(&ann).await;
        let sessions = sessions.as_array().unwrap();
        assert_eq!((sessions.len(), &sessions[0]["token"], &sessions[99]["token"]), (100, &json!("t22"), &json!(phone.token)));
        for path in ["/api/auth/login", "/api/auth/sign-in/email"] {
            let body = json!({ "email": ann.email, "password": PASSWORD });
            assert_eq!(server.anonymous().post(path, &body).await.status, 200);
        }
        assert_eq!(server.query_i64(&format!(r#"SELECT count(*) FROM session WHERE "userId" = '{}'"#, ann.id)).await, 100);
    }

    async fn list_sessions_requires_a_fresh_session(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        server.execute_sql(&format!(r#"UPDATE session SET "createdAt" = {}"#, hours(-24))).await;
        ann.bearer_client(&server).get("/api/auth/list-sessions").await.assert_auth_error(403, "SESSION_NOT_FRESH", "Session is not fresh");
        assert!(ann.is_signed_in(&server).await);
    }

    async fn protected_routes_are_401_without_session(engine: Engine) {
        let server = Server::start(engine).await;
        let client = server.anonymous();
        for path in ["token", "list-sessions", "list-accounts", "me"] {
            let response = client.get(&format!("/api/auth/{path}")).await;
            response.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
        for path in ["revoke-session", "revoke-sessions", "revoke-other-sessions", "update-user", "change-password", "delete-user"] {
            client.post(&format!("/api/auth/{path}"), &json!({})).await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        }
    }

    async fn expired_rows_are_deleted(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        server.execute_sql(&format!(r#"UPDATE session SET "expiresAt" = {} WHERE token = '{}'"#, hours(-1), ann.token)).await;
        for (id, expires) in [("old", hours(-1)), ("new", hours(1))] {
            server.execute_sql(&format!(r#"INSERT INTO verification (id, identifier, value, "createdAt", "updatedAt", "expiresAt") VALUES ('{id}', '{id}', 'x', {expires}, {expires}, {expires})"#)).await;
        }
        let server = server.restart().await;
        let began = std::time::Instant::now();
        while server.query_i64("SELECT count(*) FROM session").await + server.query_i64("SELECT count(*) FROM verification").await > 2 {
            assert!(began.elapsed() < crate::harness::TEST_TIMEOUT, "expired rows are deleted after a start");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(server.query_i64("SELECT count(*) FROM verification WHERE id = 'new'").await, 1);
        assert!(bob.is_signed_in(&server).await);
    }
}
