//! Data guards for JSON request bodies.

use std::time::Duration;

use rocket::data::{self, Data, FromData, ToByteUnit};
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::Request;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::shape::decode::FromBody;
use crate::shape::{Shape, record_ignored};
use crate::task::FieldError;

/// The maximum size of a body, in bytes.
const MAX_BODY_SIZE: u64 = 64 * 1024;

/// Bytes of a larger body that are read and discarded. If a server closes a connection while the client is sending, the client's TCP
/// discards the response, and the client sees a broken connection instead of a 413.
const DISCARD_LIMIT: u64 = 1024 * 1024;

/// The time that a body may take to arrive. Rocket has no such limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyTimeout(pub(super) Duration);

/// Bytes that Rocket reads of each body before any guard runs, to find a form's `_method`. Rocket only logs the error of a
/// connection that breaks meanwhile, and the body then looks empty or short.
const PEEKED: usize = "_method=delete".len();

/// A JSON body, decoded into a domain type by the shape of the request.
#[derive(Debug)]
pub struct Body<T>(pub T);

#[rocket::async_trait]
impl<'r, T: FromBody> FromData<'r> for Body<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let Some(shape) = Shape::of(request) else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        match read(request, data).await.and_then(|bytes| parse(request, shape, &bytes)) {
            Ok(value) => Outcome::Success(Self(value)),
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

/// The body of a request that needs none. Its content is ignored, but it must arrive whole: a request that breaks off is not carried out.
#[derive(Debug)]
pub struct NoBody;

#[rocket::async_trait]
impl<'r> FromData<'r> for NoBody {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        match read(request, data).await {
            Ok(_) => Outcome::Success(Self),
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

/// Reads a body within the limits of size and time.
pub(crate) async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    let body_timeout = request.rocket().state::<BodyTimeout>().map_or(Duration::MAX, |it| it.0);
    // The content type is ignored, because many clients omit it.
    match timeout(body_timeout, read_limited(data)).await {
        Ok(body) => body,
        Err(_) => Err(ApiError::RequestTimeout),
    }
}

async fn read_limited(mut data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    // Rocket has read less than it wanted and has not seen the end of the body: the connection has broken.
    if !data.peek_complete() && data.peek(PEEKED).await.len() < PEEKED {
        return Err(ApiError::MalformedRequest);
    }
    let mut stream = data.open(DISCARD_LIMIT.bytes());
    let mut bytes = Vec::new();
    // The client has disconnected, or its transfer encoding is invalid.
    let broken = |_| ApiError::MalformedRequest;
    let mut limited = (&mut stream).take(MAX_BODY_SIZE + 1);
    limited.read_to_end(&mut bytes).await.map_err(broken)?;
    if limited.limit() == 0 {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(broken)?;
        return Err(ApiError::PayloadTooLarge);
    }
    Ok(bytes)
}

fn parse<T: FromBody>(request: &Request<'_>, shape: &Shape, bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty()
        && let Some(value) = T::for_empty_body()
    {
        return Ok(value);
    }
    // The whole body is parsed as JSON before any field is validated. Otherwise a body with a syntax error and an invalid field would be
    // 400 or 422 depending on their order.
    let value = serde_json::from_slice(bytes).map_err(|error| ApiError::InvalidJson(error.to_string()))?;
    match value {
        Value::Object(object) => {
            record_ignored(
                request,
                object.keys().map(String::as_str).filter(|name| shape.decoder.ignores(name)),
            );
            shape.decoder.decode(object, bytes).map_err(ApiError::Validation)
        }
        _ => Err(ApiError::Validation(vec![FieldError::new("body", "Request body must be a JSON object")])),
    }
}
