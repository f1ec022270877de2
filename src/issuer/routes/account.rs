//! What users do with themselves.

use rocket::{State, get, post, routes};

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields, NAME_MAX, URL_MAX};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::password_hasher::check_length;
use crate::issuer::protection::GatedRoutes;
use crate::issuer::rate_limit::Kind;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::CurrentSession;
use crate::issuer::store::{AuthStore, Patch, Session};
use crate::issuer::views::{StatusResponse, SuccessResponse, TokenAndUser};

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::Password, routes![change_password, delete]),
        GatedRoutes::new(Kind::Other, routes![update, accounts]),
    ]
}

struct Update {
    name: Option<String>,
    image: Patch,
    has_email: bool,
}

impl FromFields for Update {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            has_email: fields.contains("email"),
            name: fields.optional_bounded_string("name", NAME_MAX),
            image: fields.nullable_string("image", URL_MAX),
        }
    }
}

#[post("/update-user", data = "<input>")]
async fn update(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    signer: &State<CookieSigner>,
    current: CurrentSession,
    input: AuthBody<Update>,
) -> Result<AuthResponse, AuthError> {
    let Update { name, image, has_email } = input.0;
    if has_email {
        return Err(AuthError::EmailCannotBeUpdated);
    }
    if name.is_none() && image == Patch::Unchanged {
        return Err(AuthError::NoFieldsToUpdate);
    }
    store.update(&current.user, name.as_deref(), &image).await?;
    let response = AuthResponse::json(&StatusResponse { status: true, message: None });
    Ok(response.signed_in(&context, signer, &current.session.token, current.remember))
}

struct ChangePassword {
    current_password: String,
    new: String,
    revoke_others: bool,
}

impl FromFields for ChangePassword {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            new: fields.string("newPassword"),
            current_password: fields.string("currentPassword"),
            revoke_others: fields.optional_bool("revokeOtherSessions").unwrap_or(false),
        }
    }
}

#[post("/change-password", data = "<input>")]
async fn change_password(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    current: CurrentSession,
    input: AuthBody<ChangePassword>,
) -> Result<AuthResponse, AuthError> {
    let (ChangePassword { current_password, new, revoke_others }, user) = (input.0, &current.user);
    check_length(&new)?;
    passwords.verify_current_password(user, &current_password).await?;
    let hash = passwords.hash_checked(&new).await?;
    if !revoke_others {
        let is_set = store.set_password(user, &hash).await?;
        return if is_set {
            Ok(AuthResponse::json(&TokenAndUser { token: None, user }))
        } else {
            Err(AuthError::CredentialAccountNotFound)
        };
    }
    let session = Session::new(user, context.device(), current.remember);
    if !store.set_password_and_session(user, &hash, &session).await? {
        return Err(AuthError::CredentialAccountNotFound);
    }
    let response = AuthResponse::json(&TokenAndUser { token: Some(&session.token), user });
    Ok(response.signed_in(&context, signer, &session.token, current.remember))
}

struct Delete {
    password: Option<String>,
}

impl FromFields for Delete {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { password: fields.optional_string("password") }
    }
}

/// Needs the password, unless it was given lately.
#[post("/delete-user", data = "<input>")]
async fn delete(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    current: CurrentSession,
    input: AuthBody<Delete>,
) -> Result<AuthResponse, AuthError> {
    match input.0.password {
        Some(password) => passwords.verify_current_password(&current.user, &password).await?,
        None if !current.session.is_fresh() => return Err(AuthError::SessionExpired),
        None => {}
    }
    store.delete(&current.user).await?;
    Ok(AuthResponse::json(&SuccessResponse { success: true, message: Some("User deleted") })
        .signed_out(&context))
}

#[get("/list-accounts")]
async fn accounts(store: AuthStore<'_>, current: CurrentSession) -> Result<AuthResponse, AuthError> {
    Ok(AuthResponse::json(&store.accounts(&current.user).await?))
}
