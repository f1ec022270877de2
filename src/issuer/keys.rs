//! Keys that sign tokens, made and kept as Better Auth's `jwt` plugin does it, so that both can share them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Generate, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use jsonwebtoken::EncodingKey;
use rocket::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::random::random_id;
use super::tables::{StoredKey, Tables};
use crate::auth::KeySource;
use crate::clock;
use crate::config::{IssuerConfig, Secret};
use crate::error::ApiError;
use crate::store::Store;

/// Bytes of the nonce that stands before what is encrypted.
const NONCE: usize = 24;

/// What a key is for that does not say: Better Auth's default.
const DEFAULT: &str = "EdDSA";

/// The keys.
#[derive(Clone)]
pub(super) struct Keys {
    store: Store,
    cipher: Arc<XChaCha20Poly1305>,
    lifetime: Option<Duration>,
    grace: Duration,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// A key that signs.
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) key: EncodingKey,
}

/// The private half, as a JWK ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).
#[derive(Serialize, Deserialize)]
struct PrivateJwk {
    crv: String,
    d: String,
    x: String,
    kty: String,
}

impl Keys {
    pub(super) fn new(store: Store, secret: &Secret, settings: &IssuerConfig) -> Self {
        let key = digest(&SHA256, secret.expose().as_bytes());
        let key = key.as_ref().first_chunk::<32>().copied().unwrap_or_default();
        let cipher = Arc::new(XChaCha20Poly1305::new(&key.into()));
        let (lifetime, grace) = (settings.key_rotation_interval(), settings.key_grace_period());
        Self { store, cipher, lifetime, grace }
    }

    /// The key that signs now. Made, if there is none.
    pub(super) async fn signing(&self) -> Result<SigningKey, ApiError> {
        let now = clock::now();
        let stored = Tables::of(&self.store).keys(now).await?;
        // One that cannot be decrypted is of an earlier secret, and what it has signed may still be about.
        match stored.iter().filter(|it| it.signs(now)).find_map(|it| self.open(it)) {
            Some(key) => Ok(key),
            None => self.make().await,
        }
    }

    /// All that a token may be signed with, as JWKs.
    pub(super) async fn published(&self) -> Result<Vec<Value>, ApiError> {
        let now = clock::now();
        let read = || async { Tables::of(&self.store).keys(now - self.grace).await };
        let mut stored = read().await?;
        if !stored.iter().any(|it| it.signs(now)) {
            self.make().await?;
            stored = read().await?;
        }
        Ok(stored.iter().filter_map(StoredKey::jwk).collect())
    }

    async fn make(&self) -> Result<SigningKey, ApiError> {
        let failed = |what: &str| ApiError::Internal(format!("no key can be made: {what}"));
        let pair = Ed25519KeyPair::generate().map_err(|error| failed(&error.to_string()))?;
        let seed = pair.seed().and_then(|it| it.as_be_bytes()).map_err(|error| failed(&error.to_string()))?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let private = PrivateJwk {
            crv: "Ed25519".to_owned(),
            d: URL_SAFE_NO_PAD.encode(seed.as_ref()),
            x: x.clone(),
            kty: "OKP".to_owned(),
        };
        let private = serde_json::to_string(&private).map_err(|error| failed(&error.to_string()))?;
        let stored = StoredKey {
            id: random_id(),
            public: json!({ "crv": "Ed25519", "x": x, "kty": "OKP" }).to_string(),
            private: self.encrypt(&private).ok_or_else(|| failed("it cannot be encrypted"))?,
            expires_at: self.lifetime.map(|it| clock::now() + it),
            alg: Some(DEFAULT.to_owned()),
        };
        Tables::of(&self.store).insert_key(&stored).await?;
        self.open(&stored).ok_or_else(|| failed("it cannot be read back"))
    }

    fn open(&self, stored: &StoredKey) -> Option<SigningKey> {
        let jwk: PrivateJwk = serde_json::from_str(&self.decrypt(&stored.private)?).ok()?;
        let (seed, public) = (URL_SAFE_NO_PAD.decode(&jwk.d).ok()?, URL_SAFE_NO_PAD.decode(&jwk.x).ok()?);
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public).ok()?;
        let der = pair.to_pkcs8v1().ok()?;
        Some(SigningKey { id: stored.id.clone(), key: EncodingKey::from_ed_der(der.as_ref()) })
    }

    /// The JSON string of the hexadecimal text of nonce and ciphertext.
    fn encrypt(&self, text: &str) -> Option<String> {
        let nonce = XNonce::generate();
        let sealed = self.cipher.encrypt(&nonce, text.as_bytes()).ok()?;
        Some(Value::String(hex::encode([nonce.as_slice(), &sealed].concat())).to_string())
    }

    fn decrypt(&self, kept: &str) -> Option<String> {
        let sealed: String = serde_json::from_str(kept).ok()?;
        let sealed = hex::decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let text = self.cipher.decrypt(&(*nonce).into(), sealed).ok()?;
        String::from_utf8(text).ok()
    }
}

impl StoredKey {
    fn signs(&self, now: DateTime<Utc>) -> bool {
        self.algorithm() == DEFAULT && self.expires_at.is_none_or(|at| at > now)
    }

    fn algorithm(&self) -> &str {
        self.alg.as_deref().unwrap_or(DEFAULT)
    }

    /// The public half, with its name and what it is for.
    fn jwk(&self) -> Option<Value> {
        let public: Map<String, Value> = serde_json::from_str(&self.public).ok()?;
        let mut jwk = Map::new();
        jwk.insert("alg".to_owned(), json!(self.algorithm()));
        jwk.extend(public);
        jwk.insert("kid".to_owned(), json!(self.id));
        Some(jwk.into())
    }
}

/// The verifier reads them where they are made.
#[async_trait]
impl KeySource for Keys {
    fn name(&self) -> &'static str {
        "this server's own"
    }

    async fn fetch(&self) -> Result<Vec<Value>, String> {
        self.published().await.map_err(|problem| problem.to_string())
    }
}
