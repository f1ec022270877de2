//! Request handling that the dialects share: bodies, query parameters, ids in paths, method fallbacks, origins, and the errors of failed requests.

mod body;
mod catch;
mod method_fallback;
mod origin;
mod query;
mod task_id;

use std::time::Duration;

use rocket::fairing::AdHoc;

pub(crate) use body::read as read_body;
pub use body::{Body, NoBody};
pub use catch::error_for;
pub use method_fallback::{with_method_fallbacks, with_options};
pub(crate) use origin::{check_origin, disallow_origin};
pub use query::Query;

/// Manages the timeout of request bodies.
#[must_use]
pub fn stage(body_timeout: Duration) -> AdHoc {
    let timeout = body::BodyTimeout(body_timeout);
    AdHoc::on_ignite("Request body timeout", move |rocket| async move { rocket.manage(timeout) })
}
