//! Sign-up, sign-in and sign-out.

use serde_json::{Value, json};

use super::{CLEARED, PASSWORD, TestUser, USER, assert_date, fields, sign_in};
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

const MISSING: &str = "Invalid input: expected string, received undefined";

on_both_engines! {
    async fn sign_up_creates_user_and_session(engine: Engine) {
        let server = Server::start(engine).await;
        let body = json!({ "name": "", "email": "Ann@Example.COM", "password": PASSWORD, "image": "https://x.example/a.png", "plan": "pro" });
        let response = server.anonymous().post("/api/auth/sign-up/email", &body).await;
        let (json, user) = (response.json(), response.json()["user"].clone());
        assert_eq!((response.status, fields(&json)), (200, vec!["token", "user"]));
        assert_eq!(fields(&user), USER);
        assert_eq!((&user["name"], &user["email"], &user["image"]), (&json!(""), &json!("ann@example.com"), &json!("https://x.example/a.png")));
        assert_eq!(user["emailVerified"], false);
        assert_date(&user["createdAt"]);
        assert_date(&user["updatedAt"]);
        for name in [&user["id"], &json["token"]] {
            let text = name.as_str().unwrap();
            assert!(text.len() == 32 && text.chars().all(|c| c.is_ascii_alphanumeric()), "{text}");
        }
        // The cookie is percent-encoded. The header for clients without cookies is not.
        let signed = response.header("set-auth-token").unwrap();
        let encoded = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        assert_eq!(response.cookies, [format!("better-auth.session_token={encoded}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax")]);
        assert!(signed.starts_with(&format!("{}.", json["token"].as_str().unwrap())) && signed.len() == 32 + 1 + 44);
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert!(TestUser::from(&response).is_signed_in(&server).await);
    }

    async fn sign_up_reports_all_validation_errors(engine: Engine) {
        let server = Server::start(engine).await;
        let client = server.anonymous();
        let with = |field: &str, value: Value| {
            let mut body = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
            body[field] = value;
            body
        };
        let no_email = "[body.email] Invalid email address";
        for (body, code, message) in [
            (json!({}), "VALIDATION_ERROR", format!("[body.name] {MISSING}; [body.email] {MISSING}; [body.password] {MISSING}")),
            (json!([]), "VALIDATION_ERROR", "[body] Invalid input: expected object, received array".to_owned()),
            (with("name", json!(7)), "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received number".to_owned()),
            (with("image", json!(true)), "VALIDATION_ERROR", "[body.image] Invalid input: expected string, received boolean".to_owned()),
            (with("rememberMe", json!("yes")), "VALIDATION_ERROR", "[body.rememberMe] Invalid input: expected boolean, received string".to_owned()),
            (with("password", json!("")), "VALIDATION_ERROR", "[body.password] Too small: expected string to have >=1 characters".to_owned()),
            (with("password", json!("1234567")), "PASSWORD_TOO_SHORT", "Password too short".to_owned()),
            (with("password", json!("x".repeat(129))), "PASSWORD_TOO_LONG", "Password too long".to_owned()),
            // Each emoji has two UTF-16 code units.
            (with("password", json!("😀😀😀")), "PASSWORD_TOO_SHORT", "Password too short".to_owned()),
            (with("password", json!("😀".repeat(65))), "PASSWORD_TOO_LONG", "Password too long".to_owned()),
        ] {
            client.post("/api/auth/sign-up/email", &body).await.assert_auth_error(400, code, &message);
        }
        for email in ["", "ann", "ann@", "@example.com", "ann@example", "a..b@example.com", ".ann@example.com", "ann.@example.com", "ann@-x.com", "ann@example.c", "a b@example.com", "ann@exa_mple.com", "ann@example.com\n"] {
            client.post("/api/auth/sign-up/email", &with("email", json!(email))).await.assert_auth_error(400, "VALIDATION_ERROR", no_email);
        }
        let invalid = client.send("POST", "/api/auth/sign-up/email", Some(b"{\"name\":".to_vec())).await;
        invalid.assert_auth_error(400, "BAD_REQUEST", "Invalid JSON in request body");
        let large = client.send("POST", "/api/auth/sign-up/email", Some(vec![b' '; 70_000])).await;
        large.assert_auth_error(413, "PAYLOAD_TOO_LARGE", "Request body must be at most 64 KiB");
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 0, "no user is created");
    }

    async fn email_is_unique_in_any_case_and_under_concurrency(engine: Engine) {
        let server = Server::start(engine).await;
        let body = |email: &str| json!({ "name": "Ann", "email": email, "password": PASSWORD });
        let tries = (0..5).map(|_| {
            let client = server.anonymous();
            tokio::spawn(async move { client.post("/api/auth/sign-up/email", &body("ann@example.com")).await })
        });
        let mut signed_up = 0;
        for response in tries.collect::<Vec<_>>() {
            let response = response.await.unwrap();
            if response.status == 200 {
                signed_up += 1;
            } else {
                response.assert_auth_error(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
            }
        }
        assert_eq!(signed_up, 1);
        let again = server.anonymous().post("/api/auth/sign-up/email", &body("ANN@example.com")).await;
        again.assert_auth_error(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
        for table in ["\"user\"", "account", "session"] {
            assert_eq!(server.query_i64(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}: a sign-up inserts all rows or none");
        }
    }

    async fn sign_in_requires_the_exact_password(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let response = sign_in(&server, "ANN@example.com", PASSWORD).await;
        assert_eq!((response.status, fields(&response.json())), (200, vec!["redirect", "token", "user"]));
        assert_eq!((&response.json()["redirect"], &response.json()["user"]["id"]), (&json!(false), &json!(ann.id)));
        let again = TestUser::from(&response);
        assert!(again.token != ann.token && ann.is_signed_in(&server).await && again.is_signed_in(&server).await);

        let wrong = sign_in(&server, "ann@example.com", "correct horse batterx").await;
        wrong.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        let unknown = sign_in(&server, "bob@example.com", PASSWORD).await;
        unknown.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        sign_in(&server, "ann", PASSWORD).await.assert_auth_error(400, "INVALID_EMAIL", "Invalid email");
        sign_in(&server, "ann@example.com", &"x".repeat(129)).await.assert_auth_error(400, "PASSWORD_TOO_LONG", "Password too long");
        let missing = server.anonymous().post("/api/auth/sign-in/email", &json!({ "email": "ann@example.com" })).await;
        missing.assert_auth_error(400, "VALIDATION_ERROR", &format!("[body.password] {MISSING}"));
        assert!(wrong.cookies.is_empty() && unknown.cookies.is_empty());
    }

    async fn passwords_are_nfkc_normalized(engine: Engine) {
        let server = Server::start(engine).await;
        let body = json!({ "name": "Zoë", "email": "zoe@example.com", "password": "motdepass\u{e9} \u{fb01}" });
        assert_eq!(server.anonymous().post("/api/auth/sign-up/email", &body).await.status, 200);
        assert_eq!(sign_in(&server, "zoe@example.com", "motdepasse\u{301} fi").await.status, 200);
        assert_eq!(sign_in(&server, "zoe@example.com", "motdepasse fi").await.status, 401);
    }

    async fn remember_me_false_sets_session_cookies(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "rememberMe": false });
        let response = server.anonymous().post("/api/auth/sign-in/email", &body).await;
        assert_eq!(response.cookies.len(), 2);
        assert!(!response.cookies[0].contains("Max-Age") && response.cookies[0].ends_with("; Path=/; HttpOnly; SameSite=Lax"));
        assert!(response.cookies[1].starts_with("better-auth.dont_remember=true.") && !response.cookies[1].contains("Max-Age"));
        let session = TestUser::from(&response).bearer_client(&server).get("/api/auth/get-session").await.json();
        let hours = hours(&session["session"]);
        assert_eq!(hours, 24);
        // An update keeps the cookies of such a session without `Max-Age`.
        let cookies = response.cookies.iter().map(|it| it.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
        let page = server.anonymous().with("Cookie", &cookies).with("Origin", &server.url);
        let updated = page.post("/api/auth/update-user", &json!({ "name": "Anna" })).await;
        assert!(updated.status == 200 && !updated.cookies[0].contains("Max-Age"), "{updated:?}");
    }

    async fn callback_url_must_be_trusted(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let to = |url: &str| json!({ "email": "ann@example.com", "password": PASSWORD, "callbackURL": url });
        for good in ["/dashboard?x=1", "http://localhost:3000/dashboard", &format!("{}/x", server.url)] {
            let response = server.anonymous().post("/api/auth/sign-in/email", &to(good)).await;
            assert_eq!((response.status, response.header("location")), (200, Some(good)));
            assert_eq!((&response.json()["redirect"], &response.json()["url"]), (&json!(true), &json!(good)));
        }
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "/%2fevil.example", "/%5Cevil.example", "javascript:alert(1)", "evil", "http://localhost:3000.evil.example/", "http://localhost:3000@evil.example/"] {
            let response = server.anonymous().post("/api/auth/sign-in/email", &to(bad)).await;
            response.assert_auth_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        }
    }

    async fn callback_url_is_normalized(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let sign_in = async |url: &str| {
            let body = json!({ "email": "ann@example.com", "password": PASSWORD, "callbackURL": url });
            server.anonymous().post("/api/auth/sign-in/email", &body).await
        };
        for (sent, out) in [
            ("HTTP://LOCALHOST:3000/Dash board", "http://localhost:3000/Dash%20board"),
            ("http:localhost:3000/x", "http://localhost:3000/x"),
            ("http:\\\\localhost:3000\\x", "http://localhost:3000/x"),
            ("ht\ntp://local\thost:3000/x", "http://localhost:3000/x"),
            ("http://localhost:3000", "http://localhost:3000/"),
            ("/a b/../c?x=é#y", "/c?x=%C3%A9#y"),
        ] {
            let response = sign_in(sent).await;
            assert_eq!((response.status, response.header("location")), (200, Some(out)), "{sent}");
            assert_eq!(response.json()["url"], out);
        }
        for bad in ["ftp://localhost:3000/x", "ws://localhost:3000/x", "/a/..//evil.example", "/.//evil.example", "/x/%2e%2e//evil.example", "data:text/html,x", "null", ""] {
            sign_in(bad).await.assert_auth_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        }
        let page = server.anonymous().get("/api/auth/reset-password/x?callbackURL=http%3Alocalhost%3A3000%2Freset").await;
        assert_eq!(page.header("location"), Some("http://localhost:3000/reset?error=INVALID_TOKEN"));
        for bad in ["ftp%3A%2F%2Flocalhost%3A3000%2F", "%2Fa%2F..%2F%2Fevil.example"] {
            let response = server.anonymous().get(&format!("/api/auth/reset-password/x?callbackURL={bad}")).await;
            response.assert_auth_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        }
    }

    async fn sign_out_ends_the_session_and_is_idempotent(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let phone = ann.sign_in(&server).await;
        let response = ann.cookie_client(&server).post("/api/auth/sign-out", &json!({})).await;
        assert_eq!((response.status, response.json()), (200, json!({ "success": true })));
        assert_eq!(response.cookies, CLEARED);
        assert!(!ann.is_signed_in(&server).await && phone.is_signed_in(&server).await);
        assert_eq!(phone.bearer_client(&server).send("POST", "/api/auth/sign-out", None).await.status, 200);
        assert!(!phone.is_signed_in(&server).await);
        let client = server.anonymous().post("/api/auth/sign-out", &json!({})).await;
        assert_eq!((client.status, client.json()), (200, json!({ "success": true })));
        assert_eq!(client.cookies, CLEARED);
    }

    async fn forms_are_accepted_for_sign_up_and_sign_in_only(engine: Engine) {
        let server = Server::start(engine).await;
        let form = |path: &str, body: &str, kind: &str| {
            let caller = server.anonymous();
            let (path, body, kind) = (path.to_owned(), body.as_bytes().to_vec(), kind.to_owned());
            async move { caller.send_as("POST", &path, &kind, body).await }
        };
        let kind = "application/x-www-form-urlencoded";
        let up = form("/api/auth/sign-up/email", "name=Ann+O&email=ann%40example.com&password=correct+horse+battery", kind).await;
        assert_eq!((up.status, &up.json()["user"]["name"]), (200, &json!("Ann O")));
        assert_eq!(form("/api/auth/sign-in/email", "email=ann%40example.com&password=correct+horse+battery", kind).await.status, 200);
        let text = form("/api/auth/sign-in/email", "{}", "text/plain").await;
        let message = r#"Content-Type "text/plain" is not allowed. Allowed types: application/x-www-form-urlencoded, application/json"#;
        text.assert_auth_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
        let reset = form("/api/auth/reset-password", "token=x", kind).await;
        let message = r#"Content-Type "application/x-www-form-urlencoded" is not allowed. Allowed types: application/json"#;
        reset.assert_auth_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
    }

    async fn cookies_are_secure_behind_https(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{url=\"https://tasks.example.com\"}");
        let server = setup.start().await;
        let body = json!({ "name": "Ann", "email": "ann@example.com", "password": PASSWORD });
        let response = server.anonymous().post("/api/auth/sign-up/email", &body).await;
        assert!(response.cookies[0].starts_with("__Secure-better-auth.session_token="), "{response:?}");
        assert!(response.cookies[0].ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"));
        let cookie = response.cookies[0].split(';').next().unwrap();
        let page = server.anonymous().with("Cookie", cookie);
        assert_eq!(page.get("/api/auth/get-session").await.json()["user"]["name"], "Ann");
        let update = json!({ "name": "Anna" });
        let own = page.with("Origin", "https://tasks.example.com");
        assert_eq!(own.post("/api/auth/update-user", &update).await.status, 200);
        let plain = page.with("Origin", "http://tasks.example.com").post("/api/auth/update-user", &update).await;
        plain.assert_auth_error(403, "INVALID_ORIGIN", "Invalid origin");
        // Behind HTTPS a cookie without the `__Secure-` prefix is ignored.
        let stripped = server.anonymous().with("Cookie", cookie.trim_start_matches("__Secure-"));
        assert_eq!(stripped.get("/api/auth/get-session").await.json(), Value::Null);
    }
}

/// Lifetime of a new session, in hours.
fn hours(session: &Value) -> i64 {
    let time = |name: &str| session[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    (time("expiresAt") - time("createdAt")).num_hours()
}
