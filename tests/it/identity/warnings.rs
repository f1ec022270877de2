//! Warnings about rejected tokens.

use serde_json::{Value, json};

use super::{ask, assert_rejected, header, server, session};
use crate::harness::{JwksServer, Server, Signer};

fn warnings(server: &Server) -> Vec<Value> {
    let lines = server.logs();
    let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter(|line| line["level"] == "WARN" && line["claim"].is_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_claim_logs_one_warning_per_value_and_names_the_setting() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let mut server = server(&issuer).await;
    let origin = issuer.url.as_str();
    let public = "https://app.example.com";
    for (typ, changes, claim, value, expected, hint) in [
        (
            None,
            vec![("iss", json!(public)), ("aud", json!(public))],
            "iss",
            "\"https://app.example.com\"",
            origin,
            "auth.issuer",
        ),
        (
            None,
            vec![("aud", json!("client-1"))],
            "aud",
            "\"client-1\"",
            origin,
            "if that is another application's client_id, the refusal is right",
        ),
        (None, vec![("azp", json!("client-2"))], "azp", "\"client-2\"", "absent", "auth.audience"),
        (Some(json!("at+jwt")), vec![], "typ", "\"at+jwt\"", "absent or \"JWT\"", "auth.audience"),
        (
            None,
            vec![("role", json!("anonymous"))],
            "role",
            "\"anonymous\"",
            "the role of a user",
            "auth.allow_anonymous",
        ),
    ] {
        let token = signer.sign_exactly(&header(typ), &session(origin, &changes));
        for _ in 0..3 {
            assert_rejected(&ask(&server, &token).await, claim);
        }
        let line = server.wait_for_log_line(|line| line["claim"] == claim).await;
        assert_eq!((&line["value"], &line["expected"]), (&json!(value), &json!(expected)), "{line}");
        assert!(line["hint"].as_str().unwrap().contains(hint), "{line}");
    }
    assert_eq!(warnings(&server).len(), 5, "each once: {:#?}", warnings(&server));
    // The sixth warning in a minute is counted but not logged.
    assert_rejected(
        &ask(&server, &signer.sign_exactly(&header(None), &session(origin, &[("aud", json!("client-3"))])))
            .await,
        "aud",
    );
    // Invalid signatures and expired tokens cause no warning about claims.
    let stranger = Signer::new("one").sign_exactly(&header(None), &session("https://evil.example", &[]));
    ask(&server, &stranger).await.assert_error(401, "AUTHENTICATION_REQUIRED", "Invalid token signature");
    let expired = signer.sign_exactly(&header(None), &session("https://evil.example", &[("exp", json!(1))]));
    ask(&server, &expired).await.assert_error(401, "AUTHENTICATION_REQUIRED", "Token has expired");
    assert_eq!(warnings(&server).len(), 5);
    let metrics = server.anonymous().get("/metrics").await.body;
    for (sample, count) in [
        (r#"todo_token_verifications_total{result="wrong_claim"}"#, 16),
        (r#"todo_token_verifications_total{result="invalid"}"#, 0),
        (r#"todo_token_wrong_claims_total{claim="iss"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="aud"}"#, 4),
        (r#"todo_token_wrong_claims_total{claim="azp"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="typ"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="role"}"#, 3),
        (r#"todo_token_wrong_claims_total{claim="cnf"}"#, 0),
    ] {
        assert!(metrics.contains(&format!("{sample} {count}\n")), "{sample}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logged_claims_are_truncated_and_escaped() {
    let signer = Signer::new("one");
    let issuer = JwksServer::with(vec![signer.jwk()]).await;
    let mut server = server(&issuer).await;
    let long = format!("\u{1b}[31m\u{202e}\n{}", "x".repeat(5000));
    let claims = session(&issuer.url, &[("iss", json!(long)), ("aud", json!([{ "a": long }]))]);
    assert_rejected(&ask(&server, &signer.sign_exactly(&header(None), &claims)).await, "hostile");
    let line = server.wait_for_log_line(|line| line["claim"].is_string()).await;
    let value = line["value"].as_str().unwrap();
    assert!(value.ends_with('…'), "{value}");
    assert!(value.chars().count() < 300 && !value.chars().any(char::is_control), "{value}");
    assert!(!value.contains('\u{202e}') && !value.contains('\u{1b}'), "{value}");
}
