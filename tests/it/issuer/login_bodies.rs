//! Bodies of the login routes: JSON, URL-encoded forms and multipart forms.

use serde_json::{Value, json};

use super::PASSWORD;
use crate::harness::{Engine, Response, Server};
use crate::on_both_engines;

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=----b0undary";

/// A multipart form as browsers send it.
fn multipart(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        format!("------b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}------b0undary--\r\n").into_bytes()
}

fn urlencoded(fields: &[(&str, &str)]) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

async fn send(server: &Server, path: &str, kind: &str, fields: &[(&str, &str)]) -> Response {
    let body = match kind {
        FORM => urlencoded(fields),
        MULTIPART => multipart(fields),
        _ => fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect::<Value>()
            .to_string()
            .into(),
    };
    server.anonymous().send_as("POST", path, kind, body).await
}

on_both_engines! {
    async fn forms_sign_up_and_in(engine: Engine) {
        let server = Server::start(engine).await;
        for (n, kind) in [FORM, MULTIPART, "application/json"].into_iter().enumerate() {
            let (email, upper) = (format!("ann{n}@example.com"), format!("Ann{n}@Example.com"));
            let fields = [("email", upper.as_str()), ("password", PASSWORD), ("name", "Ann é&"), ("surname", "x"), ("phone_number", "")];
            let response = send(&server, "/api/auth/register", kind, &fields).await;
            assert_eq!((response.status, &response.json()["user"]["name"]), (200, &json!("Ann é&")), "{response:?}");
            // FastAPI's OAuth2PasswordRequestForm.
            let fields = [("grant_type", "password"), ("username", &email), ("password", PASSWORD), ("scope", ""), ("client_id", "x")];
            for path in ["/api/auth/token", "/api/auth/login"] {
                let response = send(&server, path, kind, &fields).await;
                assert_eq!((response.status, &response.json()["user"]["email"]), (200, &json!(email)), "{kind}: {response:?}");
            }
            let both = [("username", "ann"), ("email", &email), ("password", PASSWORD)];
            assert_eq!(send(&server, "/api/auth/login", kind, &both).await.status, 200, "{kind}");
            let wrong = [("username", email.as_str()), ("password", "wrong horse battery")];
            assert_eq!(send(&server, "/api/auth/login", kind, &wrong).await.json()["detail"], "Invalid email or password");
            let short = [("username", "eve@example.com"), ("password", "short")];
            assert_eq!(send(&server, "/api/auth/signup", kind, &short).await.json()["detail"], "Password too short");
            let no_email = [("username", "ann"), ("password", PASSWORD)];
            for path in ["/api/auth/login", "/api/auth/signup"] {
                assert_eq!(send(&server, path, kind, &no_email).await.json()["detail"], "[body.email] Invalid email address");
            }
            let nul = [("name", "a\0b"), ("email", "eve@example.com"), ("password", PASSWORD)];
            let response = send(&server, "/api/auth/signup", kind, &nul).await;
            response.assert_auth_error(400, "VALIDATION_ERROR", "[body.name] Invalid string: must not include U+0000");
        }
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 3);
    }

    async fn username_is_the_name_unless_there_is_one(engine: Engine) {
        let server = Server::start(engine).await;
        for (n, (members, name)) in [
            (json!({ "username": "ann" }), "ann"),
            (json!({ "username": "ann", "name": "Ann" }), "Ann"),
            (json!({ "username": "ann", "full_name": "Ann Example" }), "Ann Example"),
            (json!({ "fullName": "Ann Example" }), "Ann Example"),
            (json!({ "username": "ann", "name": "" }), ""),
            (json!({ "username": "ann", "name": null }), "ann"),
            (json!({ "username": 7 }), ""),
            (json!({ "username": null, "name": null, "phone_number": null, "surname": ["x"] }), ""),
            (json!({}), ""),
        ].into_iter().enumerate() {
            let mut body = members;
            body["email"] = json!(format!("ann{n}@example.com"));
            body["password"] = json!(PASSWORD);
            let response = server.anonymous().post("/api/auth/signup", &body).await;
            assert_eq!((response.status, &response.json()["user"]["name"]), (200, &json!(name)), "{body}");
        }
        let body = json!({ "username": "Bob@example.com", "email": null, "password": PASSWORD });
        let user = server.anonymous().post("/api/auth/users", &body).await.json()["user"].clone();
        assert_eq!((&user["email"], &user["name"]), (&json!("bob@example.com"), &json!("Bob@example.com")));
        let long = json!({ "username": "x".repeat(256), "email": "eve@example.com", "password": PASSWORD });
        let response = server.anonymous().post("/api/auth/signup", &long).await;
        response.assert_auth_error(400, "VALIDATION_ERROR", "[body.name] Too big: expected string to have <=255 characters");
    }

    async fn malformed_form_is_400_and_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let whole = multipart(&[("email", "ann@example.com"), ("password", PASSWORD)]);
        let cut = whole[..whole.len() - 20].to_vec();
        let not_utf8 = String::from_utf8_lossy(&whole).replace("ann@", "\u{1}@").into_bytes().into_iter().map(|it| if it == 1 { 0xff } else { it });
        for (kind, body) in [
            (MULTIPART, b"x".to_vec()),
            (MULTIPART, Vec::new()),
            (MULTIPART, cut),
            (MULTIPART, not_utf8.collect()),
            ("multipart/form-data; boundary=other", whole.clone()),
            ("multipart/form-data", whole.clone()),
        ] {
            for path in ["/api/auth/signup", "/api/auth/token"] {
                let response = server.anonymous().send_as("POST", path, kind, body.clone()).await;
                response.assert_auth_error(400, "BAD_REQUEST", "Invalid form in request body");
            }
        }
        let big = multipart(&[("email", "ann@example.com"), ("password", &"x".repeat(70_000))]);
        assert_eq!(server.anonymous().send_as("POST", "/api/auth/signup", MULTIPART, big).await.status, 413);
        // As many fields as a body can have.
        let many: Vec<(&str, &str)> = std::iter::repeat_n(("a", ""), 900).collect();
        assert_eq!(server.anonymous().send_as("POST", "/api/auth/signup", MULTIPART, multipart(&many)).await.status, 400);
        let accepted = "Allowed types: application/x-www-form-urlencoded, multipart/form-data, application/json";
        let text = server.anonymous().send_as("POST", "/api/auth/signup", "text/plain", whole.clone()).await;
        text.assert_auth_error(415, "UNSUPPORTED_MEDIA_TYPE", &format!("Content-Type \"text/plain\" is not allowed. {accepted}"));
        // Better Auth's routes accept no multipart form.
        let better_auth = server.anonymous().send_as("POST", "/api/auth/sign-in/email", MULTIPART, whole).await;
        assert_eq!(better_auth.status, 415, "{better_auth:?}");
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 0);
    }
}
