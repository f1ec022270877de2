//! CORS: which pages may read answers.
//!
//! `rocket_cors` judges origins and writes the headers. Its own fairing is not used: it answers a refused origin from
//! routes of its own, past the dialects, and a preflight for a path that does not exist with 204.

use std::collections::HashSet;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::Method;
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Build, Data, Rocket, async_trait};
use rocket_cors::{AllowedHeaders, CorsOptions, Error, Guard};

use crate::config::AllowedOrigins;
use crate::error::ApiError;

/// Seconds for which a browser need not ask again. Chromium's own limit is two hours.
const MAX_AGE: usize = 7200;

/// The fairing.
#[derive(Debug)]
pub struct Cors(CorsOptions);

impl Cors {
    /// For pages of these origins.
    #[must_use]
    pub fn new(origins: &AllowedOrigins) -> Self {
        let methods = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let exposed = ["Location", "X-Request-Id", "Retry-After", "ETag"];
        Self(CorsOptions {
            allowed_origins: rocket_cors::AllowedOrigins::some_exact(origins.as_slice()),
            allowed_methods: methods.into_iter().map(From::from).collect(),
            allowed_headers: AllowedHeaders::some(&["Authorization", "Content-Type"]),
            allow_credentials: true,
            expose_headers: exposed.map(str::to_owned).into_iter().collect::<HashSet<_>>(),
            max_age: Some(MAX_AGE),
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
                tracing::error!(%error, "CORS cannot be set up");
                Err(rocket)
            }
        }
    }

    /// A page of a foreign origin is noted, and the guards refuse it: a fairing cannot answer, and the answer is its
    /// dialect's to word.
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if super::is_api(request) && is_origin_disallowed(request).await {
            let _ = ApiError::OriginNotAllowed.record(request);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        apply(request, response).await;
    }
}

async fn is_origin_disallowed(request: &Request<'_>) -> bool {
    let Some(origin) = request.headers().get_one("Origin") else { return false };
    // A page that this very server gave out is no stranger; proxies may have changed the scheme on the way.
    let host = request.headers().get_one("Host").unwrap_or_default();
    let is_own = origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    let is_refused = match request.guard::<Guard<'_>>().await {
        Outcome::Error((_, error)) => matches!(error, Error::OriginNotAllowed(_) | Error::BadOrigin(_)),
        _ => false,
    };
    is_refused && !is_own
}

pub(super) async fn apply<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    if request.headers().contains("Origin")
        && let Outcome::Success(cors) = request.guard::<Guard<'_>>().await
    {
        *response = cors.response(std::mem::take(response));
    }
    // Always: a cache that kept the answer to one origin would give it to another.
    response.adjoin_raw_header("Vary", "Origin");
}
