//! The guard of every task route.

use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::Verifier;
use super::claims::Identity;
use crate::error::{ApiError, TokenError};
use crate::request::path_user_id;

/// The caller. There is no way to make one but a good token, and no way to a task but through one.
#[derive(Debug)]
pub struct AuthUser(Identity);

impl AuthUser {
    /// The caller's id: 1 to 255 characters, opaque.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.user_id
    }

    /// The caller's address, if the token has it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The caller of a request whose guard has already been passed, for the log.
    pub(crate) fn cached<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        let caller: &Result<Self, ApiError> =
            request.local_cache(|| Err(ApiError::Unauthenticated(TokenError::Missing)));
        caller.as_ref().ok()
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r AuthUser {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        // A page of a foreign origin was found out before any route was (`fairings::cors`).
        if let Some(problem @ ApiError::OriginNotAllowed) = ApiError::recorded(request) {
            return Outcome::Error((problem.status(), ()));
        }
        let verifier = match request.guard::<&State<Verifier>>().await {
            Outcome::Success(verifier) => verifier,
            Outcome::Error((status, ())) | Outcome::Forward(status) => return Outcome::Error((status, ())),
        };
        let caller = request.local_cache_async(async {
            let identity = verifier.verify(bearer(request)).await;
            identity.map(AuthUser).map_err(ApiError::Unauthenticated)
        });
        match caller.await {
            Ok(user) if path_user_id(request).is_some_and(|id| id != user.id()) => {
                Outcome::Error((ApiError::UserMismatch.record(request), ()))
            }
            Ok(user) => Outcome::Success(user),
            Err(problem) => Outcome::Error((problem.clone().record(request), ())),
        }
    }
}

/// The token of [RFC 6750, 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
fn bearer<'r>(request: &'r Request<'_>) -> Result<&'r str, TokenError> {
    let mut headers = request.headers().get("Authorization");
    let header = headers.next().unwrap_or_default();
    // Two of them are a disagreement about who is calling, and nobody else would resolve it as we do.
    if headers.next().is_some() {
        return Err(TokenError::Invalid);
    }
    match header.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => Ok(token.trim_start()),
        _ => Err(TokenError::Missing),
    }
}
