//! Sessions: what they are, and what they are worth to the API.

use rocket::{State, get, post, routes};
use serde_json::json;

use crate::issuer::gate::GatedRoutes;
use crate::issuer::guard::{SessionToken, SignedIn, Visitor};
use crate::issuer::input::{Fields, Input, Read};
use crate::issuer::limits::Kind;
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::signature::Signer;
use crate::issuer::site::Site;
use crate::issuer::tables::Tables;
use crate::issuer::tokens::Tokens;
use crate::issuer::views::{ApiToken, Done, SessionAndUser};
use crate::request::NoBody;

pub(super) fn routes() -> Vec<GatedRoutes> {
    let all = routes![get_session, token, jwks, list, revoke, revoke_all, revoke_others];
    vec![GatedRoutes::new(Kind::Other, all)]
}

/// Who is signed in; `null`, if nobody is. Extends a session that is due.
#[get("/get-session")]
async fn get_session(
    site: Site<'_>,
    tables: Tables<'_>,
    signer: &State<Signer>,
    tokens: &State<Tokens>,
    presented: SessionToken,
    visitor: Visitor,
) -> Result<Reply, Refusal> {
    let Some(SignedIn { session, user, remember }) = visitor.0 else {
        let nobody = Reply::json(&None::<()>);
        // Whoever brought a session that is no more need not bring it again.
        return Ok(if presented.0.is_some() { nobody.signed_out(&site) } else { nobody });
    };
    let jwt = tokens.issue(&user, &site).await?;
    let is_due = remember && session.is_due();
    let session = if is_due { tables.extend(session).await? } else { session };
    let reply = Reply::json(&SessionAndUser { session: &session, user: &user }).with("set-auth-jwt", jwt);
    Ok(if is_due { reply.signed_in(&site, signer, &session.token, true) } else { reply })
}

#[get("/token")]
async fn token(site: Site<'_>, tokens: &State<Tokens>, somebody: SignedIn) -> Result<Reply, Refusal> {
    let token = tokens.issue(&somebody.user, &site).await?;
    Ok(Reply::json(&ApiToken { token: &token }))
}

#[get("/jwks")]
async fn jwks(tokens: &State<Tokens>) -> Result<Reply, Refusal> {
    let keys = match tokens.keys() {
        Some(keys) => keys.published().await?,
        None => Vec::new(),
    };
    Ok(Reply::json(&json!({ "keys": keys })))
}

#[get("/list-sessions")]
async fn list(tables: Tables<'_>, somebody: SignedIn) -> Result<Reply, Refusal> {
    if !somebody.session.is_fresh() {
        return Err(Refusal::SessionNotFresh);
    }
    Ok(Reply::json(&tables.sessions(&somebody.user).await?))
}

struct Revoke {
    token: String,
}

impl Read for Revoke {
    fn read(fields: &mut Fields) -> Self {
        Self { token: fields.string("token") }
    }
}

/// Whether there is such a session is not told.
#[post("/revoke-session", data = "<input>")]
async fn revoke(tables: Tables<'_>, somebody: SignedIn, input: Input<Revoke>) -> Result<Reply, Refusal> {
    tables.revoke(&somebody.user, &input.0.token).await?;
    Ok(done())
}

#[post("/revoke-sessions", data = "<_body>")]
async fn revoke_all(
    site: Site<'_>,
    tables: Tables<'_>,
    somebody: SignedIn,
    _body: NoBody,
) -> Result<Reply, Refusal> {
    tables.revoke_all(&somebody.user).await?;
    Ok(done().signed_out(&site))
}

#[post("/revoke-other-sessions", data = "<_body>")]
async fn revoke_others(tables: Tables<'_>, somebody: SignedIn, _body: NoBody) -> Result<Reply, Refusal> {
    tables.revoke_others(&somebody.session).await?;
    Ok(done())
}

fn done() -> Reply {
    Reply::json(&Done { status: true, message: None })
}
