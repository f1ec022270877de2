//! Tokens signed with the keys an issuer publishes.

mod keys;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::harness::{
    Answer, Engine, ISSUER, Issuer, PATIENCE, Publishes, SECRET, Server, Setup, Signal, Signer, base64,
    claims, free_port, http, now, signed,
};

const SIGNATURE: &str = "Invalid token signature";
const INVALID: &str = "Invalid token";

/// Made by tests/e2e/fixtures.mjs with a real Better Auth server.
fn fixtures() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/better-auth.json")).unwrap()
}

/// A server that trusts this issuer, and the secret as well.
async fn server(issuer: &Issuer) -> Server {
    setup(&issuer.url, ISSUER).await.start().await
}

/// A server for tokens of this `iss`, whose keys are at this URL.
async fn setup(url: &str, iss: &str) -> Setup {
    let auth = format!("{{issuer=\"{iss}\"}}");
    Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", url).with("ROCKET_AUTH", &auth)
}

/// A token that the secret has signed, of the issuer that the servers here are told of.
fn token_for(user: &str) -> String {
    signed(&json!({ "sub": user, "exp": now() + 3600, "iss": ISSUER }))
}

async fn ask(server: &Server, token: &str) -> Answer {
    timeout(PATIENCE, server.bearer(token).get("/api/tasks")).await.expect("an answer")
}

