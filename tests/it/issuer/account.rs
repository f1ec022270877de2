//! Profile, password, deletion and sign-in methods of the signed-in user.

use serde_json::{Value, json};

use super::{CLEARED, PASSWORD, TestUser, USER, assert_date, claims, fields, sign_in};
use crate::harness::{Engine, Server, send_raw, send_raw_half_closed};
use crate::on_both_engines;

const NEW_PASSWORD: &str = "staple horse correct";

on_both_engines! {
    async fn update_user_changes_name_and_image_but_not_the_email(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let me = ann.bearer_client(&server);
        let user = async || me.get("/api/auth/me").await.json();
        let before = user().await;
        let response = me.post("/api/auth/update-user", &json!({ "name": "Anna", "image": "https://x.example/a.png" })).await;
        assert_eq!((response.status, response.json()), (200, json!({ "status": true })));
        assert!(response.cookies[0].contains("Max-Age=604800") && response.header("set-auth-token").is_some());
        let after = user().await;
        assert_eq!((&after["name"], &after["image"]), (&json!("Anna"), &json!("https://x.example/a.png")));
        assert!(after["updatedAt"].as_str() >= before["updatedAt"].as_str() && after["createdAt"] == before["createdAt"]);
        assert_eq!(me.post("/api/auth/update-user", &json!({ "image": null })).await.status, 200);
        assert_eq!((&user().await["name"], &user().await["image"]), (&json!("Anna"), &Value::Null));

        for body in [json!({}), json!({ "plan": "pro" })] {
            me.post("/api/auth/update-user", &body).await.assert_auth_error(400, "", "No fields to update");
        }
        let email = me.post("/api/auth/update-user", &json!({ "name": "x", "email": "eve@example.com" })).await;
        email.assert_auth_error(400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated");
        let number = me.post("/api/auth/update-user", &json!({ "name": 5 })).await;
        number.assert_auth_error(400, "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received number");
        assert_eq!((&user().await["name"], &user().await["email"]), (&json!("Anna"), &json!("ann@example.com")));
        // An API token has the user's fields at the time it is issued.
        assert_eq!(claims(&ann.jwt(&server).await)["name"], "Anna");
    }

    async fn change_password_requires_the_current_password(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let phone = ann.sign_in(&server).await;
        let me = ann.bearer_client(&server);
        let change = async |current: &str, new: &str| {
            me.post("/api/auth/change-password", &json!({ "currentPassword": current, "newPassword": new })).await
        };
        change("wrong password", NEW_PASSWORD).await.assert_auth_error(400, "INVALID_PASSWORD", "Invalid password");
        change(PASSWORD, "short").await.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        change(PASSWORD, &"x".repeat(129)).await.assert_auth_error(400, "PASSWORD_TOO_LONG", "Password too long");
        change(&"x".repeat(129), NEW_PASSWORD).await.assert_auth_error(400, "PASSWORD_TOO_LONG", "Password too long");
        let missing = me.post("/api/auth/change-password", &json!({})).await;
        let both = "[body.newPassword] Invalid input: expected string, received undefined; [body.currentPassword] Invalid input: expected string, received undefined";
        missing.assert_auth_error(400, "VALIDATION_ERROR", both);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 200, "the password is unchanged");

        let response = change(PASSWORD, NEW_PASSWORD).await;
        assert_eq!((response.status, &response.json()["token"], fields(&response.json()["user"])), (200, &Value::Null, USER.to_vec()));
        assert!(phone.is_signed_in(&server).await);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
        assert_eq!(sign_in(&server, &ann.email, NEW_PASSWORD).await.status, 200);

        let body = json!({ "currentPassword": NEW_PASSWORD, "newPassword": PASSWORD, "revokeOtherSessions": true });
        let response = me.post("/api/auth/change-password", &body).await;
        let fresh = TestUser::from(&response);
        assert!(fresh.is_signed_in(&server).await && !ann.is_signed_in(&server).await && !phone.is_signed_in(&server).await);
    }

    async fn delete_user_deletes_sessions_and_accounts(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        let me = ann.bearer_client(&server);
        me.post("/api/auth/delete-user", &json!({ "password": "wrong password" })).await.assert_auth_error(400, "INVALID_PASSWORD", "Invalid password");
        server.execute_sql(r#"UPDATE session SET "createdAt" = '2026-01-01T00:00:00.000+00:00'"#).await;
        let expired = "Session expired. Re-authenticate to perform this action.";
        me.post("/api/auth/delete-user", &json!({})).await.assert_auth_error(400, "SESSION_EXPIRED", expired);
        let response = me.post("/api/auth/delete-user", &json!({ "password": PASSWORD })).await;
        assert_eq!((response.status, response.json()), (200, json!({ "success": true, "message": "User deleted" })));
        assert_eq!(response.cookies, CLEARED);
        for table in ["\"user\"", "account", "session"] {
            assert_eq!(server.query_i64(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}: bob's");
        }
        assert!(bob.is_signed_in(&server).await && !ann.is_signed_in(&server).await);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
        let fresh = TestUser::sign_up(&server, "ann").await;
        assert_eq!(fresh.bearer_client(&server).post("/api/auth/delete-user", &json!({})).await.status, 200);
    }

    async fn list_accounts_returns_the_credential_account(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let accounts = ann.bearer_client(&server).get("/api/auth/list-accounts").await.json();
        let account = &accounts[0];
        assert_eq!(accounts.as_array().unwrap().len(), 1);
        assert_eq!(fields(account), ["accountId", "createdAt", "id", "providerId", "scopes", "updatedAt", "userId"]);
        assert_eq!((&account["providerId"], &account["userId"], &account["scopes"]), (&json!("credential"), &json!(ann.id), &json!([])));
        assert_date(&account["createdAt"]);
    }

    /// A Better Auth server on the same database creates users that sign in with another provider.
    async fn user_without_password_cannot_sign_in(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        server.execute_sql(r#"UPDATE account SET password = NULL, "providerId" = 'github', scope = 'user:email,repo'"#).await;
        sign_in(&server, &ann.email, PASSWORD).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
        let response = ann.bearer_client(&server).post("/api/auth/change-password", &body).await;
        response.assert_auth_error(400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found");
        let accounts = ann.bearer_client(&server).get("/api/auth/list-accounts").await.json();
        assert_eq!(accounts[0]["scopes"], json!(["user:email", "repo"]));
    }

    async fn incomplete_body_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let phone = ann.sign_in(&server).await;
        let me = ann.bearer_client(&server);
        let before = (me.get("/api/auth/me").await.json(), me.get("/api/auth/list-sessions").await.json());
        for route in ["delete-user", "sign-out", "logout", "revoke-sessions", "revoke-other-sessions", "revoke-session", "update-user", "change-password"] {
            for body in [
                "Content-Length: 19\r\n\r\n",
                "Content-Length: 19\r\n\r\n{}",
                "Transfer-Encoding: chunked\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n\r\n",
            ] {
                let (host, token) = (server.address(), &ann.token);
                let request = format!("POST /api/auth/{route} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{body}");
                let response = send_raw_half_closed(host, request.as_bytes()).await;
                assert!(response.is_empty() || response.starts_with("HTTP/1.1 400 "), "{route} {body:?}: {response}");
            }
        }
        let after = (me.get("/api/auth/me").await.json(), me.get("/api/auth/list-sessions").await.json());
        assert_eq!(before, after);
        assert!(phone.is_signed_in(&server).await);
        // Routes without parameters accept a request without a body.
        let request = format!("POST /api/auth/sign-out HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n", server.address(), ann.token);
        assert!(send_raw(server.address(), request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
        assert!(!ann.is_signed_in(&server).await);
    }
}
