//! Request guard that authenticates the caller of every task route.

use std::sync::OnceLock;

use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::Verifier;
use super::claims::UserId;
use super::token_source::presented_token;
use crate::error::ApiError;
use crate::request::check_origin;
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

    /// The caller, if this guard has run for the request.
    pub(crate) fn cached<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        authentication(request).get()?.as_ref().ok()
    }
}

/// The outcome of the authentication of a request. A request may run the guard several times, and the token is verified and counted once.
type Authentication = OnceLock<Result<AuthUser, ApiError>>;

fn authentication<'r>(request: &'r Request<'_>) -> &'r Authentication {
    request.local_cache(Authentication::new)
}

async fn authenticate(request: &Request<'_>, verifier: &Verifier) -> Result<AuthUser, ApiError> {
    // The verifier also counts requests without a token, so it gets the error of the token.
    let token = match presented_token(request) {
        Ok(token) => Ok(token),
        Err(ApiError::Unauthenticated(error)) => Err(error),
        Err(error) => return Err(error),
    };
    let user_id = verifier.verify(token).await;
    user_id.map(AuthUser).map_err(ApiError::Unauthenticated)
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r AuthUser {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        // The CORS fairing marks a disallowed origin but cannot respond, so the guard rejects the request (`fairings::cors`).
        if let Err(error) = check_origin(request) {
            return Outcome::Error((error.record(request), ()));
        }
        let verifier = match request.guard::<&State<Verifier>>().await {
            Outcome::Success(verifier) => verifier,
            Outcome::Error((status, ())) | Outcome::Forward(status) => return Outcome::Error((status, ())),
        };
        let authentication = authentication(request);
        let caller = if let Some(caller) = authentication.get() {
            caller
        } else {
            let caller = authenticate(request, verifier).await;
            authentication.get_or_init(|| caller)
        };
        match caller {
            Ok(user) if path_user_id(request).is_some_and(|id| id != user.id()) => {
                Outcome::Error((ApiError::UserMismatch.record(request), ()))
            }
            Ok(user) => Outcome::Success(user),
            Err(error) => Outcome::Error((error.clone().record(request), ())),
        }
    }
}
