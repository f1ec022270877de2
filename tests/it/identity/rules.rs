//! The table of claims, each rule separately.

use serde_json::{Value, json};

use super::{Row, ask, assert_rejected, check_table, header, server, server_by_keys, session};
use crate::harness::{Engine, JwksServer, SECRET, Server, ServerConfig, Signer, now, signed};

#[tokio::test(flavor = "multi_thread")]
async fn only_session_tokens_are_accepted_by_default() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let server = server(&issuer).await;
    let origin = issuer.url.as_str();
    let with_path = format!("{origin}/api/auth");
    let rows: Vec<Row<'_>> = vec![
        ("a session token", None, vec![], true),
        ("with a typ of JWT", Some(json!("JWT")), vec![], true),
        ("in small letters", Some(json!("jwt")), vec![], true),
        ("as a whole media type", Some(json!("application/jwt")), vec![], true),
        ("with a slash behind the issuer", None, vec![("iss", json!(format!("{origin}/")))], true),
        ("with several audiences", None, vec![("aud", json!(["https://other.example", origin]))], true),
        // Each rule separately.
        ("no issuer", None, vec![("iss", Value::Null)], false),
        ("another issuer", None, vec![("iss", json!("https://staging.example"))], false),
        ("the issuer with a path", None, vec![("iss", json!(with_path))], false),
        ("two slashes", None, vec![("iss", json!(format!("{origin}//")))], false),
        ("an empty issuer", None, vec![("iss", json!(""))], false),
        ("a list of issuers", None, vec![("iss", json!([origin]))], false),
        ("no audience", None, vec![("aud", Value::Null)], false),
        ("another audience", None, vec![("aud", json!("client-1"))], false),
        ("an empty list of audiences", None, vec![("aud", json!([]))], false),
        ("an audience that is none", None, vec![("aud", json!({ "aud": origin }))], false),
        ("an audience among others that are none", None, vec![("aud", json!([origin, 7]))], false),
        ("an access token", Some(json!("at+jwt")), vec![], false),
        ("an access token, as a whole media type", Some(json!("application/at+jwt")), vec![], false),
        ("a logout token", Some(json!("logout+jwt")), vec![], false),
        ("a proof of possession", Some(json!("dpop+jwt")), vec![], false),
        ("a typ that is no string", Some(json!(["JWT"])), vec![], false),
        ("a typ of null", Some(Value::Null), vec![], false),
        ("an empty typ", Some(json!("")), vec![], false),
        ("an authorized party", None, vec![("azp", json!("client-1"))], false),
        ("the page's origin as authorized party", None, vec![("azp", json!(origin))], false),
        ("a client", None, vec![("client_id", json!("client-1"))], false),
        (
            "a bound key",
            None,
            vec![("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }))],
            false,
        ),
        ("an anonymous role", None, vec![("role", json!("anonymous"))], false),
        ("another role", None, vec![("role", json!("authenticated"))], true),
        // Rows of the table in the specification.
        ("an id_token of 1.7", None, vec![("iss", json!(with_path)), ("aud", json!("client-1"))], false),
        ("an id_token of 1.6", None, vec![("aud", json!("client-1"))], false),
        (
            "an access token of 1.7",
            Some(json!("at+jwt")),
            vec![
                ("iss", json!(with_path)),
                ("aud", json!(["https://api.example", format!("{with_path}/oauth2/userinfo")])),
                ("azp", json!("client-1")),
            ],
            false,
        ),
        (
            "an access token of 1.6 for the base URL",
            None,
            vec![("aud", json!([origin])), ("azp", json!("client-1"))],
            false,
        ),
        ("a token for another service", None, vec![("aud", json!("https://billing.example"))], false),
        (
            "a token of a copied database",
            None,
            vec![("iss", json!("https://staging.example")), ("aud", json!("https://staging.example"))],
            false,
        ),
        // Session cache tokens, by either of their two marks.
        (
            "a cached session, by its aud",
            None,
            vec![("aud", json!([origin, "better-auth:session-cache"]))],
            false,
        ),
        ("a cached session, by its typ", Some(json!("better-auth.session-cache+jwt")), vec![], false),
        // The user id is `sub`, `user_id` or `id`, never the `userId` of mailed links.
        ("a mailed link's user", None, vec![("sub", Value::Null), ("userId", json!("me"))], false),
    ];
    check_table(&server, &signer, origin, rows).await;
    for (name, claim) in [("azp", "azp"), ("client_id", "client_id"), ("cnf", "cnf")] {
        let mut claims = session(origin, &[]);
        claims[claim] = Value::Null;
        assert_rejected(&ask(&server, &signer.sign_exactly(&header(None), &claims)).await, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_audience_accepts_its_access_tokens() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let api = "https://api.example";
    let auth = format!("{{issuer=[\"{0}\",\"{0}/api/auth\"],audience=\"{api}\"}}", issuer.url);
    let config = ServerConfig::with_database(Engine::Sqlite)
        .await
        .with("BETTER_AUTH_URL", &issuer.url)
        .with("ROCKET_AUTH", &auth);
    let server = config.start().await;
    let aud = ("aud", json!([api, "https://other.example"]));
    let rows: Vec<Row<'_>> = vec![
        (
            "an access token",
            Some(json!("at+jwt")),
            vec![aud.clone(), ("azp", json!("c")), ("client_id", json!("c"))],
            true,
        ),
        (
            "an access token, as a whole media type",
            Some(json!("application/AT+JWT")),
            vec![aud.clone()],
            true,
        ),
        ("without typ", None, vec![aud.clone(), ("azp", json!("c"))], true),
        (
            "by the issuer's other name",
            None,
            vec![aud.clone(), ("iss", json!(format!("{}/api/auth", issuer.url)))],
            true,
        ),
        ("for another audience", Some(json!("at+jwt")), vec![("aud", json!("https://other.example"))], false),
        ("for the origin, which is no more the audience", None, vec![], false),
        ("of another issuer", None, vec![aud.clone(), ("iss", json!("https://evil.example"))], false),
        ("bound to a key", Some(json!("at+jwt")), vec![aud.clone(), ("cnf", json!({ "jkt": "x" }))], false),
        ("of another type", Some(json!("logout+jwt")), vec![aud.clone()], false),
    ];
    check_table(&server, &signer, &issuer.url, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_scope_is_required() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let auth = "issuer=\"https://id.example/\",audience=\"api\",scope=\"tasks:read tasks:write\"";
    let server = server_by_keys(&issuer, auth).await;
    let scoped = |scope: Value| vec![("aud", json!("api")), ("azp", json!("c")), ("scope", scope)];
    let rows: Vec<Row<'_>> = vec![
        ("both", None, scoped(json!("openid tasks:write tasks:read")), true),
        ("both, as a list", None, scoped(json!(["tasks:read", "tasks:write"])), true),
        ("one", None, scoped(json!("openid tasks:read")), false),
        ("a longer name", None, scoped(json!("tasks:read tasks:writes")), false),
        ("none", None, scoped(Value::Null), false),
        ("no text", None, scoped(json!(7)), false),
    ];
    check_table(&server, &signer, "https://id.example", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issuer_suffices_for_tokens_with_an_origin_as_azp() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let server = server_by_keys(&issuer, "issuer=\"https://clerk.example\"").await;
    let rows: Vec<Row<'_>> = vec![
        (
            "no audience, and a page",
            Some(json!("JWT")),
            vec![("aud", Value::Null), ("azp", json!("https://app.example"))],
            true,
        ),
        ("any audience", None, vec![("aud", json!("convex"))], true),
        ("another issuer", None, vec![("iss", json!("https://other.example"))], false),
        ("an access token", Some(json!("at+jwt")), vec![("aud", Value::Null)], false),
        ("a client", None, vec![("aud", Value::Null), ("client_id", json!("c"))], false),
        ("a bound key", None, vec![("cnf", json!({}))], false),
        ("a cached session", None, vec![("aud", json!("better-auth:session-cache"))], false),
        ("an audience that is none", None, vec![("aud", json!(7))], false),
    ];
    check_table(&server, &signer, "https://clerk.example", rows).await;
    // A configured audience without an issuer accepts any issuer with these keys.
    let server = server_by_keys(&issuer, "audience=\"authenticated\"").await;
    let rows: Vec<Row<'_>> = vec![
        ("its audience", None, vec![("aud", json!("authenticated"))], true),
        ("another", None, vec![], false),
    ];
    check_table(&server, &signer, "https://project.example/auth/v1", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_issuer_accepts_only_its_own_audiences() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let auth = "{issuer=[\"https://a.example\",\"https://b.example\"]}";
    let config = ServerConfig::with_database(Engine::Sqlite)
        .await
        .with("BETTER_AUTH_URL", &issuer.url)
        .with("ROCKET_AUTH", auth);
    let server = config.start().await;
    for (iss, accepted) in
        [("https://a.example", true), ("https://b.example", true), (issuer.url.as_str(), false)]
    {
        check_table(&server, &signer, iss, vec![("an issuer", None, vec![], accepted)]).await;
    }
    // A trailing slash in the setting is not part of `aud`.
    let config = server.config.clone().with("ROCKET_AUTH", "{issuer=\"https://a.example/\"}");
    check_table(&config.start().await, &signer, "https://a.example", vec![("an issuer", None, vec![], true)])
        .await;
    // `jwt.issuer` alone does not change `aud`.
    let rows: Vec<Row<'_>> = vec![
        ("the origin as audience", None, vec![("aud", json!(issuer.url))], true),
        ("a client as audience", None, vec![("aud", json!("client-1"))], false),
    ];
    check_table(&server, &signer, "https://a.example", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_cache_tokens_signed_with_the_secret_are_rejected() {
    let server = Server::start(Engine::Sqlite).await;
    // Signed as Better Auth 1.7 does for `session.cookieCache` with the strategy `jwt`.
    let cached = json!({
        "session": { "id": "s", "userId": "me", "token": "t" }, "user": { "id": "me", "email": "me@example.com" },
        "updatedAt": now(), "version": "1", "iat": now(), "exp": now() + 300
    });
    assert_rejected(&ask(&server, &signed(&cached)).await, "the cookie");
    let mailed = json!({ "email": "me@example.com", "userId": "me", "exp": now() + 300 });
    assert_rejected(&ask(&server, &signed(&mailed)).await, "a mailed link");
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("better-auth.session-cache+jwt".to_owned());
    let typed = jsonwebtoken::encode(&header, &crate::harness::claims("me"), &key).unwrap();
    assert_rejected(&ask(&server, &typed).await, "by its typ");
}

#[tokio::test(flavor = "multi_thread")]
async fn jwks_requires_an_issuer_and_scope_requires_an_audience() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    for (auth, says) in [
        ("{jwks_url=\"https://id.example/jwks\"}", "auth.issuer is not set, and neither is auth.audience"),
        ("{scope=\"tasks\"}", "auth.scope is set without auth.audience"),
        ("{issuer=[]}", "auth.issuer is empty"),
        ("{audience=\"\"}", "auth.audience is empty"),
        ("{issuer=[\"a\",\"\"]}", "auth.issuer is empty"),
    ] {
        for profile in ["debug", "release"] {
            let output =
                config.clone().with("ROCKET_PROFILE", profile).with("ROCKET_AUTH", auth).run(&[]).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(2) && said.contains(says), "{auth}: {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        }
    }
}
