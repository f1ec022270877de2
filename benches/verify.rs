//! What it costs to know who is calling, by algorithm: at the first sight of a token, and when it comes again.
//!
//!     cargo bench --bench verify

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot go on should not")]

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use todo_api::auth::Verifier;
use todo_api::config::ConfigLoader;
use tokio::runtime::Runtime;

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key pair: its algorithm, its public half as a JWKS has it, and its private one.
struct Signer {
    algorithm: &'static str,
    jwk: Value,
    sign: Sign,
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key().as_ref()) });
    Signer { algorithm: "EdDSA", jwk, sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()) }
}

fn ecdsa(algorithm: &'static str, curve: &str, signing: &'static EcdsaSigningAlgorithm) -> Signer {
    let pair = EcdsaKeyPair::generate(signing).unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({ "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) });
    let sign = move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    Signer { algorithm, jwk, sign: Box::new(sign) }
}

fn rsa(algorithm: &'static str, encoding: &'static dyn RsaEncoding) -> Signer {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pair = RsaKeyPair::from_pkcs8(AsDer::as_der(&key).unwrap().as_ref()).unwrap();
    let public = pair.public_key();
    let (n, e) = (
        public.modulus().big_endian_without_leading_zero(),
        public.exponent().big_endian_without_leading_zero(),
    );
    let jwk = json!({ "kty": "RSA", "alg": algorithm, "n": base64(n), "e": base64(e) });
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    Signer { algorithm, jwk, sign: Box::new(sign) }
}

impl Signer {
    /// A token like Better Auth's, and like no other.
    fn token(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let header = json!({ "alg": self.algorithm, "kid": self.algorithm });
        let claims = json!({
            "iat": 1_795_254_409, "name": "ann", "email": "ann@example.com", "emailVerified": false,
            "createdAt": "2026-11-21T09:46:49.552Z", "updatedAt": "2026-11-21T09:46:49.552Z",
            "id": "OXBCUoYTYknDAfOjmZLTtR1Hr1NictVf", "sub": "OXBCUoYTYknDAfOjmZLTtR1Hr1NictVf",
            "exp": 4_102_444_800_u64, "iss": "http://localhost:3000", "aud": "http://localhost:3000", "n": n
        });
        let message =
            format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = (self.sign)(message.as_bytes());
        format!("{message}.{}", base64(&signature))
    }
}

/// Serves this body to everybody who asks, for as long as the process lives.
fn publish(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

fn verify(criterion: &mut Criterion) {
    const SECRET: &str = "a secret of the bench, of more than 32 bytes";
    let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let hs256 = Signer {
        algorithm: "HS256",
        jwk: Value::Null,
        sign: Box::new(move |message| aws_lc_rs::hmac::sign(&hmac, message).as_ref().to_vec()),
    };
    let mut signers = vec![
        ed25519(),
        ecdsa("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ecdsa("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        ecdsa("ES512", "P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        rsa("RS256", &RSA_PKCS1_SHA256),
        rsa("RS512", &RSA_PKCS1_SHA512),
        rsa("PS256", &RSA_PSS_SHA256),
    ];
    for signer in &mut signers {
        signer.jwk["kid"] = json!(signer.algorithm);
    }
    let keys: Vec<&Value> = signers.iter().map(|it| &it.jwk).collect();
    let url = publish(json!({ "keys": keys }).to_string());
    signers.insert(0, hs256);

    let runtime = Runtime::new().unwrap();
    let settings = ConfigLoader::from_values([
        ("auth.jwks_url", url.as_str()),
        ("auth.issuer", "http://localhost:3000"),
        ("auth.secret", SECRET),
    ])
    .unwrap()
    .auth()
    .unwrap();
    let verifier = Arc::new(Verifier::new(&settings).unwrap());
    runtime.block_on(async { verifier.start() });
    for signer in &signers {
        let check = async |token: String| black_box(verifier.verify(Ok(&token)).await.unwrap());
        runtime.block_on(check(signer.token()));
        criterion.bench_function(&format!("{} first", signer.algorithm), |bencher| {
            bencher.to_async(&runtime).iter_batched(|| signer.token(), check, BatchSize::SmallInput);
        });
        let token = signer.token();
        criterion.bench_function(&format!("{} again", signer.algorithm), |bencher| {
            bencher.to_async(&runtime).iter_batched(|| token.clone(), check, BatchSize::SmallInput);
        });
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
