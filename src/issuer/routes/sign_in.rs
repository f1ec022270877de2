//! Sign-up, sign-in and sign-out of Better Auth's client.

use rocket::{State, post, routes};

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, BodyFormats, Fields, FromFields, MAX_NAME_LEN, MAX_URL_LEN};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::{PasswordGroup, RateLimitGroup};
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::response_bodies::{SignInResponse, SignUpResponse, SuccessResponse};
use crate::issuer::session_guard::SessionToken;
use crate::issuer::store::{AuthStore, NewUser};
use crate::issuer::username::LoginName;
use crate::request::NoBody;

/// The routes. With `issuer.email_login` the paths of sign-up and sign-in are login routes, which `config::LoginPaths` then has.
pub(super) fn routes(email_login: bool) -> Vec<ProtectedRoutes> {
    let sign_out = ProtectedRoutes::new(RateLimitGroup::General, routes![sign_out]);
    if email_login {
        return vec![sign_out];
    }
    vec![
        ProtectedRoutes::new(RateLimitGroup::Password(PasswordGroup::SignUp), routes![sign_up_email]),
        ProtectedRoutes::new(RateLimitGroup::Password(PasswordGroup::SignIn), routes![sign_in_email]),
        sign_out,
    ]
}

struct SignUp {
    user: NewUser,
    password: String,
    callback_url: Option<String>,
    remember_me: bool,
}

impl FromFields for SignUp {
    const FORMATS: BodyFormats = BodyFormats::JsonAndUrlEncoded;

    // Validation errors are reported in the order of these calls.
    fn from_fields(fields: &mut Fields) -> Self {
        let name = fields.bounded_string("name", MAX_NAME_LEN);
        let email = fields.email("email");
        let password = fields.non_empty_string("password");
        let image = fields.optional_bounded_string("image", MAX_URL_LEN);
        Self {
            user: NewUser { name, email: Some(email), image, username: None },
            password,
            callback_url: fields.optional_bounded_string("callbackURL", MAX_URL_LEN),
            remember_me: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-up/email", data = "<body>")]
async fn sign_up_email(
    context: RequestContext<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    body: AuthBody<SignUp>,
) -> Result<AuthResponse, AuthError> {
    let SignUp { user, password, callback_url, remember_me } = body.0;
    // Only checked: in Better Auth it is for the link of a verification email, which this server does not send.
    allowed_callback(&context, callback_url.as_deref())?;
    let client = context.client_info();
    let (user, session) = passwords.sign_up(user, &password, client, remember_me).await?;
    let response = AuthResponse::json(&SignUpResponse { token: Some(&session.token), user: &user });
    Ok(response.signed_in(&context, signer, &session.token, remember_me))
}

struct SignIn {
    email: String,
    password: String,
    callback_url: Option<String>,
    remember_me: bool,
}

impl FromFields for SignIn {
    const FORMATS: BodyFormats = BodyFormats::JsonAndUrlEncoded;

    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.string("email"),
            password: fields.string("password"),
            callback_url: fields.optional_bounded_string("callbackURL", MAX_URL_LEN),
            remember_me: fields.optional_bool("rememberMe").unwrap_or(true),
        }
    }
}

#[post("/sign-in/email", data = "<body>")]
async fn sign_in_email(
    context: RequestContext<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    body: AuthBody<SignIn>,
) -> Result<AuthResponse, AuthError> {
    let SignIn { email, password, callback_url, remember_me } = body.0;
    let callback_url = allowed_callback(&context, callback_url.as_deref())?;
    let client = context.client_info();
    let name = LoginName::email(&email).ok_or(AuthError::InvalidEmail)?;
    let (user, session) = passwords.sign_in(&name, &password, client, remember_me).await?;
    let body = SignInResponse {
        redirect: callback_url.is_some(),
        token: &session.token,
        url: callback_url.as_deref(),
        user: &user,
    };
    let response = AuthResponse::json(&body).signed_in(&context, signer, &session.token, remember_me);
    Ok(match callback_url {
        Some(url) => response.with_header("Location", url),
        None => response,
    })
}

#[post("/sign-out", data = "<_body>")]
async fn sign_out(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: SessionToken,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    end_session(&context, store, token).await
}

/// Deletes the session and clears its cookies. Succeeds without a session as well.
pub(super) async fn end_session(
    context: &RequestContext<'_>,
    store: AuthStore<'_>,
    token: SessionToken,
) -> Result<AuthResponse, AuthError> {
    if let Some(token) = token.0 {
        store.delete_session(&token).await?;
    }
    Ok(AuthResponse::json(&SuccessResponse { success: true, message: None }).signed_out(context))
}

fn allowed_callback(
    context: &RequestContext<'_>,
    callback_url: Option<&str>,
) -> Result<Option<String>, AuthError> {
    let allowed = |url| context.allowed_redirect(url).ok_or(AuthError::InvalidCallbackUrl);
    callback_url.map(allowed).transpose()
}
