//! `POST /mcp`: hands a message to the library and returns its response.

use std::io::Cursor;
use std::sync::Arc;

use http_body_util::BodyExt;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{Route, State, post, routes};

use super::errors::protocol_error;
use super::handler::{CallRecord, CallerTools};
use super::message::{Head, Message};
use super::tools::Catalog;
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::fairings::record_tool;
use crate::store::Store;

pub(super) fn routes() -> Vec<Route> {
    routes![endpoint]
}

#[post("/mcp", data = "<message>")]
async fn endpoint(
    user: &AuthUser,
    head: Head,
    store: &Store,
    catalog: &State<Arc<Catalog>>,
    message: Message,
) -> Result<McpResponse, ApiError> {
    let request = head.with(message).map_err(|_| ApiError::MalformedRequest)?;
    let record = Arc::new(CallRecord::default());
    let tools = CallerTools {
        user: user.clone(),
        store: store.clone(),
        catalog: Arc::clone(catalog),
        record: record.clone(),
    };
    let service = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::<NeverSessionManager>::default(),
        config(),
    );
    let (head, body) = service.handle(request).await.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes().to_vec();
    if head.status.is_server_error() {
        return Err(ApiError::Internal("the MCP library failed, because a tool panicked".to_owned()));
    }
    let is_text = head.status.is_client_error() && !head.headers.contains_key("Content-Type");
    let body = if is_text { protocol_error(String::from_utf8_lossy(&body).into_owned()) } else { body };
    Ok(McpResponse { status: Status::new(head.status.as_u16()), body, record })
}

/// No sessions, and JSON responses. `fairings::RequiredHost` and `fairings::Cors` have checked `Host` and `Origin`, and [`Message`] the size.
fn config() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
}

/// The response to a message.
struct McpResponse {
    status: Status,
    /// JSON. Empty for a notification.
    body: Vec<u8>,
    record: Arc<CallRecord>,
}

impl<'r> Responder<'r, 'static> for McpResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        if let Some(tool) = self.record.tool.get() {
            record_tool(request, tool);
        }
        if let Some(error) = self.record.error.get() {
            error.clone().record(request);
        }
        let mut response = Response::build();
        response.status(self.status);
        if !self.body.is_empty() {
            response.header(ContentType::JSON);
        }
        response.sized_body(self.body.len(), Cursor::new(self.body)).ok()
    }
}
