//! Check that API requests have exactly one valid `Host`.
//!
//! HTTP/1.1 requires it ([RFC 9112, 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)), and the CORS check needs the host to recognize
//! same-origin pages. Rocket accepts requests without it. Paths outside of the API are not checked, because probes use HTTP/1.0 without a `Host`,
//! and Rocket does not expose the HTTP version.

use std::net::IpAddr;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::http::uri::Host;
use rocket::request::Request;
use rocket::{Data, async_trait};

use crate::error::ApiError;

/// Rejects API requests without exactly one valid `Host` with 400.
#[derive(Debug)]
pub struct RequiredHost;

#[async_trait]
impl Fairing for RequiredHost {
    fn info(&self) -> Info {
        Info { name: "Required host", kind: Kind::Request }
    }

    /// Records the error and changes the method to `CONNECT`, because a fairing cannot respond. No route handles `CONNECT`. A fallback of
    /// `request::method_fallback` fails with the recorded error, and Rocket fails if the path has no fallback. Either way the catcher renders
    /// the recorded error. A guard could reject the request instead, as for `fairings::Cors`, but some routes have no guard.
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if super::is_api(request) && !has_one_host(request) {
            let _ = ApiError::MalformedRequest.record(request);
            request.set_method(Method::Connect);
        }
    }
}

/// Whether the request has exactly one `Host` header with a valid host.
fn has_one_host(request: &Request<'_>) -> bool {
    let mut hosts = request.headers().get("Host");
    hosts.next().is_some_and(|host| Host::parse(host).is_ok()) && hosts.next().is_none()
}

/// Whether the host is this machine, by a name or an address that no DNS server can give to another site.
pub(crate) fn is_loopback(host: &Host<'_>) -> bool {
    let name = host.domain().as_str();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
}
