//! The bare dialect at `/api`: plain task objects, and errors as `{detail, error_code}`.

pub(crate) mod errors;
mod query;
mod task_stream;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_method_fallbacks;

/// Mounts the dialect. Its catcher is registered at the root, so that errors outside of any API are JSON as well.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("API", |rocket| async {
        rocket.mount("/api", with_method_fallbacks(tasks::routes())).register("/", errors::catchers())
    })
}
