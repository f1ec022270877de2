//! Fairings: request id and log, tracing, CORS, security headers and response chunks, for every route.

mod chunk_size;
mod cors;
mod headers;
mod host;
mod log_line;
mod otel;
mod request_log;
mod request_record;

use std::io::Cursor;

use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

use crate::config::LoginPaths;
use crate::shape::is_task_path;

pub(crate) use chunk_size::MAX_CHUNK_SIZE;
pub use chunk_size::ResponseChunkSize;
pub use cors::Cors;
pub use headers::{ApiHeaders, shield};
pub use host::RequiredHost;
pub(crate) use host::is_loopback;
pub use otel::OtelTracer;
pub use request_log::RequestLog;
pub(crate) use request_record::record_tool;

/// Whether the request is for tasks, a login route, `/api`, `/mcp` or `/.well-known`, which has the metadata of the MCP server. Probes,
/// metrics and documentation are public, and no page of another origin needs them.
fn is_api(request: &Request<'_>) -> bool {
    is_task_path(request)
        || matches!(request.uri().path().segments().next(), Some("api" | "mcp" | ".well-known"))
        || is_login_path(request)
}

/// Whether the request is for a path of `issuer.login_paths`.
pub(crate) fn is_login_path(request: &Request<'_>) -> bool {
    request.rocket().state::<LoginPaths>().is_some_and(|paths| paths.find(request.uri()).is_some())
}

/// Whether the request is for the MCP server.
fn is_mcp(request: &Request<'_>) -> bool {
    request.uri().path().segments().next() == Some("mcp")
}

/// The response to a failed request.
pub struct ErrorResponse<'r>(Response<'r>);

impl<'r, 'o: 'r> Responder<'r, 'o> for ErrorResponse<'o> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'o> {
        Ok(self.0)
    }
}

/// Builds the response to a failed request from its body and headers.
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
    // Rocket runs the catcher but no fairings for a request that it cannot parse, for example because of an unknown method. The request id,
    // the headers and the log line are therefore added here.
    if !request_record::is_started(request) {
        // Rocket's value of the method is meaningless in this case.
        request_record::start(request, "?", None);
        cors::apply(request, &mut response).await;
        headers::apply(request, &mut response);
        request_record::finish(request, &mut response);
    }
    ErrorResponse(response)
}
