//! The bare dialect, at `/api`: plain task objects, and errors as `{detail, error_code}`.

mod by_user;
pub(crate) mod errors;
mod task_stream;
mod query;
mod tasks;

use rocket::fairing::AdHoc;

use crate::request::with_method_fallbacks;

/// Mounts the dialect. Its catcher serves the root as well, so that outside of any API, too, errors are JSON.
#[must_use]
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("The bare dialect", |rocket| async {
        let routes = [tasks::routes(), by_user::routes()].concat();
        rocket.mount("/api", with_method_fallbacks(routes)).register("/", errors::catchers())
    })
}
