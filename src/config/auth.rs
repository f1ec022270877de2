//! The section `auth`: whose tokens are accepted.

use serde::Deserialize;
use url::Url;

use super::{ConfigError, HttpUrl, Secret};

/// Where Better Auth publishes its keys, below its base URL. The second is what Neon Auth configures (`jwksPath`).
const JWKS_PATHS: [&str; 2] = ["jwks", ".well-known/jwks.json"];

/// The section `auth`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The HS256 key, shared with Better Auth.
    pub secret: Option<Secret>,
    /// The base URL of Better Auth.
    url: Option<HttpUrl>,
    /// The URL of the JWKS, where it is not below `url`.
    jwks_url: Option<HttpUrl>,
    /// Seconds for which the last keys fetched are trusted while no new ones can be.
    pub jwks_trusted_for: u32,
    /// The values of `iss` that are accepted. By default the origin of `url`.
    pub issuer: Option<OneOrMany>,
    /// The values of `aud` of which a token needs one. By default the issuers and the origin of `url`.
    pub audience: Option<OneOrMany>,
    /// The scopes that a token needs.
    scope: Option<OneOrMany>,
    /// Whether tokens with the role `anonymous` are accepted, which Neon Auth gives without a sign-in.
    pub allow_anonymous: bool,
    /// Seconds of clock difference forgiven in `exp` and `nbf`.
    pub leeway: u32,
}

impl Auth {
    /// The URLs at which the issuer may publish its keys, in the order in which to ask. Empty without an issuer.
    #[must_use]
    pub fn jwks(&self) -> Vec<Url> {
        match (&self.jwks_url, &self.url) {
            (Some(keys), _) => vec![keys.0.clone()],
            (None, Some(base)) => JWKS_PATHS.iter().map(|path| below(&base.0, path)).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The origin of Better Auth, which is `iss` and `aud` of its session tokens by default.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.url.as_ref().map(|it| it.0.origin().ascii_serialization())
    }

    /// The scopes that a token needs, each by itself.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        let all = self.scope.as_ref().map_or(&[][..], OneOrMany::as_slice);
        all.iter().flat_map(|it| it.split_whitespace()).map(str::to_owned).collect()
    }

    /// Refuses combinations in which nothing would tell this API's tokens from others of the same keys.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.jwks_url.is_some() && self.url.is_none() && self.issuer.is_none() && self.audience.is_none() {
            return Err(ConfigError::new(
                "auth.issuer",
                "is not set, and neither is auth.audience: by auth.jwks_url alone, tokens for other applications would be accepted",
                "set it to the iss of the tokens, or auth.audience to their aud",
            ));
        }
        if self.scope.is_some() && self.audience.is_none() {
            return Err(ConfigError::new(
                "auth.scope",
                "is set without auth.audience, and session tokens have no scope",
                "set auth.audience to the aud of the access tokens, or remove it",
            ));
        }
        Ok(())
    }
}

/// Better Auth adds `/api/auth` to a base URL unless that has a path of its own.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let folder = match base.path().trim_end_matches('/') {
        "" => "/api/auth",
        own => own,
    };
    url.set_path(&format!("{folder}/{path}"));
    url
}

/// A value that may be written alone or as a list: one or more strings, none of them empty.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct OneOrMany(Vec<String>);

/// `audience = "a"` or `audience = ["a", "b"]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Many(Vec<String>),
}

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<Written> for OneOrMany {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let all = match written {
            Written::One(value) => vec![value],
            Written::Many(values) => values,
        };
        if all.is_empty() || all.iter().any(String::is_empty) {
            return Err("is empty; give it a value or a list of them, or remove it");
        }
        Ok(Self(all))
    }
}

impl OneOrMany {
    /// The values, however they were written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The first of them, which this server's own tokens have.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }
}
