//! Sessions: who has them, how long they last, what they are worth to the API.

use serde_json::{Value, json};

use super::{CLEARED, PASSWORD, Person, SESSION, USER, claims, fields, is_date};
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

const GET_SESSION: &str = "/api/auth/get-session";

/// A time so many hours from now, as both databases have it.
fn hours(from_now: i64) -> String {
    let time = chrono::DateTime::from_timestamp(crate::harness::now() + from_now * 3600, 0).unwrap();
    format!("'{}'", time.to_rfc3339_opts(chrono::SecondsFormat::Millis, false))
}

on_both_engines! {
    async fn a_session_is_shown_to_whoever_has_it_in_any_of_its_forms(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = server.anonymous().with("User-Agent", "a browser");
        let body = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
        let answer = agent.post("/api/auth/sign-up/email", &body).await;
        let ann = Person::from(&answer);
        let signed = answer.header("set-auth-token").unwrap();
        let encoded = ann.cookie.split_once('=').unwrap().1;
        for (form, caller) in [
            ("cookie", server.anonymous().with("Cookie", &format!("theme=dark; {}", ann.cookie))),
            ("token", server.bearer(&ann.token)),
            ("signed token", server.bearer(signed)),
            ("encoded token", server.bearer(encoded)),
            ("a scheme in capitals", server.anonymous().with("Authorization", &format!("BEARER {}", ann.token))),
        ] {
            let answer = caller.get(GET_SESSION).await;
            let json = answer.json();
            assert_eq!((answer.status, fields(&json)), (200, vec!["session", "user"]), "{form}");
            assert_eq!((fields(&json["session"]), fields(&json["user"])), (SESSION.to_vec(), USER.to_vec()));
            assert_eq!((&json["session"]["token"], &json["session"]["userId"]), (&json!(ann.token), &json!(ann.id)));
            assert_eq!((&json["session"]["ipAddress"], &json["session"]["userAgent"]), (&json!("127.0.0.1"), &json!("a browser")));
            for date in ["createdAt", "updatedAt", "expiresAt"] {
                is_date(&json["session"][date]);
            }
            assert!(answer.cookies.is_empty(), "nothing is due");
            let jwt = answer.header("set-auth-jwt").unwrap();
            assert_eq!(server.bearer(jwt).get("/api/tasks").await.status, 200);
        }
    }

    async fn what_is_no_session_is_null(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        let none = server.anonymous();
        for caller in [
            none.clone(),
            none.with("Cookie", "better-auth.session_token=abc.def"),
            none.with("Cookie", &format!("better-auth.session_token={}", ann.token)),
            none.with("Cookie", &format!("{}x", ann.cookie)),
            server.bearer(&format!("{}.AAAA", ann.token)),
            server.bearer(&jwt),
            none.with("Authorization", &format!("Basic {}", ann.token)),
        ] {
            let answer = caller.get(GET_SESSION).await;
            assert_eq!((answer.status, answer.json(), answer.header("set-auth-jwt")), (200, Value::Null, None), "{answer:?}");
            caller.get("/api/auth/token").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        }
        let unknown = server.bearer(&"x".repeat(32)).get(GET_SESSION).await;
        assert_eq!((unknown.json(), unknown.cookies), (Value::Null, CLEARED.map(str::to_owned).to_vec()), "it need not come again");
        // Where a bearer proves nothing the cookie still may.
        let both = none.with("Authorization", "Bearer nonsense.x").with("Cookie", &ann.cookie);
        assert_eq!(both.get(GET_SESSION).await.json()["user"]["id"], json!(ann.id));
    }

    async fn a_session_is_worth_a_token_for_the_api(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (Person::signs_up(&server, "ann").await, Person::signs_up(&server, "bob").await);
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
        // The session itself is none.
        ann.by_bearer(&server).get("/api/tasks").await.assert_error(401, "AUTHENTICATION_REQUIRED", "Invalid token");
    }

    async fn a_token_has_what_this_server_asks_of_tokens(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_AUTH", r#"{issuer="https://me.example",audience=["https://a.example","https://b.example"]}"#);
        let server = config.with("ROCKET_ISSUER", "{token_lifetime=60}").start().await;
        let jwt = Person::signs_up(&server, "ann").await.jwt(&server).await;
        let claims = claims(&jwt);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://me.example"), &json!("https://a.example")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
        assert_eq!(server.bearer(&jwt).get("/api/tasks").await.status, 200);
    }

    async fn a_session_that_is_used_lasts_and_one_that_is_not_ends(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        // Made 25 hours ago.
        server.execute_sql(&format!(r#"UPDATE session SET "createdAt" = {0}, "updatedAt" = {0}, "expiresAt" = {1}"#, hours(-25), hours(7 * 24 - 25))).await;
        let answer = ann.by_cookie(&server).get(GET_SESSION).await;
        let expires: chrono::DateTime<chrono::Utc> = answer.json()["session"]["expiresAt"].as_str().unwrap().parse().unwrap();
        assert!(expires.timestamp() > crate::harness::now() + 7 * 86400 - 60, "{answer:?}");
        assert!(answer.cookies[0].starts_with(&ann.cookie) && answer.cookies[0].contains("Max-Age=604800"));
        assert!(ann.by_cookie(&server).get(GET_SESSION).await.cookies.is_empty(), "once");
        // What is 23 hours old is not due.
        server.execute_sql(&format!(r#"UPDATE session SET "updatedAt" = {}, "expiresAt" = {}"#, hours(-23), hours(7 * 24 - 23))).await;
        assert!(ann.by_cookie(&server).get(GET_SESSION).await.cookies.is_empty());
        // Nor is one that was made for a day.
        server.execute_sql(&format!(r#"UPDATE session SET "updatedAt" = {}, "expiresAt" = {}"#, hours(-23), hours(1))).await;
        assert!(ann.by_cookie(&server).get(GET_SESSION).await.cookies.is_empty());
        assert!(ann.is_signed_in(&server).await);

        server.execute_sql(&format!(r#"UPDATE session SET "expiresAt" = {}"#, hours(-1))).await;
        ann.by_bearer(&server).get("/api/auth/token").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        let gone = ann.by_cookie(&server).get(GET_SESSION).await;
        assert_eq!((gone.json(), gone.header("set-auth-jwt")), (Value::Null, None));
        assert_eq!(gone.cookies, CLEARED);
    }

    async fn one_sees_and_ends_ones_own_sessions_and_no_others(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (Person::signs_up(&server, "ann").await, Person::signs_up(&server, "bob").await);
        let (phone, tablet) = (ann.signs_in(&server).await, ann.signs_in(&server).await);
        let me = ann.by_bearer(&server);
        let list = me.get("/api/auth/list-sessions").await.json();
        let tokens: Vec<&str> = list.as_array().unwrap().iter().map(|it| it["token"].as_str().unwrap()).collect();
        assert_eq!(tokens, [&ann.token, &phone.token, &tablet.token]);
        assert_eq!(fields(&list[0]), SESSION);

        for token in [&bob.token, &"x".repeat(32)] {
            let answer = me.post("/api/auth/revoke-session", &json!({ "token": token })).await;
            assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
        }
        assert!(bob.is_signed_in(&server).await, "that was not hers to end");
        me.post("/api/auth/revoke-session", &json!({})).await.assert_auth_error(400, "VALIDATION_ERROR", "[body.token] Invalid input: expected string, received undefined");
        assert_eq!(me.post("/api/auth/revoke-session", &json!({ "token": phone.token })).await.status, 200);
        assert!(!phone.is_signed_in(&server).await && tablet.is_signed_in(&server).await);
        assert_eq!(me.post("/api/auth/revoke-other-sessions", &json!({})).await.json(), json!({ "status": true }));
        assert!(!tablet.is_signed_in(&server).await && ann.is_signed_in(&server).await && bob.is_signed_in(&server).await);
        assert_eq!(me.post("/api/auth/revoke-sessions", &json!({})).await.json(), json!({ "status": true }));
        assert!(!ann.is_signed_in(&server).await && bob.is_signed_in(&server).await);
    }

    async fn a_user_has_a_hundred_sessions_and_the_oldest_go(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (Person::signs_up(&server, "ann").await, Person::signs_up(&server, "bob").await);
        let rows: Vec<String> = (0..120)
            .map(|n| {
                let (made, ends) = (hours(n - 120), hours(48));
                format!("('s{n}', {ends}, 't{n}', {made}, {made}, '', '', '{}')", ann.id)
            })
            .collect();
        let columns = r#"id, "expiresAt", token, "createdAt", "updatedAt", "ipAddress", "userAgent", "userId""#;
        server.execute_sql(&format!("INSERT INTO session ({columns}) VALUES {}", rows.join(", "))).await;
        let listed = async |person: &Person| person.by_bearer(&server).get("/api/auth/list-sessions").await.json();
        // Better Auth, on the same tables, has no such bound.
        assert_eq!(listed(&ann).await.as_array().unwrap().len(), 100);

        let phone = ann.signs_in(&server).await;
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

    async fn only_who_signed_in_lately_sees_where(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        server.execute_sql(&format!(r#"UPDATE session SET "createdAt" = {}"#, hours(-24))).await;
        ann.by_bearer(&server).get("/api/auth/list-sessions").await.assert_auth_error(403, "SESSION_NOT_FRESH", "Session is not fresh");
        assert!(ann.is_signed_in(&server).await);
    }

    async fn what_needs_a_session_says_so(engine: Engine) {
        let server = Server::start(engine).await;
        let nobody = server.anonymous();
        for path in ["token", "list-sessions", "list-accounts", "me"] {
            let answer = nobody.get(&format!("/api/auth/{path}")).await;
            answer.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        for path in ["revoke-session", "revoke-sessions", "revoke-other-sessions", "update-user", "change-password", "delete-user"] {
            nobody.post(&format!("/api/auth/{path}"), &json!({})).await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        }
    }

    async fn what_has_expired_does_not_stay(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (Person::signs_up(&server, "ann").await, Person::signs_up(&server, "bob").await);
        server.execute_sql(&format!(r#"UPDATE session SET "expiresAt" = {} WHERE token = '{}'"#, hours(-1), ann.token)).await;
        for (id, expires) in [("old", hours(-1)), ("new", hours(1))] {
            server.execute_sql(&format!(r#"INSERT INTO verification (id, identifier, value, "createdAt", "updatedAt", "expiresAt") VALUES ('{id}', '{id}', 'x', {expires}, {expires}, {expires})"#)).await;
        }
        let server = server.restart().await;
        let began = std::time::Instant::now();
        while server.query_i64("SELECT count(*) FROM session").await + server.query_i64("SELECT count(*) FROM verification").await > 2 {
            assert!(began.elapsed() < crate::harness::TEST_TIMEOUT, "it is swept after a start");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(server.query_i64("SELECT count(*) FROM verification WHERE id = 'new'").await, 1);
        assert!(bob.is_signed_in(&server).await);
    }
}
