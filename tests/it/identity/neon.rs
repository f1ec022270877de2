//! Neon Auth: its variables, JWKS path and anonymous role, and the log of failed fetches.

use serde_json::json;

use super::{ask, check_table, session};
use crate::harness::{Engine, JwksResponse, JwksServer, ServerConfig, Signer, now};

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_role_is_accepted_if_configured() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url);
    let server = config.with("ROCKET_AUTH", "{allow_anonymous=true}").start().await;
    check_table(
        &server,
        &signer,
        &issuer.url,
        vec![("an anonymous user", None, vec![("role", json!("anonymous"))], true)],
    )
    .await;
}

/// JWKS path of Neon Auth below its base URL.
const NEON: &str = "/neondb/auth/.well-known/jwks.json";

#[tokio::test(flavor = "multi_thread")]
async fn neon_variables_suffice_and_the_jwks_path_is_remembered() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    issuer.publish(JwksResponse::KeysAt(NEON, vec![signer.jwk()]));
    let (base, keys) = (format!("{}/neondb/auth", issuer.url), format!("{}{NEON}", issuer.url));
    let user = ("role", json!("authenticated"));
    for (variables, asked) in [
        (vec![("NEON_AUTH_BASE_URL", &base)], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("NEON_AUTH_BASE_URL", &format!("{base}/"))], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("BETTER_AUTH_URL", &base)], vec!["/neondb/auth/jwks", NEON, NEON]),
        (vec![("NEON_AUTH_JWKS_URL", &keys)], vec![NEON, NEON]),
        (vec![("NEON_AUTH_BASE_URL", &base), ("NEON_AUTH_JWKS_URL", &keys)], vec![NEON, NEON]),
    ] {
        let before = issuer.request_count();
        let release = ServerConfig::with_database(Engine::Sqlite)
            .await
            .without("BETTER_AUTH_SECRET")
            .with("ROCKET_PROFILE", "release");
        let mut config = release.with("ROCKET_ADDRESS", "127.0.0.1").with("ROCKET_SHUTDOWN", "{drain=0}");
        for (name, value) in &variables {
            config = config.with(name, value);
        }
        let server = config.start().await;
        check_table(&server, &signer, &issuer.url, vec![("a user", None, vec![user.clone()], true)]).await;
        // An unknown `kid` triggers another fetch.
        ask(
            &server,
            &Signer::new("two")
                .sign_exactly(&json!({ "alg": "EdDSA", "kid": "two" }), &session(&issuer.url, &[])),
        )
        .await;
        assert_eq!(issuer.requested_paths()[before..], asked, "{variables:?}");
        let anonymous_row = vec![("an anonymous user", None, vec![("role", json!("anonymous"))], false)];
        check_table(&server, &signer, &issuer.url, anonymous_row).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neon_variables_are_ignored_if_another_issuer_is_configured() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let neon = ServerConfig::with_database(Engine::Sqlite)
        .await
        .with("NEON_AUTH_BASE_URL", "http://127.0.0.1:1/neondb/auth")
        .with("NEON_AUTH_JWKS_URL", "http://127.0.0.1:1/neondb/auth/.well-known/jwks.json");
    let by_rocket = format!("{{url=\"{}\"}}", issuer.url);
    for (name, value) in [("BETTER_AUTH_URL", issuer.url.as_str()), ("ROCKET_AUTH", by_rocket.as_str())] {
        let server = neon.clone().with(name, value).start().await;
        check_table(&server, &signer, &issuer.url, vec![("a user", None, vec![], true)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_jwks_fetch_logs_host_path_and_last_success() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    issuer.publish(JwksResponse::KeysAt("/elsewhere", Vec::new()));
    let url = issuer.url.replace("http://", "http://user:hunter2@");
    let mut server =
        ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &url).start().await;
    let host = issuer.url.strip_prefix("http://").unwrap();
    let line = server.wait_for_log_line(|line| line["error"].is_string()).await;
    let error = line["error"].as_str().unwrap();
    assert_eq!(
        error,
        format!(
            "{host}/api/auth/jwks and {host}/api/auth/.well-known/jwks.json: unexpected status 404 Not Found"
        )
    );
    assert!(line["message"].as_str().unwrap().contains("no keys are cached"), "{line}");
    assert!(!server.logs().iter().any(|it| it.contains("hunter2")));

    // The keys appear at the second path and then disappear: the server tries the first path again.
    issuer.publish(JwksResponse::KeysAt("/api/auth/.well-known/jwks.json", vec![signer.jwk()]));
    server.wait_for_log_line(|line| line["message"] == "JWKS fetch recovered").await;
    issuer.publish(JwksResponse::KeysAt("/api/auth/jwks", vec![Signer::new("two").jwk(), signer.jwk()]));
    let token = signer.sign_exactly(&json!({ "alg": "EdDSA", "kid": "three" }), &session(&issuer.url, &[]));
    ask(&server, &token).await;
    assert_eq!(issuer.requested_paths().last().unwrap(), "/api/auth/jwks");
}

#[tokio::test(flavor = "multi_thread")]
async fn jwks_outage_logs_its_start_and_keeps_cached_keys() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let mut server =
        ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).start().await;
    check_table(&server, &signer, &issuer.url, vec![("a user", None, vec![], true)]).await;
    issuer.publish(JwksResponse::Raw(
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    ));
    let unknown = signer.sign_exactly(&json!({ "alg": "EdDSA", "kid": "two" }), &session(&issuer.url, &[]));
    ask(&server, &unknown).await;
    let line = server.wait_for_log_line(|line| line["unavailable_since"].is_string()).await;
    let host = issuer.url.strip_prefix("http://").unwrap();
    assert_eq!(line["error"], format!("{host}/api/auth/jwks: unexpected status 502 Bad Gateway"));
    let since = chrono::DateTime::parse_from_rfc3339(line["unavailable_since"].as_str().unwrap()).unwrap();
    assert!((now() - since.timestamp()).abs() < 60, "{line}");
    check_table(&server, &signer, &issuer.url, vec![("the last keys serve", None, vec![], true)]).await;
}
