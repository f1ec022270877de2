//! JWKS server with configurable responses. It records the requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::free_port;

/// The response of the server.
#[derive(Clone)]
pub enum JwksResponse {
    Keys(Vec<Value>),
    /// Keys at this path and 404 at every other.
    KeysAt(&'static str, Vec<Value>),
    Raw(Vec<u8>),
    Silence,
}

pub struct JwksServer {
    pub url: String,
    publishes: Arc<Mutex<JwksResponse>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl JwksServer {
    pub async fn with(keys: Vec<Value>) -> Self {
        Self::at(free_port(), JwksResponse::Keys(keys)).await
    }

    pub async fn at(port: u16, publishes: JwksResponse) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (publishes, requests) = (Arc::new(Mutex::new(publishes)), Arc::<Mutex<Vec<String>>>::default());
        let issuer = Self {
            url: format!("http://127.0.0.1:{port}"),
            publishes: publishes.clone(),
            requests: requests.clone(),
        };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (publishes, requests) = (publishes.clone(), requests.clone());
                tokio::spawn(async move {
                    let mut request = vec![0; 8192];
                    let length = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default();
                    requests.lock().unwrap().push(path.to_owned());
                    let publishes = publishes.lock().unwrap().clone();
                    let response = match publishes {
                        JwksResponse::KeysAt(at, _) if at != path => not_found(),
                        JwksResponse::KeysAt(_, keys) => jwks(&keys),
                        _ if path != "/api/auth/jwks" => panic!("only the keys are requests for, not {path}"),
                        JwksResponse::Keys(keys) => jwks(&keys),
                        JwksResponse::Raw(bytes) => bytes,
                        JwksResponse::Silence => {
                            tokio::time::sleep(Duration::from_mins(5)).await;
                            Vec::new()
                        }
                    };
                    let _ = stream.write_all(&response).await;
                });
            }
        });
        issuer
    }

    pub fn publish(&self, publishes: JwksResponse) {
        *self.publishes.lock().unwrap() = publishes;
    }

    /// Number of requests so far.
    pub fn request_count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Paths of the requests so far.
    pub fn requested_paths(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn jwks(keys: &[Value]) -> Vec<u8> {
    http(json!({ "keys": keys }).to_string().as_bytes())
}

fn not_found() -> Vec<u8> {
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
}

/// A response with this body.
pub fn http(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Default `iss` and `aud` of the tokens of a [`Signer`]. Servers trust it through `auth.issuer`.
pub const ISSUER: &str = "https://id.example";

/// Ed25519 key pair: the default algorithm of Better Auth.
pub struct Signer {
    pair: Ed25519KeyPair,
    pub kid: &'static str,
}

impl Signer {
    pub fn new(kid: &'static str) -> Self {
        Self { pair: Ed25519KeyPair::generate().unwrap(), kid }
    }

    pub fn public_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn jwk(&self) -> Value {
        let x = base64(self.public_bytes());
        json!({ "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "x": x, "kid": self.kid })
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({ "alg": "EdDSA", "kid": self.kid }), claims)
    }

    /// Adds `iss` and `aud` unless the claims contain them.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let mut all = json!({ "iss": ISSUER, "aud": ISSUER });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        self.sign_exactly(header, &all)
    }

    pub fn sign_exactly(&self, header: &Value, claims: &Value) -> String {
        let message =
            format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", base64(signature.as_ref()))
    }
}

pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
