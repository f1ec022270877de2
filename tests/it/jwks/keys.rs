//! Selection of keys from a JWKS document.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{SIGNATURE, ask, assert_accepted, assert_rejected, server, token_for};
use crate::harness::{ISSUER, JwksServer, Signer, base64, claims, now};

#[tokio::test(flavor = "multi_thread")]
async fn public_keys_are_never_hmac_secrets() {
    let signer = Signer::new("one");
    let oct = json!({ "kty": "oct", "kid": "oct", "alg": "HS256", "k": base64(b"a public secret, of 32 bytes or more to be long enough") });
    let issuer = JwksServer::with(vec![signer.jwk(), oct]).await;
    let server = server(&issuer).await;
    assert_accepted(&server, &signer.sign(&claims("me"))).await;
    assert_accepted(&server, &token_for("me")).await;
    let jwk = signer.jwk();
    for (secret, kid) in [
        (signer.public_bytes().to_vec(), "one"),
        (jwk["x"].as_str().unwrap().as_bytes().to_vec(), "one"),
        (jwk.to_string().into_bytes(), "one"),
        (b"a public secret, of 32 bytes or more to be long enough".to_vec(), "oct"),
    ] {
        for alg in ["HS256", "EdDSA"] {
            let header = json!({ "alg": alg, "kid": kid }).to_string();
            let message =
                format!("{}.{}", base64(header.as_bytes()), base64(claims("me").to_string().as_bytes()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
            assert_rejected(&server, &format!("{message}.{}", base64(tag.as_ref())), SIGNATURE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_jwks_entries_are_skipped() {
    let good = Signer::new("good");
    let mut keys = Vec::new();
    let mut broken = |change: &dyn Fn(&mut Value)| {
        let mut jwk = Signer::new("bad").jwk();
        change(&mut jwk);
        keys.push(jwk);
    };
    broken(&|it| it["x"] = json!("AAAA"));
    broken(&|it| it["x"] = json!(7));
    broken(&|it| it["x"] = json!("not base64!"));
    broken(&|it| it["crv"] = json!("X25519"));
    broken(&|it| it["kty"] = json!("EC"));
    broken(&|it| *it = json!("a string"));
    broken(&|it| *it = json!({}));
    broken(&|it| *it = json!({ "kty": "RSA", "kid": "bad", "n": "AQAB", "e": "AQAB", "alg": "RS256" }));
    broken(&|it| *it = json!({ "kty": "EC", "crv": "P-521", "kid": "bad", "x": "AA", "y": "AA" }));
    keys.push(good.jwk());
    let unfit = [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
    ];
    let signers: Vec<Signer> = ["enc", "ops", "rs", "hs"].map(Signer::new).into();
    for (signer, (name, value)) in signers.iter().zip(unfit) {
        let mut jwk = signer.jwk();
        jwk[name] = value;
        keys.push(jwk);
    }
    let issuer = JwksServer::with(keys).await;
    let server = server(&issuer).await;
    assert_accepted(&server, &good.sign(&claims("me"))).await;
    for signer in &signers {
        assert_rejected(&server, &signer.sign(&claims("me")), SIGNATURE).await;
    }
}

/// Forges a token without a private key. The signature is the identity point and zero: valid for any message whose hash is a multiple of the
/// order of the public key. Returns `None` if aws-lc rejects the key as no point of the curve.
fn forged_for(point: &[u8; 32]) -> Option<String> {
    let mut signature = [0; 64];
    signature[0] = 1;
    let key = UnparsedPublicKey::new(&ED25519, point);
    (0..200).find_map(|n| {
        let claims =
            json!({ "sub": "me", "exp": now() + 60, "iss": ISSUER, "aud": ISSUER, "n": n }).to_string();
        let message =
            format!("{}.{}", base64(br#"{"alg":"EdDSA","kid":"small"}"#), base64(claims.as_bytes()));
        let is_right = key.verify(message.as_bytes(), &signature).is_ok();
        is_right.then(|| format!("{message}.{}", base64(&signature)))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn small_order_public_keys_are_rejected() {
    let eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let other_eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let (zeros, ones) = ("00".repeat(30), "ff".repeat(30));
    let mut forgeable = 0;
    for (point, name) in [
        (format!("01{zeros}00"), "the identity"),
        (format!("01{zeros}80"), "the identity, with a sign"),
        (format!("00{zeros}00"), "order 4"),
        (format!("00{zeros}80"), "order 4, negative"),
        (format!("ec{ones}7f"), "order 2"),
        (format!("ec{ones}ff"), "order 2, with a sign"),
        (format!("ed{ones}7f"), "order 4, not canonical"),
        (format!("ed{ones}ff"), "order 4, negative and not canonical"),
        (format!("ee{ones}7f"), "the identity, not canonical"),
        (format!("ee{ones}ff"), "the identity, with a sign and not canonical"),
        (eighth.to_owned(), "order 8"),
        (eighth.replace("fc05", "fc85"), "order 8, negative"),
        (other_eighth.to_owned(), "the other of order 8"),
        (other_eighth.replace("037a", "03fa"), "the other of order 8, negative"),
    ] {
        let point: [u8; 32] = hex::decode(&point).unwrap().try_into().unwrap();
        let Some(token) = forged_for(&point) else { continue };
        forgeable += 1;
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "small", "x": base64(&point) });
        let issuer = JwksServer::with(vec![jwk]).await;
        let server = server(&issuer).await;
        let response = ask(&server, &token).await;
        assert_eq!((response.status, &response.json()["detail"]), (401, &json!(SIGNATURE)), "{name}");
    }
    assert!(forgeable >= 8, "the attack works on {forgeable} of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_keys_do_not_use_up_the_key_limit() {
    let signer = Signer::new("good");
    let mut keys: Vec<Value> = (0..64)
        .map(|n| match n % 4 {
            0 => json!({ "kty": "oct", "kid": format!("useless-{n}"), "k": "AAAA" }),
            1 => json!({ "kty": "RSA", "kid": format!("useless-{n}"), "n": "AQAB", "e": "AQAB" }),
            2 => json!({ "kty": "EC", "crv": "P-256", "kid": format!("useless-{n}"), "x": base64(&[n; 32]), "y": base64(&[7; 32]) }),
            _ => json!({ "kty": "OKP", "crv": "Ed25519", "kid": format!("useless-{n}"), "use": "enc", "x": base64(&[n; 32]) }),
        })
        .collect();
    keys.push(signer.jwk());
    let issuer = JwksServer::with(keys).await;
    let server = server(&issuer).await;
    assert_accepted(&server, &signer.sign(&claims("me"))).await;
    assert_accepted(&server, &signer.sign_with(&json!({ "alg": "EdDSA" }), &claims("me"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_kids_are_all_tried() {
    let (one, two) = (Signer::new("same"), Signer::new("same"));
    let issuer = JwksServer::with(vec![one.jwk(), two.jwk()]).await;
    let server = server(&issuer).await;
    assert_accepted(&server, &one.sign(&claims("me"))).await;
    assert_accepted(&server, &two.sign(&claims("me"))).await;
    assert_rejected(&server, &Signer::new("same").sign(&claims("me")), SIGNATURE).await;
}
