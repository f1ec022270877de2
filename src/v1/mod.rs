//! The enveloped dialect, at `/api/v1`: `{data, error}`, pages, and 403 for somebody else's task.
//!
//! The same routes, parsing and store as [`crate::api`]; read beside it, what differs is what is here.

mod body;
pub(crate) mod errors;
mod query;
pub(crate) mod response;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_method_fallbacks;

/// Mounts the dialect.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("The enveloped dialect", |rocket| async {
        rocket
            .mount("/api/v1", with_method_fallbacks(tasks::routes()))
            .register("/api/v1", errors::catchers())
    })
}
