//! Verification keys.
//!
//! Each key has exactly one algorithm. A token whose `alg` differs from it is rejected, so a token cannot choose its algorithm.

use std::ops::RangeInclusive;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    ParsedPublicKey, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::ed25519;

/// A verification key and its algorithm.
#[derive(Debug)]
pub(super) struct Key {
    /// The values of `alg` that stand for the algorithm.
    alg_names: &'static [&'static str],
    backend: Backend,
}

/// The library that verifies with the key.
#[derive(Debug)]
enum Backend {
    JsonWebToken(Algorithm, DecodingKey),
    /// ES512 with aws-lc, because jsonwebtoken does not support it.
    P521(UnparsedPublicKey<Vec<u8>>),
}

/// A public key in a JWKS ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517), [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).
#[derive(Debug, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    pub(super) kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Algorithms supported for keys from a JWKS: those that Better Auth can sign with. RS384 and others are therefore missing.
const JWKS_ALGORITHMS: &[&str] = &["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256"];

/// An elliptic curve for ECDSA.
#[derive(Debug)]
struct Curve {
    /// Length of a coordinate, in bytes.
    coordinate_bytes: usize,
    verification: &'static EcdsaVerificationAlgorithm,
}

const P256: Curve = Curve { coordinate_bytes: 32, verification: &ECDSA_P256_SHA256_FIXED };
const P384: Curve = Curve { coordinate_bytes: 48, verification: &ECDSA_P384_SHA384_FIXED };
const P521: Curve = Curve { coordinate_bytes: 66, verification: &ECDSA_P521_SHA512_FIXED };

/// Lengths of an RSA modulus that aws-lc supports, in bytes: 2048 to 8192 bits.
const RSA_MODULUS_BYTES: RangeInclusive<usize> = 256..=1024;

/// Whether a key from a JWKS can have this algorithm.
pub(super) fn is_jwks_algorithm(alg: &str) -> bool {
    JWKS_ALGORITHMS.contains(&alg)
}

impl Key {
    /// Creates the HS256 key from the secret shared with Better Auth.
    pub(super) fn from_secret(secret: &[u8]) -> Self {
        Self {
            alg_names: &["HS256"],
            backend: Backend::JsonWebToken(Algorithm::HS256, DecodingKey::from_secret(secret)),
        }
    }

    /// Creates a key from a JWK. `None` unless it is a public key for signatures whose algorithm Better Auth supports and fits its type.
    /// Symmetric keys (`oct`) are rejected, because a published key is not secret.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let is_for_signatures = jwk.purpose.as_deref().is_none_or(|it| it == "sig");
        let is_for_verification = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => jwk.ed25519(),
            ("EC", Some("P-256")) => jwk.ec(&["ES256"], Algorithm::ES256, &P256),
            ("EC", Some("P-384")) => jwk.ec(&["ES384"], Algorithm::ES384, &P384),
            ("EC", Some("P-521")) => jwk.p521(),
            ("RSA", None) => jwk.rsa(),
            _ => None,
        }?;
        let alg_matches = jwk.alg.as_deref().is_none_or(|alg| key.supports(alg));
        (is_for_signatures && is_for_verification && alg_matches).then_some(key)
    }

    /// Whether the key can verify a token with this `alg`.
    pub(super) fn supports(&self, alg: &str) -> bool {
        self.alg_names.contains(&alg)
    }

    /// Verifies a base64url signature of the message.
    pub(super) fn verify(&self, message: &str, signature: &str) -> bool {
        match &self.backend {
            Backend::JsonWebToken(algorithm, key) => {
                crypto::verify(signature, message.as_bytes(), key, *algorithm).unwrap_or(false)
            }
            Backend::P521(key) => URL_SAFE_NO_PAD
                .decode(signature)
                .is_ok_and(|signature| key.verify(message.as_bytes(), &signature).is_ok()),
        }
    }
}

impl Jwk {
    fn ed25519(&self) -> Option<Key> {
        let x = decode_base64(self.x.as_deref())?;
        let key = DecodingKey::from_ed_der(&x);
        // RFC 9864 names the algorithm after the curve.
        let alg_names = &["EdDSA", "Ed25519"];
        ed25519::is_safe(x.try_into().ok()?)
            .then_some(Key { alg_names, backend: Backend::JsonWebToken(Algorithm::EdDSA, key) })
    }

    fn ec(
        &self,
        alg_names: &'static [&'static str],
        algorithm: Algorithm,
        curve: &'static Curve,
    ) -> Option<Key> {
        self.point(curve)?;
        let key = DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?).ok()?;
        Some(Key { alg_names, backend: Backend::JsonWebToken(algorithm, key) })
    }

    fn p521(&self) -> Option<Key> {
        let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, self.point(&P521)?);
        Some(Key { alg_names: &["ES512"], backend: Backend::P521(key) })
    }

    /// The uncompressed point (SEC 1, 2.3.3). `None` unless it is on the curve.
    fn point(&self, curve: &'static Curve) -> Option<Vec<u8>> {
        let decode_coordinate =
            |text: Option<&str>| decode_base64(text).filter(|it| it.len() == curve.coordinate_bytes);
        let (x, y) = (decode_coordinate(self.x.as_deref())?, decode_coordinate(self.y.as_deref())?);
        let point = [vec![4], x, y].concat();
        ParsedPublicKey::new(curve.verification, &point).is_ok().then_some(point)
    }

    /// An RSA key. It can be used with several algorithms, so `alg` selects the algorithm; the default is RS256.
    fn rsa(&self) -> Option<Key> {
        let (alg_names, algorithm): (&'static [&'static str], _) = match self.alg.as_deref() {
            None | Some("RS256") => (&["RS256"], Algorithm::RS256),
            Some("RS512") => (&["RS512"], Algorithm::RS512),
            Some("PS256") => (&["PS256"], Algorithm::PS256),
            Some(_) => return None,
        };
        let modulus = decode_base64(self.n.as_deref())?;
        let bytes = modulus.iter().skip_while(|it| **it == 0).count();
        let key = DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok()?;
        RSA_MODULUS_BYTES
            .contains(&bytes)
            .then_some(Key { alg_names, backend: Backend::JsonWebToken(algorithm, key) })
    }
}

fn decode_base64(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}
