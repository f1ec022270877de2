//! The bare dialect, at `/api`: plain task objects, and errors as `{detail, error_code}`.

pub(crate) mod catcher;
mod listing;
mod query;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_other_methods;

/// Mounts the dialect. Its catcher serves the root as well, so that outside of any API, too, errors are JSON.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("The bare dialect", |rocket| async {
        rocket.mount("/api", with_other_methods(tasks::routes())).register("/", catcher::catchers())
    })
}
