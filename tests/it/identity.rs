//! Only tokens that were issued for this API: each rule for published keys alone, and what the operator is told of a refusal.

use serde_json::{Value, json};

use crate::harness::{Answer, Engine, Issuer, Publishes, SECRET, Server, Setup, Signer, now, signed};

const INVALID: &str = "Invalid token";

/// A server that knows nothing but where its Better Auth is.
async fn server(issuer: &Issuer) -> Server {
    Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).start().await
}

/// A server with these settings in the section `auth`, and keys at `jwks_url` alone.
async fn server_by_keys(issuer: &Issuer, auth: &str) -> Server {
    let auth = format!("{{jwks_url=\"{}/api/auth/jwks\",{auth}}}", issuer.url);
    Setup::on(Engine::Sqlite).await.with("ROCKET_AUTH", &auth).start().await
}

async fn ask(server: &Server, token: &str) -> Answer {
    server.bearer(token).get("/api/tasks").await
}

#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    answer.is_error(401, "AUTHENTICATION_REQUIRED", INVALID);
}

/// The claims of a session token of the issuer at this origin, with these changes: null takes one away.
fn session(origin: &str, changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({ "sub": "me", "exp": now() + 600, "iat": now(), "iss": origin, "aud": origin });
    for (name, value) in changes {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        } else {
            claims[*name] = value.clone();
        }
    }
    claims
}

fn header(typ: Option<Value>) -> Value {
    let mut header = json!({ "alg": "EdDSA", "kid": "one" });
    if let Some(typ) = typ {
        header["typ"] = typ;
    }
    header
}

