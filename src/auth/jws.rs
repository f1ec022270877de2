//! Parser for compact JWS tokens ([RFC 7515, 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1)). It verifies nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::claims::null_as_some;
use crate::error::TokenError;

/// The parts of a compact JWS.
#[derive(Debug)]
pub(super) struct Jws<'a> {
    pub(super) header: Header,
    /// The signed text: the encoded header and payload, exactly as in the token.
    pub(super) message: &'a str,
    payload: &'a str,
    pub(super) signature: &'a str,
}

/// The header parameters that this server reads. Parameters that carry or locate a key (`jwk`, `jku`, `x5c`, `x5u`) are ignored, because
/// the sender of the token controls them.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    /// Media type of the token. `Some` also for null, like the next field.
    #[serde(default, deserialize_with = "null_as_some")]
    pub(super) typ: Option<Value>,
    #[serde(default, deserialize_with = "null_as_some")]
    crit: Option<Value>,
}

impl<'a> Jws<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Invalid)?;
        if payload.contains('.') {
            return Err(TokenError::Invalid);
        }
        let header: Header = decode(header)?;
        // A token with an unsupported critical extension is invalid (RFC 7515, 4.1.11), and this server supports none.
        if header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        Ok(Self { header, message, payload, signature })
    }

    /// Decodes the claims. Call it only after verifying the signature.
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        decode(self.payload)
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Invalid)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Invalid)
}
