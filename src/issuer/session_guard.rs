//! Who is signed in, by the session that a request brings.

use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::cookie_signer::CookieSigner;
use super::cookies;
use super::error::AuthError;
use super::request_context::RequestContext;
use super::store::{AuthStore, Session, User};

/// The token of a session, in whichever way it came. There may be no such session.
#[derive(Debug)]
pub(super) struct SessionToken(pub(super) Option<String>);

#[async_trait]
impl<'r> FromRequest<'r> for SessionToken {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        let context = match request.guard::<RequestContext<'_>>().await {
            Outcome::Success(context) => context,
            Outcome::Error(error) => return Outcome::Error(error),
            Outcome::Forward(status) => return Outcome::Forward(status),
        };
        let token = request.rocket().state::<CookieSigner>().and_then(|signer| {
            let bearer = request.headers().get_one("Authorization").and_then(bearer);
            bearer
                .and_then(|it| by_bearer(it, signer))
                .or_else(|| cookies::session_token(request, &context, signer))
        });
        Outcome::Success(Self(token))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
}

/// The token as it is, or signed. A JWT has dots, too, but no such signature.
fn by_bearer(token: &str, signer: &CookieSigner) -> Option<String> {
    if token.contains('.') {
        signer.verify(token)
    } else {
        Some(token.to_owned()).filter(|it| !it.is_empty())
    }
}

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct CurrentSession {
    pub(super) session: Session,
    pub(super) user: User,
    /// Whether their browser is to remember that.
    pub(super) remember: bool,
}

#[async_trait]
impl<'r> FromRequest<'r> for CurrentSession {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match authenticate(request).await {
            Ok(current) => Outcome::Success(current),
            Err(refusal) => Outcome::Error((refusal.note(request), ())),
        }
    }
}

/// Somebody who is signed in, or nobody.
#[derive(Debug)]
pub(super) struct MaybeSignedIn(pub(super) Option<CurrentSession>);

#[async_trait]
impl<'r> FromRequest<'r> for MaybeSignedIn {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match authenticate(request).await {
            Ok(current) => Outcome::Success(Self(Some(current))),
            Err(AuthError::Unauthorized) => Outcome::Success(Self(None)),
            // That it cannot be known is not that it is nobody.
            Err(refusal) => Outcome::Error((refusal.note(request), ())),
        }
    }
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
    let (session, user) = store.session(&token).await?.ok_or(AuthError::Unauthorized)?;
    if session.is_expired() {
        return Err(AuthError::Unauthorized);
    }
    let remember = !cookies::has_dont_remember_cookie(request, &context, signer);
    Ok(CurrentSession { session, user, remember })
}