async fn is_accepted(server: &Server, token: &str) {
    let answer = ask(server, token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn is_refused(server: &Server, token: &str, detail: &str) {
    ask(server, token).await.is_error(401, "AUTHENTICATION_REQUIRED", detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_that_better_auth_issued_is_accepted_and_no_change_to_one() {
    for fixture in fixtures() {
        let issuer = Issuer::with(fixture["jwks"]["keys"].as_array().unwrap().clone()).await;
        let token = fixture["token"].as_str().unwrap();
        // Its keys come from elsewhere here, so the server is told what `iss` is, and `aud` where Better Auth was.
        let setup = setup(&issuer.url, fixture["issuer"].as_str().unwrap()).await;
        let server = match fixture["name"].as_str() {
            Some("several audiences") => {
                let auth = format!("{{issuer={},audience=\"https://api.example.com\"}}", fixture["issuer"]);
                setup.with("ROCKET_AUTH", &auth).start().await
            }
            _ => setup.start().await,
        };
        let task = server.bearer(token).create("t").await;
        assert_eq!(task["user_id"], fixture["user"], "{}", fixture["name"]);
        is_accepted(&server, token).await;

        // Nothing of what was remembered of it helps one that is only like it.
        let parts: Vec<&str> = token.split('.').collect();
        let forged = base64(json!({ "sub": "you", "exp": now() + 60 }).to_string().as_bytes());
        is_refused(&server, &format!("{}.{forged}.{}", parts[0], parts[2]), SIGNATURE).await;
        is_refused(&server, &format!("{}.{}.", parts[0], parts[1]), SIGNATURE).await;
        is_refused(&server, &format!("{}.{}.{}", parts[0], parts[1], base64(&[0; 64])), SIGNATURE).await;
        is_refused(&server, &format!("{}.{}.{}", parts[0], parts[1], &parts[2][4..]), SIGNATURE).await;
        is_refused(&server, &format!("{token}.x"), INVALID).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_says_which_algorithm_not_the_token() {
    let all = fixtures();
    let keys: Vec<Value> = all.iter().flat_map(|it| it["jwks"]["keys"].as_array().unwrap().clone()).collect();
    let issuer = Issuer::with(keys.clone()).await;
    let signer = &all[0];
    let server = setup(&issuer.url, signer["issuer"].as_str().unwrap()).await.start().await;
    is_accepted(&server, signer["token"].as_str().unwrap()).await;
    let message = signer["token"].as_str().unwrap().split('.').collect::<Vec<_>>();
    for key in &keys {
        for alg in ["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256"] {
            // A good signature under another key's name, and every algorithm but that key's own.
            let header = base64(json!({ "alg": alg, "kid": key["kid"] }).to_string().as_bytes());
            if header == message[0] {
                continue;
            }
            let answer = ask(&server, &format!("{header}.{}.{}", message[1], message[2])).await;
            assert_eq!(answer.status, 401, "{alg} {key}");
        }
    }
    for alg in ["none", "HS384", "HS512", "RS384", "PS384", "PS512", "ES256K", "EdDSA ", "eddsa", ""] {
        let header = base64(json!({ "alg": alg, "kid": keys[0]["kid"] }).to_string().as_bytes());
        is_refused(&server, &format!("{header}.{}.{}", message[1], message[2]), INVALID).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_cannot_bring_its_own_key() {
    let (signer, stranger) = (Signer::new("one"), Signer::new("two"));
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let elsewhere = Issuer::with(vec![stranger.jwk()]).await;
    let server = server(&issuer).await;
    for kid in ["one", "two"] {
        for (name, value) in [
            ("jwk", stranger.jwk()),
            ("jku", json!(format!("{}/api/auth/jwks", elsewhere.url))),
            ("x5u", json!(format!("{}/api/auth/jwks", elsewhere.url))),
            ("x5c", json!(["MIIB"])),
        ] {
            let mut header = json!({ "alg": "EdDSA", "kid": kid });
            header[name] = value.clone();
            is_refused(&server, &stranger.sign_with(&header, &claims("me")), SIGNATURE).await;
            // And where the signature is right, whatever else it says does no harm.
            header["kid"] = json!("one");
            is_accepted(&server, &signer.sign_with(&header, &claims("me"))).await;
        }
    }
    assert_eq!(elsewhere.asked(), 0, "nobody is asked but the configured issuer");
    for crit in [json!(["exp"]), json!([]), json!("b64"), Value::Null] {
        is_refused(
            &server,
            &signer.sign_with(&json!({ "alg": "EdDSA", "kid": "one", "crit": crit }), &claims("me")),
            INVALID,
        )
        .await;
    }
    for kid in [json!(7), json!(["one"]), json!({})] {
        is_refused(
            &server,
            &signer.sign_with(&json!({ "alg": "EdDSA", "kid": kid }), &claims("me")),
            INVALID,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_names_of_the_algorithm_and_tokens_without_a_kid_are_understood() {
    let (one, two) = (Signer::new("one"), Signer::new("two"));
    let issuer = Issuer::with(vec![one.jwk(), two.jwk()]).await;
    let server = server(&issuer).await;
    for header in [
        json!({ "alg": "Ed25519", "kid": "two" }),
        json!({ "alg": "EdDSA" }),
        json!({ "alg": "EdDSA", "kid": null }),
    ] {
        is_accepted(&server, &two.sign_with(&header, &claims("me"))).await;
    }
    is_refused(&server, &Signer::new("x").sign_with(&json!({ "alg": "EdDSA" }), &claims("me")), SIGNATURE)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_of_a_token_ends_with_it_and_with_its_key() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::with(vec![old.jwk()]).await;
    let server = server(&issuer).await;
    let short = old.sign(&json!({ "sub": "me", "exp": now() + 3 }));
    let long = old.sign(&claims("me"));
    for _ in 0..3 {
        is_accepted(&server, &short).await;
        is_accepted(&server, &long).await;
    }
    sleep(Duration::from_secs(3)).await;
    is_refused(&server, &short, "Token has expired").await;
    is_accepted(&server, &long).await;
    // The old key is withdrawn; a token of the new one makes the server look.
    issuer.publish(Publishes::Keys(vec![new.jwk()]));
    is_accepted(&server, &new.sign(&claims("me"))).await;
    is_refused(&server, &long, SIGNATURE).await;
    is_refused(&server, &long, SIGNATURE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_keys_cause_no_flood_of_fetches_and_hold_nobody_up() {
    let signer = Signer::new("known");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let server = server(&issuer).await;
    let good = signer.sign(&claims("me"));
    is_accepted(&server, &good).await;
    // From now on the issuer hangs: whoever waits for it waits long.
    issuer.publish(Publishes::Silence);
    let before = issuer.asked();
    let flood: Vec<_> = (0..200)
        .map(|n| {
            let token =
                signer.sign_with(&json!({ "alg": "EdDSA", "kid": format!("made-up-{n}") }), &claims("me"));
            let caller = server.bearer(&token);
            tokio::spawn(async move { caller.get("/api/tasks").await.status })
        })
        .collect();
    for n in 0..50 {
        // New tokens, too: not only those that are remembered.
        let fresh = signer.sign(&json!({ "sub": "me", "exp": now() + 60, "n": n }));
        let answer = timeout(Duration::from_secs(3), ask(&server, &fresh))
            .await
            .expect("without waiting for the issuer");
        assert_eq!(answer.status, 200);
    }
    for call in flood {
        assert_eq!(timeout(PATIENCE, call).await.unwrap().unwrap(), 401);
    }
    assert!(issuer.asked() - before <= 2, "asked {} times", issuer.asked() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_answers_nonsense_costs_neither_its_last_keys_nor_anything_else() {
    let signer = Signer::new("known");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let mut big = json!({ "keys": [signer.jwk()], "padding": "x".repeat(16 << 20) }).to_string().into_bytes();
    big = http(&big);
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: /api/auth/jwks?again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    let empty_500 =
        b"HTTP/1.1 500 Oops\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"keys\":[]}".to_vec();
    for nonsense in [
        Publishes::Raw(http(b"<!doctype html><title>Sign in</title>")),
        Publishes::Raw(http(b"{\"keys\":{}}")),
        Publishes::Raw(http(b"[]")),
        Publishes::Raw(http(b"")),
        Publishes::Raw(b"garbage\r\n\r\n".to_vec()),
        Publishes::Raw(big),
        Publishes::Raw(redirect),
        Publishes::Raw(empty_500),
    ] {
        issuer.publish(Publishes::Keys(vec![signer.jwk()]));
        let mut server = server(&issuer).await;
        is_accepted(&server, &signer.sign(&claims("me"))).await;
        issuer.publish(nonsense.clone());
        // An unknown key makes it fetch the nonsense now.
        is_refused(&server, &Signer::new("unknown").sign(&claims("me")), SIGNATURE).await;
        is_accepted(&server, &signer.sign(&claims("you"))).await;
        server.signal(Signal::TERM);
        assert_eq!(server.ended().await.code(), Some(0));

        // The same at the start: it is ready, serves the secret's tokens, and says once what is the matter.
        let mut server = self::server(&issuer).await;
        server.ready(true).await;
        is_accepted(&server, &token_for("me")).await;
        is_refused(&server, &signer.sign(&claims("me")), SIGNATURE).await;
        server.line(|line| line["level"] == "WARN" && line["issuer"] == "127.0.0.1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_is_one_line_in_the_log_and_its_return_another() {
    let signer = Signer::new("one");
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let mut server = setup(&url, ISSUER).await.start().await;
    let token = signer.sign(&claims("me"));
    for _ in 0..20 {
        is_refused(&server, &token, SIGNATURE).await;
    }
    server.ready(true).await;
    let _issuer = Issuer::at(port, Publishes::Keys(vec![signer.jwk()])).await;
    server.line(|line| line["message"] == "the issuer's keys are fetched again").await;
    is_accepted(&server, &token).await;
    let outages = server.output().iter().filter(|line| line.contains("cannot be fetched")).count();
    assert_eq!(outages, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_confirmed_are_not_trusted_for_ever() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let auth = format!("{{issuer=\"{ISSUER}\",jwks_trusted_for=2}}");
    let server = setup(&issuer.url, ISSUER).await.with("ROCKET_AUTH", &auth).start().await;
    let token = signer.sign(&claims("me"));
    is_accepted(&server, &token).await;
    issuer.publish(Publishes::Raw(http(b"gone")));
    sleep(Duration::from_millis(2500)).await;
    is_refused(&server, &token, SIGNATURE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_release_an_issuer_does_for_a_secret() {
    let signer = Signer::new("one");
    let issuer = Issuer::with(vec![signer.jwk()]).await;
    let release = setup(&issuer.url, ISSUER)
        .await
        .without("BETTER_AUTH_URL")
        .without("BETTER_AUTH_SECRET")
        .with("ROCKET_PROFILE", "release")
        .with("ROCKET_ADDRESS", "127.0.0.1");
    let server = release.clone().with("BETTER_AUTH_URL", &issuer.url).start().await;
    is_accepted(&server, &signer.sign(&claims("me"))).await;
    is_refused(&server, &token_for("me"), INVALID).await;
    let minted = release.clone().with("BETTER_AUTH_URL", &issuer.url).run(&["token", "--user", "me"]).await;
    assert_eq!(minted.status.code(), Some(2), "without a secret no token can be made");
    let elsewhere = format!("{{issuer=\"{ISSUER}\",jwks_url=\"{}/api/auth/jwks\"}}", issuer.url);
    let server = release
        .clone()
        .with("BETTER_AUTH_URL", "http://127.0.0.1:1")
        .with("ROCKET_AUTH", &elsewhere)
        .start()
        .await;
    is_accepted(&server, &signer.sign(&claims("me"))).await;
    for (name, value) in [
        ("BETTER_AUTH_URL", "app.example.com"),
        ("BETTER_AUTH_URL", "ftp://x"),
        ("ROCKET_AUTH", "{jwks_url=\"/jwks\"}"),
    ] {
        let output = release.clone().with("BETTER_AUTH_SECRET", SECRET).with(name, value).run(&[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("is no http:// or https:// URL"), "{said}");
    }
}
