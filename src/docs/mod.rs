//! The API explains itself: an OpenAPI document made from the code, and a page that shows it.

mod dialect;
mod document;
mod operations;
mod ui;

use rocket::fairing::AdHoc;

pub use document::document;

use crate::config::Settings;
use crate::request::with_other_methods;

/// Mounts `/openapi.json` and `/docs`, unless the settings say not to.
#[must_use]
pub fn stage(settings: &Settings) -> AdHoc {
    let enabled = settings.general.docs;
    AdHoc::on_ignite("Documentation", move |rocket| async move {
        if enabled { rocket.mount("/", with_other_methods(ui::routes())) } else { rocket }
    })
}
