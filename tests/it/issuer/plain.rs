//! Plain login forms.

use serde_json::json;

use super::{PASSWORD, USER, fields};
use crate::harness::{Engine, Server};
use crate::on_both_engines;

on_both_engines! {
    async fn a_plain_form_gets_a_token_for_the_api_at_once(engine: Engine) {
        let server = Server::start(engine).await;
        let nobody = server.anonymous();
        for (n, path) in ["signup", "register"].into_iter().enumerate() {
            let body = json!({ "email": format!("Ann{n}@example.com"), "password": PASSWORD, "name": "Ann" });
            let answer = nobody.post(&format!("/api/auth/{path}"), &body).await;
            let json = answer.json();
            assert_eq!((answer.status, fields(&json)), (200, vec!["access_token", "token", "token_type", "user"]));
            assert_eq!((&json["token_type"], &json["token"], fields(&json["user"])), (&json!("bearer"), &json["access_token"], USER.to_vec()));
            assert_eq!(json["user"]["email"], format!("ann{n}@example.com"));
            let task = server.bearer(json["access_token"].as_str().unwrap()).create("Deploy").await;
            assert_eq!(task["user_id"], json["user"]["id"]);
            nobody.post(&format!("/api/auth/{path}"), &body).await.assert_auth_error(422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.");
        }
        for path in ["login", "signin", "login/email"] {
            let body = json!({ "email": "ann0@example.com", "password": PASSWORD });
            let answer = nobody.post(&format!("/api/auth/{path}"), &body).await;
            let token = answer.json()["token"].as_str().unwrap().to_owned();
            assert_eq!(server.bearer(&token).get("/api/tasks").await.json().as_array().unwrap().len(), 1, "{path}");
            let wrong = json!({ "email": "ann0@example.com", "password": "wrong horse battery" });
            nobody.post(&format!("/api/auth/{path}"), &wrong).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        }
        let short = json!({ "email": "bob@example.com", "password": "short" });
        nobody.post("/api/auth/signup", &short).await.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        let none = json!({ "password": PASSWORD });
        nobody.post("/api/auth/login", &none).await.assert_auth_error(400, "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received undefined");
    }

    async fn me_is_whoever_the_token_or_the_session_is_of(engine: Engine) {
        let server = Server::start(engine).await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
        let answer = server.anonymous().post("/api/auth/signup", &body).await;
        let jwt = answer.json()["token"].as_str().unwrap().to_owned();
        assert!(answer.cookies.is_empty(), "a program with a cookie would have to say which page it is");
        let session = server.bearer(answer.header("set-auth-token").unwrap());
        for caller in [server.bearer(&jwt), session.clone()] {
            let me = caller.get("/api/auth/me").await;
            assert_eq!((me.status, &me.json()), (200, &answer.json()["user"]));
        }
        // The session gets another token when the first has run out.
        assert_eq!(session.get("/api/auth/token").await.status, 200);
        assert_eq!(session.post("/api/auth/logout", &json!({})).await.json(), json!({ "success": true }));
        assert_eq!(session.get("/api/auth/me").await.status, 401);
        // A good token of somebody who never signed up here.
        server.client_for("somebody").get("/api/auth/me").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
        server.bearer("nonsense").get("/api/auth/me").await.assert_auth_error(401, "UNAUTHORIZED", "Unauthorized");
    }
}
