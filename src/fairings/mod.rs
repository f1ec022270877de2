//! What happens to every request, whatever its route.

mod chunk_size;
mod cors;
mod headers;
mod host;
mod otel;
mod request_log;

use std::io::Cursor;

use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

pub(crate) use chunk_size::MAX_CHUNK_SIZE;
pub use chunk_size::ResponseChunkSize;
pub use cors::Cors;
pub use headers::{ApiHeaders, shield};
pub use host::RequiredHost;
pub use otel::OtelTracer;
pub use request_log::RequestLog;

/// Whether a request is for an API, not for a probe or a page.
fn is_api(request: &Request<'_>) -> bool {
    request.uri().path().segments().next() == Some("api")
}

/// The answer to a request that failed.
pub struct ErrorResponse<'r>(Response<'r>);

impl<'r, 'o: 'r> Responder<'r, 'o> for ErrorResponse<'o> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'o> {
        Ok(self.0)
    }
}

/// Answers a request that failed, with the body and the headers its dialect gives it.
pub async fn respond_with_error<'r>(
    request: &'r Request<'_>,
    status: Status,
    body: &impl Serialize,
    add_headers: impl FnOnce(&mut Response<'r>),
) -> ErrorResponse<'r> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::build()
        .status(status)
        .header(ContentType::JSON)
        .sized_body(body.len(), Cursor::new(body))
        .finalize();
    add_headers(&mut response);
    // Rocket runs no fairings for a request that it cannot read (one of an unknown method, for example), but it does
    // run a catcher: so that is where such an answer gets what the fairings give to every other.
    if !request_log::has_begun(request) {
        // What it has for a method then is its guess.
        request_log::begin(request, "?", None);
        cors::apply(request, &mut response).await;
        headers::apply(request, &mut response);
        request_log::end(request, &mut response);
    }
    ErrorResponse(response)
}
