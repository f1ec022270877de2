//! Keys that know what they are for. The key pins the algorithm; a token can only name it rightly or wrongly.

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

/// A key and its one algorithm.
#[derive(Debug)]
pub(super) struct Key {
    /// The names that a token may call the algorithm by.
    names: &'static [&'static str],
    verify: Verify,
}

#[derive(Debug)]
enum Verify {
    Library(Algorithm, DecodingKey),
    /// ES512, which the library does not know.
    P521(UnparsedPublicKey<Vec<u8>>),
}

/// A public key as a JWKS has it ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517), [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)).
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

/// What published keys can be for. Not RS384 and the like: nothing that Better Auth could not issue.
const PUBLISHED: &[&str] = &["EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256"];

/// A curve of ECDSA keys.
#[derive(Debug)]
struct Curve {
    /// Bytes of a coordinate.
    bytes: usize,
    verification: &'static EcdsaVerificationAlgorithm,
}

const P256: Curve = Curve { bytes: 32, verification: &ECDSA_P256_SHA256_FIXED };
const P384: Curve = Curve { bytes: 48, verification: &ECDSA_P384_SHA384_FIXED };
const P521: Curve = Curve { bytes: 66, verification: &ECDSA_P521_SHA512_FIXED };

/// Bytes of an RSA modulus: what aws-lc verifies with, 2048 to 8192 bits.
const RSA_BYTES: RangeInclusive<usize> = 256..=1024;

/// Whether some published key could be for the algorithm that a token names.
pub(super) fn can_be_published(algorithm: &str) -> bool {
    PUBLISHED.contains(&algorithm)
}

impl Key {
    /// The secret shared with Better Auth.
    pub(super) fn from_secret(secret: &[u8]) -> Self {
        Self {
            names: &["HS256"],
            verify: Verify::Library(Algorithm::HS256, DecodingKey::from_secret(secret)),
        }
    }

    /// A key of a JWKS, if it is one that Better Auth could sign with: a public one, meant for signatures, of the algorithm
    /// that its kind allows. Never a symmetric one (`oct`), for what is published is no secret.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let signs = jwk.purpose.as_deref().is_none_or(|it| it == "sig");
        let verifies = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => jwk.ed25519(),
            ("EC", Some("P-256")) => jwk.ec(&["ES256"], Algorithm::ES256, &P256),
            ("EC", Some("P-384")) => jwk.ec(&["ES384"], Algorithm::ES384, &P384),
            ("EC", Some("P-521")) => jwk.p521(),
            ("RSA", None) => jwk.rsa(),
            _ => None,
        }?;
        let is_as_named = jwk.alg.as_deref().is_none_or(|alg| key.is_for(alg));
        (signs && verifies && is_as_named).then_some(key)
    }

    /// Whether a token that names this algorithm can be signed with this key.
    pub(super) fn is_for(&self, algorithm: &str) -> bool {
        self.names.contains(&algorithm)
    }

    /// Whether this is the signature, in base64url, of this message.
    pub(super) fn verifies(&self, message: &str, signature: &str) -> bool {
        match &self.verify {
            Verify::Library(algorithm, key) => {
                crypto::verify(signature, message.as_bytes(), key, *algorithm).unwrap_or(false)
            }
            Verify::P521(key) => URL_SAFE_NO_PAD
                .decode(signature)
                .is_ok_and(|signature| key.verify(message.as_bytes(), &signature).is_ok()),
        }
    }
}

impl Jwk {
    fn ed25519(&self) -> Option<Key> {
        let x = decoded(self.x.as_deref())?;
        let key = DecodingKey::from_ed_der(&x);
        // RFC 9864 renames EdDSA by its curve.
        let names = &["EdDSA", "Ed25519"];
        ed25519::is_safe(x.try_into().ok()?)
            .then_some(Key { names, verify: Verify::Library(Algorithm::EdDSA, key) })
    }

    fn ec(&self, names: &'static [&'static str], algorithm: Algorithm, curve: &'static Curve) -> Option<Key> {
        self.point(curve)?;
        let key = DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?).ok()?;
        Some(Key { names, verify: Verify::Library(algorithm, key) })
    }

    fn p521(&self) -> Option<Key> {
        let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, self.point(&P521)?);
        Some(Key { names: &["ES512"], verify: Verify::P521(key) })
    }

    /// The uncompressed point (SEC 1, 2.3.3), if it is on the curve.
    fn point(&self, curve: &'static Curve) -> Option<Vec<u8>> {
        let coordinate = |text: Option<&str>| decoded(text).filter(|it| it.len() == curve.bytes);
        let point = [vec![4], coordinate(self.x.as_deref())?, coordinate(self.y.as_deref())?].concat();
        ParsedPublicKey::new(curve.verification, &point).is_ok().then_some(point)
    }

    /// RSA keys do for several algorithms, so it is theirs to say which; by default the usual one.
    fn rsa(&self) -> Option<Key> {
        let (names, algorithm): (&'static [&'static str], _) = match self.alg.as_deref() {
            None | Some("RS256") => (&["RS256"], Algorithm::RS256),
            Some("RS512") => (&["RS512"], Algorithm::RS512),
            Some("PS256") => (&["PS256"], Algorithm::PS256),
            Some(_) => return None,
        };
        let modulus = decoded(self.n.as_deref())?;
        let bytes = modulus.iter().skip_while(|it| **it == 0).count();
        let key = DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok()?;
        RSA_BYTES.contains(&bytes).then_some(Key { names, verify: Verify::Library(algorithm, key) })
    }
}

fn decoded(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}
