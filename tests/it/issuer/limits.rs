//! How much one client may ask of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::gate::limited;
use super::{PASSWORD, Person};
use crate::harness::{Engine, Response, Server};
use crate::on_both_engines;

const PROXIES: &str = ",trusted_proxies=[\"127.0.0.0/8\"]";
const TOO_MANY: &str = "Too many requests. Please try again later.";

/// A session's `POST` from this address.
async fn post(server: &Server, from: &str, token: Option<&str>, path: &str, body: &Value) -> Response {
    let client = token.map_or_else(|| server.anonymous(), |token| server.bearer(token));
    client.with("X-Forwarded-For", from).post(path, body).await
}

async fn signs_up_from(server: &Server, from: &str, name: &str) -> Person {
    let body = json!({ "name": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    Person::from(&post(server, from, None, "/api/auth/sign-up/email", &body).await)
}

on_both_engines! {
    /// The paths come from the document, so that a new one is not forgotten.
    async fn every_route_that_takes_a_password_counts_guesses(engine: Engine) {
        let server = limited(engine, PROXIES).await;
        let document = server.anonymous().get("/openapi.json").await.json();
        let takes_password = |operation: &Value| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
            ["password", "newPassword", "currentPassword"].iter().any(|name| schema.get(name).is_some())
        };
        let paths = document["paths"].as_object().unwrap().iter();
        let paths: Vec<_> = paths.filter(|(path, it)| path.starts_with("/api/auth/") && takes_password(&it["post"])).collect();
        assert!(paths.len() >= 10, "{paths:?}");
        for (n, (path, operation)) in paths.into_iter().enumerate() {
            let person = signs_up_from(&server, &format!("198.51.100.{n}"), &format!("user{n}")).await;
            let example = &operation["post"]["requestBody"]["content"]["application/json"]["example"];
            let mut statuses = Vec::new();
            for _ in 0..4 {
                statuses.push(post(&server, &format!("203.0.113.{n}"), Some(&person.token), path, example).await.status);
            }
            assert!(!statuses[..3].contains(&429) && statuses[3] == 429, "{path}: {statuses:?}");
        }
    }

    async fn a_session_does_not_serve_to_try_its_users_password(engine: Engine) {
        let server = limited(engine, "").await;
        let ann = Person::signs_up(&server, "ann").await;
        let me = ann.by_bearer(&server);
        for _ in 0..3 {
            let wrong = me.post("/api/auth/delete-user", &json!({ "password": "wrong password" })).await;
            wrong.assert_auth_error(400, "INVALID_PASSWORD", "Invalid password");
        }
        let right = me.post("/api/auth/delete-user", &json!({ "password": PASSWORD })).await;
        right.assert_auth_error(429, "", TOO_MANY);
        assert_eq!(right.header("retry-after"), right.header("x-retry-after"));
        let body = json!({ "currentPassword": PASSWORD, "newPassword": "staple horse correct" });
        me.post("/api/auth/change-password", &body).await.assert_auth_error(429, "", TOO_MANY);
        assert!(ann.is_signed_in(&server).await);
    }

    /// A customer's IPv6 network has 65,536 of those that the rate limiter counts one by one.
    async fn one_network_does_not_fill_the_queue_of_hashes(engine: Engine) {
        let server = Arc::new(limited(engine, &format!("{PROXIES},hashers=1")).await);
        signs_up_from(&server, "203.0.113.1", "bob").await;
        let hashed = Arc::new(AtomicUsize::new(0));
        let attempts: Vec<_> = (0..60)
            .map(|n| {
                let (server, hashed) = (server.clone(), hashed.clone());
                tokio::spawn(async move {
                    let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
                    let from = format!("2001:db8:1:{n:x}::1");
                    let answer = post(&server, &from, None, "/api/auth/sign-in/email", &body).await;
                    if answer.status == 401 {
                        hashed.fetch_add(1, Ordering::Relaxed);
                    }
                    answer
                })
            })
            .collect();
        while hashed.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let body = json!({ "email": "bob@example.com", "password": PASSWORD });
        let bob = post(&server, "203.0.113.2", None, "/api/auth/sign-in/email", &body).await;
        let before_bob = hashed.load(Ordering::Relaxed);
        assert_eq!(bob.status, 200, "{bob:?}");
        assert!(before_bob < 15, "{before_bob} hashes of another network came first");
        let mut refused = 0;
        for attempt in attempts {
            let answer = attempt.await.unwrap();
            if answer.status == 429 {
                answer.assert_auth_error(429, "", TOO_MANY);
                assert!(answer.header("x-retry-after").is_some() && answer.header("retry-after").is_some());
                refused += 1;
            } else {
                answer.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
            }
        }
        assert!(refused > 30, "{refused}");
        // What was refused is not held against anybody afterwards.
        let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
        assert_eq!(post(&server, "2001:db8:1:ffff::1", None, "/api/auth/sign-in/email", &body).await.status, 401);
    }
}
