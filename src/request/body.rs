//! A JSON body that has become a domain type, or the exact reason why it has not.

use std::time::Duration;

use rocket::data::{self, Data, FromData, ToByteUnit};
use rocket::outcome::Outcome;
use rocket::request::Request;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::task::FieldError;
use crate::task::Parse;

/// Bytes a body may have.
const LIMIT: u64 = 64 * 1024;

/// Bytes of a larger body that are read all the same. A server that answers and hangs up while a client is still
/// sending makes its TCP throw the answer away: the client would see a broken connection instead of a 413.
const DISCARD_LIMIT: u64 = 1024 * 1024;

/// How long a body may take to arrive. Rocket has no such limit of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyTimeout(pub(super) Duration);

/// Bytes that Rocket reads of each body before any guard runs, to find a form's `_method`. It only logs the error of a connection that
/// breaks meanwhile, and the body then looks empty or short.
const PEEKED: usize = "_method=delete".len();

/// The body of a request, parsed.
#[derive(Debug)]
pub struct Body<T>(pub T);

#[rocket::async_trait]
impl<'r, T: Parse> FromData<'r> for Body<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        match read(request, data).await.and_then(|bytes| parse(&bytes)) {
            Ok(value) => Outcome::Success(Self(value)),
            Err(problem) => Outcome::Error((problem.record(request), ())),
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
            Err(problem) => Outcome::Error((problem.record(request), ())),
        }
    }
}

/// A body as it comes, if it is not too large and not too slow.
pub(crate) async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    let patience = request.rocket().state::<BodyTimeout>().map_or(Duration::MAX, |it| it.0);
    // The content-type is not looked at: what is meant is JSON, and many a client forgets to say so.
    match timeout(patience, receive(data)).await {
        Ok(received) => received,
        Err(_) => Err(ApiError::RequestTimeout),
    }
}

async fn receive(mut data: Data<'_>) -> Result<Vec<u8>, ApiError> {
    // Short of what Rocket wanted, and yet not at its end.
    if !data.peek_complete() && data.peek(PEEKED).await.len() < PEEKED {
        return Err(ApiError::MalformedRequest);
    }
    let mut stream = data.open(DISCARD_LIMIT.bytes());
    let mut bytes = Vec::new();
    // The client went away or broke the transfer encoding; nobody may be left to read this.
    let broken = |_| ApiError::MalformedRequest;
    let mut limited = (&mut stream).take(LIMIT + 1);
    limited.read_to_end(&mut bytes).await.map_err(broken)?;
    if limited.limit() == 0 {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(broken)?;
        return Err(ApiError::PayloadTooLarge);
    }
    Ok(bytes)
}

fn parse<T: Parse>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty()
        && let Some(value) = T::absent()
    {
        return Ok(value);
    }
    // All of it is read as JSON before any of it is judged: whether a body is JSON (400) must not depend on whether a
    // wrong field (422) comes before or after the mistake.
    let value = serde_json::from_slice(bytes).map_err(|error| ApiError::InvalidJson(error.to_string()))?;
    match value {
        Value::Object(object) => T::parse(object).map_err(ApiError::Validation),
        _ => Err(ApiError::Validation(vec![FieldError {
            field: "body",
            message: "Request body must be a JSON object",
        }])),
    }
}
