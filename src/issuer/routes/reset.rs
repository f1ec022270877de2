//! Password reset: a mailed link, a redirect to a page of the frontend, a new password.

use rocket::{State, get, post, routes};

use crate::issuer::error::AuthError;
use crate::issuer::ids::random_link_token;
use crate::issuer::input::{AuthBody, Fields, FromFields, MAX_URL_LEN};
use crate::issuer::mail::Mailer;
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::password_hasher::check_new_password_length;
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::{PasswordGroup, RateLimitGroup};
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::response_bodies::StatusResponse;
use crate::issuer::store::AuthStore;
use crate::issuer::username::accepts_mail;
use crate::store::Store;

pub(super) fn routes() -> Vec<ProtectedRoutes> {
    let password = RateLimitGroup::Password(PasswordGroup::Other);
    vec![
        ProtectedRoutes::new(RateLimitGroup::Email, routes![request_reset]),
        ProtectedRoutes::new(RateLimitGroup::General, routes![open_link]),
        ProtectedRoutes::new(password, routes![reset_password]),
    ]
}

/// Setting `issuer.keep_sessions_on_reset`.
#[derive(Debug)]
pub(crate) struct ResetPolicy {
    /// Whether sessions survive a password reset, as in a Better Auth server without `revokeSessionsOnPasswordReset`.
    pub(crate) keep_sessions: bool,
}

struct RequestReset {
    email: String,
    redirect_to: Option<String>,
}

impl FromFields for RequestReset {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email"),
            redirect_to: fields.optional_bounded_string("redirectTo", MAX_URL_LEN),
        }
    }
}

/// Mails a reset link. The response does not reveal whether the email belongs to a user.
#[post("/request-password-reset", data = "<body>")]
async fn request_reset(
    context: RequestContext<'_>,
    store: &Store,
    mailer: &State<Mailer>,
    body: AuthBody<RequestReset>,
) -> Result<AuthResponse, AuthError> {
    let RequestReset { email, redirect_to } = body.0;
    let target = match redirect_to.filter(|target| !target.is_empty()) {
        Some(target) => context.allowed_redirect(&target).ok_or(AuthError::InvalidRedirectUrl)?,
        None => String::new(),
    };
    let user = AuthStore::new(store).user_by_email(&email).await?;
    let token = random_link_token();
    let path = format!("/api/auth/reset-password/{token}");
    let link = context.absolute_url(&path, "callbackURL", &target).ok_or(AuthError::InvalidRedirectUrl)?;
    if let Some(user) = user.filter(|user| accepts_mail(&user.email)) {
        let (store, mailer) = (store.clone(), Mailer::clone(mailer));
        // In the background. Otherwise the response time would reveal whether the email belongs to a user.
        tokio::spawn(async move {
            match AuthStore::new(&store).insert_reset_token(&user.id, &token).await {
                Ok(()) => mailer.send_reset(&user, link).await,
                Err(error) => {
                    tracing::error!(error = %error, "failed to store password reset token");
                }
            }
        });
    }
    let message = "If this email exists in our system, check your email for the reset link";
    Ok(AuthResponse::json(&StatusResponse { status: true, message: Some(message) }))
}

/// Target of the mailed link. Redirects to the frontend's page with the token, or with an error code.
#[get("/reset-password/<token>?<callback..>")]
async fn open_link(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: &str,
    callback: Callback<'_>,
) -> Result<AuthResponse, AuthError> {
    let target = callback.url.filter(|target| !target.is_empty()).ok_or_else(|| {
        AuthError::Validation(
            "[query.callbackURL] Invalid input: expected string, received undefined".to_owned(),
        )
    })?;
    let target = context.allowed_redirect(target).ok_or(AuthError::InvalidCallbackUrl)?;
    let (name, value) = match store.find_reset_user(token).await? {
        Some(_) => ("token", token),
        None => ("error", "INVALID_TOKEN"),
    };
    let location = context.absolute_url(&target, name, value);
    location.map(AuthResponse::redirect).ok_or(AuthError::InvalidCallbackUrl)
}

#[derive(rocket::FromForm)]
struct Callback<'r> {
    #[field(name = "callbackURL")]
    url: Option<&'r str>,
}

struct ResetPassword {
    new_password: String,
    token: Option<String>,
}

impl FromFields for ResetPassword {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { new_password: fields.string("newPassword"), token: fields.optional_string("token") }
    }
}

/// Sets a new password. Deletes the user's other reset tokens and, unless [`ResetPolicy`] keeps them, the user's sessions.
#[post("/reset-password", data = "<body>")]
async fn reset_password(
    policy: &State<ResetPolicy>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    body: AuthBody<ResetPassword>,
) -> Result<AuthResponse, AuthError> {
    let ResetPassword { new_password, token } = body.0;
    let token = token.ok_or(AuthError::InvalidToken)?;
    check_new_password_length(&new_password)?;
    let user_id = store.find_reset_user(&token).await?.ok_or(AuthError::InvalidToken)?;
    let user = store.user_by_id(&user_id).await?.ok_or(AuthError::InvalidToken)?;
    let hash = passwords.hash_checked(&new_password).await?;
    if !store.reset_password(&token, &user.id, &hash, policy.keep_sessions).await? {
        return Err(AuthError::InvalidToken);
    }
    Ok(AuthResponse::json(&StatusResponse { status: true, message: None }))
}
