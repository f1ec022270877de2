//! Bearer tokens: accepted and rejected tokens with their errors.

use aws_lc_rs::hmac;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::harness::{
    Engine, Response, SECRET, Server, ServerConfig, base64, claims, now, signed, token_for,
};
use crate::on_both_engines;

#[track_caller]
fn assert_rejected(response: &Response, detail: &str) {
    response.assert_error(401, "AUTHENTICATION_REQUIRED", detail);
    let challenge = if detail.starts_with("Missing") { "Bearer" } else { r#"Bearer error="invalid_token""# };
    assert_eq!(response.header("www-authenticate"), Some(challenge));
}

const MISSING: &str = "Missing authorization token";
const EXPIRED: &str = "Token has expired";
const SIGNATURE: &str = "Invalid token signature";
const INVALID: &str = "Invalid token";

/// Signs this header and payload with the secret.
fn forged(header: &str, payload: &str, key: &[u8]) -> String {
    let message = format!("{}.{}", base64(header.as_bytes()), base64(payload.as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
    format!("{message}.{}", base64(tag.as_ref()))
}

fn with(name: &str, value: Value) -> Value {
    let mut all = claims("me");
    all[name] = value;
    all
}

on_both_engines! {
    async fn missing_token_is_401(engine: Engine) {
        let server = Server::start(engine).await;
        let anonymous = server.anonymous();
        assert_rejected(&anonymous.get("/api/tasks").await, MISSING);
        for header in ["", "Bearer", "Bearer ", "Bearer    ", "Basic dXNlcjpwYXNz", "Token abc", "abc", "Bearerabc"] {
            assert_rejected(&anonymous.with("Authorization", header).get("/api/tasks").await, MISSING);
        }
    }

    async fn valid_token_works_on_every_route(engine: Engine) {
        let server = Server::start(engine).await;
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
            let me = server.anonymous().with("Authorization", &format!("{scheme} {}", token_for("me")));
            assert_eq!(me.get("/api/tasks").await.status, 200, "{scheme}");
        }
        assert_rejected(&server.client_for("me").with("Authorization", "Bearer x").get("/api/tasks").await, INVALID);
    }

    async fn authentication_precedes_every_other_check(engine: Engine) {
        let server = Server::start(engine).await;
        for caller in [server.anonymous(), server.bearer("rubbish")] {
            for (method, path) in [
                ("GET", "/api/tasks?status=nonsense"),
                ("POST", "/api/tasks"),
                ("GET", "/api/tasks/not-an-id"),
                ("PUT", "/api/tasks/1"),
                ("PATCH", "/api/tasks/1"),
                ("DELETE", "/api/tasks/1"),
                ("PATCH", "/api/tasks/1/complete"),
                ("GET", "/api/somebody/tasks"),
                ("POST", "/api/somebody/tasks"),
                ("GET", "/api/somebody/tasks/x"),
                ("PUT", "/api/somebody/tasks/1"),
                ("PATCH", "/api/somebody/tasks/1"),
                ("DELETE", "/api/somebody/tasks/1"),
                ("PATCH", "/api/somebody/tasks/1/complete"),
            ] {
                let response = caller.send(method, path, Some(vec![b'x'; 70_000])).await;
                assert_eq!(response.status, 401, "{method} {path}");
            }
        }
    }

    async fn each_invalid_token_has_its_error(engine: Engine) {
        let server = Server::start(engine).await;
        let good = token_for("me");
        let parts: Vec<&str> = good.split('.').collect();
        let payload = claims("me").to_string();
        let hs256 = r#"{"alg":"HS256","typ":"JWT"}"#;
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let other = |algorithm| encode(&Header::new(algorithm), &claims("me"), &key).unwrap();
        let stranger = EncodingKey::from_secret(b"another secret, which is as long as the right one");
        let secret = SECRET.as_bytes();
        let forge = |header: &str| forged(header, &payload, secret);
        assert_eq!(server.bearer(&forge(hs256)).get("/api/tasks").await.status, 200, "the forge works");

        for (token, detail) in [
            // Not a JWT.
            ("x".to_owned(), INVALID),
            ("a.b".to_owned(), INVALID),
            ("a.b.c".to_owned(), INVALID),
            ("..".to_owned(), INVALID),
            (format!("{good}.x"), INVALID),
            (format!("{good} x"), SIGNATURE),
            ("null".to_owned(), INVALID),
            ("A".repeat(5000), INVALID),
            // Not signed with the secret by HS256.
            (other(Algorithm::HS384), INVALID),
            (other(Algorithm::HS512), INVALID),
            (forge(r#"{"alg":"none"}"#), INVALID),
            (format!("{}.{}.", base64(br#"{"alg":"none"}"#), parts[1]), INVALID),
            (format!("{}.{}.", base64(br#"{"alg":"None"}"#), parts[1]), INVALID),
            (forge(r#"{"alg":"RS256"}"#), INVALID),
            (forge(r#"{"alg":"EdDSA"}"#), INVALID),
            (forge(r#"{"alg":"hs256"}"#), INVALID),
            (forge(r#"{"alg":["HS256"]}"#), INVALID),
            (forge(r#"{"typ":"JWT"}"#), INVALID),
            (forge("[]"), INVALID),
            (forge(r#"{"alg":"HS256","crit":["exp"]}"#), INVALID),
            (forge(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#), INVALID),
            (forge(r#"{"alg":"HS256","crit":[]}"#), INVALID),
            (forge(r#"{"alg":"HS256","crit":null}"#), INVALID),
            (encode(&Header::default(), &claims("me"), &stranger).unwrap(), SIGNATURE),
            (forged(hs256, &payload, b""), SIGNATURE),
            (forged(hs256, &payload, PUBLIC_KEY.as_bytes()), SIGNATURE),
            // Tampered.
            (format!("{}.{}.{}", parts[0], base64(with("sub", json!("you")).to_string().as_bytes()), parts[2]), SIGNATURE),
            (format!("{}.{}.{}", base64(br#"{"alg":"HS256","typ":"jwt"}"#), parts[1], parts[2]), SIGNATURE),
            (format!("{}.{}.{}", parts[0], parts[1], base64(&[0; 32])), SIGNATURE),
            (format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]), SIGNATURE),
            (format!("{}.{}.", parts[0], parts[1]), SIGNATURE),
            (format!("{}.{}.!!!", parts[0], parts[1]), SIGNATURE),
            (format!("{}.{}.{}=", parts[0], parts[1], parts[2]), SIGNATURE),
            // Claims are not a JSON object.
            (forged(hs256, "not json", secret), INVALID),
            (forged(hs256, "[]", secret), INVALID),
            (forged(hs256, "null", secret), INVALID),
            (forged(hs256, "", secret), INVALID),
        ] {
            let response = server.bearer(&token).get("/api/tasks").await;
            assert_eq!(response.status, 401, "{token}");
            assert_rejected(&response, detail);
        }
    }

    async fn token_expires_exactly_at_exp(engine: Engine) {
        let server = Server::start(engine).await;
        for exp in [json!(now() - 1), json!(now()), json!(0), json!(-1), json!(1.5), json!(now() - 100_000)] {
            assert_rejected(&server.bearer(&signed(&with("exp", exp.clone()))).get("/api/tasks").await, EXPIRED);
        }
        for exp in [json!(now() + 60), json!(1e300), json!(i64::MAX), json!(u64::MAX)] {
            assert_eq!(server.bearer(&signed(&with("exp", exp.clone()))).get("/api/tasks").await.status, 200, "{exp}");
        }
        for exp in [Value::Null, json!("4102444800"), json!([4_102_444_800_i64]), json!(true), json!({})] {
            assert_rejected(&server.bearer(&signed(&with("exp", exp))).get("/api/tasks").await, INVALID);
        }
        assert_rejected(&server.bearer(&signed(&json!({ "sub": "me" }))).get("/api/tasks").await, INVALID);
        for (nbf, status) in [(json!(now() - 5), 200), (json!(now() + 60), 401), (json!("now"), 401), (json!(1e300), 401)] {
            assert_eq!(server.bearer(&signed(&with("nbf", nbf.clone()))).get("/api/tasks").await.status, status, "{nbf}");
        }
    }

    async fn leeway_tolerates_clock_skew(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.with("ROCKET_AUTH", "{leeway=30}").start().await;
        for (claim, value, status) in [
            ("exp", now() - 10, 200),
            ("exp", now() - 40, 401),
            ("nbf", now() + 10, 200),
            ("nbf", now() + 60, 401),
        ] {
            let token = signed(&with(claim, json!(value)));
            assert_eq!(server.bearer(&token).get("/api/tasks").await.status, status, "{claim}");
        }
    }

    async fn user_id_is_sub_then_user_id_then_id(engine: Engine) {
        let server = Server::start(engine).await;
        let exp = now() + 60;
        let longest = "ü".repeat(255);
        for (claims, user) in [
            (json!({ "exp": exp, "sub": "a", "user_id": "b", "id": "c" }), "a"),
            (json!({ "exp": exp, "user_id": "b", "id": "c" }), "b"),
            (json!({ "exp": exp, "id": "c" }), "c"),
            (json!({ "exp": exp, "sub": null, "id": "c" }), "c"),
            (json!({ "exp": exp, "sub": longest, "email": 7, "iat": "x", "more": [{}] }), longest.as_str()),
            (json!({ "exp": exp, "sub": "😀 x'; --", "aud": "any", "iss": "any" }), "😀 x'; --"),
        ] {
            let task = server.bearer(&signed(&claims)).create("t").await;
            assert_eq!(task["user_id"], user);
        }
    }

    async fn invalid_user_id_claim_is_rejected(engine: Engine) {
        let server = Server::start(engine).await;
        let mut wrong = vec![json!({ "exp": now() + 60 }), json!({ "exp": now() + 60, "email": "a@b.c" })];
        for id in [
            json!(""),
            json!("x".repeat(256)),
            json!(42),
            json!(true),
            json!(["me"]),
            json!({ "id": "me" }),
            json!("a\u{0}b"),
            json!("a\nb"),
            json!("\u{7f}"),
            json!("\u{85}"),
        ] {
            wrong.push(json!({ "exp": now() + 60, "sub": id }));
            wrong.push(json!({ "exp": now() + 60, "sub": id, "user_id": "me", "id": "me" }));
            wrong.push(json!({ "exp": now() + 60, "id": id }));
        }
        for claims in wrong {
            assert_rejected(&server.bearer(&signed(&claims)).get("/api/tasks").await, INVALID);
        }
    }

    async fn configured_issuer_and_audience_are_required(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        let server = config.with("ROCKET_AUTH", r#"{issuer="https://id.example",audience=["a","b"]}"#).start().await;
        let (good, iss) = (json!("a"), json!("https://id.example"));
        for (iss, aud, status) in [
            (&iss, &good, 200),
            (&iss, &json!(["x", "b"]), 200),
            (&iss, &json!("c"), 401),
            (&iss, &json!([]), 401),
            (&iss, &Value::Null, 401),
            (&iss, &json!({}), 401),
            (&iss, &json!(["a", "better-auth:session-cache"]), 401),
            (&json!("https://id.example/"), &good, 401),
            (&json!(["https://id.example"]), &good, 401),
            (&Value::Null, &good, 401),
        ] {
            let token = signed(&json!({ "sub": "me", "exp": now() + 60, "iss": iss, "aud": aud }));
            assert_eq!(server.bearer(&token).get("/api/tasks").await.status, status, "{iss} {aud}");
        }
    }

    async fn session_cache_tokens_are_rejected(engine: Engine) {
        let server = Server::start(engine).await;
        for aud in [json!("better-auth:session-cache"), json!(["x", "better-auth:session-cache"])] {
            assert_rejected(&server.bearer(&signed(&with("aud", aud))).get("/api/tasks").await, INVALID);
        }
    }

    async fn token_command_issues_valid_tokens(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_AUTH", r#"{issuer="i",audience="a"}"#);
        let out = config.run(&["token", "--user", "ann", "--email", "ann@example.com", "--ttl", "2m"]).await;
        let token = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success() && token.lines().count() == 1);
        let server = config.start().await;
        assert_eq!(server.bearer(token.trim()).create("t").await["user_id"], "ann");
    }
}

/// Unused public key. Any PEM works.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// Resident memory of a process in KiB.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn token_cache_is_bounded_in_bytes() {
    let server = Server::start(Engine::Sqlite).await;
    let send = async |n: usize, size: usize| {
        let token = signed(&json!({ "sub": "me", "exp": now() + 600, "n": n, "email": "x".repeat(size) }));
        assert_eq!(server.bearer(&token).get("/api/tasks").await.status, 200);
    };
    for n in 0..30 {
        send(n, 60_000).await;
    }
    let before = resident(server.pid());
    for n in 30..300 {
        send(n, 60_000).await;
    }
    let grown = resident(server.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more than {before}");
}
