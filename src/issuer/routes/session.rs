//! Routes on sessions: current session, API token, public keys, list, revocation.

use rocket::{State, get, post, routes};
use serde_json::json;

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields};
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::RateLimitGroup;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::response_bodies::{ApiToken, SessionAndUser, StatusResponse};
use crate::issuer::session_guard::{Caller, CurrentSession, SessionToken};
use crate::issuer::store::AuthStore;
use crate::issuer::token_issuer::TokenIssuer;
use crate::request::NoBody;

pub(super) fn routes() -> Vec<ProtectedRoutes> {
    let all = routes![get_session, token, jwks, list, revoke, revoke_all, revoke_others];
    vec![ProtectedRoutes::new(RateLimitGroup::General, all)]
}

/// The current session, or `null`. Refreshes the session, at most once a day.
///
/// An API token gets its user without a session, and no further token: clients could otherwise renew it without end.
#[get("/get-session")]
async fn get_session(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    signer: &State<CookieSigner>,
    tokens: &State<TokenIssuer>,
    presented: SessionToken,
    caller: Caller,
) -> Result<AuthResponse, AuthError> {
    let CurrentSession { session, user, remember_me } = match caller {
        Caller::Session(current) => current,
        Caller::ApiToken(user) => {
            return Ok(AuthResponse::json(&SessionAndUser { session: None, user: &user }));
        }
        Caller::Unknown => {
            let null = AuthResponse::json(&None::<()>);
            // Clears the cookies of an unknown or expired session, so that the browser stops sending them.
            return Ok(if presented.0.is_some() { null.signed_out(&context) } else { null });
        }
    };
    let token = tokens.issue(&user, &context).await?;
    let should_refresh = remember_me && session.should_refresh();
    let session = if should_refresh { store.refresh(session).await? } else { session };
    let body = SessionAndUser { session: Some(&session), user: &user };
    let response = AuthResponse::json(&body).with_header("set-auth-jwt", token.jwt);
    Ok(if should_refresh { response.signed_in(&context, signer, &session.token, true) } else { response })
}

#[get("/token")]
async fn token(
    context: RequestContext<'_>,
    tokens: &State<TokenIssuer>,
    current: CurrentSession,
) -> Result<AuthResponse, AuthError> {
    let token = tokens.issue(&current.user, &context).await?;
    Ok(AuthResponse::json(&ApiToken { token: &token.jwt }))
}

#[get("/jwks")]
async fn jwks(tokens: &State<TokenIssuer>) -> Result<AuthResponse, AuthError> {
    let keys = match tokens.keys() {
        Some(keys) => keys.public_jwks().await?,
        None => Vec::new(),
    };
    Ok(AuthResponse::json(&json!({ "keys": keys })))
}

#[get("/list-sessions")]
async fn list(store: AuthStore<'_>, current: CurrentSession) -> Result<AuthResponse, AuthError> {
    if !current.session.is_fresh() {
        return Err(AuthError::SessionNotFresh);
    }
    Ok(AuthResponse::json(&store.sessions(&current.user.id).await?))
}

struct Revoke {
    token: String,
}

impl FromFields for Revoke {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { token: fields.string("token") }
    }
}

/// Revokes a session of the user. The response does not reveal whether such a session exists.
#[post("/revoke-session", data = "<body>")]
async fn revoke(
    store: AuthStore<'_>,
    current: CurrentSession,
    body: AuthBody<Revoke>,
) -> Result<AuthResponse, AuthError> {
    store.revoke(&current.user.id, &body.0.token).await?;
    Ok(status_true())
}

#[post("/revoke-sessions", data = "<_body>")]
async fn revoke_all(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    current: CurrentSession,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    store.revoke_all(&current.user.id).await?;
    Ok(status_true().signed_out(&context))
}

#[post("/revoke-other-sessions", data = "<_body>")]
async fn revoke_others(
    store: AuthStore<'_>,
    current: CurrentSession,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    store.revoke_others(&current.user.id, &current.session.token).await?;
    Ok(status_true())
}

fn status_true() -> AuthResponse {
    AuthResponse::json(&StatusResponse { status: true, message: None })
}
