//! The methods a path does not have.
//!
//! Rocket answers 404 to a known path with another method. HTTP wants 405 with `Allow`, and 204 with it for `OPTIONS`,
//! so every path gets routes for its other methods, made from the routes it has.

use std::collections::BTreeMap;

use rocket::http::{Header, Method, Status};
use rocket::outcome::Outcome;
use rocket::request::Request;
use rocket::response::Response;
use rocket::route::{self, Handler, Route};
use rocket::{Data, async_trait};

use crate::problem::Problem;

/// All that a request can come with, `OPTIONS` apart, in the order in which `Allow` shows them.
const METHODS: [Method; 8] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Trace,
    Method::Connect,
];

/// How long after a path's routes these come: before those of any other path that a request could be meant for. Routes are
/// tried by rank: the enveloped dialect's with a user (1) and without (3), then the bare one's with a user (5), for which
/// `v1` would be a user like any other, and without (7).
const NEXT: isize = 1;

/// These routes, and for each path those that answer its other methods.
#[must_use]
pub fn with_other_methods(mut routes: Vec<Route>) -> Vec<Route> {
    let mut paths: BTreeMap<String, (isize, Vec<Method>)> = BTreeMap::new();
    for route in &routes {
        let path = route.uri.path().to_owned();
        let (rank, methods) = paths.entry(path).or_insert((route.rank, Vec::new()));
        *rank = route.rank.max(*rank);
        methods.push(route.method);
    }
    for (path, (rank, methods)) in paths {
        // Rocket answers HEAD by the route for GET.
        let has =
            |method| methods.contains(&method) || (method == Method::Head && methods.contains(&Method::Get));
        let mut names: Vec<&str> = METHODS.into_iter().filter(|it| has(*it)).map(Method::as_str).collect();
        names.push(Method::Options.as_str());
        let others = OtherMethods { allow: names.join(", ") };
        for method in METHODS.into_iter().chain([Method::Options]).filter(|it| !has(*it)) {
            routes.push(Route::ranked(rank + NEXT, method, &path, others.clone()));
        }
    }
    routes
}

#[derive(Clone)]
struct OtherMethods {
    allow: String,
}

#[async_trait]
impl Handler for OtherMethods {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> route::Outcome<'r> {
        if let Some(problem) = Problem::noted(request) {
            Outcome::Error(problem.status())
        } else if request.method() == Method::Options {
            let allow = Header::new("Allow", self.allow.clone());
            Outcome::Success(Response::build().status(Status::NoContent).header(allow).finalize())
        } else {
            Outcome::Error(Problem::MethodNotAllowed(self.allow.clone()).note(request))
        }
    }
}
