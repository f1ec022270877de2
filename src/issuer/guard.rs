//! Who is signed in, by the session that a request brings.

use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::cookies;
use super::refusal::Refusal;
use super::signature::Signer;
use super::site::Site;
use super::tables::{Session, Tables, User};

/// The token of a session, in whichever way it came. There may be no such session.
#[derive(Debug)]
pub(super) struct SessionToken(pub(super) Option<String>);

#[async_trait]
impl<'r> FromRequest<'r> for SessionToken {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        let site = match request.guard::<Site<'_>>().await {
            Outcome::Success(site) => site,
            Outcome::Error(error) => return Outcome::Error(error),
            Outcome::Forward(status) => return Outcome::Forward(status),
        };
        let token = request.rocket().state::<Signer>().and_then(|signer| {
            let bearer = request.headers().get_one("Authorization").and_then(bearer);
            bearer
                .and_then(|it| by_bearer(it, signer))
                .or_else(|| cookies::session_token(request, &site, signer))
        });
        Outcome::Success(Self(token))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
}

/// The token as it is, or signed. A JWT has dots, too, but no such signature.
fn by_bearer(token: &str, signer: &Signer) -> Option<String> {
    if token.contains('.') {
        signer.verify(token)
    } else {
        Some(token.to_owned()).filter(|it| !it.is_empty())
    }
}

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) session: Session,
    pub(super) user: User,
    /// Whether their browser is to remember that.
    pub(super) remember: bool,
}

#[async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match who(request).await {
            Ok(somebody) => Outcome::Success(somebody),
            Err(refusal) => Outcome::Error((refusal.record(request), ())),
        }
    }
}

/// Somebody who is signed in, or nobody.
#[derive(Debug)]
pub(super) struct Visitor(pub(super) Option<SignedIn>);

#[async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match who(request).await {
            Ok(somebody) => Outcome::Success(Self(Some(somebody))),
            Err(Refusal::Unauthorized) => Outcome::Success(Self(None)),
            // That it cannot be known is not that it is nobody.
            Err(refusal) => Outcome::Error((refusal.record(request), ())),
        }
    }
}

async fn who(request: &Request<'_>) -> Result<SignedIn, Refusal> {
    let guards = (
        request.guard::<SessionToken>().await,
        request.guard::<Tables<'_>>().await,
        request.guard::<Site<'_>>().await,
        request.guard::<&State<Signer>>().await,
    );
    let (
        Outcome::Success(SessionToken(Some(token))),
        Outcome::Success(tables),
        Outcome::Success(site),
        Outcome::Success(signer),
    ) = guards
    else {
        return Err(Refusal::Unauthorized);
    };
    let (session, user) = tables.session(&token).await?.ok_or(Refusal::Unauthorized)?;
    if session.is_expired() {
        return Err(Refusal::Unauthorized);
    }
    let remember = !cookies::is_not_to_be_remembered(request, &site, signer);
    Ok(SignedIn { session, user, remember })
}
