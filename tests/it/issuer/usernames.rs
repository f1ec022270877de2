//! User names at the login routes (`issuer.usernames`).

use serde_json::{Value, json};

use super::{PASSWORD, TestUser};
use crate::harness::{Engine, Response, Server, ServerConfig};
use crate::on_both_engines;

const WRONG: &str = "Invalid username or password";
const TAKEN: &str = "Username is already taken. Please try another.";
const INVALID: &str =
    "[body.username] Invalid username: must have 1 to 64 letters from a to z, digits, '.', '_' or '-'";

async fn with_usernames(engine: Engine, more: &str) -> Server {
    let issuer = format!("{{usernames=true,login_paths=[\"/api/auth\",\"/\"]{more}}}");
    ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", &issuer).start().await
}

fn body(username: &str) -> Value {
    json!({ "username": username, "password": PASSWORD })
}

#[track_caller]
fn user(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["user"].clone()
}

on_both_engines! {
    async fn user_signs_up_and_in_by_name_alone(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        let signed_up = client.post("/api/auth/register", &body("Ann.B-c_1")).await;
        let ann = user(&signed_up);
        assert_eq!((&ann["username"], &ann["name"]), (&json!("ann.b-c_1"), &json!("Ann.B-c_1")));
        // Better Auth's tables require an email.
        assert!(ann["email"].as_str().unwrap().ends_with("@username.invalid"), "{ann}");
        for name in ["Ann.B-c_1", "ann.b-c_1", "ANN.B-C_1"] {
            let form = format!("username={name}&password={}&grant_type=password", PASSWORD.replace(' ', "+"));
            let by_form = client.send_as("POST", "/token", "application/x-www-form-urlencoded", form.into_bytes()).await;
            assert_eq!(user(&by_form), ann);
            // Some frontends have one input for both.
            assert_eq!(user(&client.post("/login", &json!({ "email": name, "password": PASSWORD })).await), ann);
        }
        let me = server.bearer(signed_up.json()["token"].as_str().unwrap());
        assert_eq!(me.get("/api/auth/me").await.json(), ann);
        assert_eq!(me.post("/api/tasks", &json!({ "title": "t" })).await.json()["user_id"], ann["id"]);
    }

    async fn user_with_both_signs_in_by_either(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        let both = json!({ "username": "ann", "email": "Ann@Example.com", "password": PASSWORD, "full_name": "Ann B" });
        let ann = user(&client.post("/api/auth/signup", &both).await);
        assert_eq!((&ann["username"], &ann["email"], &ann["name"]), (&json!("ann"), &json!("ann@example.com"), &json!("Ann B")));
        for login in [body("ann"), body("ann@example.com"), json!({ "email": "ann@example.com", "password": PASSWORD })] {
            assert_eq!(user(&client.post("/api/auth/login", &login).await), ann, "{login}");
        }
        // Better Auth's own routes know emails only.
        let email = json!({ "email": "ann@example.com", "password": PASSWORD });
        let better_auth = user(&client.post("/api/auth/sign-in/email", &email).await);
        assert_eq!((&better_auth["id"], better_auth.get("username")), (&ann["id"], None));
        let by_name = client.post("/api/auth/sign-in/email", &json!({ "email": "ann", "password": PASSWORD })).await;
        by_name.assert_auth_error(400, "INVALID_EMAIL", "Invalid email");
        // A user without a name has null. The name may be an email, an empty email is none.
        let bob = TestUser::sign_up(&server, "bob").await;
        assert_eq!(user(&client.post("/login", &body(&bob.email)).await)["username"], Value::Null);
        let mail = user(&client.post("/users", &body("carl@example.com")).await);
        assert_eq!((&mail["email"], &mail["username"]), (&json!("carl@example.com"), &Value::Null));
        let empty = json!({ "username": "dora", "email": "", "password": PASSWORD });
        assert_eq!(user(&client.post("/users", &empty).await)["username"], "dora");
    }

    async fn name_belongs_to_one_user_whatever_its_case(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        let ann = client.post("/api/auth/register", &body("ann")).await;
        assert_eq!(ann.status, 200);
        for name in ["ann", "Ann", "ANN"] {
            let taken = client.post("/api/auth/register", &body(name)).await;
            taken.assert_auth_error(422, "USERNAME_IS_ALREADY_TAKEN", TAKEN);
            assert_eq!(taken.json()["detail"], TAKEN);
            let email = json!({ "username": name, "email": "other@example.com", "password": PASSWORD });
            assert_eq!(client.post("/api/auth/register", &email).await.status, 422);
        }
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM "user""#).await, 1);
        // A name is free again when its user is deleted.
        let session = server.bearer(ann.header("set-auth-token").unwrap());
        assert_eq!(session.post("/api/auth/delete-user", &json!({ "password": PASSWORD })).await.status, 200);
        assert_eq!(server.query_i64("SELECT count(*) FROM username").await, 0);
        assert_eq!(client.post("/api/auth/register", &body("ann")).await.status, 200);
    }

    async fn one_of_concurrent_sign_ups_gets_the_name(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let requests = (0..6).map(|n| {
            let client = server.anonymous();
            let body = json!({ "username": if n % 2 == 0 { "ann" } else { "Ann" }, "email": format!("ann{n}@example.com"), "password": PASSWORD });
            tokio::spawn(async move { client.post("/api/auth/register", &body).await.status })
        });
        let mut statuses = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            statuses.push(request.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422, 422, 422, 422, 422]);
        for table in [r#""user""#, "username", "account", "session"] {
            assert_eq!(server.query_i64(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}");
        }
    }

    async fn unknown_name_and_wrong_password_are_identical(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        client.post("/api/auth/register", &body("ann")).await;
        let wrong = client.post("/login", &json!({ "username": "ann", "password": "wrong horse battery" })).await;
        let unknown = client.post("/login", &body("bob")).await;
        wrong.assert_auth_error(401, "INVALID_USERNAME_OR_PASSWORD", WRONG);
        assert_eq!((unknown.status, unknown.body), (wrong.status, wrong.body));
    }

    async fn invalid_names_are_refused_and_change_nothing(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        for name in ["", " ", "ann b", "änn", "а", "ann\u{0}", "a/b", "ann%", &"a".repeat(65), "ann\n"] {
            for path in ["/register", "/login"] {
                let refused = client.post(path, &body(name)).await;
                assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("VALIDATION_ERROR")), "{path} {name:?}");
            }
        }
        client.post("/register", &body("ann b")).await.assert_auth_error(400, "VALIDATION_ERROR", INVALID);
        let missing = "[body.email] Invalid input: expected string, received undefined";
        client.post("/login", &json!({ "password": PASSWORD })).await.assert_auth_error(400, "VALIDATION_ERROR", missing);
        let short = client.post("/register", &json!({ "username": "ann", "password": "short" })).await;
        short.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        for table in [r#""user""#, "username"] {
            assert_eq!(server.query_i64(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
        }
    }

    async fn names_share_the_rate_limits_of_emails(engine: Engine) {
        let server = with_usernames(engine, ",rate_limit=true").await;
        let client = server.anonymous();
        for (path, login) in [("/login", body("ann")), ("/api/auth/token", body("ann@example.com")), ("/signin", body("bob"))] {
            assert_eq!(client.post(path, &login).await.status, 401, "{path}");
        }
        assert_eq!(client.post("/login", &body("carl")).await.status, 429);
    }

    /// The address of a user without an email can have no mail server.
    async fn user_without_email_gets_no_reset_link(engine: Engine) {
        let server = with_usernames(engine, "").await;
        let client = server.anonymous();
        let ann = user(&client.post("/api/auth/register", &body("ann")).await);
        let reset = |email: &str| json!({ "email": email, "redirectTo": "/reset" });
        let unknown = client.post("/api/auth/request-password-reset", &reset("unknown@example.com")).await;
        let known = client.post("/api/auth/request-password-reset", &reset(ann["email"].as_str().unwrap())).await;
        assert_eq!((unknown.status, unknown.body), (known.status, known.body));
        assert_eq!(server.query_i64("SELECT count(*) FROM verification").await, 0);
    }

    async fn templates_have_the_name_and_the_times_of_the_user(engine: Engine) {
        let more = r#",login_response={name="$user.username",since="$user.created_at",t="$token"},me_response={u="$user.username",changed="$user.updated_at"}"#;
        let server = with_usernames(engine, more).await;
        let up = server.anonymous().post("/register", &body("Ann")).await.json();
        assert_eq!(up["name"], "ann");
        let me = server.bearer(up["t"].as_str().unwrap()).get("/me").await.json();
        assert_eq!((&me["u"], &me["changed"]), (&json!("ann"), &up["since"]));
        assert!(up["since"].as_str().unwrap().ends_with('Z'), "{up}");
    }

    /// Without the setting a user name is an email.
    async fn names_are_refused_by_default(engine: Engine) {
        let server = Server::start(engine).await;
        for path in ["/api/auth/register", "/api/auth/login"] {
            let refused = server.anonymous().post(path, &body("ann")).await;
            refused.assert_auth_error(400, "VALIDATION_ERROR", "[body.email] Invalid email address");
        }
        assert_eq!(server.anonymous().post("/api/auth/register", &body("ann@example.com")).await.json()["user"].get("username"), None);
    }
}

#[tokio::test]
async fn username_in_a_template_requires_the_setting() {
    for key in ["login_response", "me_response"] {
        let issuer = format!("{{{key}={{user={{name=\"$user.username\"}}}}}}");
        let output =
            ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_ISSUER", &issuer).run(&[]).await;
        assert!(!output.status.success());
        let text =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains(&format!("issuer.{key} contains $user.username, and issuer.usernames is not set")),
            "{text}"
        );
    }
}
