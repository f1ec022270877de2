//! Request handling that the dialects share: bodies, query parameters, ids in paths, method fallbacks, and the errors of failed requests.

mod body;
mod catch;
mod method_fallback;
mod query;
mod task_id;
mod user_path;

use rocket::fairing::AdHoc;

pub(crate) use body::read as read_body;
pub use body::{Body, NoBody};
pub use catch::error_for;
pub use method_fallback::{with_method_fallbacks, with_options};
pub use query::Query;
pub use user_path::UserPath;
pub(crate) use user_path::path_user_id;

use crate::config::General;

/// Sets the time limit of request bodies.
#[must_use]
pub fn stage(settings: &General) -> AdHoc {
    let body_timeout = body::BodyTimeout(settings.body_timeout());
    AdHoc::on_ignite("Request body timeout", move |rocket| async move { rocket.manage(body_timeout) })
}
