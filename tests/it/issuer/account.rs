//! What users do with themselves.

use serde_json::{Value, json};

use super::{CLEARED, PASSWORD, Person, USER, claims, fields, is_date, sign_in};
use crate::harness::{Engine, Server, send_raw, send_raw_half_closed};
use crate::on_both_engines;

const NEW: &str = "staple horse correct";

on_both_engines! {
    async fn a_user_changes_name_and_image_and_never_the_address(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let me = ann.by_bearer(&server);
        let user = async || me.get("/api/auth/me").await.json();
        let before = user().await;
        let answer = me.post("/api/auth/update-user", &json!({ "name": "Anna", "image": "https://x.example/a.png" })).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": true })));
        assert!(answer.cookies[0].contains("Max-Age=604800") && answer.header("set-auth-token").is_some());
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
        // A token for the API says what is true when it is made.
        assert_eq!(claims(&ann.jwt(&server).await)["name"], "Anna");
    }

    async fn a_password_is_changed_by_who_knows_it(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let phone = ann.signs_in(&server).await;
        let me = ann.by_bearer(&server);
        let change = async |current: &str, new: &str| {
            me.post("/api/auth/change-password", &json!({ "currentPassword": current, "newPassword": new })).await
        };
        change("wrong password", NEW).await.assert_auth_error(400, "INVALID_PASSWORD", "Invalid password");
        change(PASSWORD, "short").await.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        change(PASSWORD, &"x".repeat(129)).await.assert_auth_error(400, "PASSWORD_TOO_LONG", "Password too long");
        change(&"x".repeat(129), NEW).await.assert_auth_error(400, "PASSWORD_TOO_LONG", "Password too long");
        let missing = me.post("/api/auth/change-password", &json!({})).await;
        let both = "[body.newPassword] Invalid input: expected string, received undefined; [body.currentPassword] Invalid input: expected string, received undefined";
        missing.assert_auth_error(400, "VALIDATION_ERROR", both);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 200, "nothing has changed");

        let answer = change(PASSWORD, NEW).await;
        assert_eq!((answer.status, &answer.json()["token"], fields(&answer.json()["user"])), (200, &Value::Null, USER.to_vec()));
        assert!(phone.is_signed_in(&server).await);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
        assert_eq!(sign_in(&server, &ann.email, NEW).await.status, 200);

        let body = json!({ "currentPassword": NEW, "newPassword": PASSWORD, "revokeOtherSessions": true });
        let answer = me.post("/api/auth/change-password", &body).await;
        let fresh = Person::from(&answer);
        assert!(fresh.is_signed_in(&server).await && !ann.is_signed_in(&server).await && !phone.is_signed_in(&server).await);
    }

    async fn a_user_is_deleted_with_all_that_is_theirs(engine: Engine) {
        let server = Server::start(engine).await;
        let (ann, bob) = (Person::signs_up(&server, "ann").await, Person::signs_up(&server, "bob").await);
        let me = ann.by_bearer(&server);
        me.post("/api/auth/delete-user", &json!({ "password": "wrong password" })).await.assert_auth_error(400, "INVALID_PASSWORD", "Invalid password");
        server.execute_sql(r#"UPDATE session SET "createdAt" = '2026-01-01T00:00:00.000+00:00'"#).await;
        let expired = "Session expired. Re-authenticate to perform this action.";
        me.post("/api/auth/delete-user", &json!({})).await.assert_auth_error(400, "SESSION_EXPIRED", expired);
        let answer = me.post("/api/auth/delete-user", &json!({ "password": PASSWORD })).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "success": true, "message": "User deleted" })));
        assert_eq!(answer.cookies, CLEARED);
        for table in ["\"user\"", "account", "session"] {
            assert_eq!(server.query_i64(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}: bob's");
        }
        assert!(bob.is_signed_in(&server).await && !ann.is_signed_in(&server).await);
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
        let fresh = Person::signs_up(&server, "ann").await;
        assert_eq!(fresh.by_bearer(&server).post("/api/auth/delete-user", &json!({})).await.status, 200);
    }

    async fn one_sees_how_one_can_sign_in(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let accounts = ann.by_bearer(&server).get("/api/auth/list-accounts").await.json();
        let account = &accounts[0];
        assert_eq!(accounts.as_array().unwrap().len(), 1);
        assert_eq!(fields(account), ["accountId", "createdAt", "id", "providerId", "scopes", "updatedAt", "userId"]);
        assert_eq!((&account["providerId"], &account["userId"], &account["scopes"]), (&json!("credential"), &json!(ann.id), &json!([])));
        is_date(&account["createdAt"]);
    }

    /// Better Auth keeps people here, too, who sign in elsewhere.
    async fn who_has_no_password_cannot_sign_in_by_one(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        server.execute_sql(r#"UPDATE account SET password = NULL, "providerId" = 'github', scope = 'user:email,repo'"#).await;
        sign_in(&server, &ann.email, PASSWORD).await.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
        let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
        let answer = ann.by_bearer(&server).post("/api/auth/change-password", &body).await;
        answer.assert_auth_error(400, "CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found");
        let accounts = ann.by_bearer(&server).get("/api/auth/list-accounts").await.json();
        assert_eq!(accounts[0]["scopes"], json!(["user:email", "repo"]));
    }

    async fn an_account_route_whose_declared_body_is_not_there_whole_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let phone = ann.signs_in(&server).await;
        let me = ann.by_bearer(&server);
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
                let answer = send_raw_half_closed(host, request.as_bytes()).await;
                assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{route} {body:?}: {answer}");
            }
        }
        let after = (me.get("/api/auth/me").await.json(), me.get("/api/auth/list-sessions").await.json());
        assert_eq!(before, after);
        assert!(phone.is_signed_in(&server).await);
        // Without any body the routes that need none do what they are for.
        let request = format!("POST /api/auth/sign-out HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n", server.address(), ann.token);
        assert!(send_raw(server.address(), request.as_bytes()).await.starts_with("HTTP/1.1 200 "));
        assert!(!ann.is_signed_in(&server).await);
    }
}
