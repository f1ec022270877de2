//! Section `auth`: the keys and claims of accepted tokens.

use serde::Deserialize;
use url::Url;

use super::{ConfigError, CookieName, HttpUrl, Secret};

/// Paths of the JWKS below the base URL: Better Auth's default, and the `jwksPath` that Neon Auth configures.
const JWKS_PATHS: [&str; 2] = ["jwks", ".well-known/jwks.json"];

/// Section `auth`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// HS256 key, shared with Better Auth.
    pub secret: Option<Secret>,
    /// Base URL of Better Auth.
    url: Option<HttpUrl>,
    /// URL of the JWKS, if it is not below `url`.
    jwks_url: Option<HttpUrl>,
    /// Seconds for which cached keys are trusted after the last successful fetch.
    pub jwks_max_stale: u32,
    /// Accepted values of `iss`. The default is the origin of `url`.
    pub issuer: Option<OneOrMany>,
    /// Accepted values of `aud`. The default is the issuers and the origin of `url`.
    pub audience: Option<OneOrMany>,
    /// Scopes that every token must have.
    scope: Option<OneOrMany>,
    /// Whether to accept tokens with the role `anonymous`, which Neon Auth issues without a sign-in.
    pub allow_anonymous: bool,
    /// Cookie with the token of requests that have no `Authorization` header.
    pub cookie: Option<CookieName>,
    /// Tolerated clock difference for `exp` and `nbf`, in seconds.
    pub leeway: u32,
}

impl AuthConfig {
    /// Possible URLs of the JWKS, in the order in which to try them. Empty if none is configured.
    #[must_use]
    pub fn jwks_urls(&self) -> Vec<Url> {
        match (&self.jwks_url, &self.url) {
            (Some(url), _) => vec![url.0.clone()],
            (None, Some(base)) => JWKS_PATHS.iter().map(|path| join(&base.0, path)).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// Origin of Better Auth, which is the default `iss` and `aud` of its session tokens.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.url.as_ref().map(|it| it.0.origin().ascii_serialization())
    }

    /// Base URL of Better Auth: the issuer identifier of its OAuth plugins. A URL without a path gets `/api/auth`, as in Better Auth.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        self.url.as_ref().map(|it| join(&it.0, "").as_str().trim_end_matches('/').to_owned())
    }

    /// Scopes that every token must have. Splits space-separated lists.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        let configured = self.scope.as_ref().map_or(&[][..], OneOrMany::as_slice);
        configured.iter().flat_map(|it| it.split_whitespace()).map(str::to_owned).collect()
    }

    /// Rejects combinations that cannot distinguish tokens for this API from other tokens signed with the same keys.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.jwks_url.is_some() && self.url.is_none() && self.issuer.is_none() && self.audience.is_none() {
            return Err(ConfigError::new(
                "auth.issuer",
                "is not set, and neither is auth.audience: with auth.jwks_url alone, tokens for other applications would be accepted",
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

/// Appends the path to the base URL. A base URL without a path gets `/api/auth` first, as in Better Auth.
fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let prefix = match base.path().trim_end_matches('/') {
        "" => "/api/auth",
        path => path,
    };
    url.set_path(&format!("{prefix}/{path}"));
    url
}

/// One or more non-empty strings, written as a string or as a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StringOrList")]
pub struct OneOrMany(Vec<String>);

/// `audience = "a"` or `audience = ["a", "b"]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum StringOrList {
    String(String),
    List(Vec<String>),
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<StringOrList> for OneOrMany {
    type Error = &'static str;

    fn try_from(value: StringOrList) -> Result<Self, &'static str> {
        let values = match value {
            StringOrList::String(value) => vec![value],
            StringOrList::List(values) => values,
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err("is empty; set it to a value or a list of values, or remove it");
        }
        Ok(Self(values))
    }
}

impl OneOrMany {
    /// All values.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// The first value. Tokens issued by this server carry it.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }
}
