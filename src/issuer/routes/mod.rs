//! The routes, by what they are about.

mod account;
mod plain;
mod reset;
mod session;
mod sign;

use rocket::{Route, get, routes};
use serde_json::json;

use super::reply::Reply;

pub(super) fn all() -> Vec<Route> {
    [routes![ok], sign::routes(), session::routes(), account::routes(), reset::routes(), plain::routes()]
        .concat()
}

#[get("/ok")]
fn ok() -> Reply {
    Reply::json(&json!({ "ok": true }))
}