/// Whether each of these is accepted: a name, the header's `typ`, changes to the claims of a session token.
type Row<'a> = (&'a str, Option<Value>, Vec<(&'a str, Value)>, bool);

async fn check_table(server: &Server, signer: &Signer, origin: &str, rows: Vec<Row<'_>>) {
    for (name, typ, changes, accepted) in rows {
        let token = signer.sign_exactly(&header(typ), &session(origin, &changes));
        let answer = ask(server, &token).await;
        if accepted {
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
        } else {
            is_refused(&answer, name);
            // What was refused once is refused again, whatever is remembered.
            is_refused(&ask(server, &token).await, name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_of_all_rightly_signed_tokens_only_session_tokens_are_accepted() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
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
        // Each rule alone.
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
        // Those of the issue's table.
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
        // The session cache, by either mark.
        (
            "a cached session, by its aud",
            None,
            vec![("aud", json!([origin, "better-auth:session-cache"]))],
            false,
        ),
        ("a cached session, by its typ", Some(json!("better-auth.session-cache+jwt")), vec![], false),
        // A user's id is `sub`, `user_id` or `id`, and never what mailed links have.
        ("a mailed link's user", None, vec![("sub", Value::Null), ("userId", json!("me"))], false),
    ];
    check_table(&server, &signer, origin, rows).await;
    for (name, claim) in [("azp", "azp"), ("client_id", "client_id"), ("cnf", "cnf")] {
        let mut claims = session(origin, &[]);
        claims[claim] = Value::Null;
        is_refused(&ask(&server, &signer.sign_exactly(&header(None), &claims)).await, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_that_is_configured_lets_access_tokens_for_it_in() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let api = "https://api.example";
    let auth = format!("{{issuer=[\"{0}\",\"{0}/api/auth\"],audience=\"{api}\"}}", issuer.url);
    let setup =
        Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).with("ROCKET_AUTH", &auth);
    let server = setup.start().await;
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
        ("one without typ", None, vec![aud.clone(), ("azp", json!("c"))], true),
        (
            "by the issuer's other name",
            None,
            vec![aud.clone(), ("iss", json!(format!("{}/api/auth", issuer.url)))],
            true,
        ),
        ("for somebody else", Some(json!("at+jwt")), vec![("aud", json!("https://other.example"))], false),
        ("for the origin, which is no more the audience", None, vec![], false),
        ("of somebody else", None, vec![aud.clone(), ("iss", json!("https://evil.example"))], false),
        ("bound to a key", Some(json!("at+jwt")), vec![aud.clone(), ("cnf", json!({ "jkt": "x" }))], false),
        ("of another type", Some(json!("logout+jwt")), vec![aud.clone()], false),
    ];
    check_table(&server, &signer, &issuer.url, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_is_configured_is_required() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
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
async fn an_issuer_alone_is_enough_for_providers_without_audiences_whose_azp_is_a_page() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
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
    // And an audience alone, of any issuer that has these keys.
    let server = server_by_keys(&issuer, "audience=\"authenticated\"").await;
    let rows: Vec<Row<'_>> = vec![
        ("its audience", None, vec![("aud", json!("authenticated"))], true),
        ("another", None, vec![], false),
    ];
    check_table(&server, &signer, "https://project.example/auth/v1", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_issuers_are_each_accepted_and_each_audience_by_its_own() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let auth = "{issuer=[\"https://a.example\",\"https://b.example\"]}";
    let setup =
        Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).with("ROCKET_AUTH", auth);
    let server = setup.start().await;
    for (iss, accepted) in
        [("https://a.example", true), ("https://b.example", true), (issuer.url.as_str(), false)]
    {
        check_table(&server, &signer, iss, vec![("an issuer", None, vec![], accepted)]).await;
    }
    // `jwt.issuer` alone changes no `aud`.
    let rows: Vec<Row<'_>> = vec![
        ("the origin as audience", None, vec![("aud", json!(issuer.url))], true),
        ("a client as audience", None, vec![("aud", json!("client-1"))], false),
    ];
    check_table(&server, &signer, "https://a.example", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_sessions_signed_with_the_secret_are_refused_too() {
    let server = Server::on(Engine::Sqlite).await;
    // As Better Auth 1.7 signs them: `session.cookieCache` with the strategy `jwt`.
    let cached = json!({
        "session": { "id": "s", "userId": "me", "token": "t" }, "user": { "id": "me", "email": "me@example.com" },
        "updatedAt": now(), "version": "1", "iat": now(), "exp": now() + 300
    });
    is_refused(&ask(&server, &signed(&cached)).await, "the cookie");
    let mailed = json!({ "email": "me@example.com", "userId": "me", "exp": now() + 300 });
    is_refused(&ask(&server, &signed(&mailed)).await, "a mailed link");
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("better-auth.session-cache+jwt".to_owned());
    let typed = jsonwebtoken::encode(&header, &crate::harness::claims("me"), &key).unwrap();
    is_refused(&ask(&server, &typed).await, "by its typ");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_alone_are_no_issuer_and_a_scope_needs_an_audience() {
    let setup = Setup::on(Engine::Sqlite).await;
    for (auth, says) in [
        ("{jwks_url=\"https://id.example/jwks\"}", "auth.issuer is not set, and neither is auth.audience"),
        ("{scope=\"tasks\"}", "auth.scope is set without auth.audience"),
        ("{issuer=[]}", "auth.issuer is empty"),
        ("{audience=\"\"}", "auth.audience is empty"),
        ("{issuer=[\"a\",\"\"]}", "auth.issuer is empty"),
    ] {
        for profile in ["debug", "release"] {
            let output =
                setup.clone().with("ROCKET_PROFILE", profile).with("ROCKET_AUTH", auth).run(&[]).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(2) && said.contains(says), "{auth}: {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        }
    }
}

fn warnings(server: &Server) -> Vec<Value> {
    let lines = server.output();
    let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter(|line| line["level"] == "WARN" && line["claim"].is_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_one_warning_for_each_claim_and_value_that_names_the_setting() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let mut server = server(&issuer).await;
    let origin = issuer.url.as_str();
    let public = "https://app.example.com";
    for (typ, changes, claim, value, expected, hint) in [
        (
            None,
            vec![("iss", json!(public)), ("aud", json!(public))],
            "iss",
            "\"https://app.example.com\"",
            origin,
            "auth.issuer",
        ),
        (
            None,
            vec![("aud", json!("client-1"))],
            "aud",
            "\"client-1\"",
            origin,
            "if that is another application's client_id, the refusal is right",
        ),
        (None, vec![("azp", json!("client-2"))], "azp", "\"client-2\"", "absent", "auth.audience"),
        (Some(json!("at+jwt")), vec![], "typ", "\"at+jwt\"", "absent or \"JWT\"", "auth.audience"),
        (
            None,
            vec![("role", json!("anonymous"))],
            "role",
            "\"anonymous\"",
            "the role of a user",
            "auth.allow_anonymous",
        ),
    ] {
        let token = signer.sign_exactly(&header(typ), &session(origin, &changes));
        for _ in 0..3 {
            is_refused(&ask(&server, &token).await, claim);
        }
        let line = server.line(|line| line["claim"] == claim).await;
        assert_eq!((&line["value"], &line["expected"]), (&json!(value), &json!(expected)), "{line}");
        assert!(line["hint"].as_str().unwrap().contains(hint), "{line}");
    }
    assert_eq!(warnings(&server).len(), 5, "each once: {:#?}", warnings(&server));
    // A sixth in the same minute is not logged, but counted like all.
    is_refused(
        &ask(&server, &signer.sign_exactly(&header(None), &session(origin, &[("aud", json!("client-3"))])))
            .await,
        "aud",
    );
    // Those whose signature is wrong, or whose time is over, are no matter of claims.
    let stranger = Signer::new("one").sign_exactly(&header(None), &session("https://evil.example", &[]));
    ask(&server, &stranger).await.is_error(401, "AUTHENTICATION_REQUIRED", "Invalid token signature");
    let expired = signer.sign_exactly(&header(None), &session("https://evil.example", &[("exp", json!(1))]));
    ask(&server, &expired).await.is_error(401, "AUTHENTICATION_REQUIRED", "Token has expired");
    assert_eq!(warnings(&server).len(), 5);
    let metrics = server.anonymous().get("/metrics").await.body;
    for (sample, count) in [
        (r#"todo_token_outcomes_total{outcome="wrong_claim"}"#, 16),
        (r#"todo_token_outcomes_total{outcome="invalid"}"#, 0),
        (r#"todo_token_wrong_claims_total{claim="iss"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="aud"}"#, 4),
        (r#"todo_token_wrong_claims_total{claim="azp"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="typ"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="role"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="cnf"}"#, 0),
    ] {
        assert!(metrics.contains(&format!("{sample} {count}\n")), "{sample}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_says_is_cut_and_harmless_in_the_log() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let mut server = server(&issuer).await;
    let long = format!("\u{1b}[31m\u{202e}\n{}", "x".repeat(5000));
    let claims = session(&issuer.url, &[("iss", json!(long)), ("aud", json!([{ "a": long }]))]);
    is_refused(&ask(&server, &signer.sign_exactly(&header(None), &claims)).await, "hostile");
    let line = server.line(|line| line["claim"].is_string()).await;
    let value = line["value"].as_str().unwrap();
    assert!(value.chars().count() < 300 && !value.chars().any(char::is_control), "{value}");
    assert!(!value.contains('\u{202e}') && !value.contains('\u{1b}'), "{value}");
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_roles_are_accepted_where_a_setting_says_so() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let setup = Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url);
    let server = setup.with("ROCKET_AUTH", "{allow_anonymous=true}").start().await;
    check_table(
        &server,
        &signer,
        &issuer.url,
        vec![("anybody", None, vec![("role", json!("anonymous"))], true)],
    )
    .await;
}

/// The path of the keys of Neon Auth, below its base URL.
const NEON: &str = "/neondb/auth/.well-known/jwks.json";

#[tokio::test(flavor = "multi_thread")]
async fn neons_variables_are_enough_and_the_path_that_answered_is_remembered() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    issuer.publish(Publishes::KeysAt(NEON, vec![signer.jwk()]));
    let (base, keys) = (format!("{}/neondb/auth", issuer.url), format!("{}{NEON}", issuer.url));
    let user = ("role", json!("authenticated"));
    for (variables, asked) in [
        (vec![("NEON_AUTH_BASE_URL", &base)], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("NEON_AUTH_BASE_URL", &format!("{base}/"))], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("BETTER_AUTH_URL", &base)], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("NEON_AUTH_JWKS_URL", &keys)], vec![NEON, NEON]),
        (vec![("NEON_AUTH_BASE_URL", &base), ("NEON_AUTH_JWKS_URL", &keys)], vec![NEON, NEON]),
    ] {
        let before = issuer.asked();
        let release =
            Setup::on(Engine::Sqlite).await.without("BETTER_AUTH_SECRET").with("ROCKET_PROFILE", "release");
        let mut setup = release.with("ROCKET_ADDRESS", "127.0.0.1").with("ROCKET_SHUTDOWN", "{drain=0}");
        for (name, value) in &variables {
            setup = setup.with(name, value);
        }
        let server = setup.start().await;
        check_table(&server, &signer, &issuer.url, vec![("a user", None, vec![user.clone()], true)]).await;
        // An unknown key makes it fetch once more.
        ask(
            &server,
            &Signer::new("two")
                .sign_exactly(&json!({ "alg": "EdDSA", "kid": "two" }), &session(&issuer.url, &[])),
        )
        .await;
        assert_eq!(issuer.asked_for()[before..], asked, "{variables:?}");
        let anybody = vec![("anybody", None, vec![("role", json!("anonymous"))], false)];
        check_table(&server, &signer, &issuer.url, anybody).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neons_variables_change_nothing_where_another_issuer_is_configured() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let neon = Setup::on(Engine::Sqlite)
        .await
        .with("NEON_AUTH_BASE_URL", "http://127.0.0.1:1/neondb/auth")
        .with("NEON_AUTH_JWKS_URL", "http://127.0.0.1:1/neondb/auth/.well-known/jwks.json");
    let by_rocket = format!("{{url=\"{}\"}}", issuer.url);
    for (name, value) in [("BETTER_AUTH_URL", issuer.url.as_str()), ("ROCKET_AUTH", by_rocket.as_str())] {
        let server = neon.clone().with(name, value).start().await;
        check_table(&server, &signer, &issuer.url, vec![("a user", None, vec![], true)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fetch_names_host_and_path_and_whether_there_ever_was_one() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    issuer.publish(Publishes::KeysAt("/elsewhere", Vec::new()));
    let url = issuer.url.replace("http://", "http://user:hunter2@");
    let mut server = Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &url).start().await;
    let host = issuer.url.strip_prefix("http://").unwrap();
    let line = server.line(|line| line["error"].is_string()).await;
    let error = line["error"].as_str().unwrap();
    assert_eq!(
        error,
        format!("{host}/api/auth/jwks and {host}/api/auth/.well-known/jwks.json: it answers 404 Not Found")
    );
    assert!(line["message"].as_str().unwrap().contains("never were since the start"), "{line}");
    assert!(!server.output().iter().any(|it| it.contains("hunter2")));

    // It appears, at the second path, and is gone from there: the first is asked again.
    issuer.publish(Publishes::KeysAt("/api/auth/.well-known/jwks.json", vec![signer.jwk()]));
    server.line(|line| line["message"] == "the issuer's keys are fetched again").await;
    issuer.publish(Publishes::KeysAt("/api/auth/jwks", vec![Signer::new("two").jwk(), signer.jwk()]));
    let token = signer.sign_exactly(&json!({ "alg": "EdDSA", "kid": "three" }), &session(&issuer.url, &[]));
    ask(&server, &token).await;
    assert_eq!(issuer.asked_for().last().unwrap(), "/api/auth/jwks");
}
