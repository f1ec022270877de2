//! What the dialects read from a request alike: its body, a task's id in its path, its query; what both answer to a
//! method that a path does not have; and what was behind a request that failed.

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

/// Lets bodies be read by these settings.
#[must_use]
pub fn stage(settings: &General) -> AdHoc {
    let patience = body::BodyTimeout(settings.body_timeout());
    AdHoc::on_ignite("Bodies", move |rocket| async move { rocket.manage(patience) })
}
