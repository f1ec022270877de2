//! The API explains itself: an OpenAPI document made from the code, and a page that shows it.

mod dialect;
mod document;
mod operations;
mod ui;

use rocket::fairing::AdHoc;
use utoipa::openapi::OpenApi;

pub use document::document;

use crate::config::Settings;
use crate::request::with_method_fallbacks;

/// Mounts this document at `/openapi.json`, and `/docs`, unless the settings say not to.
#[must_use]
pub fn stage(settings: &Settings, document: impl FnOnce() -> OpenApi + Send + 'static) -> AdHoc {
    let enabled = settings.general.docs;
    let document = ui::Document::when_asked(document);
    AdHoc::on_ignite("Documentation", move |rocket| async move {
        if enabled { rocket.manage(document).mount("/", with_method_fallbacks(ui::routes())) } else { rocket }
    })
}
