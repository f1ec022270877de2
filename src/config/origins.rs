//! Allowed CORS origins.

use serde::Deserialize;
use url::Url;

/// List of exact origins (`scheme://host` or `scheme://host:port`).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "StringOrList")]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// The origins, normalized as in the header `Origin`.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// A list, or a comma-separated string as in an environment variable.
#[derive(Deserialize)]
#[serde(untagged)]
enum StringOrList {
    String(String),
    List(Vec<String>),
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<StringOrList> for AllowedOrigins {
    type Error = String;

    fn try_from(value: StringOrList) -> Result<Self, String> {
        let origins = match value {
            StringOrList::String(text) => text.split(',').map(|it| it.trim().to_owned()).collect(),
            StringOrList::List(list) => list,
        };
        let origins = origins.into_iter().filter(|it| !it.is_empty()).map(|it| parse_origin(&it));
        origins.collect::<Result<_, _>>().map(Self)
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("contains '*', which browsers reject with credentials; list each origin".to_owned());
    }
    let invalid = || {
        format!("contains '{text}', which is not an origin; write https://app.example.com, without a path")
    };
    let url = Url::parse(text).map_err(|_| invalid())?;
    let has_only_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let has_no_credentials = url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && has_only_origin && has_no_credentials {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(invalid())
    }
}
