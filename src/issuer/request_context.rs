//! Properties of a request that depend on configuration: public origin, client IP, trusted origins.

use std::net::IpAddr;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use url::{Position, Url};

use crate::config::{Config, CookieName, IssuerConfig};

/// Maximum number of bytes of a `User-Agent` that are stored.
const MAX_USER_AGENT_LEN: usize = 512;

/// The settings that decide what a request may claim: the public URL, the proxies whose headers count, and the trusted origins.
#[derive(Debug)]
pub(super) struct TrustPolicy {
    settings: IssuerConfig,
    /// Origins of `cors.origins`. Their pages may sign users in and out.
    trusted: Vec<String>,
    /// The setting `auth.cookie`.
    token_cookie: Option<CookieName>,
}

impl TrustPolicy {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            settings: config.issuer.clone(),
            trusted: config.cors.origins.as_slice().to_vec(),
            token_cookie: config.auth.cookie.clone(),
        }
    }
}

/// Client IP and `User-Agent`, as a session stores them.
#[derive(Debug, Clone)]
pub(super) struct ClientInfo {
    /// Empty for a client on a Unix socket.
    pub(super) ip: String,
    pub(super) user_agent: String,
}

/// Request guard: public origin, client IP and user agent of a request.
#[derive(Debug)]
pub(super) struct RequestContext<'r> {
    /// Public origin of this server, such as `https://tasks.example.com`.
    pub(super) own_origin: String,
    /// IP of the client. `None` for a client on a Unix socket.
    pub(super) client_ip: Option<IpAddr>,
    policy: &'r TrustPolicy,
    host: Option<&'r str>,
    user_agent: &'r str,
}

impl<'r> RequestContext<'r> {
    fn new(request: &'r Request<'_>, policy: &'r TrustPolicy) -> Self {
        let headers = request.headers();
        let peer = request.remote().map(|remote| remote.ip());
        let via_trusted_proxy = peer.is_some_and(|ip| policy.settings.is_trusted_proxy(ip));
        let host = headers.get_one("Host");
        let own_origin = policy.settings.origin().unwrap_or_else(|| {
            let forwarded = headers.get_one("X-Forwarded-Proto").filter(|_| via_trusted_proxy);
            let is_https = forwarded.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
            let scheme = if is_https { "https" } else { "http" };
            format!("{scheme}://{}", host.unwrap_or("localhost"))
        });
        let client_ip = if via_trusted_proxy { forwarded_ip(request, policy, peer) } else { peer };
        let user_agent = headers.get_one("User-Agent").unwrap_or_default();
        Self { own_origin, client_ip, policy, host, user_agent }
    }

    /// The cookie with an API token, if the setting `auth.cookie` has a name.
    pub(super) fn token_cookie(&self) -> Option<&'r CookieName> {
        self.policy.token_cookie.as_ref()
    }

    /// Whether cookies must have the `Secure` attribute.
    pub(super) fn is_secure(&self) -> bool {
        self.own_origin.starts_with("https://")
    }

    pub(super) fn client_info(&self) -> ClientInfo {
        let ip = self.client_ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        let len = self.user_agent.floor_char_boundary(MAX_USER_AGENT_LEN);
        ClientInfo { ip, user_agent: self.user_agent.get(..len).unwrap_or_default().to_owned() }
    }

    /// Whether an origin is this server's or is listed in `cors.origins`.
    pub(super) fn is_trusted_origin(&self, origin: &str) -> bool {
        let is_own = match self.policy.settings.origin() {
            Some(own) => own == origin,
            // Without `issuer.url` the scheme is not compared, because a proxy may terminate TLS.
            None => origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == self.host),
        };
        is_own || self.policy.trusted.iter().any(|trusted| trusted == origin)
    }

    /// Normalizes a redirect target, which is a path of this server or a URL of a trusted origin. Returns `None` for any other target.
    ///
    /// The result is the serialization of the parsed URL, so that no browser parses it differently.
    pub(super) fn allowed_redirect(&self, target: &str) -> Option<String> {
        if target.starts_with('/') {
            let url = Url::parse(&self.own_origin).ok()?.join(target).ok()?;
            // The parser removes `/./` and `/../`, so the result may start with `//` even if the target does not.
            let path = &url[Position::BeforePath..];
            return (is_safe_path(target) && is_safe_path(path)).then(|| path.to_owned());
        }
        let url = Url::parse(target).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        self.is_trusted_origin(&url.origin().ascii_serialization()).then(|| url.into())
    }

    /// Makes a path or URL absolute and sets a query parameter.
    pub(super) fn absolute_url(&self, target: &str, name: &str, value: &str) -> Option<String> {
        let mut url = Url::parse(&self.own_origin).and_then(|own| own.join(target)).ok()?;
        let others: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(other, _)| other != name)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
        Some(url.into())
    }
}

/// The client IP of a request from a trusted proxy: the last address in `X-Forwarded-For` that is not a trusted proxy itself.
///
/// The nearest proxy writes the last entry. Entries before an untrusted or malformed entry are ignored, because the client may have sent them.
fn forwarded_ip(request: &Request<'_>, policy: &TrustPolicy, peer: Option<IpAddr>) -> Option<IpAddr> {
    let entries: Vec<&str> =
        request.headers().get("X-Forwarded-For").flat_map(|header| header.split(',')).collect();
    let mut client = peer;
    for entry in entries.iter().rev() {
        let Ok(ip) = entry.trim().parse::<IpAddr>() else { break };
        client = Some(ip);
        if !policy.settings.is_trusted_proxy(ip) {
            break;
        }
    }
    client
}

/// Whether every browser parses this as a path of the same origin. `//host`, `/\host` and their encoded forms are rejected.
fn is_safe_path(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    !target.starts_with("//")
        && !target.contains('\\')
        && !target.contains(|c: char| c.is_control())
        && !path.contains("%2f")
        && !path.contains("%5c")
}

#[async_trait]
impl<'r> FromRequest<'r> for RequestContext<'r> {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        match request.rocket().state::<TrustPolicy>() {
            Some(policy) => Outcome::Success(Self::new(request, policy)),
            None => Outcome::Error((Status::InternalServerError, "missing managed state: TrustPolicy")),
        }
    }
}
