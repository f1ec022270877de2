//! A token taken apart ([RFC 7515, 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1)), with nothing in it believed yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::claims::present;
use crate::error::TokenError;

/// The parts of a compact JWS.
#[derive(Debug)]
pub(super) struct Jws<'a> {
    pub(super) header: Header,
    /// What was signed: header and payload, as they stand in the token.
    pub(super) message: &'a str,
    payload: &'a str,
    pub(super) signature: &'a str,
}

/// The parameters that say which key is meant. Others that would bring a key along (`jwk`, `jku`, `x5c`, `x5u`) are ignored,
/// for a token cannot vouch for itself.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    /// The media type of the token. Present also where it is null, as is the next.
    #[serde(default, deserialize_with = "present")]
    pub(super) typ: Option<Value>,
    #[serde(default, deserialize_with = "present")]
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
        // RFC 7515, 4.1.11: a header that demands to be understood and is not makes a token invalid. None is, here.
        if header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        Ok(Self { header, message, payload, signature })
    }

    /// The claims. Only for tokens whose signature is right.
    pub(super) fn claims<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        decode(self.payload)
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Invalid)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Invalid)
}
