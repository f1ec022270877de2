//! What the dialects read from a request alike: its body, a task's id in its path, its query; what both answer to a
//! method that a path does not have; and what was behind a request that failed.

mod body;
mod catch;
mod method_fallback;
mod query;
mod task_id;
mod user_path;

use std::time::Duration;

use rocket::fairing::AdHoc;

pub(crate) use body::read as read_body;
pub use body::{Body, NoBody};
pub use catch::error_for;
pub use method_fallback::{with_method_fallbacks, with_options};
pub use query::Query;
pub use user_path::UserPath;
pub(crate) use user_path::path_user_id;

/// Manages the timeout of request bodies.
#[must_use]
pub fn stage(body_timeout: Duration) -> AdHoc {
    let timeout = body::BodyTimeout(body_timeout);
    AdHoc::on_ignite("Bodies", move |rocket| async move { rocket.manage(timeout) })
}
