//! Where an issuer's keys come from.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rocket::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// How long one fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes a set may have. Better Auth's has some hundreds for each key.
const SIZE_MAX: usize = 256 * 1024;

/// Somewhere to fetch keys from.
#[async_trait]
pub trait KeySource: Send + Sync + std::fmt::Debug + 'static {
    /// What it is called in the log.
    fn name(&self) -> &str;

    /// The keys that are published now, as JWKs, or why they cannot be had.
    async fn fetch(&self) -> Result<Vec<Value>, String>;
}

/// A JWKS ([RFC 7517, 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)) at a URL.
#[derive(Debug)]
pub(super) struct Published {
    url: Url,
    client: Client,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Published {
    pub(super) fn at(url: Url) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            // Only what was configured is asked, whatever it or the environment says.
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("todo-api/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { url, client })
    }
}

#[async_trait]
impl KeySource for Published {
    /// Not the whole URL, which might have a password in it.
    fn name(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    async fn fetch(&self) -> Result<Vec<Value>, String> {
        let response = self.client.get(self.url.clone()).send().await.map_err(|error| cause(&error))?;
        if !response.status().is_success() {
            return Err(format!("it answers {}", response.status()));
        }
        let set: KeySet =
            serde_json::from_slice(&read(response).await?).map_err(|_| "it is no JWKS".to_owned())?;
        Ok(set.keys)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > SIZE_MAX {
            return Err("it is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost reason; the outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
