//! Sources of verification keys: the trait, and the HTTP client for JWKS endpoints.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rocket::async_trait;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// Timeout of an HTTP request.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a response, in bytes. Better Auth sends a few hundred bytes per key.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// A source of verification keys: a JWKS endpoint or the embedded issuer.
#[async_trait]
pub trait KeySource: Send + Sync + std::fmt::Debug + 'static {
    /// Name of the source in the log.
    fn name(&self) -> &str;

    /// Fetches the current keys as JWKs. The error is a text for the log.
    async fn fetch(&self) -> Result<Vec<Value>, String>;
}

/// HTTP client for the JWKS ([RFC 7517, 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)) of an issuer. Has several URLs if the JWKS
/// may be at any of them.
#[derive(Debug)]
pub(super) struct JwksEndpoint {
    urls: Vec<Url>,
    /// Index of the URL that last returned the JWKS. The next fetch starts with it.
    last_found: AtomicUsize,
    host: String,
    client: Client,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// A fetched set, and the time at which the issuer's server sent it, by its clock.
pub(super) struct FetchedSet {
    pub(super) keys: Vec<Value>,
    pub(super) date: Option<DateTime<Utc>>,
}

impl JwksEndpoint {
    /// Creates the client. `None` if the list of URLs is empty.
    pub(super) fn new(urls: Vec<Url>) -> reqwest::Result<Option<Self>> {
        let Some(first) = urls.first() else { return Ok(None) };
        let host = first.host_str().unwrap_or_default().to_owned();
        let client = Client::builder()
            .timeout(FETCH_TIMEOUT)
            // Redirects and proxy variables must not send the request to a host that the operator did not configure.
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("todo-api/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Some(Self { urls, last_found: AtomicUsize::new(0), host, client }))
    }

    /// The host. The complete URL may contain a password.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Fetches the set from the first URL that has one.
    pub(super) async fn fetch_set(&self) -> Result<FetchedSet, String> {
        let first = self.last_found.load(Ordering::Relaxed);
        let indexed = self.urls.iter().enumerate();
        let rotated = indexed.clone().skip(first).chain(indexed.take(first));
        for (index, url) in rotated {
            let Some(response) = self.get(url).await? else { continue };
            let failed = |reason: &str| format!("{}: {reason}", display_url(url));
            let date = date(&response);
            let body = read_body(response).await.map_err(|reason| failed(&reason))?;
            let set: JwkSet = serde_json::from_slice(&body).map_err(|_| failed("response is not a JWKS"))?;
            self.last_found.store(index, Ordering::Relaxed);
            return Ok(FetchedSet { keys: set.keys, date });
        }
        let urls: Vec<String> = self.urls.iter().map(display_url).collect();
        Err(format!("{}: unexpected status 404 Not Found", urls.join(" and ")))
    }

    /// Requests the URL. `None` for status 404.
    async fn get(&self, url: &Url) -> Result<Option<Response>, String> {
        let failed = |reason: &str| format!("{}: {reason}", display_url(url));
        let result = self.client.get(url.clone()).send().await;
        let response = result.map_err(|error| failed(&root_cause(&error)))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            status => Err(failed(&format!("unexpected status {status}"))),
        }
    }
}

#[async_trait]
impl KeySource for JwksEndpoint {
    fn name(&self) -> &str {
        self.host()
    }

    async fn fetch(&self) -> Result<Vec<Value>, String> {
        Ok(self.fetch_set().await?.keys)
    }
}

/// The header `Date` ([RFC 9110, 6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1)).
fn date(response: &Response) -> Option<DateTime<Utc>> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text).ok().map(|it| it.to_utc())
}

/// Formats a URL for the log: host, port and path. The user, password and query may be secrets.
fn display_url(url: &Url) -> String {
    let port = url.port().map(|it| format!(":{it}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

async fn read_body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| root_cause(&error))? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(format!("response exceeds {} KiB", MAX_RESPONSE_BYTES / 1024));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause. The outer errors repeat the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
