//! Keys that know what they are for. The key pins the algorithm; a token can only name it rightly or wrongly.

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

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
            ("EC", Some("P-256")) => jwk.ec(&["ES256"], Algorithm::ES256, 32),
            ("EC", Some("P-384")) => jwk.ec(&["ES384"], Algorithm::ES384, 48),
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
        let x = coordinate(self.x.as_deref(), 32)?;
        let key = DecodingKey::from_ed_der(&x);
        // RFC 9864 renames EdDSA by its curve.
        Some(Key { names: &["EdDSA", "Ed25519"], verify: Verify::Library(Algorithm::EdDSA, key) })
    }

    fn ec(&self, names: &'static [&'static str], algorithm: Algorithm, bytes: usize) -> Option<Key> {
        let (x, y) = (self.x.as_deref(), self.y.as_deref());
        coordinate(x, bytes).and(coordinate(y, bytes))?;
        let key = DecodingKey::from_ec_components(x?, y?).ok()?;
        Some(Key { names, verify: Verify::Library(algorithm, key) })
    }

    fn p521(&self) -> Option<Key> {
        // An uncompressed point (SEC 1, 2.3.3).
        let point =
            [vec![4], coordinate(self.x.as_deref(), 66)?, coordinate(self.y.as_deref(), 66)?].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point);
        Some(Key { names: &["ES512"], verify: Verify::P521(key) })
    }

    /// RSA keys do for several algorithms, so it is theirs to say which; by default the usual one.
    fn rsa(&self) -> Option<Key> {
        let (names, algorithm): (&'static [&'static str], _) = match self.alg.as_deref() {
            None | Some("RS256") => (&["RS256"], Algorithm::RS256),
            Some("RS512") => (&["RS512"], Algorithm::RS512),
            Some("PS256") => (&["PS256"], Algorithm::PS256),
            Some(_) => return None,
        };
        let key = DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?).ok()?;
        Some(Key { names, verify: Verify::Library(algorithm, key) })
    }
}

fn coordinate(text: Option<&str>, bytes: usize) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok().filter(|it| it.len() == bytes)
}
