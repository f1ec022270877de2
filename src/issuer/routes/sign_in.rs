//! Signing up, in and out.

use rocket::{State, post, routes};

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields, NAME_MAX, URL_MAX};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::protection::GatedRoutes;
use crate::issuer::rate_limit::Kind;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::SessionToken;
use crate::issuer::store::AuthStore;
use crate::issuer::views::{SignInResponse, SuccessResponse, TokenAndUser};
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

impl FromFields for SignUp {
    const ACCEPTS_FORM: bool = true;

    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            name: fields.bounded_string("name", NAME_MAX),
            email: fields.email("email"),
            password: fields.non_empty_string("password"),
            image: fields.optional_bounded_string("image", URL_MAX),
            callback: fields.optional_bounded_string("callbackURL", URL_MAX),
            remember: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-up/email", data = "<input>")]
async fn sign_up(
    context: RequestContext<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    input: AuthBody<SignUp>,
) -> Result<AuthResponse, AuthError> {
    let SignUp { name, email, password, image, callback, remember } = input.0;
    destination(&context, callback.as_deref())?;
    let (user, session) =
        passwords.sign_up(name, email, image, &password, context.device(), remember).await?;
    let response = AuthResponse::json(&TokenAndUser { token: Some(&session.token), user: &user });
    Ok(response.signed_in(&context, signer, &session.token, remember))
}

struct SignIn {
    email: String,
    password: String,
    callback: Option<String>,
    remember: bool,
}

impl FromFields for SignIn {
    const ACCEPTS_FORM: bool = true;

    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.string("email"),
            password: fields.string("password"),
            callback: fields.optional_bounded_string("callbackURL", URL_MAX),
            remember: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-in/email", data = "<input>")]
async fn sign_in(
    context: RequestContext<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    input: AuthBody<SignIn>,
) -> Result<AuthResponse, AuthError> {
    let SignIn { email, password, callback, remember } = input.0;
    let callback = destination(&context, callback.as_deref())?;
    let (user, session) = passwords.sign_in(&email, &password, context.device(), remember).await?;
    let redirect = callback.is_some();
    let body = SignInResponse { redirect, token: &session.token, url: callback.as_deref(), user: &user };
    let response = AuthResponse::json(&body).signed_in(&context, signer, &session.token, remember);
    Ok(callback.into_iter().fold(response, |response, url| response.with_header("Location", url)))
}

/// Nobody who is not signed in is told so.
#[post("/sign-out", data = "<_body>")]
pub(super) async fn sign_out(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: SessionToken,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    if let Some(token) = token.0 {
        store.delete_session(&token).await?;
    }
    Ok(AuthResponse::json(&SuccessResponse { success: true, message: None }).signed_out(&context))
}

fn destination(context: &RequestContext<'_>, link: Option<&str>) -> Result<Option<String>, AuthError> {
    link.map(|link| context.destination(link).ok_or(AuthError::InvalidCallbackUrl)).transpose()
}
