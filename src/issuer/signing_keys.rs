//! Ed25519 signing keys, generated, encrypted and stored as Better Auth's `jwt` plugin does it, so that both servers can share them.

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

use super::ids::random_id;
use super::store::{AuthStore, StoredKey};
use crate::auth::KeySource;
use crate::clock;
use crate::config::{IssuerConfig, Secret};
use crate::error::ApiError;
use crate::store::Store;

/// Length of the nonce in front of the ciphertext, in bytes.
const NONCE_LEN: usize = 24;

/// Algorithm of a stored key without `alg`: Better Auth's default.
const DEFAULT_ALG: &str = "EdDSA";

/// Signing keys in the `jwks` table. Private keys are encrypted with a key derived from `auth.secret`.
#[derive(Clone)]
pub(super) struct SigningKeys {
    store: Store,
    cipher: Arc<XChaCha20Poly1305>,
    /// Age at which a key stops signing.
    rotation_interval: Option<Duration>,
    /// Time for which an expired key stays published.
    grace_period: Duration,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(…)")
    }
}

/// A decrypted signing key.
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) key: EncodingKey,
}

/// A private key as a JWK ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).
#[derive(Serialize, Deserialize)]
struct PrivateJwk {
    crv: String,
    d: String,
    x: String,
    kty: String,
}

impl SigningKeys {
    pub(super) fn new(store: Store, secret: &Secret, settings: &IssuerConfig) -> Self {
        let key = digest(&SHA256, secret.expose().as_bytes());
        let key = key.as_ref().first_chunk::<32>().copied().unwrap_or_default();
        let cipher = Arc::new(XChaCha20Poly1305::new(&key.into()));
        Self {
            store,
            cipher,
            rotation_interval: settings.key_rotation_interval(),
            grace_period: settings.key_grace_period(),
        }
    }

    /// The newest key that signs. Generates a key if there is none.
    pub(super) async fn active_key(&self) -> Result<SigningKey, ApiError> {
        let now = clock::now();
        let stored = AuthStore::new(&self.store).keys_expiring_after(now).await?;
        // A key that cannot be decrypted was stored with an earlier secret. It stays published, because its tokens may still be in use.
        match stored.iter().filter(|key| key.is_active(now)).find_map(|key| self.decrypt_key(key)) {
            Some(key) => Ok(key),
            None => self.generate().await,
        }
    }

    /// The public keys that verify tokens, as JWKs: the active keys, and expired keys in their grace period.
    pub(super) async fn public_jwks(&self) -> Result<Vec<Value>, ApiError> {
        let now = clock::now();
        let read =
            || async { AuthStore::new(&self.store).keys_expiring_after(now - self.grace_period).await };
        let mut stored = read().await?;
        if !stored.iter().any(|key| key.is_active(now)) {
            self.generate().await?;
            stored = read().await?;
        }
        Ok(stored.iter().filter_map(StoredKey::jwk).collect())
    }

    async fn generate(&self) -> Result<SigningKey, ApiError> {
        let failed = |reason: &str| ApiError::Internal(format!("cannot generate signing key: {reason}"));
        let pair = Ed25519KeyPair::generate().map_err(|error| failed(&error.to_string()))?;
        let seed =
            pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(|error| failed(&error.to_string()))?;
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
            public_key: json!({ "crv": "Ed25519", "x": x, "kty": "OKP" }).to_string(),
            private_key: self.encrypt(&private).ok_or_else(|| failed("encryption failed"))?,
            expires_at: self.rotation_interval.map(|interval| clock::now() + interval),
            alg: Some(DEFAULT_ALG.to_owned()),
        };
        AuthStore::new(&self.store).insert_key(&stored).await?;
        self.decrypt_key(&stored).ok_or_else(|| failed("decryption failed"))
    }

    fn decrypt_key(&self, stored: &StoredKey) -> Option<SigningKey> {
        let jwk: PrivateJwk = serde_json::from_str(&self.decrypt(&stored.private_key)?).ok()?;
        let (seed, public) = (URL_SAFE_NO_PAD.decode(&jwk.d).ok()?, URL_SAFE_NO_PAD.decode(&jwk.x).ok()?);
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public).ok()?;
        let der = pair.to_pkcs8v1().ok()?;
        Some(SigningKey { id: stored.id.clone(), key: EncodingKey::from_ed_der(der.as_ref()) })
    }

    /// Returns nonce and ciphertext in hexadecimal, as a JSON string.
    fn encrypt(&self, text: &str) -> Option<String> {
        let nonce = XNonce::generate();
        let sealed = self.cipher.encrypt(&nonce, text.as_bytes()).ok()?;
        Some(Value::String(hex::encode([nonce.as_slice(), &sealed].concat())).to_string())
    }

    fn decrypt(&self, stored: &str) -> Option<String> {
        let sealed: String = serde_json::from_str(stored).ok()?;
        let sealed = hex::decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let text = self.cipher.decrypt(&(*nonce).into(), sealed).ok()?;
        String::from_utf8(text).ok()
    }
}

impl StoredKey {
    fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.algorithm() == DEFAULT_ALG && self.expires_at.is_none_or(|at| at > now)
    }

    fn algorithm(&self) -> &str {
        self.alg.as_deref().unwrap_or(DEFAULT_ALG)
    }

    /// The public key as a JWK with `kid` and `alg`.
    fn jwk(&self) -> Option<Value> {
        let public: Map<String, Value> = serde_json::from_str(&self.public_key).ok()?;
        let mut jwk = Map::new();
        jwk.insert("alg".to_owned(), json!(self.algorithm()));
        jwk.extend(public);
        jwk.insert("kid".to_owned(), json!(self.id));
        Some(jwk.into())
    }
}

/// The verifier reads this server's own keys from the database instead of fetching them over HTTP.
#[async_trait]
impl KeySource for SigningKeys {
    fn name(&self) -> &'static str {
        "this server's own"
    }

    async fn fetch(&self) -> Result<Vec<Value>, String> {
        self.public_jwks().await.map_err(|error| error.to_string())
    }
}
