//! The routes, by what they are about.

mod account;
mod plain;
mod reset;
mod session;
mod sign;

use rocket::{Route, get, routes};
use serde_json::json;

pub(super) use reset::ResetPolicy;

use super::gate::GatedRoutes;
use super::limits::Kind;
use super::reply::Reply;

pub(super) fn all() -> Vec<Route> {
    let own = vec![GatedRoutes::new(Kind::Other, routes![ok])];
    [own, sign::routes(), session::routes(), account::routes(), reset::routes(), plain::routes()]
        .into_iter()
        .flatten()
        .flat_map(GatedRoutes::into_routes)
        .collect()
}

#[get("/ok")]
fn ok() -> Reply {
    Reply::json(&json!({ "ok": true }))
}
