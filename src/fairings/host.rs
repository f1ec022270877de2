//! Requests to the API that do not name one host.
//!
//! HTTP/1.1 forbids them ([RFC 9112, 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)), and without a host it cannot be told
//! whether a page is the server's own. Rocket accepts them. Probes speak HTTP/1.0 without a `Host`, and Rocket does not tell the versions
//! apart: so what is outside `/api` is left alone.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::http::uri::Host;
use rocket::request::Request;
use rocket::{Data, async_trait};

use crate::error::ApiError;

/// Makes such a request fail with 400.
#[derive(Debug)]
pub struct RequiredHost;

#[async_trait]
impl Fairing for RequiredHost {
    fn info(&self) -> Info {
        Info { name: "Required host", kind: Kind::Request }
    }

    /// A fairing cannot respond, and the response is its dialect's to word. No route handles this method, so that a catcher finds the
    /// problem.
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if super::is_api(request) && !names_one_host(request) {
            let _ = ApiError::MalformedRequest.record(request);
            request.set_method(Method::Connect);
        }
    }
}

/// Whether there is one `Host`, and it is one.
fn names_one_host(request: &Request<'_>) -> bool {
    let mut hosts = request.headers().get("Host");
    hosts.next().is_some_and(|host| Host::parse(host).is_ok()) && hosts.next().is_none()
}
