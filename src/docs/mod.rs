//! API documentation: an OpenAPI document built from the code, and Swagger UI.

mod dialect;
mod document;
mod operations;
mod template;
mod ui;

use rocket::fairing::AdHoc;
use utoipa::openapi::OpenApi;

pub use document::document;
pub(crate) use template::template_schema;

use crate::request::with_method_fallbacks;

/// Mounts `/openapi.json`, which serves this document, and `/docs`, if they are enabled.
#[must_use]
pub fn stage(enabled: bool, document: impl FnOnce() -> OpenApi + Send + 'static) -> AdHoc {
    let document = ui::Document::when_asked(document);
    AdHoc::on_ignite("Documentation", move |rocket| async move {
        if enabled { rocket.manage(document).mount("/", with_method_fallbacks(ui::routes())) } else { rocket }
    })
}
