//! Login routes without configuration.

use serde_json::json;

use super::{PASSWORD, USER, fields};
use crate::harness::{Engine, Server};
use crate::on_both_engines;

on_both_engines! {
    async fn login_form_returns_an_api_token(engine: Engine) {
        let server = Server::start(engine).await;
        let client = server.anonymous();
        for (n, path) in ["signup", "register", "users"].into_iter().enumerate() {
            let body = json!({ "email": format!("Ann{n}@example.com"), "password": PASSWORD, "name": "Ann" });
            let response = client.post(&format!("/api/auth/{path}"), &body).await;
            let json = response.json();
            assert_eq!((response.status, fields(&json)), (200, vec!["access_token", "expires_in", "token", "token_type", "user"]));
            assert_eq!(json["expires_in"], 900);
            assert_eq!((&json["token_type"], &json["token"], fields(&json["user"])), (&json!("bearer"), &json["access_token"], USER.to_vec()));
            assert_eq!(json["user"]["email"], format!("ann{n}@example.com"));
            let task = server.bearer(json["access_token"].as_str().unwrap()).create("Deploy").await;
            assert_eq!(task["user_id"], json["user"]["id"]);
            client.post(&format!("/api/auth/{path}"), &body).await.assert_auth_error(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
        }
        for path in ["login", "signin", "login/email", "token"] {
            let body = json!({ "email": "ann0@example.com", "password": PASSWORD });
            let response = client.post(&format!("/api/auth/{path}"), &body).await;
            let token = response.json()["token"].as_str().unwrap().to_owned();
            assert_eq!(server.bearer(&token).get("/api/tasks").await.json().as_array().unwrap().len(), 1, "{path}");
            let wrong = json!({ "email": "ann0@example.com", "password": "wrong horse battery" });
            client.post(&format!("/api/auth/{path}"), &wrong).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        }
        let short = json!({ "email": "bob@example.com", "password": "short" });
        client.post("/api/auth/signup", &short).await.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        let none = json!({ "password": PASSWORD });
        client.post("/api/auth/login", &none).await.assert_auth_error(400, "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received undefined");
    }

    async fn me_returns_the_user_of_token_or_session(engine: Engine) {
        let server = Server::start(engine).await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
        let response = server.anonymous().post("/api/auth/signup", &body).await;
        let jwt = response.json()["token"].as_str().unwrap().to_owned();
        assert!(response.cookies.is_empty(), "a client with a cookie would have to send its origin");
        let session = server.bearer(response.header("set-auth-token").unwrap());
        for caller in [server.bearer(&jwt), session.clone()] {
            for path in ["me", "users/me"] {
                let me = caller.get(&format!("/api/auth/{path}")).await;
                assert_eq!((me.status, &me.json()), (200, &response.json()["user"]));
            }
        }
        // The session token gets another API token.
        assert_eq!(session.get("/api/auth/token").await.status, 200);
        assert_eq!(session.post("/api/auth/logout", &json!({})).await.json(), json!({ "success": true }));
        assert_eq!(session.get("/api/auth/me").await.status, 401);
        // A valid token of a user who is not in the issuer's tables.
        server.client_for("unknown").get("/api/auth/me").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        server.bearer("nonsense").get("/api/auth/me").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
    }
}
