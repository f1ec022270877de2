//! The enveloped dialect at `/api/v1`: `{data, error}`, pages, and 403 for a task of another user.
//!
//! Routes, parsing and store are those of [`crate::api`]. These files have what differs.

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
    AdHoc::on_ignite("API v1", |rocket| async {
        rocket
            .mount("/api/v1", with_method_fallbacks(tasks::routes()))
            .register("/api/v1", errors::catchers())
    })
}
