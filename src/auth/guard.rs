//! Request guard that authenticates the caller of every task route.

use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::Verifier;
use super::claims::UserId;
use super::token_source::presented_token;
use crate::error::{ApiError, TokenError};
use crate::shape::path_user_id;

/// The authenticated caller. Only a valid token yields an `AuthUser`, and the store hands out tasks only for an `AuthUser`.
#[derive(Debug, Clone)]
pub struct AuthUser(UserId);

impl AuthUser {
    /// User id from the token: 1 to 255 characters, opaque.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.as_str()
    }

    /// The caller, if this guard has run for the request. For code that runs after the route: an earlier call would cache that there is no
    /// caller. The key of the cache is the type `Result<AuthUser, ApiError>`, which
    /// [`FromRequest`] below must use as well.
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
        // The CORS fairing records a disallowed origin but cannot respond, so the guard rejects the request (`fairings::cors`).
        if let Some(error @ ApiError::OriginNotAllowed) = ApiError::recorded(request) {
            return Outcome::Error((error.status(), ()));
        }
        let verifier = match request.guard::<&State<Verifier>>().await {
            Outcome::Success(verifier) => verifier,
            Outcome::Error((status, ())) | Outcome::Forward(status) => return Outcome::Error((status, ())),
        };
        let caller = request.local_cache_async(async {
            // The verifier also counts requests without a token, so it gets the error of the token.
            let token = match presented_token(request) {
                Ok(token) => Ok(token),
                Err(ApiError::Unauthenticated(error)) => Err(error),
                Err(error) => return Err(error),
            };
            let user_id = verifier.verify(token).await;
            user_id.map(AuthUser).map_err(ApiError::Unauthenticated)
        });
        match caller.await {
            Ok(user) if path_user_id(request).is_some_and(|id| id != user.id()) => {
                Outcome::Error((ApiError::UserMismatch.record(request), ()))
            }
            Ok(user) => Outcome::Success(user),
            Err(error) => Outcome::Error((error.clone().record(request), ())),
        }
    }
}
