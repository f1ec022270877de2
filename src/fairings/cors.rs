//! CORS: lets pages of the allowed origins read responses.
//!
//! `rocket_cors` checks origins and writes the headers. Its own fairing is not used, because it rejects a disallowed origin from its own
//! routes, outside the dialects, and responds with 204 to a preflight for a path that does not exist.

use std::collections::HashSet;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::Method;
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Build, Data, Rocket, async_trait};
use rocket_cors::{AllowedHeaders, CorsOptions, Error, Guard};

use crate::config::AllowedOrigins;
use crate::request::disallow_origin;

/// Seconds for which a browser caches the result of a preflight. Chromium's maximum is two hours.
const PREFLIGHT_MAX_AGE: usize = 7200;

/// Request headers that pages may send. MCP clients send the last three.
const ALLOWED_HEADERS: [&str; 5] =
    ["Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"];

/// Fairing that checks the `Origin` of API requests and adds the CORS headers.
#[derive(Debug)]
pub struct Cors(CorsOptions);

impl Cors {
    /// Creates the fairing for these origins.
    #[must_use]
    pub fn new(origins: &AllowedOrigins) -> Self {
        let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let exposed = ["Location", "X-Request-Id", "Retry-After", "ETag"];
        Self(CorsOptions {
            allowed_origins: rocket_cors::AllowedOrigins::some_exact(origins.as_slice()),
            allowed_methods: methods.into_iter().map(From::from).collect(),
            allowed_headers: AllowedHeaders::some(&ALLOWED_HEADERS),
            allow_credentials: true,
            expose_headers: exposed.map(str::to_owned).into_iter().collect::<HashSet<_>>(),
            max_age: Some(PREFLIGHT_MAX_AGE),
            ..CorsOptions::default()
        })
    }
}

#[async_trait]
impl Fairing for Cors {
    fn info(&self) -> Info {
        Info { name: "CORS", kind: Kind::Ignite | Kind::Request | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        match self.0.to_cors() {
            Ok(cors) => Ok(rocket.manage(cors)),
            Err(error) => {
                tracing::error!(%error, "invalid CORS configuration");
                Err(rocket)
            }
        }
    }

    /// Marks a disallowed origin, and `AuthUser` then rejects the request: a fairing cannot respond, and the catcher must render the error.
    /// Routes of the issuer without `AuthUser` compare the origin themselves (`issuer::csrf`).
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if super::is_api(request) && is_origin_disallowed(request).await {
            disallow_origin(request);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        apply(request, response).await;
    }
}

async fn is_origin_disallowed(request: &Request<'_>) -> bool {
    let Some(origin) = request.headers().get_one("Origin") else { return false };
    // Pages of this server are same-origin. Only host and port are compared, because a proxy may have changed the scheme.
    let host = request.headers().get_one("Host").unwrap_or_default();
    // `/mcp` has no pages. A page that bound its own name to this server's address (DNS rebinding) would be same-origin there.
    let may_be_same_origin =
        !super::is_mcp(request) || request.host().is_some_and(|host| super::is_loopback(host));
    let is_same_origin = may_be_same_origin
        && origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    let is_disallowed = match request.guard::<Guard<'_>>().await {
        Outcome::Error((_, error)) => matches!(error, Error::OriginNotAllowed(_) | Error::BadOrigin(_)),
        _ => false,
    };
    is_disallowed && !is_same_origin
}

pub(super) async fn apply<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    if request.headers().contains("Origin")
        && let Outcome::Success(cors) = request.guard::<Guard<'_>>().await
    {
        *response = cors.response(std::mem::take(response));
    }
    // Also without `Origin`, because a cache could otherwise serve the response for one origin to another origin.
    response.adjoin_raw_header("Vary", "Origin");
}
