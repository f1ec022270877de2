//! What stands before every route: not too often, and from a page that is trusted.

use std::sync::Arc;

use rocket::http::Method;
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::route::{self, Handler, Route};
use rocket::{Data, async_trait};
use url::Url;

use super::input::NUL;
use super::limits::{Kind, Limits};
use super::refusal::Refusal;
use super::site::Site;

/// Routes of one kind, behind the gate. [`super::routes`] mounts nothing else, so that each route says what it is counted as.
pub(super) struct GatedRoutes(Vec<Route>);

impl GatedRoutes {
    pub(super) fn new(kind: Kind, routes: Vec<Route>) -> Self {
        let gated = |mut route: Route| {
            route.handler = Box::new(Gate { kind, inner: route.handler });
            route
        };
        Self(routes.into_iter().map(gated).collect())
    }

    pub(super) fn into_routes(self) -> Vec<Route> {
        self.0
    }
}

/// The kind of the route that a request has reached.
pub(super) fn kind_of(request: &Request<'_>) -> Kind {
    *request.local_cache(|| Kind::Other)
}

#[derive(Clone)]
struct Gate {
    kind: Kind,
    inner: Box<dyn Handler>,
}

#[async_trait]
impl Handler for Gate {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let site = match request.guard::<Site<'_>>().await {
            Outcome::Success(site) => site,
            Outcome::Error((status, _)) | Outcome::Forward(status) => return Outcome::Error(status),
        };
        match self.check(request, &site) {
            Ok(()) => {
                request.local_cache(|| self.kind);
                self.inner.handle(request, data).await
            }
            Err(refusal) => Outcome::Error(refusal.record(request)),
        }
    }
}

impl Gate {
    fn check(&self, request: &Request<'_>, site: &Site<'_>) -> Result<(), Refusal> {
        // Absent where the settings say so.
        if let (Some(limits), Some(address)) = (request.rocket().state::<Arc<Limits>>(), site.address) {
            limits.check(self.kind, address)?;
        }
        check_uri(request)?;
        if request.method() == Method::Get { Ok(()) } else { self.check_origin(request, site) }
    }

    /// A request with a cookie must come from a page that is trusted. One that signs in must even without, for a foreign page
    /// could make its visitor somebody else; but programs, which send none of these headers, may.
    fn check_origin(&self, request: &Request<'_>, site: &Site<'_>) -> Result<(), Refusal> {
        let header = |name| request.headers().get_one(name).filter(|value| !value.trim().is_empty());
        let fetch_site = header("Sec-Fetch-Site");
        let fetch_mode = header("Sec-Fetch-Mode");
        let origin = header("Origin");
        let referrer = header("Referer");
        let has_cookie = request.headers().contains("Cookie");
        let signs_in = matches!(self.kind, Kind::SignIn | Kind::SignUp);
        let by_browser =
            [fetch_site, fetch_mode, header("Sec-Fetch-Dest"), origin, referrer].iter().any(Option::is_some);
        let must_be_trusted = has_cookie || (signs_in && by_browser);
        if !must_be_trusted {
            return Ok(());
        }
        if !has_cookie && fetch_site == Some("cross-site") && fetch_mode == Some("navigate") {
            return Err(Refusal::CrossSiteNavigation);
        }
        let named = match origin {
            // Of a page whose policy keeps its origin to itself, but the browser vouches that it is our own.
            Some("null") if fetch_site == Some("same-origin") => return Ok(()),
            Some("null") => return Err(Refusal::MissingOrNullOrigin),
            Some(origin) => origin.to_owned(),
            None => referrer
                .and_then(|it| Url::parse(it).ok())
                .map(|it| it.origin().ascii_serialization())
                .ok_or(Refusal::MissingOrNullOrigin)?,
        };
        if site.trusts(&named) { Ok(()) } else { Err(Refusal::InvalidOrigin) }
    }
}

/// PostgreSQL has no text with U+0000, and SQLite has. Refused here, no route passes it to either.
fn check_uri(request: &Request<'_>) -> Result<(), Refusal> {
    let refuse = |part: &str| Err(Refusal::Validation(format!("[{part}] {NUL}")));
    if request.uri().path().contains("%00") {
        return refuse("path");
    }
    if request.uri().query().is_some_and(|it| it.contains("%00")) { refuse("query") } else { Ok(()) }
}
