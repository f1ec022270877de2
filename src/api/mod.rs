//! The bare dialect, at `/api`: plain task objects, and errors as `{detail, error_code}`.

pub(crate) mod errors;
mod query;
mod task_stream;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_method_fallbacks;

/// Mounts the dialect. Its catcher serves the root as well, so that outside of any API, too, errors are JSON.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("The bare dialect", |rocket| async {
        rocket.mount("/api", with_method_fallbacks(tasks::routes())).register("/", errors::catchers())
    })
}
