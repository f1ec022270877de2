//! Tokens: from the text of a header to a caller.

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::claims::{Claims, Identity, Policy};
use crate::clock;
use crate::config::Auth;
use crate::problem::TokenProblem;

/// Checks tokens.
pub struct Verifier {
    secret: Option<DecodingKey>,
    validation: Validation,
    policy: Policy,
}

impl Verifier {
    /// Checks by these settings.
    #[must_use]
    pub fn new(settings: &Auth) -> Self {
        Self {
            secret: settings.secret.as_ref().map(|it| DecodingKey::from_secret(it.expose().as_bytes())),
            validation: signature_only(Algorithm::HS256),
            policy: Policy::new(settings),
        }
    }

    /// Who is calling, by the token in a header of `Authorization`.
    pub(super) fn verify(&self, token: &str) -> Result<Identity, TokenProblem> {
        let header = decode_header(token).map_err(|_| TokenProblem::Invalid)?;
        // RFC 7515, 4.1.11: a header that demands to be understood and is not makes a token invalid. None is, here.
        if header.crit.is_some() || header.alg != Algorithm::HS256 {
            return Err(TokenProblem::Invalid);
        }
        let key = self.secret.as_ref().ok_or(TokenProblem::Signature)?;
        let token = decode::<Claims>(token, key, &self.validation).map_err(|error| problem(&error))?;
        self.policy.check(token.claims, clock::now())
    }
}

/// The library checks the signature and pins the algorithm. Claims are checked by [`Policy`]: the library accepts a
/// token in the second in which it expires, and one without `iss` or `aud` where these are configured.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn problem(error: &Error) -> TokenProblem {
    match error.kind() {
        // The header was decoded before, and claims are not until the signature held: so this is the signature, too.
        ErrorKind::InvalidSignature | ErrorKind::Base64(_) => TokenProblem::Signature,
        _ => TokenProblem::Invalid,
    }
}
