//! Request guards for the session of a request, by cookie or bearer token.

use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::cookie_signer::CookieSigner;
use super::cookies;
use super::error::AuthError;
use super::request_context::RequestContext;
use super::store::{AuthStore, Session, SessionWithUser, User};
use crate::auth::{AuthUser, has_cookie_token};

/// Session token of the request, from `Authorization` or the session cookie. A session with this token need not exist.
#[derive(Debug)]
pub(super) struct SessionToken(pub(super) Option<String>);

#[async_trait]
impl<'r> FromRequest<'r> for SessionToken {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        let context = try_outcome!(request.guard::<RequestContext<'_>>().await);
        let token = request.rocket().state::<CookieSigner>().and_then(|signer| {
            let bearer = request.headers().get_one("Authorization").and_then(bearer);
            bearer
                .and_then(|token| session_token_of_bearer(token, signer))
                .or_else(|| cookies::session_token(request, &context, signer))
        });
        Outcome::Success(Self(token))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
}

/// The session token of a bearer token, which is the token itself or the signed token. A JWT has dots as well, but no such signature.
fn session_token_of_bearer(token: &str, signer: &CookieSigner) -> Option<String> {
    if token.contains('.') {
        signer.verify(token)
    } else {
        Some(token.to_owned()).filter(|token| !token.is_empty())
    }
}

/// The unexpired session of the request, and its user. Without such a session the request fails with 401.
#[derive(Debug)]
pub(super) struct CurrentSession {
    pub(super) session: Session,
    pub(super) user: User,
    /// Whether the session cookie outlives the browser session.
    pub(super) remember_me: bool,
}

#[async_trait]
impl<'r> FromRequest<'r> for CurrentSession {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match authenticate(request).await {
            Ok(current) => Outcome::Success(current),
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

/// The user of a request: of its unexpired session or, without one, of its API token. An API token does not authenticate a request that
/// needs a session.
#[derive(Debug)]
pub(super) enum Caller {
    Session(CurrentSession),
    ApiToken(User),
    /// Neither, or the token is of a user whom the issuer does not know.
    Unknown,
}

#[async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match identify(request).await {
            Ok(caller) => Outcome::Success(caller),
            // Other errors, such as an unavailable database, do not mean that the client is signed out.
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

async fn identify(request: &Request<'_>) -> Result<Caller, AuthError> {
    match authenticate(request).await {
        Ok(current) => return Ok(Caller::Session(current)),
        Err(AuthError::Unauthorized) => {}
        Err(error) => return Err(error),
    }
    // Other tokens are session tokens. The verifier would count and log them as rejected.
    let is_jwt = |header: &str| header.matches('.').count() == 2;
    let has_jwt = request.headers().get_one("Authorization").is_some_and(is_jwt) || has_cookie_token(request);
    let (true, Outcome::Success(store)) = (has_jwt, request.guard::<AuthStore<'_>>().await) else {
        return Ok(Caller::Unknown);
    };
    let Outcome::Success(caller) = request.guard::<&AuthUser>().await else { return Ok(Caller::Unknown) };
    let user = store.user_by_id(caller.id()).await?;
    Ok(user.map_or(Caller::Unknown, Caller::ApiToken))
}

async fn authenticate(request: &Request<'_>) -> Result<CurrentSession, AuthError> {
    let guards = (
        request.guard::<SessionToken>().await,
        request.guard::<AuthStore<'_>>().await,
        request.guard::<RequestContext<'_>>().await,
        request.guard::<&State<CookieSigner>>().await,
    );
    let (
        Outcome::Success(SessionToken(Some(token))),
        Outcome::Success(store),
        Outcome::Success(context),
        Outcome::Success(signer),
    ) = guards
    else {
        return Err(AuthError::Unauthorized);
    };
    let row = store.session_with_user(&token).await?;
    let SessionWithUser { session, user } = row.ok_or(AuthError::Unauthorized)?;
    if session.is_expired() {
        return Err(AuthError::Unauthorized);
    }
    let remember_me = !cookies::has_dont_remember_cookie(request, &context, signer);
    Ok(CurrentSession { session, user, remember_me })
}
