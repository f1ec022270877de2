//! Where a request found this server, and where it comes from.

use std::net::IpAddr;

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use url::{Position, Url};

use super::tables::Device;
use crate::config::{Config, IssuerConfig};

/// Bytes of a `User-Agent` that are kept.
const AGENT_MAX: usize = 512;

/// What the settings say about it.
#[derive(Debug)]
pub(super) struct Sites {
    settings: IssuerConfig,
    /// Origins whose pages may sign people in and out.
    trusted: Vec<String>,
}

impl Sites {
    pub(super) fn new(settings: &Config) -> Self {
        Self { settings: settings.issuer.clone(), trusted: settings.cors.origins.as_slice().to_vec() }
    }
}

/// One request's.
#[derive(Debug)]
pub(super) struct Site<'r> {
    /// `https://tasks.example.com`
    pub(super) origin: String,
    /// Whose request it is. `None` for a client on a Unix socket.
    pub(super) address: Option<IpAddr>,
    sites: &'r Sites,
    host: Option<&'r str>,
    agent: &'r str,
}

impl<'r> Site<'r> {
    fn of(request: &'r Request<'_>, sites: &'r Sites) -> Self {
        let headers = request.headers();
        let peer = request.remote().map(|it| it.ip());
        let behind = peer.is_some_and(|it| sites.settings.is_trusted_proxy(it));
        let host = headers.get_one("Host");
        let origin = sites.settings.origin().unwrap_or_else(|| {
            let by_proxy = headers.get_one("X-Forwarded-Proto").filter(|_| behind);
            let scheme =
                if by_proxy.is_some_and(|it| it.eq_ignore_ascii_case("https")) { "https" } else { "http" };
            format!("{scheme}://{}", host.unwrap_or("localhost"))
        });
        let forwarded: Vec<&str> = headers.get("X-Forwarded-For").flat_map(|it| it.split(',')).collect();
        // From the last, which the nearest proxy has written: the first that is no proxy's of ours.
        let forwarded = forwarded.iter().rev().map(|it| it.trim().parse::<IpAddr>());
        let address = if behind {
            let mut seen = peer;
            for hop in forwarded {
                let Ok(hop) = hop else { break };
                seen = Some(hop);
                if !sites.settings.is_trusted_proxy(hop) {
                    break;
                }
            }
            seen
        } else {
            peer
        };
        Self { origin, address, sites, host, agent: headers.get_one("User-Agent").unwrap_or_default() }
    }

    /// Whether browsers are to send cookies over TLS alone.
    pub(super) fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// By what somebody signs in who sends this request.
    pub(super) fn device(&self) -> Device {
        let address = self.address.map(|it| it.to_canonical().to_string()).unwrap_or_default();
        let agent = self.agent.get(..self.agent.floor_char_boundary(AGENT_MAX)).unwrap_or_default();
        Device { address, agent: agent.to_owned() }
    }

    /// Whether a page of this origin is one of ours.
    pub(super) fn trusts(&self, origin: &str) -> bool {
        // Where the own origin is not configured a proxy may have changed the scheme on the way.
        let is_own = match self.sites.settings.origin() {
            Some(own) => own == origin,
            None => origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == self.host),
        };
        is_own || self.sites.trusted.iter().any(|it| it == origin)
    }

    /// The page that a link leads to, if it is trusted: a path here, or a URL. Written as the parser here has understood it, so that no
    /// browser understands it otherwise.
    pub(super) fn destination(&self, link: &str) -> Option<String> {
        if link.starts_with('/') {
            let url = Url::parse(&self.origin).ok()?.join(link).ok()?;
            // The parser has removed `/./` and `/../`, and what is left may begin with `//`.
            let path = &url[Position::BeforePath..];
            return (is_path(link) && is_path(path)).then(|| path.to_owned());
        }
        let url = Url::parse(link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        self.trusts(&url.origin().ascii_serialization()).then(|| url.into())
    }

    /// The whole of a link that may be a path, with one more parameter.
    pub(super) fn link(&self, link: &str, name: &str, value: &str) -> Option<String> {
        let mut url = Url::parse(&self.origin).and_then(|origin| origin.join(link)).ok()?;
        let others: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(it, _)| it != name)
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
        Some(url.into())
    }
}

/// Whether every browser takes this for a path: `//host`, `/\host` and what becomes one of them are none.
fn is_path(link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    !link.starts_with("//")
        && !link.contains('\\')
        && !link.contains(|it: char| it.is_control())
        && !path.contains("%2f")
        && !path.contains("%5c")
}

#[async_trait]
impl<'r> FromRequest<'r> for Site<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        match request.rocket().state::<Sites>() {
            Some(sites) => Outcome::Success(Self::of(request, sites)),
            None => Outcome::Error((rocket::http::Status::InternalServerError, "there are no sites")),
        }
    }
}
