//! Sessions: what they are, and what they are worth to the API.

use rocket::{State, get, post, routes};
use serde_json::json;

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields};
use crate::issuer::protection::GatedRoutes;
use crate::issuer::rate_limit::Kind;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::{CurrentSession, MaybeSignedIn, SessionToken};
use crate::issuer::store::AuthStore;
use crate::issuer::token_issuer::TokenIssuer;
use crate::issuer::views::{ApiToken, SessionAndUser, StatusResponse};
use crate::request::NoBody;

pub(super) fn routes() -> Vec<GatedRoutes> {
    let all = routes![get_session, token, jwks, list, revoke, revoke_all, revoke_others];
    vec![GatedRoutes::new(Kind::Other, all)]
}

/// Who is signed in; `null`, if nobody is. Extends a session that is due.
#[get("/get-session")]
async fn get_session(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    signer: &State<CookieSigner>,
    tokens: &State<TokenIssuer>,
    presented: SessionToken,
    maybe: MaybeSignedIn,
) -> Result<AuthResponse, AuthError> {
    let Some(CurrentSession { session, user, remember }) = maybe.0 else {
        let nobody = AuthResponse::json(&None::<()>);
        // Whoever brought a session that is no more need not bring it again.
        return Ok(if presented.0.is_some() { nobody.signed_out(&context) } else { nobody });
    };
    let jwt = tokens.issue(&user, &context).await?;
    let is_due = remember && session.is_due();
    let session = if is_due { store.extend(session).await? } else { session };
    let response = AuthResponse::json(&SessionAndUser { session: &session, user: &user })
        .with_header("set-auth-jwt", jwt);
    Ok(if is_due { response.signed_in(&context, signer, &session.token, true) } else { response })
}

#[get("/token")]
async fn token(
    context: RequestContext<'_>,
    tokens: &State<TokenIssuer>,
    current: CurrentSession,
) -> Result<AuthResponse, AuthError> {
    let token = tokens.issue(&current.user, &context).await?;
    Ok(AuthResponse::json(&ApiToken { token: &token }))
}

#[get("/jwks")]
async fn jwks(tokens: &State<TokenIssuer>) -> Result<AuthResponse, AuthError> {
    let keys = match tokens.keys() {
        Some(keys) => keys.published().await?,
        None => Vec::new(),
    };
    Ok(AuthResponse::json(&json!({ "keys": keys })))
}

#[get("/list-sessions")]
async fn list(store: AuthStore<'_>, current: CurrentSession) -> Result<AuthResponse, AuthError> {
    if !current.session.is_fresh() {
        return Err(AuthError::SessionNotFresh);
    }
    Ok(AuthResponse::json(&store.sessions(&current.user).await?))
}

struct Revoke {
    token: String,
}

impl FromFields for Revoke {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { token: fields.string("token") }
    }
}

/// Whether there is such a session is not told.
#[post("/revoke-session", data = "<input>")]
async fn revoke(
    store: AuthStore<'_>,
    current: CurrentSession,
    input: AuthBody<Revoke>,
) -> Result<AuthResponse, AuthError> {
    store.revoke(&current.user, &input.0.token).await?;
    Ok(done())
}

#[post("/revoke-sessions", data = "<_body>")]
async fn revoke_all(
    store: AuthStore<'_>,
    current: CurrentSession,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    store.revoke_all(&current.user).await?;
    Ok(done())
}

#[post("/revoke-other-sessions", data = "<_body>")]
async fn revoke_others(
    store: AuthStore<'_>,
    current: CurrentSession,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    store.revoke_others(&current.session).await?;
    Ok(done())
}

fn done() -> AuthResponse {
    AuthResponse::json(&StatusResponse { status: true, message: None })
}
