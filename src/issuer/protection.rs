//! Rate limiting and CSRF protection for every route of the issuer.

use std::sync::Arc;

use rocket::http::{Method, uri};
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::route::{self, Handler, Route};
use rocket::{Data, async_trait};

use super::csrf::{self, Protocol};
use super::error::AuthError;
use super::input::NUL_MESSAGE;
use super::rate_limit::{RateLimitGroup, RateLimiter};
use super::request_context::RequestContext;
use crate::error::ApiError;

/// Routes of one rate limit group, each behind [`Protected`]. [`super::routes`] mounts nothing else, so each route declares its group.
pub(super) struct ProtectedRoutes(Vec<Route>);

impl ProtectedRoutes {
    /// Routes of Better Auth's protocol.
    pub(super) fn new(group: RateLimitGroup, routes: Vec<Route>) -> Self {
        Self::protect(group, Protocol::BetterAuth, routes)
    }

    /// Login routes.
    pub(super) fn login(group: RateLimitGroup, routes: Vec<Route>) -> Self {
        Self::protect(group, Protocol::Login, routes)
    }

    fn protect(group: RateLimitGroup, protocol: Protocol, routes: Vec<Route>) -> Self {
        let protect = |mut route: Route| {
            route.handler = Box::new(Protected { group, protocol, inner: route.handler });
            route
        };
        Self(routes.into_iter().map(protect).collect())
    }

    /// The same routes below this base.
    pub(super) fn at(self, base: &str) -> Result<Self, uri::Error<'static>> {
        let routes = self.0.into_iter().map(|route| route.map_base(|_| base.to_owned()));
        routes.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn into_routes(self) -> Vec<Route> {
        self.0
    }
}

/// A route handler that runs the checks and then the wrapped handler.
#[derive(Clone)]
struct Protected {
    group: RateLimitGroup,
    protocol: Protocol,
    inner: Box<dyn Handler>,
}

#[async_trait]
impl Handler for Protected {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let context = match request.guard::<RequestContext<'_>>().await {
            Outcome::Success(context) => context,
            Outcome::Error((status, _)) | Outcome::Forward(status) => return Outcome::Error(status),
        };
        match self.check(request, &context) {
            Ok(()) => self.inner.handle(request, data).await,
            Err(error) => Outcome::Error(error.record(request)),
        }
    }
}

impl Protected {
    fn check(&self, request: &Request<'_>, context: &RequestContext<'_>) -> Result<(), AuthError> {
        let limiter = request.rocket().state::<Arc<RateLimiter>>();
        let limiter =
            limiter.ok_or_else(|| ApiError::Internal("missing managed state: RateLimiter".to_owned()))?;
        limiter.count_request(request, self.group, context.client_ip)?;
        check_uri(request)?;
        if request.method() == Method::Get {
            return Ok(());
        }
        csrf::check_csrf(request, context, self.protocol, self.group.signs_in())
    }
}

/// Rejects U+0000 in path and query, for all routes. PostgreSQL cannot store that character, while SQLite can.
fn check_uri(request: &Request<'_>) -> Result<(), AuthError> {
    let error = |part: &str| Err(AuthError::Validation(format!("[{part}] {NUL_MESSAGE}")));
    if request.uri().path().contains("%00") {
        return error("path");
    }
    if request.uri().query().is_some_and(|query| query.contains("%00")) { error("query") } else { Ok(()) }
}
