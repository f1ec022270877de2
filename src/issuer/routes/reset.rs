//! PasswordHasher that were forgotten: a link by mail, a page of the frontend's, a new password.

use rocket::{State, get, post, routes};

use crate::issuer::error::AuthError;
use crate::issuer::ids::random_link_token;
use crate::issuer::input::{AuthBody, Fields, FromFields, URL_MAX};
use crate::issuer::mail::Mailer;
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::password_hasher::check_length;
use crate::issuer::protection::GatedRoutes;
use crate::issuer::rate_limit::Kind;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::store::AuthStore;
use crate::issuer::views::StatusResponse;
use crate::store::Store;

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::Mail, routes![request]),
        GatedRoutes::new(Kind::Other, routes![open]),
        GatedRoutes::new(Kind::Password, routes![reset]),
    ]
}

/// What a reset of a password ends besides the old password.
#[derive(Debug)]
pub(crate) struct ResetPolicy {
    /// Whether the user's sessions go on, as they do at a Better Auth without `revokeSessionsOnPasswordReset`.
    pub(crate) keep_sessions: bool,
}

struct Request {
    email: String,
    redirect_to: Option<String>,
}

impl FromFields for Request {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email"),
            redirect_to: fields.optional_bounded_string("redirectTo", URL_MAX),
        }
    }
}

/// Whether somebody has the address is not told.
#[post("/request-password-reset", data = "<input>")]
async fn request(
    context: RequestContext<'_>,
    store: &Store,
    post: &State<Mailer>,
    input: AuthBody<Request>,
) -> Result<AuthResponse, AuthError> {
    let Request { email, redirect_to } = input.0;
    let to = match redirect_to.filter(|it| !it.is_empty()) {
        Some(link) => context.destination(&link).ok_or(AuthError::InvalidRedirectUrl)?,
        None => String::new(),
    };
    let user = AuthStore::of(store).by_email(&email).await?;
    let token = random_link_token();
    let path = format!("/api/auth/reset-password/{token}");
    let link = context.link(&path, "callbackURL", &to).ok_or(AuthError::InvalidRedirectUrl)?;
    if let Some(user) = user {
        let (store, post) = (store.clone(), Mailer::clone(post));
        // In the background: how long it takes must not tell that there is somebody to send it to.
        tokio::spawn(async move {
            match AuthStore::of(&store).insert_reset_token(&user, &token).await {
                Ok(()) => post.send_reset(&user, link).await,
                Err(problem) => tracing::error!(error = %problem, "a password cannot be reset"),
            }
        });
    }
    let message = "If this email exists in our system, check your email for the reset link";
    Ok(AuthResponse::json(&StatusResponse { status: true, message: Some(message) }))
}

/// What the mail links to: on to the frontend's page, with the token or with what is wrong with it.
#[get("/reset-password/<token>?<callback..>")]
async fn open(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: &str,
    callback: Callback<'_>,
) -> Result<AuthResponse, AuthError> {
    let to = callback.url.filter(|it| !it.is_empty()).ok_or_else(|| {
        AuthError::Validation(
            "[query.callbackURL] Invalid input: expected string, received undefined".to_owned(),
        )
    })?;
    let to = context.destination(to).ok_or(AuthError::InvalidCallbackUrl)?;
    let (name, value) = match store.find_reset_user(token).await? {
        Some(_) => ("token", token),
        None => ("error", "INVALID_TOKEN"),
    };
    context.link(&to, name, value).map(AuthResponse::redirect).ok_or(AuthError::InvalidCallbackUrl)
}

#[derive(rocket::FromForm)]
struct Callback<'r> {
    #[field(name = "callbackURL")]
    url: Option<&'r str>,
}

struct Reset {
    password: String,
    token: Option<String>,
}

impl FromFields for Reset {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { password: fields.string("newPassword"), token: fields.optional_string("token") }
    }
}

/// Ends the user's other links, too, and their sessions unless the settings keep them.
#[post("/reset-password", data = "<input>")]
async fn reset(
    policy: &State<ResetPolicy>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    input: AuthBody<Reset>,
) -> Result<AuthResponse, AuthError> {
    let Reset { password, token } = input.0;
    let token = token.ok_or(AuthError::InvalidToken)?;
    check_length(&password)?;
    let id = store.find_reset_user(&token).await?.ok_or(AuthError::InvalidToken)?;
    let user = store.by_id(&id).await?.ok_or(AuthError::InvalidToken)?;
    let hash = passwords.hash_checked(&password).await?;
    let is_first = store.reset(&token, &user, &hash, policy.keep_sessions).await?;
    if is_first {
        Ok(AuthResponse::json(&StatusResponse { status: true, message: None }))
    } else {
        Err(AuthError::InvalidToken)
    }
}
