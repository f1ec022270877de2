//! Rate limits of password attempts, and shares of the hash queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::protection::start_limited;
use super::{PASSWORD, TestUser};
use crate::harness::{Engine, Response, Server};
use crate::on_both_engines;

const PROXIES: &str = ",trusted_proxies=[\"127.0.0.0/8\"]";
const TOO_MANY: &str = "Too many requests. Please try again later.";

/// Sends a `POST` from this client IP, with a session if there is a token.
async fn post(server: &Server, from: &str, token: Option<&str>, path: &str, body: &Value) -> Response {
    let client = token.map_or_else(|| server.anonymous(), |token| server.bearer(token));
    client.with("X-Forwarded-For", from).post(path, body).await
}

async fn sign_up_from(server: &Server, from: &str, name: &str) -> TestUser {
    let body = json!({ "name": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    TestUser::from(&post(server, from, None, "/api/auth/sign-up/email", &body).await)
}

on_both_engines! {
    /// The paths come from the OpenAPI document, so that the test includes new routes.
    async fn every_password_route_counts_attempts(engine: Engine) {
        let server = start_limited(engine, PROXIES).await;
        let document = server.anonymous().get("/openapi.json").await.json();
        let takes_password = |operation: &Value| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
            ["password", "newPassword", "currentPassword"].iter().any(|name| schema.get(name).is_some())
        };
        let paths = document["paths"].as_object().unwrap().iter();
        let paths: Vec<_> = paths.filter(|(path, it)| path.starts_with("/api/auth/") && takes_password(&it["post"])).collect();
        assert!(paths.len() >= 10, "{paths:?}");
        for (n, (path, operation)) in paths.into_iter().enumerate() {
            let person = sign_up_from(&server, &format!("198.51.100.{n}"), &format!("user{n}")).await;
            let example = &operation["post"]["requestBody"]["content"]["application/json"]["example"];
            let mut statuses = Vec::new();
            for _ in 0..4 {
                statuses.push(post(&server, &format!("203.0.113.{n}"), Some(&person.token), path, example).await.status);
            }
            assert!(!statuses[..3].contains(&429) && statuses[3] == 429, "{path}: {statuses:?}");
        }
    }

    async fn password_checks_of_a_session_are_limited(engine: Engine) {
        let server = start_limited(engine, "").await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let me = ann.bearer_client(&server);
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

    /// An IPv6 network of 48 bits has 65,536 networks of 64 bits, which the rate limiter counts separately.
    async fn one_network_cannot_fill_the_hash_queue(engine: Engine) {
        let server = Arc::new(start_limited(engine, &format!("{PROXIES},max_concurrent_hashes=1")).await);
        sign_up_from(&server, "203.0.113.1", "bob").await;
        let hashed = Arc::new(AtomicUsize::new(0));
        let attempts: Vec<_> = (0..60)
            .map(|n| {
                let (server, hashed) = (server.clone(), hashed.clone());
                tokio::spawn(async move {
                    let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
                    let from = format!("2001:db8:1:{n:x}::1");
                    let response = post(&server, &from, None, "/api/auth/sign-in/email", &body).await;
                    if response.status == 401 {
                        hashed.fetch_add(1, Ordering::Relaxed);
                    }
                    response
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
        let mut rejected = 0;
        for attempt in attempts {
            let response = attempt.await.unwrap();
            if response.status == 429 {
                response.assert_auth_error(429, "", TOO_MANY);
                assert!(response.header("x-retry-after").is_some() && response.header("retry-after").is_some());
                rejected += 1;
            } else {
                response.assert_auth_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
            }
        }
        assert!(rejected > 30, "{rejected}");
        // Rejected requests leave the queue, so the network can sign in again.
        let body = json!({ "email": "nobody@example.com", "password": PASSWORD });
        assert_eq!(post(&server, "2001:db8:1:ffff::1", None, "/api/auth/sign-in/email", &body).await.status, 401);
    }
}
