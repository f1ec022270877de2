//! Fallback routes for the methods that a path does not have.
//!
//! Rocket responds with 404 to a known path with another method. HTTP requires 405 with `Allow`, and `OPTIONS` should be 204 with `Allow`.
//! So each path gets routes for its other methods.

use std::collections::BTreeMap;
use std::sync::Arc;

use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::response::Response;
use rocket::route::{self, Handler, Route};
use rocket::{Data, async_trait};

use super::origin::check_origin;
use crate::error::ApiError;
use crate::shape::Shapes;

/// The methods in the order of `Allow`. Rocket itself responds to methods that it does not know (`PROPFIND`, `QUERY`, …); see
/// [`super::catch::error_for`].
const METHODS: [Method; 9] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Trace,
    Method::Connect,
    Method::Options,
];

/// The given routes, and for each path a fallback for its other methods.
#[must_use]
pub fn with_method_fallbacks(routes: Vec<Route>) -> Vec<Route> {
    with(routes, &METHODS)
}

/// The given routes, and for each path a route for `OPTIONS`, which CORS preflights need. For protocols without 405.
#[must_use]
pub fn with_options(routes: Vec<Route>) -> Vec<Route> {
    with(routes, &[Method::Options])
}

fn with(mut routes: Vec<Route>, more: &[Method]) -> Vec<Route> {
    let mut paths: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for route in &routes {
        paths.entry(route.uri.path().to_owned()).or_default().push(route.method);
    }
    for (path, methods) in paths {
        // Rocket handles HEAD by the route for GET.
        let has_get = methods.contains(&Method::Get);
        let has = |method| methods.contains(&method) || (method == Method::Head && has_get);
        let others = more.iter().copied().filter(|method| !has(*method));
        routes.extend(others.map(|method| Route::new(method, &path, MethodFallback)));
    }
    routes
}

/// The methods of the request's path, as in `Allow`. `None` if no route has the path.
pub(super) fn allowed_methods(request: &Request<'_>) -> Option<String> {
    // The fallbacks have no name.
    let named = || request.rocket().routes().filter(|it| it.name.is_some());
    // Rocket runs no fairing for a method that it does not know, so that a user's id may still be in the path.
    let shapes = request.rocket().state::<Arc<Shapes>>();
    let without_user_id = shapes.and_then(|it| it.split_user_id(request.uri())).map(|(_, uri)| uri);
    let uri = without_user_id.as_ref().unwrap_or(request.uri());
    // Of `/search` and `/<id>`, Rocket routes to the more literal one.
    let path = named().filter(|it| path_matches(it, uri)).min_by_key(|it| it.rank)?.uri.path();
    let methods: Vec<Method> = named().filter(|it| it.uri.path() == path).map(|it| it.method).collect();
    let has = |method: &Method| match method {
        Method::Options => true,
        Method::Head => methods.contains(&Method::Get),
        other => methods.contains(other),
    };
    Some(METHODS.into_iter().filter(has).map(Method::as_str).collect::<Vec<_>>().join(", "))
}

fn path_matches(route: &Route, uri: &Origin<'_>) -> bool {
    let (path, pattern) = (uri.path().segments(), route.uri.path().split('/').skip(1));
    path.len() == pattern.clone().count()
        && path.zip(pattern).all(|(actual, expected)| expected.starts_with('<') || actual == expected)
}

#[derive(Clone)]
struct MethodFallback;

#[async_trait]
impl Handler for MethodFallback {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> route::Outcome<'r> {
        let allow = allowed_methods(request).unwrap_or_default();
        // `fairings::RequiredHost` has rejected the request.
        if let Some(error) = ApiError::recorded(request) {
            Outcome::Error(error.status())
        } else if let Err(error) = check_origin(request) {
            Outcome::Error(error.record(request))
        } else if request.method() == Method::Options {
            let allow = Header::new("Allow", allow);
            Outcome::Success(Response::build().status(Status::NoContent).header(allow).finalize())
        } else {
            Outcome::Error(ApiError::MethodNotAllowed(allow).record(request))
        }
    }
}
