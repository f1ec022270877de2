//! Where an issuer's keys come from.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rocket::async_trait;
use serde::Deserialize;
use serde_json::Value;
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

/// The JWKS ([RFC 7517, 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)) of an issuer, at one of the URLs where it may be.
#[derive(Debug)]
pub(super) struct JwksEndpoint {
    urls: Vec<Url>,
    /// The index of the URL that answered last, which is asked first.
    answered: AtomicUsize,
    host: String,
    client: Client,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl JwksEndpoint {
    /// `None` without a URL.
    pub(super) fn at(urls: Vec<Url>) -> reqwest::Result<Option<Self>> {
        let Some(first) = urls.first() else { return Ok(None) };
        let host = first.host_str().unwrap_or_default().to_owned();
        let client = Client::builder()
            .timeout(TIMEOUT)
            // Only what was configured is asked, whatever it or the environment says.
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("todo-api/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Some(Self { urls, answered: AtomicUsize::new(0), host, client }))
    }

    /// The response of one URL, or `None` where there is no such page.
    async fn ask(&self, url: &Url) -> Result<Option<Response>, String> {
        let failed = |what: &str| format!("{}: {what}", shown(url));
        let sent = self.client.get(url.clone()).send().await;
        let response = sent.map_err(|error| failed(&cause(&error)))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            status => Err(failed(&format!("it answers {status}"))),
        }
    }
}

#[async_trait]
impl KeySource for JwksEndpoint {
    /// Not the whole URL, which might have a password in it.
    fn name(&self) -> &str {
        &self.host
    }

    async fn fetch(&self) -> Result<Vec<Value>, String> {
        let first = self.answered.load(Ordering::Relaxed);
        let indexed = self.urls.iter().enumerate();
        let in_turn = indexed.clone().skip(first).chain(indexed.take(first));
        for (index, url) in in_turn {
            let Some(response) = self.ask(url).await? else { continue };
            let failed = |what: &str| format!("{}: {what}", shown(url));
            let body = read(response).await.map_err(|what| failed(&what))?;
            let set: KeySet = serde_json::from_slice(&body).map_err(|_| failed("it is no JWKS"))?;
            self.answered.store(index, Ordering::Relaxed);
            return Ok(set.keys);
        }
        let asked: Vec<String> = self.urls.iter().map(shown).collect();
        Err(format!("{}: it answers 404 Not Found", asked.join(" and ")))
    }
}

/// A URL as the log shows it: host, port and path. User, password and query may be secrets.
fn shown(url: &Url) -> String {
    let port = url.port().map(|it| format!(":{it}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
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
