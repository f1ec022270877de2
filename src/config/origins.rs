//! Origins: which pages may call.

use serde::Deserialize;
use url::Url;

/// Exact origins (`scheme://host` or `scheme://host:port`).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Listed")]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// The origins, as browsers write them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// As a list, or as an environment variable has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Commas(String),
    List(Vec<String>),
}

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<Listed> for AllowedOrigins {
    type Error = String;

    fn try_from(listed: Listed) -> Result<Self, String> {
        let origins = match listed {
            Listed::Commas(text) => text.split(',').map(|it| it.trim().to_owned()).collect(),
            Listed::List(list) => list,
        };
        let origins = origins.into_iter().filter(|it| !it.is_empty()).map(|it| origin(&it));
        origins.collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("has a '*'; list each origin, for answers carry credentials".to_owned());
    }
    let wrong = || format!("has '{text}', which is no origin; write https://app.example.com, without a path");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && bare && anonymous {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(wrong())
    }
}
