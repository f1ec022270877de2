//! Signing up, in and out.

use rocket::{Route, State, post, routes};

use crate::issuer::credentials::Credentials;
use crate::issuer::guard::SessionToken;
use crate::issuer::input::{Fields, Input, Read};
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::signature::Signer;
use crate::issuer::site::Site;
use crate::issuer::tables::Tables;
use crate::issuer::views::{SignedInView, Succeeded, TokenAndUser};

pub(super) fn routes() -> Vec<Route> {
    routes![sign_up, sign_in, sign_out]
}

struct SignUp {
    name: String,
    email: String,
    password: String,
    image: Option<String>,
    callback: Option<String>,
    remember: bool,
}

impl Read for SignUp {
    const IS_FORM: bool = true;

    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.string("name"),
            email: fields.email("email"),
            password: fields.text("password"),
            image: fields.optional_string("image"),
            callback: fields.optional_string("callbackURL"),
            remember: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-up/email", data = "<input>")]
async fn sign_up(
    site: Site<'_>,
    credentials: Credentials<'_>,
    signer: &State<Signer>,
    input: Input<SignUp>,
) -> Result<Reply, Refusal> {
    let SignUp { name, email, password, image, callback, remember } = input.0;
    check_callback(&site, callback.as_deref())?;
    let (user, session) = credentials.sign_up(name, email, image, &password, site.device(), remember).await?;
    let reply = Reply::json(&TokenAndUser { token: Some(&session.token), user: &user });
    Ok(reply.signed_in(&site, signer, &session.token, remember))
}

struct SignIn {
    email: String,
    password: String,
    callback: Option<String>,
    remember: bool,
}

impl Read for SignIn {
    const IS_FORM: bool = true;

    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.string("email"),
            password: fields.string("password"),
            callback: fields.optional_string("callbackURL"),
            remember: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-in/email", data = "<input>")]
async fn sign_in(
    site: Site<'_>,
    credentials: Credentials<'_>,
    signer: &State<Signer>,
    input: Input<SignIn>,
) -> Result<Reply, Refusal> {
    let SignIn { email, password, callback, remember } = input.0;
    check_callback(&site, callback.as_deref())?;
    let (user, session) = credentials.sign_in(&email, &password, site.device(), remember).await?;
    let redirect = callback.is_some();
    let body = SignedInView { redirect, token: &session.token, url: callback.as_deref(), user: &user };
    let reply = Reply::json(&body).signed_in(&site, signer, &session.token, remember);
    Ok(callback.into_iter().fold(reply, |reply, url| reply.with("Location", url)))
}

/// Nobody who is not signed in is told so.
#[post("/sign-out")]
pub(super) async fn sign_out(
    site: Site<'_>,
    tables: Tables<'_>,
    token: SessionToken,
) -> Result<Reply, Refusal> {
    if let Some(token) = token.0 {
        tables.delete_session(&token).await?;
    }
    Ok(Reply::json(&Succeeded { success: true, message: None }).signed_out(&site))
}

fn check_callback(site: &Site<'_>, url: Option<&str>) -> Result<(), Refusal> {
    match url {
        Some(url) if !site.may_lead_to(url) => Err(Refusal::InvalidCallbackUrl),
        _ => Ok(()),
    }
}
