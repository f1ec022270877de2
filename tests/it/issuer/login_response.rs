//! Responses of the login routes: templates, the user of an API token, and sign-out without credentials.

use serde_json::{Value, json};

use super::{PASSWORD, TestUser, USER, assert_date, claims, fields};
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

async fn with_issuer(engine: Engine, issuer: &str) -> Server {
    ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", issuer).start().await
}

/// The value at these keys, such as `data.token`.
fn at<'v>(value: &'v Value, keys: &str) -> &'v Value {
    keys.split('.').fold(value, |value, key| &value[key])
}

on_both_engines! {
    async fn login_response_follows_its_template(engine: Engine) {
        for (template, token, user) in [
            (r#"{success=true,data={user="$user",token="$token"}}"#, "data.token", "data.user"),
            (r#"{user="$user",tokens={access_token="$token",token_type="bearer"}}"#, "tokens.access_token", "user"),
            (r#"{token={access_token="$token"},user="$user"}"#, "token.access_token", "user"),
            (r#"{jwt="$token",roles=["user",1],extra={},me={profile="$user"}}"#, "jwt", "me.profile"),
        ] {
            let server = with_issuer(engine, &format!("{{login_response={template}}}")).await;
            let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
            let mut keys = Vec::new();
            for path in ["register", "login", "token"] {
                let response = server.anonymous().post(&format!("/api/auth/{path}"), &body).await;
                assert_eq!(response.status, 200, "{response:?}");
                let json = response.json();
                keys = fields(&json).into_iter().map(str::to_owned).collect();
                assert_eq!(fields(at(&json, user)), USER, "{template}");
                let client = server.bearer(at(&json, token).as_str().unwrap());
                assert_eq!(client.create("t").await["user_id"], at(&json, user)["id"]);
                assert!(response.header("set-auth-token").is_some());
            }
            assert!(keys.iter().all(|key| template.contains(&format!("{key}="))), "{template}: {keys:?}");
            // Better Auth's routes respond as before.
            let better_auth = server.anonymous().post("/api/auth/sign-in/email", &body).await.json();
            assert_eq!(fields(&better_auth), ["redirect", "token", "user"]);
        }
    }

    async fn login_response_can_have_single_values(engine: Engine) {
        let template = r#"{id="$user.id",mail="$user.email",name="$user.name",token="$token",expires_in="$expires_in",expires_at="$expires_at"}"#;
        let server = with_issuer(engine, &format!("{{login_response={template},token_lifetime=3600}}")).await;
        let body = json!({ "email": "Ann@example.com", "password": PASSWORD, "name": "Ann \"é\"" });
        let json = server.anonymous().post("/api/auth/signup", &body).await.json();
        let claims = claims(json["token"].as_str().unwrap());
        assert_eq!((&json["id"], &json["mail"], &json["name"]), (&claims["sub"], &json!("ann@example.com"), &json!("Ann \"é\"")));
        assert_eq!(json["expires_in"], 3600);
        assert_date(&json["expires_at"]);
        let expires_at = chrono::DateTime::parse_from_rfc3339(json["expires_at"].as_str().unwrap()).unwrap();
        assert_eq!(json!(expires_at.timestamp()), claims["exp"]);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    }

    async fn me_response_follows_its_template(engine: Engine) {
        for (template, user) in [
            (r#"{user="$user"}"#, "user"),
            (r#"{success=true,data={user="$user"}}"#, "data.user"),
            (r#"{id="$user.id",username="$user.name",email="$user.email"}"#, ""),
        ] {
            let server = with_issuer(engine, &format!("{{me_response={template}}}")).await;
            let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
            let signed_up = server.anonymous().post("/api/auth/signup", &body).await.json();
            for path in ["me", "users/me"] {
                let me = server.bearer(signed_up["token"].as_str().unwrap()).get(&format!("/api/auth/{path}")).await;
                assert_eq!(me.status, 200);
                if user.is_empty() {
                    let expected = json!({ "id": signed_up["user"]["id"], "username": "Ann", "email": "ann@example.com" });
                    assert_eq!(me.json(), expected);
                } else {
                    assert_eq!(at(&me.json(), user), &signed_up["user"], "{template}");
                }
            }
        }
    }

    async fn get_session_with_an_api_token_has_the_user(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        let response = server.bearer(&jwt).get("/api/auth/get-session").await;
        assert_eq!((response.status, fields(&response.json())), (200, vec!["user"]));
        assert_eq!(response.json()["user"], server.bearer(&jwt).get("/api/auth/me").await.json());
        assert!(response.header("set-auth-jwt").is_none(), "clients could renew an API token without end");
        // It is no session.
        for path in ["token", "list-sessions", "list-accounts"] {
            server.bearer(&jwt).get(&format!("/api/auth/{path}")).await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        }
        let null = |response: crate::harness::Response| assert_eq!((response.status, response.json()), (200, Value::Null));
        // Valid tokens of users whom the issuer does not know, and invalid tokens.
        null(server.client_for("unknown").get("/api/auth/get-session").await);
        null(server.bearer(&format!("{jwt}x")).get("/api/auth/get-session").await);
        null(server.bearer("a.b.c").get("/api/auth/get-session").await);
        assert_eq!(server.anonymous().with("Cookie", &ann.cookie).get("/api/auth/get-session").await.json()["user"]["id"], ann.id);
        // The token of a deleted user is valid until it expires.
        ann.bearer_client(&server).post("/api/auth/delete-user", &json!({ "password": PASSWORD })).await;
        null(server.bearer(&jwt).get("/api/auth/get-session").await);
        server.bearer(&jwt).get("/api/auth/me").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
    }

    async fn sign_out_without_credentials_succeeds(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        for path in ["logout", "signout", "sign-out"] {
            let path = format!("/api/auth/{path}");
            for client in [server.anonymous(), server.bearer(&jwt), server.bearer("nonsense"), server.anonymous().with("Origin", "http://localhost:3000")] {
                for body in [None, Some(json!({}))] {
                    let response = client.call("POST", &path, body.as_ref()).await;
                    assert_eq!((response.status, response.json()), (200, json!({ "success": true })), "{path}");
                }
            }
        }
        assert!(ann.is_signed_in(&server).await, "none of these requests had the session");
    }

    /// Frontends decode the token and read their own names of the user's id.
    async fn token_has_the_configured_claims(engine: Engine) {
        let issuer = r#"{token_claims={user_id="$user.id",profile={mail="$user.email"},version=2}}"#;
        let server = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", issuer).start().await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
        let response = server.anonymous().post("/api/auth/signup", &body).await.json();
        let token = response["token"].as_str().unwrap();
        let claims = claims(token);
        let id = &response["user"]["id"];
        assert_eq!((&claims["sub"], &claims["user_id"], &claims["name"]), (id, id, &json!("Ann")));
        assert_eq!((&claims["profile"], &claims["version"]), (&json!({ "mail": "ann@example.com" }), &json!(2)));
        assert_eq!(server.bearer(token).post("/api/tasks", &json!({ "title": "t" })).await.json()["user_id"], *id);
    }
}

#[tokio::test]
async fn claims_that_decide_cannot_be_configured() {
    for claims in [
        r#"{sub="x"}"#,
        "{exp=1}",
        r#"{scope="all"}"#,
        r#"{id="$user.email"}"#,
        r#"{name="$user.username"}"#,
        r#""$user""#,
    ] {
        let issuer = format!("{{usernames=true,token_claims={claims}}}");
        let output =
            ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_ISSUER", &issuer).run(&[]).await;
        let text =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && text.contains("issuer.token_claims"), "{claims}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_placeholders_abort_startup() {
    for (issuer, wanted) in [
        (
            r#"{login_response={token="$tokn"}}"#,
            "issuer.login_response contains an unknown placeholder; use $token",
        ),
        (
            r#"{login_response={a=["$user.password"]}}"#,
            "issuer.login_response contains an unknown placeholder",
        ),
        (
            r#"{login_response={data={token="Bearer $token"}}}"#,
            "issuer.login_response contains an unknown placeholder",
        ),
        (
            r#"{me_response={token="$token"}}"#,
            "issuer.me_response contains an unknown placeholder; use $user",
        ),
        (r#"{me_response="$"}"#, "issuer.me_response contains an unknown placeholder"),
    ] {
        let output =
            ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_ISSUER", issuer).run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{issuer}: {error}");
        assert!(error.contains(wanted), "{issuer}: {error}");
    }
}
