//! Signing up, in and out.

use rocket::{State, post, routes};

use crate::issuer::credentials::Credentials;
use crate::issuer::gate::GatedRoutes;
use crate::issuer::guard::SessionToken;
use crate::issuer::input::{Fields, Input, NAME_MAX, Read, URL_MAX};
use crate::issuer::limits::Kind;
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::signature::Signer;
use crate::issuer::site::Site;
use crate::issuer::tables::Tables;
use crate::issuer::views::{SignedInView, Succeeded, TokenAndUser};
use crate::request::NoBody;

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::SignUp, routes![sign_up]),
        GatedRoutes::new(Kind::SignIn, routes![sign_in]),
        GatedRoutes::new(Kind::Other, routes![sign_out]),
    ]
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
            name: fields.string_to("name", NAME_MAX),
            email: fields.email("email"),
            password: fields.text("password"),
            image: fields.optional_string_to("image", URL_MAX),
            callback: fields.optional_string_to("callbackURL", URL_MAX),
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
    destination(&site, callback.as_deref())?;
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
            callback: fields.optional_string_to("callbackURL", URL_MAX),
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
    let callback = destination(&site, callback.as_deref())?;
    let (user, session) = credentials.sign_in(&email, &password, site.device(), remember).await?;
    let redirect = callback.is_some();
    let body = SignedInView { redirect, token: &session.token, url: callback.as_deref(), user: &user };
    let reply = Reply::json(&body).signed_in(&site, signer, &session.token, remember);
    Ok(callback.into_iter().fold(reply, |reply, url| reply.with("Location", url)))
}

/// Nobody who is not signed in is told so.
#[post("/sign-out", data = "<_body>")]
pub(super) async fn sign_out(
    site: Site<'_>,
    tables: Tables<'_>,
    token: SessionToken,
    _body: NoBody,
) -> Result<Reply, Refusal> {
    if let Some(token) = token.0 {
        tables.delete_session(&token).await?;
    }
    Ok(Reply::json(&Succeeded { success: true, message: None }).signed_out(&site))
}

fn destination(site: &Site<'_>, link: Option<&str>) -> Result<Option<String>, Refusal> {
    link.map(|link| site.destination(link).ok_or(Refusal::InvalidCallbackUrl)).transpose()
}
