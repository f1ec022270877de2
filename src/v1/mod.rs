//! The enveloped dialect, at `/api/v1`: `{data, error}`, pages, and 403 for somebody else's task.
//!
//! The same routes, parsing and store as [`crate::api`]; read beside it, what differs is what is here.

mod body;
mod by_user;
pub(crate) mod errors;
pub(crate) mod response;
mod query;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_method_fallbacks;

/// Mounts the dialect.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("The enveloped dialect", |rocket| async {
        let routes = [tasks::routes(), by_user::routes()].concat();
        rocket.mount("/api/v1", with_method_fallbacks(routes)).register("/api/v1", errors::catchers())
    })
}
